"""Modules by digest, the way that proxies fetch them, and the same bytes as blobs of the registry, against nginx
with sendfile and Debian's docker-registry on the same files: one connection, 64 and 1,000. Ratios are medians of
interleaved rounds with a bootstrap interval."""
import os
import random
import re
import subprocess

import report
import wasm
from servers import DockerRegistry, Nginx, Tamis
from transfers import FILTER, MB

SIZES = (("300 KiB", 300 * 1024), ("1 MB", MB), ("3 MiB", 3 * 1024 * 1024))
CONNECTIONS = (1, 64, 1000)


def cpu(pid):
    """Milliseconds of processor time that a process has used, with its threads and children at work."""
    pids = [pid] + [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]
    ticks = 0
    for one in pids:
        fields = open(f"/proc/{one}/stat").read().rsplit(") ", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def pull(url, connections, duration, pid, headers=()):
    """Requests a second, and processor time of the server for each."""
    before = cpu(pid)
    command = ["taskset", "-c", "0"] if os.cpu_count() > 1 else []
    command += ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", "--timeout", "60s", *headers, url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if re.search(r"Non-2xx", text) or re.search(r"(connect|read|write) [1-9]", text):
        raise RuntimeError(f"wrk {url}:\n{text}")
    count = int(re.search(r"(\d+) requests in", text)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), (cpu(pid) - before) / max(count, 1)


def interval(values):
    """95 % of the medians of samples drawn again from these."""
    draw = random.Random(1)
    medians = sorted(report.median(draw.choices(values, k=len(values))) for _ in range(2000))
    return medians[50], medians[1949]


def raw(binary, work, rounds, duration):
    report.section("modules and blobs by digest against nginx and docker-registry, interleaved")
    core = 1 if os.cpu_count() > 1 else None
    tamis = Tamis(binary, work / "raw")
    author, curator = tamis.person("author"), tamis.person("curator", "curator")
    tamis.start(core=core)
    files = work / "raw-files"
    files.mkdir()
    nginx, docker = Nginx(work / "raw-nginx", files, core=core), DockerRegistry(work / "raw-docker", core=core)
    base, processes = f"http://127.0.0.1:{tamis.address[1]}", {"nginx": nginx, "docker": docker}
    for name, size in SIZES:
        body = wasm.padded(FILTER, size)
        slug = name.lower().replace(" ", "")
        digest = tamis.publish(author, curator, f"author/r{slug}", "1.0.0", body)
        (files / slug).write_bytes(body)
        docker.image(f"author/r{slug}", "1.0.0", body)
        urls = {
            "module": f"{base}/modules/sha256/{digest}.wasm",
            "blob": f"{base}/v2/wasm/author/r{slug}/blobs/sha256:{digest}",
            "nginx": f"http://127.0.0.1:{nginx.port}/{slug}",
            "docker": f"http://127.0.0.1:{docker.port}/v2/author/r{slug}/blobs/sha256:{digest}",
        }
        for url in urls.values():
            assert subprocess.run(["curl", "-sf", url], capture_output=True, check=True).stdout == body, url
        for connections in CONNECTIONS:
            blobs(name, connections, [turn(urls, tamis, processes, connections, duration, n) for n in range(rounds)])
        if size == MB:
            peak = tamis.memory("VmHWM")
            report.bar("peak RSS, 1,000 pulls of 1 MB at once", f"{peak:.0f} MB", "<= 150 MB", peak <= 150)
    manifests(base, tamis, docker, rounds, duration)
    docker.stop()
    nginx.stop()
    tamis.stop()
    cold(binary, work)


def turn(urls, tamis, processes, connections, duration, n, headers=()):
    """Each once, and each first as often as the others."""
    names = list(urls)
    names = names[n % len(names):] + names[: n % len(names)]
    pid = lambda name: (processes.get(name) or tamis).process.pid
    return {name: pull(urls[name], connections, duration, pid(name), headers) for name in names}


def compared(runs, ours, theirs):
    """The ratio with its interval, and what both did."""
    # A server that answers nobody in time still gives a ratio.
    ratios = [run[ours][0] / max(run[theirs][0], 0.1) for run in runs]
    ratio, (low, high) = report.median(ratios), interval(ratios)
    middle = lambda who, what: report.median([run[who][what] for run in runs])
    each = ", ".join(f"{who} {middle(who, 0):.0f}/s at {middle(who, 1):.3f} ms" for who in (ours, theirs))
    return ratio, f"{ratio:.2f} [{low:.2f}..{high:.2f}] ({each})"


def blobs(name, connections, runs):
    for ours, theirs, least in (("module", "nginx", 0.8), ("blob", "nginx", 0.8), ("blob", "docker", 3)):
        ratio, detail = compared(runs, ours, theirs)
        what = f"{ours} of {name}, {connections} connections / {theirs}"
        if connections == 64:
            report.bar(what, detail, f">= {least}", ratio >= least)
        else:
            report.fact(what, detail)
    if name == "300 KiB" and connections == 64:
        for ours in ("module", "blob"):
            spent = report.median([run[ours][1] for run in runs])
            theirs = report.median([run["docker"][1] for run in runs])
            report.bar(f"server CPU for a {ours} of 300 KiB", f"{spent:.3f} ms (docker {theirs:.3f} ms)", "<= 0.15 ms", spent <= 0.15)


def manifests(base, tamis, docker, rounds, duration):
    report.section("manifests by tag against docker-registry, interleaved")
    slug = SIZES[0][0].lower().replace(" ", "")
    urls = {"tag": f"{base}/v2/author/r{slug}/manifests/1.0.0", "docker": f"http://127.0.0.1:{docker.port}/v2/author/r{slug}/manifests/1.0.0"}
    accept = ("-H", "Accept: application/vnd.oci.image.manifest.v1+json")
    for connections in CONNECTIONS:
        runs = [turn(urls, tamis, {"docker": docker}, connections, duration, n, accept) for n in range(rounds)]
        ratio, detail = compared(runs, "tag", "docker")
        what = f"manifest by tag, {connections} connections / docker"
        if connections == 64:
            report.bar(what, detail, ">= 10", ratio >= 10)
        else:
            report.fact(what, detail)


def cold(binary, work):
    """What 10,000 pulls of one digest ask of the database, by a server that has just been started."""
    tamis = Tamis(binary, work / "cold")
    author, curator = tamis.person("author"), tamis.person("curator", "curator")
    counts = {}
    for name, size in (SIZES[0], SIZES[2]):
        tamis.start(log="warn,sqlx::query=trace")
        digest = tamis.publish(author, curator, f"author/cold{size}", "1.0.0", wasm.padded(FILTER, size))
        tamis.stop()
        tamis.start(log="warn,sqlx::query=trace")
        before = tamis.log.read_text().count("sqlx::query")
        url = f"http://127.0.0.1:{tamis.address[1]}/modules/sha256/{digest}.wasm"
        threads = [subprocess.Popen(["curl", "-sf", "--parallel", "--parallel-max", "100", "-o", "/dev/null", f"{url}?[1-2500]"]) for _ in range(4)]
        assert all(thread.wait() == 0 for thread in threads)
        counts[name] = tamis.log.read_text().count("sqlx::query") - before
        tamis.stop()
    shown = ", ".join(f"{count} for {name}" for name, count in counts.items())
    report.bar("statements of 10,000 pulls of one digest", shown, "<= 1,000", max(counts.values()) <= 1000)
