"""A client that costs little: one keep-alive connection, bytes in, bytes out. Knows no API."""
import json
import socket
import time


class Connection:
    def __init__(self, address, token=None):
        self.address = address
        self.socket = socket.create_connection(address, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.authorization = f"Authorization: Bearer {token}\r\n" if token else ""

    def close(self):
        self.socket.close()

    def head(self, method, path, length=None, kind=None):
        host = f"{self.address[0]}:{self.address[1]}"
        text = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{self.authorization}"
        if length is not None:
            text += f"Content-Length: {length}\r\n"
        if kind:
            text += f"Content-Type: {kind}\r\n"
        return (text + "\r\n").encode()

    def answer(self):
        data = self.rest
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(262144)
            if not more:
                raise ConnectionError(f"closed after {data[:200]!r}")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if name.lower() == b"transfer-encoding":
                raise ValueError("this client reads answers with a length only")
        parts, have = [body], len(body)
        while have < length:
            more = self.socket.recv(min(262144, length - have))
            if not more:
                raise ConnectionError("closed in the middle of an answer")
            parts.append(more)
            have += len(more)
        whole = b"".join(parts)
        self.rest = whole[length:]
        return int(head[9:12]), whole[:length]

    def request(self, method, path, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        kind = "application/json" if body is not None else None
        self.socket.sendall(self.head(method, path, None if method == "GET" else len(data), kind) + data)
        return self.answer()

    def get(self, path):
        """JSON of a 200, or an error that says what came instead."""
        status, body = self.request("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return json.loads(body)

    def timed(self, path):
        start = time.perf_counter()
        status, body = self.request("GET", path)
        took = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return took
