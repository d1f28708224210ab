"""What a Meshery Server asks at each of its own requests: whether a token is good still."""
import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import report
from servers import Tamis


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def log_in(tamis, name):
    """As a person at a browser does it; the access token of their Meshery Server."""
    base = f"http://{tamis.address[0]}:{tamis.address[1]}"
    browser = urllib.request.build_opener(Stay)

    def go(request):
        try:
            return browser.open(request)
        except urllib.error.HTTPError as answer:
            return answer

    secret = tamis.run("user", "link", name).rsplit("/", 1)[-1]
    headers = {"Sec-Fetch-Site": "same-origin"}
    signed_in = go(urllib.request.Request(f"{base}/sign-in/{secret}", data=b"", headers=headers))
    cookie = signed_in.headers["Set-Cookie"].split(";")[0]
    source = base64.urlsafe_b64encode(b"http://localhost:9081/api/user/token").decode().rstrip("=")
    back = go(urllib.request.Request(f"{base}/login?source={source}", headers={"Cookie": cookie}))
    token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.headers["Location"]).query))["token"]
    return json.loads(base64.b64decode(token + "=" * (-len(token) % 4)))["access_token"]


def introspect(binary, work, rounds, size):
    report.section("what a Meshery Server asks once per request, against /health/ready, interleaved")
    tamis = Tamis(binary, work / "meshery")
    tamis.person("reader")
    tamis.start()
    body = {"token": log_in(tamis, "reader")}
    connection = tamis.connect()

    def ask():
        start = time.perf_counter()
        status, _ = connection.request("POST", "/introspect", body)
        if status != 200:
            raise RuntimeError(f"/introspect: {status}")
        return time.perf_counter() - start

    ready = lambda: connection.timed("/health/ready")
    ask(), ready()
    ratios, usual = [], {"/introspect": [], "/health/ready": []}
    for _ in range(rounds):
        asked, known = [ask() for _ in range(size)], [ready() for _ in range(size)]
        ratios.append(report.median(asked) / report.median(known))
        usual["/introspect"] += asked
        usual["/health/ready"] += known
    shown = ", ".join(f"p50 of {what} {report.median(times) * 1000:.2f} ms" for what, times in usual.items())
    ratio = report.median(ratios)
    report.bar("POST /introspect / GET /health/ready", f"{ratio:.2f} ({shown})", "<= 3", ratio <= 3)
    tamis.stop()
