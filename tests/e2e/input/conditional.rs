//! `If-Match`, `If-None-Match`, `Range`, `If-Range`, `Accept`: every spelling, true or lying.
use super::{assert_clear, raw};
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, sha256},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_ahead_only_on_the_state_that_if_match_names() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let path = "/api/v1/filters/alice/f";
    let made = alice.put(path, &json!({"title": "first"})).await.expect(201);
    let etag = made.header("etag").to_owned();
    let change = |title: &str| json!({"title": title}).to_string().into_bytes();
    let put = async |header: &[u8], title: &str| {
        let mut request = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\nIf-Match: ",
            alice.token.as_deref().unwrap(),
            change(title).len()
        )
        .into_bytes();
        request.extend_from_slice(header);
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(&change(title));
        raw::parse(&raw::exchange(&alice, &request, std::time::Duration::from_secs(5)).await).unwrap()
    };
    let weak = format!("W/{etag}");
    let upper = etag.to_uppercase();
    let lies: Vec<&[u8]> = vec![
        b"\"x\"",
        b"x",
        b"",
        b"\"\"",
        b"\"",
        b",",
        b"**",
        b"\"*\"",
        b"null",
        b"\xff\xfe",
        b"\"\xe9\"",
        etag.trim_matches('"').as_bytes(),
        weak.as_bytes(),
        upper.as_bytes(),
    ];
    for lie in &lies {
        assert_clear(&put(lie, "lie").await, 412, "stale", &String::from_utf8_lossy(lie));
    }
    let many = vec!["\"x\""; 5_000].join(", ");
    assert_clear(&put(many.as_bytes(), "lie").await, 412, "stale", "5,000 tags");
    assert_eq!(alice.get(path).await.json()["title"], "first");
    put(b"*", "second").await.expect(200);
    assert_clear(&put(etag.as_bytes(), "lie").await, 412, "stale", "the tag before");
    let now = alice.get(path).await.header("etag").to_owned();
    put(format!("\"x\", {now}").as_bytes(), "third").await.expect(200);
    let stale = alice.request(Method::DELETE, path).header("if-match", &now);
    assert_clear(&alice.send(stale).await, 412, "stale", "delete");
    assert_eq!(alice.get(path).await.json()["title"], "third");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_made_at_once_on_one_state_exactly_one_goes_through() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let path = "/api/v1/filters/alice/f";
    for _ in 0..3 {
        let etag = alice.put(path, &json!({})).await.header("etag").to_owned();
        let changes = (0..20).map(|i| {
            let request = alice.request(Method::PUT, path).header("if-match", &etag);
            alice.send(request.json(&json!({"summary": format!("change {i}")})))
        });
        let done = futures_util::future::join_all(changes).await;
        let won = done.iter().filter(|r| r.status == 200).count();
        let lost = done.iter().filter(|r| r.status == 412).count();
        assert_eq!((won, lost), (1, 19), "{:?}", done.iter().map(|r| r.status).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_range_gives_the_right_bytes_the_whole_or_a_refusal() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bytes = distinct("ranges", 20_000);
    let (size, etag) = (bytes.len(), format!("\"sha256:{}\"", sha256(&bytes)));
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    let path = format!("/modules/sha256/{}.wasm", sha256(&bytes));
    let last = size - 1;
    let part = |r: std::ops::Range<usize>| (206, r);
    let cases: Vec<(String, (u16, std::ops::Range<usize>))> = vec![
        ("bytes=0-0".into(), part(0..1)),
        (format!("bytes={last}-"), part(last..size)),
        (format!("bytes={last}-{last}"), part(last..size)),
        ("bytes=0-18446744073709551615".into(), part(0..size)),
        ("bytes=-18446744073709551615".into(), part(0..size)),
        ("bytes= 0 - 4 ".into(), part(0..5)),
        (format!("bytes={size}-"), (416, 0..0)),
        (format!("bytes={size}-{size}"), (416, 0..0)),
        ("bytes=-0".into(), (416, 0..0)),
        ("bytes=5-4".into(), (416, 0..0)),
        ("bytes=18446744073709551615-18446744073709551615".into(), (416, 0..0)),
        ("bytes=18446744073709551616-".into(), (200, 0..size)),
        ("bytes=-18446744073709551616".into(), (200, 0..size)),
        ("bytes=--1".into(), (200, 0..size)),
        ("bytes=-".into(), (200, 0..size)),
        ("bytes=".into(), (200, 0..size)),
        ("bytes".into(), (200, 0..size)),
        ("bytes=0x0-0x5".into(), (200, 0..size)),
        ("bytes=0-1,3-4".into(), (200, 0..size)),
        ("bytes=0-0,-1".into(), (200, 0..size)),
        (format!("bytes={}", vec!["0-1"; 1_000].join(",")), (200, 0..size)),
        ("items=0-1".into(), (200, 0..size)),
        ("Bytes=0-1".into(), (200, 0..size)),
        ("bytes=\u{663}-4".into(), (200, 0..size)),
    ];
    for (range, (status, expected)) in &cases {
        let headers = [format!("Range: {range}")];
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let reply = raw::request(&alice, "GET", &path, &headers, b"").await;
        let shown = &range[..range.len().min(60)];
        assert_eq!(reply.status, *status, "{shown}");
        match status {
            416 => assert_eq!(reply.header("content-range"), format!("bytes */{size}"), "{shown}"),
            _ => assert!(reply.body == bytes[expected.clone()], "{shown}: other bytes"),
        }
        let head = raw::request(&alice, "HEAD", &path, &headers, b"").await;
        assert_eq!((head.status, head.body.len()), (*status, 0), "HEAD {shown}");
    }
    for (if_range, status) in [
        (etag.as_str(), 206),
        ("\"x\"", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("", 200),
        (&format!("W/{etag}"), 200),
    ] {
        let headers = [&format!("If-Range: {if_range}"), "Range: bytes=0-9"];
        let reply = raw::request(&alice, "GET", &path, &headers, b"").await;
        assert_eq!(reply.status, status, "If-Range: {if_range}");
        assert!(reply.body == bytes[..if status == 206 { 10 } else { size }]);
    }
    for (tag, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        ("*".into(), 304),
        (format!("\"x\", {etag}"), 304),
        ("\"x\"".into(), 200),
        ("x".into(), 200),
        (vec!["\"x\""; 2_000].join(","), 200),
    ] {
        let reply = raw::request(&alice, "GET", &path, &[&format!("If-None-Match: {tag}")], b"").await;
        assert_eq!(reply.status, status, "If-None-Match: {}", &tag[..tag.len().min(60)]);
    }
    let accepts = [
        vec!["*/*;q=0.1"; 5_000].join(","),
        "text/html".into(),
        "".into(),
        "\u{e9}".into(),
        "*/*;q=1e400".into(),
    ];
    for accept in &accepts {
        for header in ["Accept", "Accept-Encoding", "Accept-Language"] {
            let reply = raw::request(&alice, "GET", &path, &[&format!("{header}: {accept}")], b"").await;
            assert_eq!(reply.status, 200);
            assert!(reply.body == bytes, "no coding, whatever is accepted");
        }
    }
}
