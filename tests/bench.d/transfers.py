"""Bytes in and out: uploads against sha256sum and the disk, downloads against nginx, memory
under many uploads at once, the time that verification takes."""
import json
import os
import re
import subprocess
import threading
import time

import report
import wasm
from servers import Nginx, ROOT, Tamis

MB = 1_000_000
FILTER = (ROOT / "seed/modules/correlation-id.wasm").read_bytes()


def seconds(command, **options):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - start


def uploads(binary, work, rounds):
    report.section("uploads against sha256sum and the disk, interleaved")
    tamis = Tamis(binary, work / "uploads")
    token = tamis.person("author")
    tamis.start()
    number = 0
    for size in (1, 10, 60):
        file = work / f"upload-{size}.wasm"
        file.write_bytes(wasm.padded(FILTER, size * MB))
        took = {"tamis": [], "sha256sum": [], "disk": []}
        for _ in range(rounds):
            number += 1
            wasm.salted(file, number)
            took["sha256sum"].append(seconds(["sha256sum", file]))
            url = f"http://127.0.0.1:{tamis.address[1]}/api/v1/filters/author/up{size}/releases/1.0.{number}"
            curl = ["curl", "-sf", "-H", "Expect:", "-H", f"Authorization: Bearer {token}", "-T", str(file), url]
            took["tamis"].append(seconds(curl))
            took["disk"].append(seconds(["dd", f"if={file}", f"of={work}/dd.out", "bs=1M", "conv=fsync"]))
        rate = {who: size / report.median(times) for who, times in took.items()}
        best = [max(a, b) / c for a, b, c in zip(took["sha256sum"], took["disk"], took["tamis"])]
        plain = [a / c for a, c in zip(took["sha256sum"], took["tamis"])]
        shown = f"{rate['tamis']:.0f} MB/s; sha256sum {rate['sha256sum']:.0f}, disk {rate['disk']:.0f}"
        what = f"upload {size} MB / min(sha256sum, disk)"
        bar_or_fact(size >= 10, what, report.median(best), 0.7, f"{shown}; {report.median(plain):.2f} of sha256sum")
        file.unlink()
    tamis.stop()


def bar_or_fact(gate, what, ratio, least, detail):
    measured = f"{ratio:.2f} ({detail})"
    if gate:
        report.bar(what, measured, f">= {least}", ratio >= least)
    else:
        report.fact(what, measured)


def wrk(url, duration):
    command = ["taskset", "-c", "0"] if os.cpu_count() > 1 else []
    command += ["wrk", "-t1", "-c64", f"-d{duration}s", "--timeout", "10s", "--latency", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if re.search(r"Non-2xx|Socket errors", text):
        raise RuntimeError(f"wrk {url}:\n{text}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(value) * {"us": 1e-3, "ms": 1, "s": 1000}[unit]


def downloads(binary, work, rounds, duration):
    report.section("downloads by digest against nginx with sendfile, 64 connections, interleaved")
    tamis = Tamis(binary, work / "downloads")
    author, curator = tamis.person("author"), tamis.person("curator", "curator")
    core = 1 if os.cpu_count() > 1 else None
    tamis.start(core=core)
    files = work / "files"
    files.mkdir()
    os.chmod(work, 0o755)
    nginx = Nginx(work / "nginx", files, core=core)
    for name, size, least in (("20 KB", 20_000, 0.4), ("300 KiB", 300 * 1024, None), ("1 MB", MB, 0.8), ("10 MB", 10 * MB, None)):
        body = wasm.padded(FILTER, max(size, len(FILTER) + 100))
        slug = name.lower().replace(" ", "")
        digest = tamis.publish(author, curator, f"author/d{slug}", "1.0.0", body)
        (files / slug).write_bytes(body)
        ours, theirs = f"http://127.0.0.1:{tamis.address[1]}/modules/sha256/{digest}.wasm", f"http://127.0.0.1:{nginx.port}/{slug}"
        for url in (ours, theirs):
            assert subprocess.run(["curl", "-sf", url], capture_output=True, check=True).stdout == body
        pairs = [(wrk(ours, duration), wrk(theirs, duration)) for _ in range(rounds)]
        ratio = report.median([a[0] / b[0] for a, b in pairs])
        rates = [report.median([pair[at][0] for pair in pairs]) for at in (0, 1)]
        late = [report.median([pair[at][1] for pair in pairs]) for at in (0, 1)]
        detail = f"{rates[0]:.0f}/s, p99 {late[0]:.0f} ms; nginx {rates[1]:.0f}/s, p99 {late[1]:.0f} ms"
        bar_or_fact(least is not None, f"download {name} / nginx", ratio, least, detail)
    nginx.stop()
    tamis.stop()


def counting(binary, work, rounds, duration):
    """The same downloads from a server that counts and one that does not; small ones, where it would show."""
    report.section("downloads with and without counting, interleaved")
    core = 1 if os.cpu_count() > 1 else None
    body, pair = wasm.padded(FILTER, len(FILTER) + 100), {}
    for counts in (True, False):
        tamis = pair[counts] = Tamis(binary, work / f"counting-{counts}")
        if not counts:
            tamis.environment["TAMIS_NO_COUNTS"] = "true"
        author, curator = tamis.person("author"), tamis.person("curator", "curator")
        tamis.start(core=core)
        digest = tamis.publish(author, curator, "author/small", "1.0.0", body)
    url = lambda counts: f"http://127.0.0.1:{pair[counts].address[1]}/modules/sha256/{digest}.wasm"
    # Each goes first as often as the other.
    runs = [{counts: wrk(url(counts), duration)[0] for counts in ((True, False) if n % 2 else (False, True))} for n in range(2 * rounds)]
    ratio = report.median([run[True] / run[False] for run in runs])
    rates = [report.median([run[counts] for run in runs]) for counts in (True, False)]
    report.bar("download, counted / not counted", f"{ratio:.3f} ({rates[0]:.0f}/s; {rates[1]:.0f}/s)", ">= 0.97", ratio >= 0.97)
    for tamis in pair.values():
        tamis.stop()


def memory(binary, work, clients=200):
    report.section(f"memory: {clients} uploads of 10 MB at once")
    tamis = Tamis(binary, work / "memory")
    token = tamis.person("author")
    tamis.start()
    idle = tamis.memory("VmRSS")
    report.bar("RSS idle", f"{idle:.0f} MB", "<= 60 MB", idle <= 60)
    body = wasm.padded(FILTER, 10 * MB)
    with open(work / "ten.wasm", "wb") as file:
        file.write(body[: -wasm.SALT])
    answers, peak = [], [0.0]
    gate = threading.Barrier(clients + 1)

    def upload(n):
        connection = tamis.connect(token)
        connection.socket.settimeout(600)
        head = connection.head("PUT", f"/api/v1/filters/author/m{n}/releases/1.0.0", len(body), "application/wasm")
        with open(work / "ten.wasm", "rb") as file:
            gate.wait()
            connection.socket.sendall(head)
            connection.socket.sendfile(file)
            connection.socket.sendall(n.to_bytes(wasm.SALT, "big"))
            answers.append(connection.answer())

    threads = [threading.Thread(target=quietly, args=(upload, n, answers)) for n in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    wrong = [a for a in answers if not isinstance(a, tuple) or a[0] != 201]
    for answer in wrong[:3]:
        report.say(f"failed: {answer}")
    peak = tamis.memory("VmHWM")
    report.bar(f"errors of {clients} uploads at once", str(len(wrong)), "0", not wrong and len(answers) == clients)
    rate = clients * len(body) / MB / took
    report.bar(f"peak RSS, {clients} uploads at once", f"{peak:.0f} MB ({took:.1f} s, {rate:.0f} MB/s)", "<= 250 MB", peak <= 250)
    time.sleep(2)
    report.fact("RSS after that", f"{tamis.memory('VmRSS'):.0f} MB")
    tamis.stop()


def quietly(work, n, answers):
    try:
        work(n)
    except Exception as error:  # the bench counts it
        answers.append(error)


def verification(binary, work):
    report.section("verification of one module")
    for name, make in (
        ("10 MB, padding", lambda: wasm.padded(FILTER, 10 * MB)),
        ("60 MB, padding", lambda: wasm.padded(FILTER, 60 * MB)),
        ("10 MB, all code", lambda: wasm.code_heavy(10 * MB)),
        ("60 MB, all code", lambda: wasm.code_heavy(60 * MB)),
    ):
        file = work / "verify.wasm"
        file.write_bytes(make())
        times = []
        for _ in range(3):
            start = time.perf_counter()
            process = subprocess.Popen([binary, "verify", "--json", str(file)], stdout=subprocess.PIPE)
            verdict = json.loads(process.stdout.read())["verdict"]
            process.wait()
            times.append(time.perf_counter() - start)
        took = report.median(times)
        report.fact(f"verify {name}", f"{took * 1000:.0f} ms, {verdict}")
        file.unlink()
