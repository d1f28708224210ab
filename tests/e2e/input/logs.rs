//! What a stranger sends must not write the log or grow the metrics. On the real binary:
//! both are one per process.
use super::raw;
use std::{
    io::Read,
    net::TcpListener,
    process::{Child, Stdio},
    time::Duration,
};
use tamis_e2e::{binary, client::Person};
use tempfile::TempDir;

struct Server {
    child: Child,
    log: std::path::PathBuf,
    nobody: Person,
    _directory: TempDir,
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = directory.path().join("log");
        let listen = format!("127.0.0.1:{port}");
        let child =
            binary::command(&directory.path().join("data"), &["serve", "--no-seed", "--listen", &listen])
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(&log).unwrap())
                .spawn()
                .unwrap();
        let nobody = Person {
            name: "nobody".into(),
            token: None,
            base: format!("http://{listen}"),
            http: tamis_e2e::client::http().build().unwrap(),
        };
        for _ in 0..200 {
            if let Ok(reply) = nobody.request(reqwest::Method::GET, "/health/live").send().await
                && reply.status() == 204
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { child, log, nobody, _directory: directory }
    }

    fn log(&self) -> Vec<u8> {
        let mut bytes = vec![];
        std::fs::File::open(&self.log).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The names and labels of all series, without their values.
    async fn series(&self) -> Vec<String> {
        let text = self.nobody.get("/metrics").await.expect(200).text();
        let mut all: Vec<_> = text
            .lines()
            // The others come when a duty first has something to count, whatever is asked.
            .filter(|l| l.starts_with("tamis_http_"))
            .map(|l| l.rsplit_once(' ').unwrap().0.to_owned())
            .collect();
        all.sort();
        all
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_neither_break_log_lines_nor_grow_metrics() {
    let server = Server::start().await;
    let nobody = &server.nobody;
    let nasty = [
        "\u{1b}[2J\u{1b}[31mred",
        "\u{7}\u{8}",
        "a\tb",
        "\u{85}\u{2028}\u{2029}",
        "{\"level\":\"ERROR\"}",
        "\"},{\"x\":\"",
        "${jndi:ldap://x}",
        "%0d%0ainjected",
        "\u{9b}31m",
        "\\n\\r\\u001b",
    ];
    let mut sent = 0;
    for value in nasty {
        for header in [
            "User-Agent",
            "Referer",
            "X-Request-Id",
            "Authorization",
            "Cookie",
            "Range",
            "If-Match",
            "Content-Type",
            "Accept",
            "Host",
            "X-Forwarded-For",
            "traceparent",
            "Idempotency-Key",
        ] {
            let host = if header == "Host" { "" } else { "Host: x\r\n" };
            let request = format!(
                "GET /api/v1/filters HTTP/1.1\r\n{host}Connection: close\r\n{header}: {value}\r\n\r\n"
            );
            raw::exchange(nobody, request.as_bytes(), Duration::from_secs(2)).await;
            sent += 1;
        }
    }
    // Each kind of series once.
    for i in 0..42 {
        ask(nobody, i, &mut 7).await;
    }
    server.series().await;
    let (before, known) = (server.series().await, lines(&server.log()).len());
    let full = if std::env::var("TAMIS_TEST_FULL").is_ok() { 100_000 } else { 2_000 };
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for i in 0..full {
        ask(nobody, i, &mut seed).await;
    }
    let mut came = server.series().await;
    came.retain(|series| !before.contains(series));
    assert_eq!(came, [""; 0], "series came with the paths");
    assert!(!before.is_empty());

    let log = server.log();
    assert!(!log.contains(&0x1b) && !log.contains(&b'\r'), "a control character in the log");
    let mut answered = 0;
    for line in lines(&log) {
        let line: serde_json::Value =
            serde_json::from_slice(line).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(line)));
        answered += usize::from(line["message"] == "answered");
        assert!(!line.to_string().contains("injected"), "{line}");
    }
    let all = lines(&log).len();
    assert!(all >= known + full && all <= known + full + 20, "one line a request: {known}, {full}, {all}");
    assert!(answered >= full + sent / 2, "{answered} lines for {} requests", full + sent);
}

fn lines(log: &[u8]) -> Vec<&[u8]> {
    log.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect()
}

/// A request for a path that nobody has asked for before.
async fn ask(nobody: &Person, i: usize, seed: &mut u64) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    let path = match i % 6 {
        0 => format!("/{seed:x}"),
        1 => format!("/api/v1/catalog/n{seed:x}/f"),
        2 => format!("/api/v1/filters/a/f/releases/1.0.{}", *seed >> 40),
        3 => format!("/modules/sha256/{seed:064x}.wasm"),
        4 => format!("/%1b[31m%0d%0a{seed:x}"),
        _ => format!("/docs/{seed:x}"),
    };
    let method = if i.is_multiple_of(7) { format!("M{seed:X}") } else { "GET".into() };
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let reply = nobody.send(nobody.request(method, &path)).await;
    assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
}
