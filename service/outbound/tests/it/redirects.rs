//! Redirects, followed one by one with all the checks of a first request.

use tamis_outbound::{OutboundError, Url};

use crate::stub::{Answer, Stub, client, ok, redirect};

async fn fetch(stub: &Stub, path: &str) -> Result<(String, Vec<u8>), OutboundError> {
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool");
    let fetched = client(&["127.0.0.1/32"]).fetch_to_file(&stub.url(path), &spool).await?;
    Ok((fetched.final_url.path().to_owned(), std::fs::read(&spool).unwrap()))
}

async fn leading_to(location: &str) -> (Stub, Result<(String, Vec<u8>), OutboundError>) {
    let location = location.to_owned();
    let stub = Stub::start(move |path| match path {
        "/start" => Answer::Bytes(redirect(302, &location)),
        _ => Answer::Bytes(ok(b"arrived")),
    })
    .await;
    let outcome = fetch(&stub, "/start").await;
    (stub, outcome)
}

#[tokio::test]
async fn every_kind_of_redirect_is_followed_relative_to_where_it_stands() {
    for code in [301, 302, 303, 307, 308] {
        let stub = Stub::start(move |path| match path {
            "/a/start" => Answer::Bytes(redirect(code, "../b/next?x=1#fragment")),
            "/b/next?x=1" => Answer::Bytes(redirect(code, "//127.0.0.1/never")),
            _ => Answer::Bytes(ok(b"?")),
        })
        .await;
        // The second hop leaves the port, so it cannot arrive; that it was asked for is enough.
        let error = fetch(&stub, "/a/start").await.unwrap_err();
        assert_eq!(error.kind(), "connect", "{code}: {error}");
        let asked: Vec<_> =
            stub.requests().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
        assert_eq!(asked, ["GET /a/start HTTP/1.1", "GET /b/next?x=1 HTTP/1.1"], "{code}");
    }
    let (_stub, outcome) = leading_to("final.wasm").await;
    assert_eq!(outcome.unwrap(), ("/final.wasm".to_owned(), b"arrived".to_vec()));
}

#[tokio::test]
async fn a_redirect_to_a_refused_address_is_not_followed() {
    for host in ["127.0.0.2", "127.2", "[::1]", "0", "169.254.169.254", "10.0.0.1", "[::ffff:7f00:2]"] {
        let (stub, outcome) = leading_to(&format!("http://{host}/latest/meta-data/")).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, OutboundError::RefusedAddress { .. }), "{host}: {error}");
        assert_eq!(stub.connections(), 1);
    }
}

#[tokio::test]
async fn a_redirect_to_what_is_no_web_address_is_refused() {
    for location in [
        "file:///etc/passwd",
        "gopher://127.0.0.1/_x",
        "ftp://127.0.0.1/x",
        "data:,x",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:6379/",
        "http://",
        "//",
        "http://[::1",
        "\\\\127.0.0.1\\x",
        "http://127.0.0.1/a b",
    ] {
        let (stub, outcome) = leading_to(location).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, OutboundError::Redirect { .. }), "{location}: {error}");
        assert_eq!(stub.connections(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_redirect_without_one_clear_location_is_refused() {
    for head in ["", "Location: /a\r\nLocation: /b\r\n", "Location: /\u{ff}\r\n"] {
        let answer = format!("HTTP/1.1 302 Found\r\n{head}Content-Length: 0\r\n\r\n");
        let bytes: Vec<u8> = answer.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let stub = Stub::start(move |_| Answer::Bytes(bytes.clone())).await;
        let error = fetch(&stub, "/").await.unwrap_err();
        assert_eq!(error.kind(), "redirect", "{head:?}: {error}");
    }
}

#[tokio::test]
async fn loops_and_long_chains_end() {
    let stub = Stub::start(|path| match path {
        "/self" => Answer::Bytes(redirect(302, "/self")),
        "/ping" => Answer::Bytes(redirect(302, "/pong")),
        "/pong" => Answer::Bytes(redirect(302, "/ping#again")),
        path => {
            let step: u32 = path.trim_start_matches('/').parse().unwrap();
            Answer::Bytes(if step == 0 { ok(b"end") } else { redirect(302, &format!("/{}", step - 1)) })
        }
    })
    .await;
    for path in ["/self", "/ping"] {
        let error = fetch(&stub, path).await.unwrap_err();
        assert!(error.to_string().contains("back to where it came from"), "{path}: {error}");
    }
    assert_eq!(stub.connections(), 3);
    assert_eq!(fetch(&stub, "/3").await.unwrap().1, b"end");
    let error = fetch(&stub, "/20").await.unwrap_err();
    assert!(matches!(error, OutboundError::TooManyRedirects { limit: 3 }), "{error}");
    assert_eq!(stub.connections(), 3 + 4 + 4);
}

#[tokio::test]
async fn a_redirect_carries_no_referrer_and_no_cookies() {
    let stub = Stub::start(|path| match path {
        "/start?token=canary" => Answer::Bytes(
            b"HTTP/1.1 302 Found\r\nSet-Cookie: canary=1\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
        ),
        _ => Answer::Bytes(ok(b"x")),
    })
    .await;
    fetch(&stub, "/start?token=canary").await.unwrap();
    let second = &stub.requests()[1];
    assert!(second.starts_with("GET /next"), "{second}");
    assert!(!second.contains("canary") && !second.to_lowercase().contains("referer"), "{second}");
}

#[tokio::test]
async fn the_fragment_of_a_link_is_not_sent() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"x"))).await;
    let url: Url = stub.url("/a.tar.gz#inner/plugin.wasm");
    let directory = tempfile::tempdir().unwrap();
    let fetched = client(&["127.0.0.1/32"]).fetch_to_file(&url, &directory.path().join("s")).await.unwrap();
    assert_eq!(fetched.final_url.fragment(), None);
    assert!(!stub.requests()[0].contains("inner"));
}
