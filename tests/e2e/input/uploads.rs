//! The plain upload: media types, sizes, bodies that end too early.
use super::{assert_clear, assert_field, raw, rows, spooled};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256, small},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const RELEASE: &str = "/api/v1/filters/alice/f/releases/1.0.0";

#[tokio::test(flavor = "multi_thread")]
async fn only_bytes_that_claim_to_be_bytes_are_taken() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    for media in [
        "text/plain",
        "application/json",
        "application/gzip",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/wasmx",
        "application/wasm, text/html",
        "wasm",
        "",
        ";",
        "*/*",
        "\u{e9}",
        "application / wasm",
    ] {
        let reply =
            raw::request(&alice, "PUT", RELEASE, &[&format!("Content-Type: {media}")], &small()).await;
        assert_clear(&reply, 415, "unsupported-media-type", media);
    }
    for coding in ["gzip", "br", "zstd", "deflate", "x", "gzip, identity"] {
        let reply =
            raw::request(&alice, "PUT", RELEASE, &[&format!("Content-Encoding: {coding}")], &small()).await;
        assert_clear(&reply, 415, "unsupported-content-encoding", coding);
    }
    assert_field(&raw::request(&alice, "PUT", RELEASE, &[], b"").await, "body", "empty");
    let chunked = ["Transfer-Encoding: chunked"];
    assert_field(
        &raw::request(&alice, "PUT", RELEASE, &chunked, b"0\r\n\r\n").await,
        "body",
        "empty, in chunks",
    );
    for junk in [
        &b"\0"[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\x1f\x8b\x08",
        b"<html>",
        b"\0asm\x0d\0\x01\0",
        &[0xff; 4096],
    ] {
        let reply = raw::request(&alice, "PUT", RELEASE, &[], junk).await;
        assert_clear(&reply, 422, "module-refused", &format!("{junk:?}"));
        assert!(!reply.json()["report"]["findings"].as_array().unwrap().is_empty());
    }
    for query in
        ["type=wasm", "type=http&type=http", "force=true", "type[]=http", "visibility=public", "type=%00"]
    {
        let reply = raw::request(&alice, "PUT", &format!("{RELEASE}?{query}"), &[], &small()).await;
        assert_clear(&reply, 400, "invalid", query);
    }
    assert_eq!(rows(&app).await, before);
    for (i, media) in [
        "application/wasm",
        "APPLICATION/WASM",
        "application/octet-stream",
        "application/wasm; charset=binary",
        " application/wasm ",
    ]
    .into_iter()
    .enumerate()
    {
        let release = format!("/api/v1/filters/alice/f/releases/1.0.{i}");
        let reply =
            raw::request(&alice, "PUT", &release, &[&format!("Content-Type: {media}")], &distinct(media, 10))
                .await;
        assert_eq!(reply.status, 201, "{media}: {}", reply.text());
    }
    let body = raw::chunked(&distinct("chunks", 50_000), 777);
    let reply = raw::request(&alice, "PUT", "/api/v1/filters/alice/f/releases/1.1.0", &chunked, &body).await;
    assert_eq!(reply.expect(201).json()["digest"], format!("sha256:{}", sha256(&distinct("chunks", 50_000))));
    assert_eq!(spooled(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_to_the_byte_with_and_without_an_announced_length() {
    let app = TestApp::spawn_with(&["--max-module-bytes", "200000"]).await;
    let alice = app.author("alice").await;
    let over = distinct("limit", 100_000).len() - 100_000;
    for (i, (size, status)) in
        [(199_999, 201), (200_000, 201), (200_001, 413), (2_000_000, 413)].into_iter().enumerate()
    {
        let bytes = distinct("limit", size - over);
        assert_eq!(bytes.len(), size);
        for (kind, headers, body) in [
            (0, vec![], bytes.clone()),
            (1, vec!["Transfer-Encoding: chunked"], raw::chunked(&bytes, 65_536)),
        ] {
            let path = format!("/api/v1/filters/alice/f/releases/{kind}.0.{i}");
            let reply = raw::request(&alice, "PUT", &path, &headers, &body).await;
            match status {
                413 => assert_clear(&reply, 413, "module-too-large", &format!("{size}")),
                _ => assert_eq!(reply.status, status, "{size}: {}", reply.text()),
            }
        }
    }
    assert_eq!(spooled(&app).await, 0);
    app.assert_sound().await;
}

/// Sends the head and a part of the body, then goes away.
async fn abandon(who: &Person, headers: &str, part: &[u8], reset: bool) {
    let mut stream = TcpStream::connect(raw::address(who)).await.unwrap();
    let token = who.token.as_deref().unwrap();
    let head =
        format!("PUT {RELEASE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{headers}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(part).await.unwrap();
    stream.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    if !reset {
        // Half closed: the server may still answer.
        let _ = stream.shutdown().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ends_early_leaves_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    let bytes = distinct("early", 400_000);
    for reset in [false, true] {
        for part in [0, 1, 8, 200_000, bytes.len() - 1] {
            let length = format!("Content-Length: {}", bytes.len());
            abandon(&alice, &length, &bytes[..part], reset).await;
            let chunks = raw::chunked(&bytes, 10_000);
            abandon(&alice, "Transfer-Encoding: chunked", &chunks[..part.min(chunks.len() - 10)], reset)
                .await;
        }
    }
    // A chunk that lies about its length, and one that is no number.
    for broken in [
        "5\r\nabc\r\n0\r\n\r\n",
        "zz\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n",
        "ffffffffffffffffff\r\nabc",
        "3;x=\"\r\nabc\r\n0\r\n",
    ] {
        let reply = raw::exchange(
            &alice,
            format!(
                "PUT {RELEASE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n{broken}",
                alice.token.as_deref().unwrap()
            )
            .as_bytes(),
            Duration::from_millis(300),
        )
        .await;
        assert!(raw::parse(&reply).is_none_or(|r| (400..500).contains(&r.status)), "{broken:?}");
    }
    assert_eq!(spooled(&app).await, 0, "files of abandoned uploads");
    assert_eq!(rows(&app).await, before);
    alice.upload("alice/f", "1.0.0", bytes).await.expect(201);
}
