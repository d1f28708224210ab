//! HTTP at its edges: requests that two readers could read differently are refused, and
//! the server goes on.
use super::{assert_clear, raw, rows};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Person};

const SILENCE: Duration = Duration::from_millis(400);

async fn is_alive(who: &Person) {
    who.get("/health/live").await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_two_lengths_is_never_read_as_two_requests() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    let token = alice.token.clone().unwrap();
    let smuggled = format!(
        "DELETE /api/v1/filters/alice/f HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
    );
    let headers = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: ",
        "Content-Length: 99999999999999999999999",
        "Content-Length: \u{663}",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\u{b}: chunked",
        "Content-Length : 5",
        " Content-Length: 5",
    ];
    for header in headers {
        let request = format!(
            "POST /api/v1/teams HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{header}\r\n\r\n0\r\n\r\n{smuggled}"
        );
        let all = raw::exchange(&alice, request.as_bytes(), SILENCE).await;
        assert!(raw::answers(&all) <= 1, "{header:?}: {}", String::from_utf8_lossy(&all));
        if let Some(reply) = raw::parse(&all) {
            assert!((400..500).contains(&reply.status), "{header:?}: {}", reply.status);
        }
    }
    is_alive(&alice).await;
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_get_a_refusal_or_a_closed_door() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    let get = "GET /api/v1/filters HTTP/1.1\r\nHost: x\r\n";
    let large = format!("{get}X-Large: {}\r\n\r\n", "x".repeat(1024 * 1024));
    let many = format!("{get}{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    let target = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1024 * 1024));
    let method = format!("{} / HTTP/1.1\r\nHost: x\r\n\r\n", "M".repeat(100_000));
    let cases: Vec<&[u8]> = vec![
        large.as_bytes(),
        many.as_bytes(),
        target.as_bytes(),
        method.as_bytes(),
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\nX-Fold: a\r\n b\r\n\r\n",
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\nX-Nul: a\0b\r\n\r\n",
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\nX-Cr: a\rb\r\n\r\n",
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n",
        b"GET /api/v1/filters HTTP/1.1\r\nHost: x\r\nX Y: 1\r\n\r\n",
        b"GET /api/v1/filters\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/fil ters HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\nHost: x\r\n\r\n",
        b"get / FTP/1.0\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ];
    for case in cases {
        let shown = String::from_utf8_lossy(&case[..case.len().min(80)]).into_owned();
        let all = raw::exchange(&alice, case, SILENCE).await;
        if let Some(reply) = raw::parse(&all) {
            assert!(reply.status < 500, "{shown:?}: {}", reply.status);
        }
        is_alive(&alice).await;
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_path_says_which_methods_it_has_and_echoes_nothing() {
    let app = TestApp::spawn().await;
    let (alice, nobody) = (app.author("alice").await, app.anonymous());
    alice.put("/api/v1/filters/alice/f", &json!({})).await.expect(201);
    for method in ["OPTIONS", "TRACE", "PROPFIND", "X", "PATCH", "LINK"] {
        for (path, allowed) in [
            ("/api/v1/filters", "GET"),
            ("/api/v1/filters/alice/f", "GET, PUT, DELETE"),
            ("/health/live", "GET"),
            ("/api/v1/imports", "POST"),
        ] {
            let reply = raw::request(
                &nobody,
                method,
                path,
                &["Cookie: secret=canary", "Origin: https://evil.example"],
                b"",
            )
            .await;
            assert_clear(&reply, 405, "method-not-allowed", &format!("{method} {path}"));
            assert!(reply.header("allow").starts_with(allowed), "{method} {path}: {}", reply.header("allow"));
            assert!(!reply.text().contains("canary"));
            assert!(reply.headers.keys().all(|h| !h.as_str().starts_with("access-control-")));
        }
        assert_clear(&raw::request(&nobody, method, "/nothing", &[], b"").await, 404, "not-found", method);
    }
    for target in ["*", "example.org:443"] {
        let reply = raw::exchange(
            &nobody,
            format!("OPTIONS {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
            SILENCE,
        )
        .await;
        assert!(raw::parse(&reply).is_none_or(|r| (400..500).contains(&r.status)), "{target}");
    }
    let reply = raw::exchange(
        &nobody,
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        SILENCE,
    )
    .await;
    assert!(raw::parse(&reply).is_none_or(|r| (400..500).contains(&r.status)));
    // HEAD is GET without the body, here as everywhere.
    for path in ["/api/v1/filters", "/api/v1/filters/alice/nothing", "/openapi.json", "/nothing"] {
        let (head, get) = (raw::request(&alice, "HEAD", path, &[], b"").await, alice.get(path).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_come_from_the_public_url_whatever_the_request_claims() {
    let app = TestApp::spawn_with(&["--public-url", "https://tamis.example.org"]).await;
    let alice = app.author("alice").await;
    let lies = [
        "Forwarded: host=evil.example;proto=ftp;for=10.0.0.1",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: ftp",
        "X-Forwarded-Port: 666",
        "X-Forwarded-Prefix: /evil.example",
        "X-Forwarded-For: 127.0.0.1, evil.example",
        "X-Original-URL: /api/v1/audit?evil.example",
        "X-Rewrite-URL: /api/v1/audit",
        "X-Host: evil.example",
    ];
    let module = tamis_e2e::fixtures::small();
    let path = "/api/v1/filters/alice/f/releases/1.0.0";
    let replies = [
        raw::request(&alice, "PUT", path, &lies, &module).await.expect(201),
        raw::request(&alice, "GET", path, &lies, b"").await.expect(200),
        raw::request(&alice, "GET", "https://evil.example/api/v1/filters/alice/f/releases/1.0.0", &lies, b"")
            .await
            .expect(200),
        raw::request(&alice, "GET", "/docs", &lies, b"").await.expect(303),
        raw::request(&alice, "GET", "/", &lies, b"").await.expect(200),
        raw::request(&alice, "GET", "/openapi.json", &lies, b"").await.expect(200),
        raw::request(&alice, "GET", "/api/v1/nothing", &lies, b"").await.expect(404),
    ];
    for reply in &replies {
        let headers = format!("{:?}", reply.headers);
        assert!(!reply.text().contains("evil.example") && !headers.contains("evil.example"), "{headers}");
        assert!(!reply.text().contains(raw::address(&alice).as_str()));
    }
    assert_eq!(replies[0].header("location"), format!("https://tamis.example.org{path}"));
    assert_eq!(replies[1].json()["links"]["module"], format!("https://tamis.example.org{path}/module"));
    // Two hosts, or none, change nothing either.
    for hosts in ["Host: evil.example\r\nHost: x", "X-None: 1"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\n{hosts}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            alice.token.as_deref().unwrap()
        );
        let reply = raw::parse(&raw::exchange(&alice, request.as_bytes(), SILENCE).await);
        assert!(reply.is_none_or(|r| r.status < 500 && !r.text().contains("evil.example")), "{hosts}");
    }
}
