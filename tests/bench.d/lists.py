"""Lists and searches at two sizes on one engine: how late the slowest of a hundred answers
comes, how many statements one answer takes, and how the engine runs them."""
import json
import re
import subprocess
import time
from urllib.parse import quote

import report
from servers import Tamis

#  what                               path (without a page)                            reader?  kind
PAGED = [
    ("catalog, newest", "/api/v1/catalog?limit=10", False),
    ("catalog, by name", "/api/v1/catalog?sort=name&limit=10", False),
    ("filters by name, anonymous", "/api/v1/filters?sort=name&limit=10", False),
    ("filters by name, member", "/api/v1/filters?sort=name&limit=10", True),
    ("filters, updated, anonymous", "/api/v1/filters?sort=updated&limit=10", False),
    ("filters, updated, member", "/api/v1/filters?sort=updated&limit=10", True),
]
FACETS = [
    ("catalog, type", "/api/v1/catalog?type=service", False),
    ("catalog, type, by name", "/api/v1/catalog?type=service&sort=name", False),
    ("catalog, ABI", "/api/v1/catalog?abi=0.2.0", False),
    ("catalog, licence", "/api/v1/catalog?licence=MIT", False),
    ("catalog, label", "/api/v1/catalog?label=header", False),
    ("catalog, namespace", "/api/v1/catalog?namespace=team0", False),
    ("filters, type, anonymous", "/api/v1/filters?type=service", False),
    ("filters, ABI, member", "/api/v1/filters?abi=0.2.0", True),
    ("filters, private, member", "/api/v1/filters?visibility=private&sort=updated", True),
    ("filters, public, member", "/api/v1/filters?visibility=public", True),
    ("filters, published, anonymous", "/api/v1/filters?visibility=published", False),
    ("filters, namespace, member", "/api/v1/filters?namespace=team0", True),
]
PAGES = [
    ("page: catalog", "/catalog", False),
    ("page: catalog, by name, table", "/catalog?sort=name&view=table", False),
    ("page: catalog, type", "/catalog?type=service&without=http-call", False),
    ("page: reviews", "/reviews", True),
    ("page: reviews, need me", "/reviews?view=needs_me", True),
]
#  what, words, hits that must come at least and at most
SELECTIVE = [("rare word", "quokka", 40, 40), ("a name", None, 1, 1)]
COMMON = [("common word", "gateway", 100, None), ("common words", "gateway header", 20, None)]
TYPOS = [("some of the words", "gateway zyxwvutsr header", 0, None), ("typo, common", "authentcaton", 10, None), ("typo, rare", "quoka", 40, None), ("typo, of nothing", "zyxwvutsr", 0, None)]


class Site:
    """One size of one engine, running."""

    def __init__(self, tamis, filters):
        self.tamis, self.filters = tamis, filters

    def fill(self, generator):
        self.tamis.run("migrate")
        self.token = self.tamis.person("reader")
        start = time.perf_counter()
        subprocess.run([generator, "--database-url", self.tamis.database_url, "fill", "--filters", str(self.filters), "--reader", "reader"], check=True)
        report.say(f"{self.filters} filters made in {time.perf_counter() - start:.0f} s")

    def start(self, log="warn"):
        self.tamis.start(log=log)

    def stop(self):
        self.tamis.stop()

    def connect(self, member):
        return self.tamis.connect(self.token if member else None)

    def get(self, path, member):
        connection = self.connect(member)
        try:
            return connection.get(path)
        finally:
            connection.close()

    def look(self, path, member):
        """The same for what is no JSON."""
        connection = self.connect(member)
        try:
            connection.timed(path)
        finally:
            connection.close()

    def page(self, path, number, member):
        """The address of that page."""
        cursor = None
        for _ in range(number - 1):
            cursor = self.get(path + (f"&after={quote(cursor)}" if cursor else ""), member)["next"]
            assert cursor, f"{path} has fewer than {number} pages"
        return path + (f"&after={quote(cursor)}" if cursor else "")


def questions(sites):
    """(what, kind, member, [address per site])"""
    asked = []
    for what, path, member in PAGED:
        asked.append((f"{what}, page 1", "list", member, [path] * len(sites)))
        asked.append((f"{what}, page 50", "list", member, [site.page(path, 50, member) for site in sites]))
    asked += [(what, "facet", member, [path] * len(sites)) for what, path, member in FACETS]
    asked += [(what, "page", member, [path] * len(sites)) for what, path, member in PAGES]
    for kind, searches in (("selective", SELECTIVE), ("common", COMMON), ("typo", TYPOS)):
        for what, words, least, most in searches:
            for where, member in (("catalog", False), ("filters", True)):
                addresses = []
                for site in sites:
                    q = words or selective_name(site, where, member)
                    path = f"/api/v1/{where}?q={quote(q)}"
                    answer = site.get(path + "&limit=100", member)
                    found, more = len(answer["items"]), bool(answer["next"])
                    if found < min(least, site.filters // 50) or (most and (found > most or more)):
                        raise RuntimeError(f"{path} at {site.filters}: {found} hits, expected {least} to {most}")
                    addresses.append(path)
                asked.append((f"{where}, {what}", kind, member, addresses))
    return asked


def selective_name(site, where, member):
    """A filter by namespace and name: as many hits in a small catalog as in a large one, so that only the search differs."""
    names = {f"{item['namespace']}/{item['name']}" for item in site.get("/api/v1/catalog?limit=100", False)["items"]}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        answer = site.get(f"/api/v1/{where}?q={quote(name)}&limit=100", member)
        if len(answer["items"]) == 1:
            return name
    raise RuntimeError("no name has one hit")


def measure(sites, address, member, blocks, size):
    """Blocks of requests, the sites in turn; per site the 99th percentile of each block."""
    late, usual = [[] for _ in sites], [[] for _ in sites]
    for _ in range(blocks):
        for at, site in enumerate(sites):
            connection = site.connect(member)
            times = [connection.timed(address[at]) for _ in range(size)]
            connection.close()
            late[at].append(report.p(times, 99))
            usual[at] += times
    return late, [report.median(times) for times in usual]


def latencies(engine, sites, asked, blocks, size):
    worst = {}
    small, large = sites[0].filters, sites[-1].filters
    for what, kind, member, address in asked:
        # On a busy machine one question of thirty is late by chance: a miss is asked again, once.
        for _ in range(2):
            late, usual = measure(sites, address, member, blocks, size)
            ratio = report.median([b / a for a, b in zip(late[0], late[-1])])
            if ratio <= 2:
                break
        p99 = [report.median(some) * 1000 for some in late]
        line = f"p50 {usual[0] * 1000:.1f} -> {usual[-1] * 1000:.1f} ms, p99 {p99[0]:.1f} -> {p99[-1]:.1f} ms"
        report.say(f"{what}: {line}, ratio {ratio:.2f}")
        worst.setdefault(kind, []).append((ratio, p99[-1], what, line))
    sizes = f"{small} -> {large}"
    for kind, name in (("list", "keyset lists"), ("facet", "keyset lists with a facet"), ("selective", "selective searches"), ("page", "pages")):
        ratio, _, what, line = max(worst[kind])
        report.bar(f"{engine}: {name}, p99 ratio {sizes}", f"{ratio:.2f} ({what}: {line})", "<= 2", ratio <= 2)
    for kind, name, most in (("common", "common-word search", 100), ("typo", "typo search", 400)):
        _, p99, what, line = max(worst[kind], key=lambda row: row[1])
        report.bar(f"{engine}: {name}, p99 at {large}", f"{p99:.0f} ms ({what}: {line})", f"<= {most} ms", p99 <= most)


BACKGROUND = re.compile(r'"(jobs|leases|audit_entries|module_leases|sessions)"|^(BEGIN|COMMIT|ROLLBACK|PRAGMA|SAVEPOINT)')


def statements(site, asked):
    """What the large site's database is asked per request, as its log tells it."""
    site.stop()
    site.start(log="warn,sqlx::query=trace,tamis::http=info")
    per_request = {}
    for what, kind, member, address in asked:
        before = site.tamis.log.stat().st_size
        site.look(address[-1], member)
        time.sleep(0.05)
        with open(site.tamis.log) as log:
            log.seek(before)
            seen = [json.loads(line) for line in log if line.startswith("{")]
        sql = [(e.get("db.statement") or e.get("summary", "")).strip() or e.get("summary", "") for e in seen if e.get("target") == "sqlx::query"]
        sql = [" ".join(s.split()) for s in sql]
        per_request[what, kind] = [s for s in sql if not BACKGROUND.search(s)]
    return per_request


def counts(engine, per_request):
    for kind, name, most in (("list", "list", 8), ("facet", "list with a facet", 8), ("selective", "search", 14), ("page", "page", 30), ("typo", "typo search", 40)):
        some = {what: len(sql) for (what, k), sql in per_request.items() if k == kind}
        what = max(some, key=some.get)
        report.bar(f"{engine}: SQL statements of one {name}", f"{some[what]} ({what})", f"<= {most}", 0 < some[what] <= most)


def sqlite_plans(generator, site, per_request):
    """Statements of lists that read a whole table. Sorting is fine: what is sorted is a page or two."""
    wrong = []
    for (what, kind), sql in per_request.items():
        if kind not in ("list", "facet"):
            continue
        text = "\n".join(s for s in sql if s.startswith(("SELECT", "WITH")))
        done = subprocess.run([generator, "--database-url", site.tamis.database_url, "explain"], input=text, capture_output=True, text=True, check=True)
        for plan in done.stdout.strip().split("\n\n"):
            bad = [line for line in plan.splitlines() if re.search(r"^SCAN (filters|catalog_entries|releases|modules|namespaces)$", line)]
            wrong += [f"{what}: {line}" for line in bad]
    for line in wrong:
        report.say(line)
    report.bar("SQLite: list statements that scan a table", str(len(wrong)), "0", not wrong)


def postgres_rows(postgres, database, site, asked):
    """Rows that PostgreSQL touches for one list, counted by auto_explain."""
    for setting in ("session_preload_libraries='auto_explain'", "auto_explain.log_min_duration=0", "auto_explain.log_analyze=on", "auto_explain.log_timing=off"):
        postgres.sql(f"ALTER DATABASE {database} SET {setting}")
    site.stop()
    site.start()
    worst = (0, "")
    for what, kind, member, address in asked:
        if kind not in ("list", "facet"):
            continue
        before = postgres.log.stat().st_size
        site.get(address[-1], member)
        time.sleep(0.05)
        with open(postgres.log, errors="replace") as log:
            log.seek(before)
            plans = [text for text in re.split(r"\n(?=\S)", log.read()) if "Query Text:" in text and not re.search(r'"(jobs|leases|audit_entries)"', text)]
        touched = 0
        for line in "\n".join(plans).splitlines():
            scan = re.search(r"(Scan|Sort)\b.*\(actual rows=(\d+) loops=(\d+)", line)
            removed = re.search(r"Rows Removed by (Filter|Index Recheck): (\d+)", line)
            touched += int(scan[2]) * int(scan[3]) if scan else int(removed[2]) if removed else 0
        report.say(f"{what}: {touched} rows touched")
        worst = max(worst, (touched, what))
    for setting in ("session_preload_libraries", "auto_explain.log_min_duration", "auto_explain.log_analyze", "auto_explain.log_timing"):
        postgres.sql(f"ALTER DATABASE {database} RESET {setting}")
    report.bar("PostgreSQL: rows touched by one list", f"{worst[0]} ({worst[1]})", "<= 5000", worst[0] <= 5000)


def engine(name, binary, generator, work, sizes, blocks, size, postgres=None):
    report.section(f"lists and searches on {name}, {' and '.join(map(str, sizes))} filters")
    sites = []
    for filters in sizes:
        url = postgres.database(f"bench{filters}") if postgres else None
        sites.append(Site(Tamis(binary, work / f"{name.lower()}-{filters}", url), filters))
    try:
        for site in sites:
            site.fill(generator)
            site.start()
        asked = questions(sites)
        latencies(name, sites, asked, blocks, size)
        per_request = statements(sites[-1], asked)
        counts(name, per_request)
        if postgres:
            postgres_rows(postgres, f"bench{sizes[-1]}", sites[-1], asked)
        else:
            sqlite_plans(generator, sites[-1], per_request)
    finally:
        for site in sites:
            site.stop()
