//! JSON bodies on every route that takes one: a bad one is refused and changes nothing.
use super::{assert_clear, assert_field, rows};
use reqwest::Method;
use sea_orm::{IdenStatic, Iterable};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::small,
};
use tamis_entities::{
    api_token, filter, grant, namespace, release, review, review_vote, team, team_member, user, value::Role,
};

struct Route {
    who: Person,
    method: Method,
    path: String,
    /// A body that this route takes, with every field that is not free JSON.
    valid: Value,
}

impl Route {
    async fn send(&self, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.who.request(self.method.clone(), &self.path);
        self.who.send(request.header("content-type", "application/json").body(body)).await
    }

    fn name(&self, case: &str) -> String {
        format!("{} {} {}", self.method, self.path, case.chars().take(80).collect::<String>())
    }
}

/// A filter with a release under review, and everyone who may write to them.
async fn routes(app: &TestApp) -> Vec<Route> {
    let (alice, carl) = (app.author("alice").await, app.user("carl", Role::Admin).await);
    app.author("bob").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let review = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    let digest = format!("sha256:{}", "0".repeat(64));
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    let route = |who: &Person, method: Method, path: &str, valid: Value| Route {
        who: who.clone(),
        method,
        path: path.to_owned(),
        valid,
    };
    vec![
        route(
            &alice,
            Method::PUT,
            "/api/v1/filters/alice/f",
            json!({"title": "t", "summary": "s", "visibility": "private", "source_repository": "https://example.org/", "icon": "data:image/png;base64,AA==", "labels": ["l"], "categories": ["c"], "defaults": {"type": "http"}}),
        ),
        route(
            &alice,
            Method::PUT,
            "/api/v1/filters/alice/new",
            json!({"title": "t", "summary": "s", "visibility": "private", "source_repository": "https://example.org/", "icon": "data:image/png;base64,AA==", "labels": ["l"], "categories": ["c"], "defaults": {"type": "http"}}),
        ),
        route(
            &alice,
            Method::PUT,
            "/api/v1/filters/alice/f/grants/user:bob",
            json!({"level": "read", "expires_at": "2126-01-01T00:00:00Z"}),
        ),
        route(
            &alice,
            Method::POST,
            "/api/v1/filters/alice/f/clone",
            json!({"namespace": "alice", "name": "copy", "version": "1.0.0"}),
        ),
        route(
            &alice,
            Method::PATCH,
            release,
            json!({"type": "http", "root_id": "r", "licence": "MIT", "readme": "r", "source_commit": "c", "environment_keys": ["K"], "examples": [{"title": "t", "body": "b"}]}),
        ),
        route(&alice, Method::POST, &format!("{release}/yank"), json!({"reason": "r"})),
        route(&carl, Method::POST, &format!("{release}/quarantine"), json!({"reason": "r"})),
        route(
            &alice,
            Method::POST,
            "/api/v1/imports",
            json!({"url": "http://127.0.0.1:1/f.wasm", "namespace": "alice", "filter": "f", "version": "2.0.0", "sha256": digest}),
        ),
        route(
            &alice,
            Method::POST,
            "/api/v1/reviews",
            json!({"namespace": "alice", "filter": "f", "version": "1.0.0", "action": "update", "note": "n", "metadata": {"readme": "r"}}),
        ),
        route(
            &carl,
            Method::POST,
            &format!("{review}/votes"),
            json!({"decision": "approve", "digest": digest, "revision": digest, "reason": "r", "note": "n"}),
        ),
        route(&alice, Method::POST, &format!("{review}/comments"), json!({"body": "b"})),
        route(&carl, Method::POST, &format!("{review}/assignment"), json!({"assignee": "carl"})),
        route(&alice, Method::POST, "/api/v1/teams", json!({"handle": "other", "title": "t"})),
        route(&alice, Method::PUT, "/api/v1/teams/acme/members/bob", json!({"role": "member"})),
        route(
            &alice,
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "n", "scopes": ["filters:read"], "expires_at": "2026-12-31T00:00:00Z"}),
        ),
    ]
}

fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, n: usize| open.repeat(n).into_bytes();
    vec![
        ("100,000 arrays", deep("[", 100_000)),
        ("100,000 objects", deep("{\"a\":", 100_000)),
        ("closed, 10,000 deep", [deep("[", 10_000), deep("]", 10_000)].concat()),
        (
            "an unknown field 200 deep",
            [b"{\"x\":".to_vec(), deep("[", 200), deep("]", 200), b"}".to_vec()].concat(),
        ),
        ("half", b"{\"a\"".to_vec()),
        ("a word", b"yes".to_vec()),
        ("an array", b"[]".to_vec()),
        ("an array of texts", b"[\"t\",\"s\"]".to_vec()),
        ("null", b"null".to_vec()),
        ("true", b"true".to_vec()),
        ("a number", b"1e400".to_vec()),
        ("a text", b"\"{}\"".to_vec()),
        ("two values", b"{} {}".to_vec()),
        ("a comment", b"{/**/}".to_vec()),
        ("a trailing comma", b"{\"x\":1,}".to_vec()),
        ("single quotes", b"{'x':1}".to_vec()),
        ("NaN", b"{\"x\":NaN}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("UTF-16", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("no UTF-8", b"{\"x\":\"\xff\xfe\"}".to_vec()),
        ("overlong UTF-8", b"{\"x\":\"\xc0\x80\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"x\":\"\xed\xa0\x80\"}".to_vec()),
        ("a lone surrogate", b"{\"x\":\"\\ud800\"}".to_vec()),
        ("a NUL", b"{\"x\":\"\0\"}".to_vec()),
        ("an escaped NUL", b"{\"x\":\"\\u0000\"}".to_vec()),
        ("an escaped NUL in a key", b"{\"\\u0000\":1}".to_vec()),
        ("a control character", b"{\"x\":\"\x01\"}".to_vec()),
        ("only white space", b"  ".to_vec()),
        (
            "gzip",
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_object_is_refused_on_every_route() {
    let app = TestApp::spawn().await;
    let routes = routes(&app).await;
    let before = rows(&app).await;
    let huge = format!("{{\"title\":\"{}\"}}", "a".repeat(10 * 1024 * 1024));
    for route in &routes {
        for (case, body) in broken() {
            assert_field(&route.send(body).await, "body", &route.name(case));
        }
        assert_clear(&route.send(huge.clone()).await, 413, "body-too-large", &route.name("10 MB"));
        for media in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "*/*",
            "",
            "é",
        ] {
            let request =
                route.who.request(route.method.clone(), &route.path).header("content-type", media.as_bytes());
            let reply = route.who.send(request.body(route.valid.to_string())).await;
            assert_clear(&reply, 415, "unsupported-media-type", &route.name(media));
        }
    }
    assert_eq!(rows(&app).await, before);
}

/// Every name of a column that a body could try to set.
fn columns() -> BTreeSet<&'static str> {
    let mut all =
        BTreeSet::from(["is_admin", "has_admin_role", "scope", "__proto__", "constructor", "digest_", ""]);
    macro_rules! add {
        ($($entity:ident),+) => { $(all.extend($entity::Column::iter().map(|c| c.as_str()));)+ };
    }
    add!(api_token, filter, grant, namespace, release, review, review_vote, team, team_member, user);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_not_offered_given_twice_or_of_another_kind_are_refused() {
    let app = TestApp::spawn().await;
    let routes = routes(&app).await;
    let before = rows(&app).await;
    for route in &routes {
        let fields = route.valid.as_object().unwrap();
        for column in columns() {
            // Free for all: the fields that a filter or a draft is described by.
            let offered = ["config_schema", "config_sample"];
            if fields.contains_key(column) || offered.contains(&column) {
                continue;
            }
            let mut body = route.valid.clone();
            body[column] = json!("admin");
            let case = route.name(column);
            assert_field(&route.send(body.to_string()).await, "body", &case);
        }
        for (field, value) in fields {
            let twice = format!("{{\"{field}\":{value},\"{field}\":{value}}}");
            assert_field(&route.send(twice).await, "body", &route.name(&format!("{field} twice")));
            for wrong in [
                "-1.5",
                "[[]]",
                "{\"a\":1}",
                "true",
                "1e400",
                "123456789012345678901234567890",
                "\"\\u0000\"",
                "\"\\udfff\"",
            ] {
                let rest: Vec<_> =
                    fields.iter().filter(|(f, _)| *f != field).map(|(f, v)| format!("\"{f}\":{v}")).collect();
                let body = format!(
                    "{{\"{field}\":{wrong}{}{}}}",
                    if rest.is_empty() { "" } else { "," },
                    rest.join(",")
                );
                assert_field(&route.send(body).await, "body", &route.name(&format!("{field}: {wrong}")));
            }
        }
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_beyond_their_limits_name_the_field() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let long = |n: usize| "x".repeat(n);
    let before = rows(&app).await;
    for (field, value) in [
        ("title", json!(long(256))),
        ("title", json!("a\u{1b}[31mb")),
        ("title", json!("a\r\nb")),
        ("summary", json!(long(501))),
        ("summary", json!("a\tb")),
        ("source_repository", json!("javascript:alert(1)")),
        ("source_repository", json!("https://user:pw@example.org/")),
        ("source_repository", json!("ftp://example.org/")),
        ("source_repository", json!("//example.org")),
        ("source_repository", json!("")),
        ("icon", json!("https://example.org/i.png")),
        ("icon", json!("data:text/html;base64,AA==")),
        ("icon", json!(format!("data:image/png;base64,{}", long(90_000)))),
        ("labels", json!(["a".repeat(51)])),
        ("labels", json!([""])),
        ("labels", json!(["<b>"])),
        ("labels", json!((0..21).map(|i| format!("l{i}")).collect::<Vec<_>>())),
        ("categories", json!((0..6).map(|i| format!("c{i}")).collect::<Vec<_>>())),
    ] {
        let reply = alice.put("/api/v1/filters/alice/f", &json!({field: value})).await;
        assert_field(&reply, field, field);
    }
    for (field, value) in [
        ("root_id", json!(long(257))),
        ("licence", json!("Apache 2")),
        ("licence", json!("")),
        ("licence", json!(format!("MIT OR {}", long(300)))),
        ("licence", json!("(".repeat(200))),
        ("readme", json!(long(256 * 1024 + 1))),
        ("source_commit", json!(long(129))),
        ("environment_keys", json!(["a b"])),
        ("environment_keys", json!([""])),
        ("environment_keys", json!(vec!["K"; 65])),
        ("examples", json!([{"title": "", "body": ""}])),
        ("examples", json!(vec![json!({"title": "t", "body": "b"}); 33])),
        ("config_schema", json!([])),
        ("config_schema", json!("x")),
        ("config_schema", json!({"x": long(256 * 1024)})),
        ("config_sample", json!(long(64 * 1024))),
    ] {
        let reply = alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({field: value})).await;
        assert_field(&reply, field, field);
        let reply = alice.put("/api/v1/filters/alice/f", &json!({"defaults": {field: value}})).await;
        assert_field(&reply, field, field);
    }
    assert_eq!(rows(&app).await, before);
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, i| if i % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })
}

#[tokio::test(flavor = "multi_thread")]
async fn free_json_is_kept_as_it_came_through_review_and_catalog() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    for (field, value) in [("config_sample", nested(65)), ("config_schema", json!({"a": nested(64)}))] {
        assert_field(&alice.patch(release, &json!({field: value})).await, field, "too deep");
    }
    let text = r#"{"config_schema": {"z": 1, "a": [1e300, -1.5e-300, 9007199254740993, 0.1, 1e2]}, "config_sample": {"b": "\\u0000 é 💩 \u001b", "a": 123456789012345678901234567890}}"#;
    let request = alice.request(Method::PATCH, release).header("content-type", "application/json");
    let changed = alice.send(request.body(text)).await.expect(200).json();
    let read = alice.get(release).await.expect(200).json();
    assert_eq!(read["metadata"], changed["metadata"]);
    assert_eq!(read["revision"], changed["revision"], "what is approved is what was shown");
    assert_eq!(read["metadata"]["config_sample"]["b"], "\\u0000 é 💩 \u{1b}");
    alice.patch(release, &json!({"config_sample": nested(64)})).await.expect(200);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let shown = nobody.get("/api/v1/catalog/alice/f").await.expect(200).json();
    assert_eq!(shown["metadata"]["config_sample"], nested(64));
    nobody.get(release).await.expect(200);
}
