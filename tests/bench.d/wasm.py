"""Modules to upload: a real filter with as much padding as asked for, and one that is all code."""
import random
import struct


def leb(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        out.append(byte | (0x80 if n else 0))
        if not n:
            return bytes(out)


def section(number, payload):
    return bytes([number]) + leb(len(payload)) + payload


SALT = 32


def padded(filter_bytes, size, seed=1):
    """The filter with a custom section that makes it exactly `size` bytes. Its last 32 bytes are
    free to be changed: each value makes another valid module."""
    room = size - len(filter_bytes)
    for length_bytes in range(1, 6):
        payload = room - 1 - length_bytes
        if len(leb(payload)) == length_bytes:
            noise = random.Random(seed).randbytes(payload - 4)
            return filter_bytes + section(0, b"\x03pad" + noise)
    raise ValueError("no padding of that size")


def code_heavy(size):
    """Valid, not a filter: functions that compute, up to `size` bytes."""
    body = b"\x00" + b"\x20\x00\x41\x07\x6a\x21\x00" * 140 + b"\x20\x00\x0b"
    function = leb(len(body)) + body
    count = size // len(function)
    return (
        b"\0asm\x01\0\0\0"
        + section(1, b"\x01\x60\x01\x7f\x01\x7f")
        + section(3, leb(count) + b"\0" * count)
        + section(10, leb(count) + function * count)
    )


def salted(path, number):
    """Changes the last bytes of the file in place."""
    with open(path, "r+b") as file:
        file.seek(-SALT, 2)
        file.write(struct.pack(">Q", number).rjust(SALT, b"\x5a"))
