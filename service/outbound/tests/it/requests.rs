//! Single requests to one origin: what a caller passes goes there and nowhere else.

use tamis_outbound::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use tamis_outbound::{Body, Method, OutboundError};

use crate::stub::{Answer, Scripted, Stub, client, client_with, ok, redirect, status};

fn credentials() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer canary"));
    headers.insert("cookie", HeaderValue::from_static("session=canary"));
    headers
}

#[tokio::test]
async fn a_request_carries_method_headers_and_body_and_brings_back_any_status() {
    let stub = Stub::start(|path| match path {
        "/busy" => {
            Answer::Bytes(b"HTTP/1.1 429 Later\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nwait".to_vec())
        }
        _ => Answer::Bytes(ok(b"{}")),
    })
    .await;
    let client = client(&["127.0.0.0/8"]);
    let reply =
        client.request(Method::PUT, &stub.url("/x"), credentials(), Some(Body::from("payload"))).await;
    assert_eq!((reply.as_ref().unwrap().status.as_u16(), &reply.unwrap().body[..]), (200, &b"{}"[..]));
    let sent = &stub.requests()[0];
    assert!(sent.starts_with("PUT /x HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer canary\r\n"), "{sent}");
    assert!(sent.contains("content-length: 7\r\n"), "{sent}");

    let reply = client.request(Method::POST, &stub.url("/busy"), HeaderMap::new(), None).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.headers["retry-after"].to_str().unwrap()), (429, "2"));
    assert_eq!(&reply.body[..], b"wait");
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_credential_reaches_its_target() {
    let evil = Stub::start(|_| Answer::Bytes(ok(b"thanks"))).await;
    let elsewhere = evil.url("/collect").to_string();
    for code in [301, 302, 303, 307, 308] {
        let elsewhere = elsewhere.clone();
        let stub = Stub::start(move |_| Answer::Bytes(redirect(code, &elsewhere))).await;
        let outcome = client(&["127.0.0.0/8"])
            .request(Method::POST, &stub.url("/"), credentials(), Some("x".into()))
            .await;
        assert!(matches!(outcome, Err(OutboundError::Redirect { .. })), "{code}");
        assert_eq!(stub.connections(), 1);
    }
    let realm = format!("401 No\r\nWWW-Authenticate: Bearer realm=\"{elsewhere}\"");
    let stub = Stub::start(move |_| Answer::Bytes(status(&realm))).await;
    let reply = client(&["127.0.0.0/8"]).request(Method::GET, &stub.url("/"), credentials(), None).await;
    assert_eq!(reply.unwrap().status.as_u16(), 401);
    assert_eq!(evil.connections(), 0);
}

#[tokio::test]
async fn a_caller_cannot_name_another_host_than_the_url_does() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"x"))).await;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("internal.example"));
    headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    headers.insert("content-length", HeaderValue::from_static("99"));
    client(&["127.0.0.0/8"]).request(Method::POST, &stub.url("/"), headers, Some("ab".into())).await.unwrap();
    let sent = stub.requests()[0].to_lowercase();
    assert!(sent.contains(&format!("host: {}\r\n", stub.address)), "{sent}");
    assert!(!sent.contains("internal.example") && !sent.contains("chunked"), "{sent}");
    assert!(sent.contains("content-length: 2\r\n"), "{sent}");
}

#[tokio::test]
async fn an_answer_to_a_request_is_bounded_like_a_download() {
    let stub = Stub::start(|_| Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 8192])).await;
    let outcome = client(&["127.0.0.0/8"]).request(Method::GET, &stub.url("/"), HeaderMap::new(), None).await;
    assert!(matches!(outcome, Err(OutboundError::TooLarge { limit: 1_048_576 })));
}

#[tokio::test]
async fn a_url_that_was_never_parsed_by_our_rules_is_refused_all_the_same() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"x"))).await;
    let mut url = stub.url("/");
    url.set_username("user").unwrap();
    let client = client(&["127.0.0.0/8"]);
    let outcome = client.request(Method::GET, &url, HeaderMap::new(), None).await;
    assert!(matches!(outcome, Err(OutboundError::InvalidUrl { .. })));
    assert_eq!(stub.connections(), 0);
}

/// 127.0.0.1 is open here and stands for a target that was checked, 127.0.0.2 for the inside.
#[tokio::test]
async fn a_name_that_changes_its_mind_between_requests_takes_no_credential_inside() {
    let outside = Stub::start(|_| Answer::Bytes(ok(b"{}"))).await;
    let inside = Stub::beside(&outside, "127.0.0.2").await;
    let resolver = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let target = client_with(&["127.0.0.1/32"], &resolver);
    let url = outside.named("rebind.example", "/api/filter");
    let ask = async || target.request(Method::POST, &url, credentials(), Some("x".into())).await;
    assert_eq!(ask().await.unwrap().status.as_u16(), 200);
    assert_eq!(ask().await.unwrap_err().kind(), "refused-address");
    assert_eq!(resolver.asked().len(), 2, "each request asks anew");
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}
