"""Deploying to many targets of which some are dead: what the others notice of it. Receivers of signed messages on
127.0.0.1; a dead one takes connections and never answers."""
import json
import socket
import threading
import time

import report
import wasm
from servers import Tamis
from transfers import FILTER

TARGETS, DEAD = 200, 20


class Receivers:
    """One socket each. The live answer 204 after a moment, as a server on a network does."""

    def __init__(self, many):
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(many)]
        self.dead = set()
        for number, one in enumerate(self.sockets):
            threading.Thread(target=self.serve, args=(number, one), daemon=True).start()

    def url(self, number):
        return f"http://127.0.0.1:{self.sockets[number].getsockname()[1]}/hook"

    def serve(self, number, listening):
        kept = []
        while True:
            connection, _ = listening.accept()
            if number in self.dead:
                kept.append(connection)
                continue
            with connection:
                while connection.recv(65536)[-1:] not in (b"", b"}"):
                    pass
                time.sleep(0.02)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def upload(connection):
    body = wasm.padded(FILTER, 200_000)
    head = connection.head("PUT", "/api/v1/filters/author/f/releases/1.0.0", len(body), "application/wasm")
    connection.socket.sendall(head + body)
    status, answer = connection.answer()
    if status != 201:
        raise RuntimeError(f"upload: {status} {answer[:300]}")


def post(connection, path, body):
    status, answer = connection.request("POST", path, body)
    if status not in (201, 202):
        raise RuntimeError(f"{path}: {status} {answer[:300]}")
    return json.loads(answer)


def deployed(connection, wanted, revision):
    done, after = 0, ""
    while True:
        page = connection.get(f"/api/v1/deployments?limit=100{after}")
        done += sum(d["target"] in wanted and (d["confirmed"] or {}).get("revision") == revision for d in page["items"])
        if not page["next"]:
            return done
        after = f"&after={page['next']}"


def fan_out(binary, work, rounds):
    report.section(f"{TARGETS} targets, of which {DEAD} take connections and never answer")
    tamis = Tamis(binary, work / "deployments")
    tamis.environment |= {"TAMIS_ALLOW_NETWORK": "127.0.0.0/8", "TAMIS_DEPLOY_LONGEST_PAUSE": "5"}
    token = tamis.person("author")
    tamis.start()
    connection = tamis.connect(token)
    upload(connection)
    # A draft of one's own: its module is fetched by an address that is a secret.
    post(connection, "/api/v1/filters/author/f/capability-urls", {"name": "targets", "version": "1.0.0"})
    receivers = Receivers(TARGETS)
    ids = []
    for number in range(TARGETS):
        body = {"namespace": "author", "name": f"t{number}", "kind": "webhook", "url": receivers.url(number)}
        ids.append(post(connection, "/api/v1/targets", body)["id"])
    live = set(ids[DEAD:])
    revision, times = 0, {0: [], DEAD: []}
    for _ in range(rounds):
        for dead in times:
            receivers.dead = set(range(dead))
            revision += 1
            release = {"namespace": "author", "filter": "f", "version": "1.0.0", "config": {"n": revision}}
            start = time.perf_counter()
            post(connection, "/api/v1/deployments", {"targets": ids, "releases": [release]})
            while deployed(connection, live, revision) < len(live):
                time.sleep(0.05)
            times[dead].append(time.perf_counter() - start)
            receivers.dead = set()
            while deployed(connection, set(ids), revision) < len(ids):
                time.sleep(0.5)
    with_dead, without = report.median(times[DEAD]), report.median(times[0])
    ratio = with_dead / without
    told = f"{ratio:.2f} ({with_dead:.2f} s with {DEAD} dead, {without:.2f} s all alive, for {len(live)} live ones)"
    report.bar("fan-out with dead targets / all alive", told, "<= 1.2", ratio <= 1.2)
    tamis.stop()
