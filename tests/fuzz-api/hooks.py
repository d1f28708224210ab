"""What schemathesis cannot know: names that exist here, and how a wasm body is sent."""

import json
import os
import random

import schemathesis

with open(os.environ["TAMIS_FUZZ_WORLD"], encoding="utf-8") as world:
    VALUES = json.load(world)["values"]
MODULE = VALUES.pop("module")[0]


# A random path names nothing, and a 404 proves little: most of the time name what is there.
@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name in path_parameters or {}:
        if name in VALUES and random.random() < 0.7:
            path_parameters[name] = random.choice(VALUES[name])
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        for name in body:
            if name in VALUES and random.random() < 0.7:
                body[name] = random.choice(VALUES[name])
    return body


@schemathesis.serializer("application/wasm")
def wasm(context, value):
    if isinstance(value, bytes):
        return value
    if random.random() < 0.5:
        with open(MODULE, "rb") as module:
            return module.read() + bytes([0, 3, 1, random.randrange(97, 122), random.randrange(97, 122)])
    return str(value).encode("utf-8", "surrogatepass")
