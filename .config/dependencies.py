"""Checks every dependency against deny.toml: its licence, its source, and that no banned crate is built in.

Reads `cargo metadata` and `cargo tree`; needs no network once the crates are fetched, and no crate of its own.
Knows nothing about advisories: their database is not in any package registry.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cargo(*arguments):
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def permitted(expression, allowed):
    """Whether an SPDX expression can be satisfied with allowed licences only (`/` is the old way to say OR)."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def choice():
        verdict = every()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            verdict = every() or verdict
        return verdict

    def every():
        verdict = single()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            verdict = single() and verdict
        return verdict

    def single():
        token = tokens.pop(0)
        if token == "(":
            verdict = choice()
            tokens.pop(0)
            return verdict
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    return choice()


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed = set(rules["licenses"]["allow"])
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    banned = {entry["name"] for entry in rules["bans"]["deny"]}
    faults = []

    packages = json.loads(cargo("metadata", "--format-version", "1", "--locked", "--all-features"))["packages"]
    foreign = [package for package in packages if package["source"]]
    for package in foreign:
        name = f"{package['name']} {package['version']}"
        if package["source"] not in registries:
            faults.append(f"{name}: comes from {package['source']}, which deny.toml does not allow")
        licence = package["license"]
        if not licence:
            faults.append(f"{name}: names no licence")
        elif not permitted(licence, allowed):
            faults.append(f"{name}: licence {licence} is not covered by deny.toml")

    tree = cargo("tree", "--workspace", "--locked", "--all-features", "-e", "normal", "--prefix", "none", "-f", "{p}")
    for line in sorted({line.removesuffix(" (*)") for line in tree.splitlines()}):
        if line.split(" ")[0] in banned:
            faults.append(f"{line}: banned by deny.toml, yet built in (ask: cargo tree -i {line.split(' ')[0]} -e normal)")

    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(foreign)} dependencies, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
