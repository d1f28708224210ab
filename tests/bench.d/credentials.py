"""What a credential costs: the same question with a token and without, in turn."""
import report
from servers import Tamis

PATH = "/api/v1/catalog?limit=10"


def auth(binary, work, rounds, size):
    report.section("a GET with a token against the same GET without, interleaved")
    tamis = Tamis(binary, work / "auth")
    token = tamis.person("reader")
    tamis.start()
    anonymous, member = tamis.connect(), tamis.connect(token)
    for connection in (anonymous, member):
        connection.timed(PATH)
    ratios, usual = [], {"with": [], "without": []}
    for _ in range(rounds):
        without = [anonymous.timed(PATH) for _ in range(size)]
        with_token = [member.timed(PATH) for _ in range(size)]
        ratios.append(report.median(with_token) / report.median(without))
        usual["with"] += with_token
        usual["without"] += without
    shown = ", ".join(f"{what} {report.median(times) * 1000:.2f} ms" for what, times in usual.items())
    ratio = report.median(ratios)
    report.bar("GET with a token / without", f"{ratio:.2f} ({shown})", "<= 2", ratio <= 2)
    tamis.stop()
