"""What schemathesis cannot know: names that exist here, and how a wasm body is sent."""

import json
import os
import random
import uuid

import schemathesis

with open(os.environ["TAMIS_FUZZ_WORLD"], encoding="utf-8") as world:
    VALUES = json.load(world)["values"]
MODULE = VALUES.pop("module")[0]
# Ids of things that a path names before `{id}`.
IDS = VALUES.pop("ids")
CHOICE = random.Random(os.environ["TAMIS_FUZZ_SEED"])


def name_what_is_there(parameters):
    """A random name means nothing, and a 404 proves little."""
    for name in parameters:
        if name in VALUES and CHOICE.random() < 0.8:
            parameters[name] = CHOICE.choice(VALUES[name])


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId", "")
    if case.path_parameters:
        name_what_is_there(case.path_parameters)
        for kind, ids in IDS.items():
            if f"/{kind}/{{id}}" in case.operation.path and CHOICE.random() < 0.9:
                case.path_parameters["id"] = CHOICE.choice(ids)
    if isinstance(case.body, dict):
        name_what_is_there(case.body)
    # A key that was seen, or a state that never was, would hide the operation behind it.
    headers = case.headers
    if headers is not None and "Idempotency-Key" in headers and CHOICE.random() < 0.9:
        headers["Idempotency-Key"] = str(uuid.UUID(int=CHOICE.getrandbits(128)))
    if headers is not None and "If-Match" in headers and CHOICE.random() < 0.8:
        headers["If-Match"] = "*"
    if operation in ("signIn", "signOut") and headers is not None and CHOICE.random() < 0.5:
        headers["Sec-Fetch-Site"] = "same-origin"


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw.get("operationId", "")
    with open(os.environ["TAMIS_FUZZ_SEEN"], "a", encoding="utf-8") as seen:
        seen.write(f"{operation} {response.status_code}\n")


@schemathesis.serializer("application/wasm")
def wasm(context, value):
    if CHOICE.random() < 0.7:
        with open(MODULE, "rb") as module:
            # A custom section at the end: other bytes, the same filter.
            return module.read() + bytes([0, 3, 1, CHOICE.randrange(97, 122), CHOICE.randrange(97, 122)])
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
