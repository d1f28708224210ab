"""What was measured, in one table: a bar that is missed says MISS; the run goes on."""
import statistics
import sys

rows = []


def say(text):
    print(f"    {text}", flush=True)


def section(text):
    print(f"\n==> {text}", flush=True)


def fact(what, measured):
    """A number without a bar."""
    rows.append((what, measured, "", ""))
    say(f"{what}: {measured}")


def bar(what, measured, wanted, passed):
    rows.append((what, measured, wanted, "PASS" if passed else "MISS"))
    say(f"{what}: {measured} (wanted: {wanted}) {'PASS' if passed else 'MISS'}")


def median(values):
    return statistics.median(values)


def p(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table():
    width = [max(len(row[column]) for row in rows + [("what", "measured", "bar", "")]) for column in range(3)]
    print()
    for row in [("what", "measured", "bar", "")] + rows:
        print(f"{row[0]:<{width[0]}}  {row[1]:<{width[1]}}  {row[2]:<{width[2]}}  {row[3]}".rstrip())
    passed, missed = (sum(row[3] == word for row in rows) for word in ("PASS", "MISS"))
    print(f"\nbench: {passed} bars held, {missed} missed", flush=True)
    sys.stdout.flush()
