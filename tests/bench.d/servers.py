"""Starts and stops what is measured: Tamis on a database, PostgreSQL, nginx. All on 127.0.0.1,
all in one scratch directory, each stopped by its own process id."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

from http1 import Connection

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("TAMIS_")} | {"TAMIS_NO_RATE_LIMITS": "true"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pinned(core, command):
    """On one core, if there is another for the client."""
    return ["taskset", "-c", str(core)] + command if core is not None and os.cpu_count() > 1 else command


class Tamis:
    """A data directory, a database, and at most one server on them."""

    def __init__(self, binary, directory, database_url=None):
        self.binary, self.directory = binary, pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.environment = CLEAN | {"TAMIS_DATA_DIR": str(self.directory)}
        if database_url:
            self.environment["TAMIS_DATABASE_URL"] = database_url
        self.database_url = database_url or f"sqlite://{self.directory}/tamis.db?mode=rwc"
        self.process = None

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"tamis {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def person(self, name, role="user"):
        """A new user; their token."""
        self.run("user", "create", name, "--role", role)
        return self.run("token", "create", "--user", name)

    def start(self, core=None, log="warn"):
        port = free_port()
        self.address, self.log = ("127.0.0.1", port), self.directory / "server.log"
        command = pinned(core, [self.binary, "serve", "--no-seed", "--listen", f"127.0.0.1:{port}"])
        with open(self.log, "wb") as out:
            environment = self.environment | {"TAMIS_LOG": log}
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError(f"tamis did not start: {self.log.read_text()[-2000:]}")
            try:
                if self.connect().request("GET", "/health/ready")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("tamis is not ready after a minute")

    def connect(self, token=None):
        return Connection(self.address, token)

    def memory(self, field):
        """VmRSS or VmHWM in MB."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        raise RuntimeError(field)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def publish(self, author, curator, filter_path, version, body):
        """Uploads, asks, approves and releases; the digest."""
        namespace, name = filter_path.split("/")
        a, c = self.connect(author), self.connect(curator)
        a.socket.sendall(a.head("PUT", f"/api/v1/filters/{filter_path}/releases/{version}", len(body), "application/wasm"))
        a.socket.sendall(body)
        release = expect(a.answer(), 201)
        wish = {"namespace": namespace, "filter": name, "version": version, "action": "publish", "note": "bench"}
        review = expect(a.request("POST", "/api/v1/reviews", wish), 201)
        vote = {"decision": "approve", "digest": review["digest"], "note": "bench"}
        expect(c.request("POST", f"/api/v1/reviews/{review['id']}/votes", vote), 200, 201)
        for _ in range(300):
            if a.get(f"/api/v1/reviews/{review['id']}")["state"] == "approved":
                break
            time.sleep(0.1)
        expect(a.request("POST", f"/api/v1/reviews/{review['id']}/release"), 200)
        return release["digest"].split(":")[1]


def expect(answer, *statuses):
    status, body = answer
    if status not in statuses:
        raise RuntimeError(f"{status} instead of {statuses}: {body[:500]!r}")
    return json.loads(body)


class Postgres:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        script = ROOT / "tests/engines/postgres.sh"
        self.script = str(script)
        done = subprocess.run([self.script, "start", str(self.directory)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.url = done.stdout.strip()
        self.log = self.directory / "postgres/server.log"

    def sql(self, statement, database="postgres"):
        url = self.url.rsplit("/", 1)[0] + "/" + database
        subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement, url], check=True, stdout=subprocess.DEVNULL)

    def database(self, name):
        self.sql(f"CREATE DATABASE {name}")
        return self.url.rsplit("/", 1)[0] + "/" + name

    def stop(self):
        subprocess.run([self.script, "stop", str(self.directory)])


class DockerRegistry:
    """Debian's docker-registry on files: no authentication, no access log, descriptors cached in memory."""

    def __init__(self, directory, core=None):
        self.directory, self.port = pathlib.Path(directory), free_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        configuration = f"""
version: 0.1
log: {{accesslog: {{disabled: true}}, level: error}}
storage: {{filesystem: {{rootdirectory: {self.directory}/blobs}}, cache: {{blobdescriptor: inmemory}}}}
http: {{addr: 127.0.0.1:{self.port}}}
"""
        (self.directory / "config.yml").write_text(configuration)
        command = pinned(core, ["docker-registry", "serve", str(self.directory / "config.yml")])
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                if self.connect().request("GET", "/v2/")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("docker-registry did not start")

    def connect(self):
        return Connection(("127.0.0.1", self.port))

    def blob(self, name, body):
        """Pushes a blob in two requests; its digest."""
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        begun = urllib.request.Request(f"http://127.0.0.1:{self.port}/v2/{name}/blobs/uploads/", method="POST")
        location = urllib.request.urlopen(begun).headers["Location"]
        put = urllib.request.Request(f"{location}&digest={digest}", data=body, method="PUT")
        put.add_header("Content-Type", "application/octet-stream")
        urllib.request.urlopen(put)
        return digest

    def image(self, name, tag, body):
        """An image of one layer under a tag; the layer's digest."""
        kind = "application/vnd.oci.image.manifest.v1+json"
        part = lambda media, digest, size: {"mediaType": media, "digest": digest, "size": size}
        config, layer = self.blob(name, b"{}"), self.blob(name, body)
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": part("application/vnd.oci.image.config.v1+json", config, 2),
                    "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip", layer, len(body))]}
        put = urllib.request.Request(f"http://127.0.0.1:{self.port}/v2/{name}/manifests/{tag}", data=json.dumps(manifest).encode(), method="PUT")
        put.add_header("Content-Type", kind)
        urllib.request.urlopen(put)
        return layer

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Nginx:
    """One worker with sendfile, serving the files of a directory."""

    def __init__(self, directory, files, core=None):
        self.directory, self.port = pathlib.Path(directory), free_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        os.chmod(self.directory, 0o755)
        user = "user root;" if os.getuid() == 0 else ""
        configuration = f"""
            {user} worker_processes 1; daemon off; pid {self.directory}/nginx.pid; error_log {self.directory}/error.log;
            events {{ worker_connections 4096; }}
            http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/wasm;
              client_body_temp_path {self.directory}/t1; proxy_temp_path {self.directory}/t2; fastcgi_temp_path {self.directory}/t3;
              uwsgi_temp_path {self.directory}/t4; scgi_temp_path {self.directory}/t5; open_file_cache max=100;
              server {{ listen 127.0.0.1:{self.port}; root {files}; }} }}"""
        (self.directory / "nginx.conf").write_text(configuration)
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        command = pinned(core, [binary, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")])
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"nginx did not start, see {self.directory}/error.log")

    def stop(self):
        self.process.terminate()
        self.process.wait()
