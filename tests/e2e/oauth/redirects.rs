//! Where codes may be sent: what clients may register, and what differs from that in any way.
use super::flow::*;
use serde_json::json;
use tamis_e2e::app::TestApp;

const OTHERS: [&str; 36] = [
    "https://app.example/callback/",
    "https://app.example/callback/more",
    "https://app.example/callback?x=1",
    "https://app.example/callback?",
    "https://app.example/callback#",
    "https://app.example/callback#fragment",
    "https://app.example/callbac",
    "https://app.example/",
    "https://app.example",
    "https://app.example/Callback",
    "https://app.example/%63allback",
    "https://app.example/%2563allback",
    "https://app.example//callback",
    "https://app.example/x/../callback",
    "https://app.example/./callback",
    "https://app.example:443/callback",
    "https://app.example:444/callback",
    "https://app.example.evil.example/callback",
    "https://evil.app.example/callback",
    "https://evilapp.example/callback",
    "https://app.example@evil.example/callback",
    "https://app.example:pw@evil.example/callback",
    "https://evil.example@app.example/callback",
    "https://evil.example\\@app.example/callback",
    "https://app.example\\.evil.example/callback",
    "https://app.example%40evil.example/callback",
    "https://app.example./callback",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "//app.example/callback",
    " https://app.example/callback",
    "https://app.example/callback\t",
    "https://app.example/callback\r\nset-cookie: a=b",
    "javascript:alert(1)//https://app.example/callback",
    "https://app.example/callback https://evil.example/",
];

const NOT_LOOPBACK: [&str; 19] = [
    "http://127.0.0.1:45678/callback/",
    "http://127.0.0.1:45678/other",
    "http://127.0.0.1:45678/callback?x=1",
    "http://127.0.0.1:45678/callback#x",
    "http://127.0.0.1:80/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.2:45678/callback",
    "http://127.1:45678/callback",
    "http://2130706433:45678/callback",
    "http://0x7f.1:45678/callback",
    "http://localhost:45678/callback",
    "http://0.0.0.0:45678/callback",
    "http://[::ffff:127.0.0.1]:45678/callback",
    "http://[0:0:0:0:0:0:0:1]:45678/callback",
    "http://[::2]:45678/callback",
    "https://127.0.0.1:45678/callback",
    "http://user@127.0.0.1:45678/callback",
    "http://127.0.0.1:45678@evil.example/callback",
    "http://127.0.0.1.evil.example:45678/callback",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_exactly_where_the_client_said_when_it_was_registered() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let (id, _) = register(&alice, json!({})).await;
    browser.get(&url_of(&asking(&id, CALLBACK, "openid"))).await.expect(200);
    for port in ["", ":1", ":45678", ":65535"] {
        for host in ["127.0.0.1", "[::1]"] {
            let redirect = format!("http://{host}{port}/callback");
            let page = browser.get(&url_of(&asking(CLI, &redirect, "openid"))).await.expect(200);
            let policy = page.header("content-security-policy").to_owned();
            assert!(policy.contains("form-action 'self' http:"), "{policy}");
        }
    }
    let wrong = OTHERS.map(|uri| (id.as_str(), uri)).into_iter().chain(NOT_LOOPBACK.map(|uri| (CLI, uri)));
    for (client, redirect) in wrong {
        for who in [&browser, &browser.nobody()] {
            let reply = who.get(&url_of(&asking(client, redirect, "openid"))).await.expect(400);
            assert!(reply.header("location").is_empty(), "{redirect}");
            assert!(reply.header("content-type").starts_with("text/html"), "{redirect}");
            assert!(!reply.text().contains("evil"), "{redirect}: the page repeats it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_before_the_client_is_known_is_shown_and_what_comes_later_is_sent_back() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let good = url_of(&asking(CLI, LOOPBACK, "openid"));
    let none = uuid::Uuid::now_v7().to_string();
    let shown = [
        good.replace(CLI, ""),
        good.replace(CLI, &none),
        good.replace(CLI, "TAMIS-CLI"),
        good.replace(CLI, "%00"),
        good.replace("redirect_uri=", "x="),
        format!("{good}&client_id={CLI}"),
        format!("{good}&state=again"),
        format!("{good}&redirect_uri=https%3A%2F%2Fevil.example%2F"),
        format!("{good}&scope=openid"),
        format!("{good}&nonce={}", "n".repeat(17_000)),
    ];
    for url in shown {
        let reply = browser.get(&url).await;
        assert!([400, 414].contains(&reply.status), "{}: {url:.200}", reply.status);
        assert!(reply.header("location").is_empty());
    }
    let sent: [(&str, &str, &str); 9] = [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "nonsense", "invalid_scope"),
        ("resource", "https://elsewhere.example/", "invalid_target"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://evil.example/r", "request_uri_not_supported"),
        ("max_age", "-1", "invalid_request"),
    ];
    for (name, value, error) in sent {
        let mut parameters = asking(CLI, LOOPBACK, "openid");
        parameters.insert(name, value.into());
        let unknown = browser.nobody().get(&url_of(&parameters)).await.expect(303);
        assert!(unknown.header("location").starts_with("/sign-in?next="), "{}", unknown.header("location"));
        let reply = browser.get(&url_of(&parameters)).await.expect(303);
        let to: url::Url = reply.header("location").parse().unwrap();
        let said = answer(&to);
        assert!(to.as_str().starts_with(&format!("{LOOPBACK}?")), "{to}");
        assert_eq!(said["error"], error, "{name}={value}");
        assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a state & more", app.base.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_register_only_what_can_be_compared() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let body = |uri: &str| json!({"name": "x", "redirect_uris": [uri], "grant_types": ["authorization_code"], "scopes": ["openid"]});
    let good = [
        CALLBACK,
        "https://app.example/",
        "https://app.example:8443/a?b=c",
        "http://127.0.0.1/",
        "http://[::1]:3000/cb",
    ];
    for uri in good {
        alice.post("/api/v1/oauth-clients", &body(uri)).await.expect(201);
    }
    let bad = [
        "",
        "callback",
        "/callback",
        "https:///callback",
        "https://app.example",
        "https://*.example/",
        "https://APP.example/",
        "https://app.example/#x",
        "https://u@app.example/",
        "https://app.example:443/",
        "https://app.example/a/../b",
        "http://app.example/",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "com.example.app:/callback",
        "https://app.example/\u{202e}x",
    ];
    for uri in bad {
        // A star is no host, and where it parses it stands for itself.
        if uri.contains('*') {
            continue;
        }
        let refused = alice.post("/api/v1/oauth-clients", &body(uri)).await.expect_problem(400, "invalid");
        assert_eq!(refused.json()["errors"][0]["field"], "redirect_uris", "{uri}: {}", refused.text());
    }
}
