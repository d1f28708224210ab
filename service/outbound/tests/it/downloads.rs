//! Bodies: whole, cut, lying about their length, endless, slow.

use std::time::{Duration, Instant};

use tamis_outbound::{Client, Fetched, Limits, OutboundError};

use crate::stub::{Answer, Scripted, Stub, client, client_with, limits, ok, status};

async fn fetch_with(client: Client, stub: &Stub) -> Result<(Fetched, Vec<u8>), OutboundError> {
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool");
    let outcome = client.fetch_to_file(&stub.url("/f.wasm"), &spool).await;
    assert_eq!(spool.exists(), outcome.is_ok(), "a file is left exactly when the download succeeded");
    outcome.map(|fetched| (fetched, std::fs::read(&spool).unwrap()))
}

async fn fetch(
    answer: impl Fn() -> Answer + Send + Sync + 'static,
) -> Result<(Fetched, Vec<u8>), OutboundError> {
    let stub = Stub::start(move |_| answer()).await;
    fetch_with(client(&["127.0.0.0/8"]), &stub).await
}

#[tokio::test]
async fn a_plain_download_arrives_whole_with_its_digest() {
    let body = vec![7u8; 300_000];
    let sent = ok(&body);
    let (fetched, stored) = fetch(move || Answer::Bytes(sent.clone())).await.unwrap();
    assert_eq!(stored, body);
    assert_eq!(fetched.bytes, 300_000);
    assert_eq!(fetched.content_type.as_deref(), Some("application/wasm"));
    // printf '\007' repeated 300000 times | sha256sum
    assert_eq!(fetched.sha256, "08f166476de183f7a1b2874d544d37912aaf8d19b92013e1aafe233ba231024a");
}

#[tokio::test]
async fn a_name_is_fetched_from_the_address_it_was_checked_at() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"named"))).await;
    let resolver = Scripted::new(&[&["127.0.0.1"]]);
    let directory = tempfile::tempdir().unwrap();
    let url = stub.named("registry.example", "/x");
    client_with(&["127.0.0.0/8"], &resolver).fetch_to_file(&url, &directory.path().join("s")).await.unwrap();
    let head = stub.requests()[0].to_lowercase();
    assert!(head.contains(&format!("host: registry.example:{}\r\n", stub.address.port())), "{head}");
    assert!(head.contains("user-agent: tamis-test/1\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn a_status_other_than_ok_is_an_error_with_its_code() {
    for (line, code) in [
        ("204 No Content", 204),
        ("206 Partial", 206),
        ("300 Choices", 300),
        ("304 Same", 304),
        ("403 No", 403),
        ("404 No", 404),
        ("429 Later", 429),
        ("500 Oh", 500),
    ] {
        let error = fetch(move || Answer::Bytes(status(line))).await.unwrap_err();
        assert!(matches!(error, OutboundError::Status { code: seen, .. } if seen == code), "{error}");
    }
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_no_download() {
    for head in ["Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n400\r\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}only this").into_bytes();
        let error = fetch(move || Answer::Bytes(bytes.clone())).await.unwrap_err();
        assert_eq!(error.kind(), "body", "{head:?}: {error}");
    }
}

#[tokio::test]
async fn bytes_beyond_the_announced_length_are_not_taken() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwasmEVIL".to_vec();
    let (fetched, stored) = fetch(move || Answer::Bytes(bytes.clone())).await.unwrap();
    assert_eq!((fetched.bytes, stored), (4, b"wasm".to_vec()));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_an_unreadable_answer() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"] {
        let error = fetch(move || Answer::Bytes(bytes.to_vec())).await.unwrap_err();
        assert_eq!(error.kind(), "body", "{bytes:?}: {error}");
    }
}

#[tokio::test]
async fn an_announced_size_over_the_limit_is_refused_before_the_body() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n".to_vec();
    let start = Instant::now();
    let error = fetch(move || Answer::Silence(head.clone())).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { limit: 1_048_576 }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
    let body = |size: usize| {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + size, b'x');
        bytes
    };
    let (fetched, _) = fetch(move || Answer::Bytes(body(1 << 20))).await.unwrap();
    assert_eq!(fetched.bytes, 1 << 20);
    let error = fetch(move || Answer::Bytes(body((1 << 20) + 1))).await.unwrap_err();
    assert_eq!(error.kind(), "too-large");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(8192)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            format!("2000\r\n{}\r\n", "x".repeat(8192)),
        ),
    ] {
        let error = fetch(move || Answer::Endless(head.into(), piece.clone().into())).await.unwrap_err();
        assert_eq!(error.kind(), "too-large", "{error}");
    }
}

#[tokio::test]
async fn endless_headers_end_too() {
    let error =
        fetch(|| Answer::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-more: and more\r\n".to_vec())).await;
    assert_eq!(error.unwrap_err().kind(), "body");
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_outlast_the_total_time() {
    let stub = Stub::start(|_| Answer::Drip(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let bounds = Limits { total: Duration::from_secs(1), idle: Duration::from_millis(500), ..limits() };
    let start = Instant::now();
    let error = fetch_with(client(&["127.0.0.0/8"]).with_limits(bounds), &stub).await.unwrap_err();
    assert!(matches!(&error, OutboundError::Timeout { phase: "the whole transfer", .. }), "{error}");
    assert!((900..6000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn silence_ends_at_the_idle_time() {
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"] {
        let stub = Stub::start(move |_| Answer::Silence(head.as_bytes().to_vec())).await;
        let bounds =
            Limits { connect: Duration::from_millis(300), idle: Duration::from_millis(300), ..limits() };
        let start = Instant::now();
        let error = fetch_with(client(&["127.0.0.0/8"]).with_limits(bounds), &stub).await.unwrap_err();
        assert_eq!(error.kind(), "timeout", "{head:?}: {error}");
        assert!(start.elapsed() < Duration::from_secs(6), "{head:?}");
    }
}

#[tokio::test]
async fn gzip_stays_on_and_foreign_content_codings_are_refused() {
    let coded = |coding: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 3\r\n\r\n\x1f\x0b\x08")
            .into_bytes()
    };
    let bytes = coded("gzip");
    let (_, stored) = fetch(move || Answer::Bytes(bytes.clone())).await.unwrap();
    assert_eq!(stored, b"\x1f\x0b\x08");
    for coding in ["br", "zstd", "deflate", "gzip, gzip"] {
        let bytes = coded(coding);
        let error = fetch(move || Answer::Bytes(bytes.clone())).await.unwrap_err();
        assert!(error.to_string().contains(coding), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_not_used() {
    let proxy = Stub::start(|_| Answer::Bytes(ok(b"from the proxy"))).await;
    let address = proxy.url("/").to_string();
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "downloads::a_plain_download_arrives_whole_with_its_digest"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, &address);
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = child.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(proxy.connections(), 0);
}
