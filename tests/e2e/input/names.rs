//! Handles and filter names: the grammar, look-alikes, reserved words, every spelling of a path.
use super::{assert_clear, assert_field, raw, rows};
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::small};
use tamis_entities::value::RESERVED;

/// Path segments that name nothing, as they go over the wire.
fn nameless() -> Vec<String> {
    let mut all: Vec<String> = [
        "A",
        "Guard",
        "%20",
        "a%20b",
        "%20a",
        "a%2fb",
        "a%2Fb",
        "%2e%2e",
        "..",
        ".",
        "%2e",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a--b",
        "a_-b",
        "_",
        "%00",
        "a%00",
        "a%00b",
        "%ff",
        "a%ff",
        "%c0%80",
        "%c0%ae%c0%ae",
        "%ed%a0%80",
        "%c3%9f",
        "%c4%b0",
        "%c4%b1",
        "e%cc%81",
        "%c3%a9",
        "%d0%b0pi",
        "%ef%bd%81",
        "a%e2%80%8bb",
        "a%e2%80%aeb",
        "%f0%9f%92%a9",
        "a%0d%0ab",
        "a%0ab",
        "a%09b",
        "a%1b[31m",
        "a;b",
        "a+b",
        "a@b",
        "a:b",
        "a,b",
        "a$b",
        "a*b",
        "a%25b",
        "%252e%252e",
        "%252f",
        "a~b",
        "'",
        "%22",
        "%27",
        "%3Cscript%3E",
        "%5c",
        "a%5cb",
        "%",
        "%2",
        "%zz",
        "null%7C",
    ]
    .map(str::to_owned)
    .into();
    all.extend(["a".repeat(65), "a-".repeat(40), "a".repeat(10_000), "%61".repeat(65)]);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_can_name_nothing_is_not_found_and_makes_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    for name in nameless() {
        let shown = &name[..name.len().min(80)];
        for (method, path, body) in [
            ("PUT", format!("/api/v1/filters/alice/{name}"), b"{}".to_vec()),
            ("PUT", format!("/api/v1/filters/{name}/f"), b"{}".to_vec()),
            ("PUT", format!("/api/v1/filters/alice/{name}/releases/1.0.0"), small()[..8].to_vec()),
            ("GET", format!("/api/v1/filters/alice/{name}/grants"), vec![]),
            ("PUT", format!("/api/v1/filters/alice/{name}/grants/user:alice"), b"{}".to_vec()),
            ("GET", format!("/api/v1/catalog/{name}/{name}"), vec![]),
            ("GET", format!("/api/v1/teams/{name}"), vec![]),
            ("PUT", format!("/api/v1/teams/{name}/members/alice"), br#"{"role":"owner"}"#.to_vec()),
            ("GET", format!("/modules/sha256/{name}.wasm"), vec![]),
            ("GET", format!("/api/v1/reviews/{name}"), vec![]),
            ("DELETE", format!("/api/v1/tokens/{name}"), vec![]),
        ] {
            let reply = raw::request(&alice, method, &path, &[], &body).await;
            assert_clear(&reply, 404, "not-found", &format!("{method} with {shown}"));
        }
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_names_nothing_is_told_so() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let before = rows(&app).await;
    let names = [
        "",
        " ",
        "A",
        "a b",
        "a/b",
        "../a",
        "..",
        "a\u{301}",
        "é",
        "ß",
        "İ",
        "аpi",
        "a\u{200b}b",
        "a\u{202e}b",
        "💩",
        "-a",
        "a--b",
        "a\n",
        "ａ",
        &"a".repeat(65),
        &"a".repeat(100_000),
    ];
    for name in names {
        let shown: String = name.chars().take(40).collect();
        let team = alice.post("/api/v1/teams", &json!({"handle": name})).await;
        assert_field(&team, "body", &shown);
        let copy = json!({"namespace": "alice", "name": name});
        assert_field(&alice.post("/api/v1/filters/alice/f/clone", &copy).await, "body", &shown);
        let copy = json!({"namespace": name, "name": "copy"});
        assert_field(&alice.post("/api/v1/filters/alice/f/clone", &copy).await, "body", &shown);
        let ask = json!({"namespace": "alice", "filter": name, "version": "1.0.0", "action": "publish"});
        assert_field(&alice.post("/api/v1/reviews", &ask).await, "body", &shown);
        let import =
            json!({"url": "http://127.0.0.1/", "namespace": "alice", "filter": name, "version": "1.0.0"});
        assert_field(&alice.post("/api/v1/imports", &import).await, "body", &shown);
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_words_and_what_looks_like_them_are_nobodys() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    let alike = ["l0gin", "1ogin", "adrnin", "cata1og", "sign_in", "sign.in", "rne", "rny", "openapi-json"];
    for word in RESERVED.iter().copied().chain(alike) {
        assert_field(&alice.post("/api/v1/teams", &json!({"handle": word})).await, "handle", word);
    }
    for taken in ["alice", "a1ice"] {
        let reply = alice.post("/api/v1/teams", &json!({"handle": taken})).await;
        assert_clear(&reply, 409, "handle-taken", taken);
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_would_be_mistaken_for_another_is_refused_at_every_door() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.put("/api/v1/filters/alice/rate-limit10", &json!({})).await.expect(201);
    alice.upload("alice/other", "1.0.0", small()).await.expect(201);
    let before = rows(&app).await;
    for alike in ["rate_limit10", "rate.limit10", "rate-limitl0", "rate-limit1o", "rate-limitlo"] {
        let path = format!("/api/v1/filters/alice/{alike}");
        assert_clear(&alice.put(&path, &json!({})).await, 409, "name-taken", alike);
        let upload = alice.upload(&format!("alice/{alike}"), "1.0.0", small()).await;
        assert_clear(&upload, 409, "name-taken", alike);
        let copy = json!({"namespace": "alice", "name": alike});
        let reply = alice.post("/api/v1/filters/alice/other/clone", &copy).await;
        assert_clear(&reply, 409, "name-taken", alike);
    }
    assert_eq!(rows(&app).await, before);
    let longest = "a".repeat(64);
    alice.put(&format!("/api/v1/filters/alice/{longest}"), &json!({})).await.expect(201);
    // The one spelling of a path: no case, no doubled or trailing slash, no method by header.
    for path in
        ["//api/v1/filters", "/api/v1/filters/", "/API/v1/filters", "/api//v1/filters", "/api/v1/filters;x"]
    {
        let reply = raw::request(&alice, "GET", path, &[], b"").await;
        assert_clear(&reply, 404, "not-found", path);
    }
    let other =
        alice.request(Method::GET, "/api/v1/filters/alice/other").header("X-HTTP-Method-Override", "DELETE");
    alice.send(other).await.expect(200);
    alice.get("/api/v1/filters/alice/other").await.expect(200);
}
