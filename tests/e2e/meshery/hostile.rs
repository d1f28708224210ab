//! Requests that mean harm, or that went wrong on their way: each gets a clear answer of the fourth hundred, and
//! nothing is another than before.
use super::{
    filters::save,
    wire::{Dialect, Server},
    world::{base64, saving, server},
};
use crate::input::raw::encode;
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

const F: &str = "/api/content/filters";

async fn state_of(person: &Person) -> Value {
    let filters = person.get("/api/v1/filters?namespace=alice&limit=100").await.expect(200).json();
    let releases = person.get("/api/v1/filters/alice/guard/releases").await.expect(200).json();
    json!([filters, releases])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_has_a_clear_answer_and_changes_nothing() {
    let app = TestApp::spawn().await;
    let (alice, _bob) = (app.author("alice").await, app.author("bob").await);
    let (hers, his) = (server(&app, "alice", Dialect::V07).await, server(&app, "bob", Dialect::V07).await);
    let saved = save(&hers, "guard", &distinct("hostile", 10)).await;
    let id = saved["id"].as_str().unwrap();
    let before = state_of(&alice).await;
    let good =
        saving(Dialect::V07, json!({"id": id, "name": "other", "filter_file": base64(&distinct("x", 10))}));
    let mut bodies: Vec<String> =
        (0..good.len()).step_by(good.len() / 40).map(|n| good[..n].to_owned()).collect();
    let with = |filter: Value| saving(Dialect::V07, filter);
    for file in [
        "not base64!",
        "AAAA",
        "%%%",
        "AGFzbQ",
        "apiVersion: v1\nkind: EnvoyFilter",
        "\u{0}asm\u{fffd}\u{fffd}",
    ] {
        bodies.push(with(json!({"name": "x", "filter_file": file})));
        bodies.push(with(json!({"id": id, "filter_file": file})));
    }
    bodies.extend([
        with(json!({"name": "x", "filter_file": 7})),
        with(json!({"name": "x", "filter_file": [256]})),
        with(json!({"name": ["x"]})),
        with(json!({"name": "x".repeat(300)})),
        with(json!({"name": "a\u{202e}b"})),
        with(json!({"name": "a\u{0}b"})),
        with(json!({"name": "x", "catalog_data": {"a": "\u{0}"}})),
        with(json!({"name": "x", "catalog_data": "x"})),
        with(json!({"name": "x", "catalog_data": {"a": "x".repeat(300_000)}})),
        with(json!({"name": "x", "location": 1})),
        with(json!({"name": "x", "visibility": "everyone"})),
        with(json!({"name": "x", "filter_resource": "{"})),
        with(json!({"id": "x"})),
        with(json!({"id": uuid::Uuid::new_v4(), "name": "x"})),
        with(json!([])),
        "[]".into(),
        "null".into(),
        "\"x\"".into(),
        format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
        format!("{{\"filter_data\":{}1{}}}", "{\"a\":".repeat(500), "}".repeat(500)),
        json!({"url": "ftp://x/", "save": true}).to_string(),
        json!({"url": "x", "save": true}).to_string(),
        json!({"url": 7, "save": true}).to_string(),
    ]);
    for body in &bodies {
        let reply = hers.call("POST", F, Some(body)).await;
        assert!(
            (400..500).contains(&reply.status),
            "{}: {} {}",
            &body[..body.len().min(200)],
            reply.status,
            reply.text()
        );
        assert!(reply.text().contains(": "), "{}", reply.text());
    }
    // Somebody else's.
    for (method, path, body) in [
        ("GET", format!("{F}/{id}"), None),
        ("GET", format!("{F}/download/{id}"), None),
        ("DELETE", format!("{F}/{id}"), None),
        ("PUT", format!("{F}/{id}"), Some(json!({"name": "mine"}))),
        ("POST", format!("{F}/clone/{id}"), Some(json!({"name": "mine"}))),
        ("POST", F.to_owned(), Some(json!({"filter_data": {"id": id, "name": "mine"}, "save": true}))),
        ("POST", format!("{F}/delete"), Some(json!({"filters": [{"id": id}]}))),
        ("POST", "/api/catalog/content/filter".into(), Some(json!({"id": id}))),
        ("DELETE", "/api/catalog/content/filter".into(), Some(json!({"id": id}))),
    ] {
        let body = body.map(|b| b.to_string());
        his.call(method, &path, body.as_deref()).await.expect(404);
    }
    assert_eq!(state_of(&alice).await, before);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_list_is_asked_for_never_reaches_a_statement() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    save(&server, "guard", &distinct("lists", 10)).await;
    let corpus = [
        "'",
        "\"",
        "' OR '1'='1",
        "1; DROP TABLE filters; --",
        "name; ATTACH DATABASE 'x' AS y",
        "(SELECT 1)",
        "name,id",
        "id desc",
        "password",
        "secret_sha256",
        "name desc nulls last",
        "CASE WHEN 1=1 THEN name END",
        "../../etc/passwd",
        "%00",
        "\u{202e}",
        "name\u{0}",
        "${7*7}",
        "name/**/desc",
        "updated_at desc; select pg_sleep(10)",
        "0x31",
        "rowid",
    ];
    let lists = [
        F,
        "/api/catalog/content/filter",
        "/api/content/patterns",
        "/user/performance/profiles",
        "/api/catalog/requests",
    ];
    for list in lists {
        for text in corpus {
            let reply = server.call("GET", &format!("{list}?order={}", encode(text)), None).await;
            assert_eq!(reply.status, 400, "{list} order={text}: {}", reply.text());
            let reply = server.call("GET", &format!("{list}?search={}", encode(text)), None).await;
            assert!(
                [200, 400].contains(&reply.status),
                "{list} search={text}: {} {}",
                reply.status,
                reply.text()
            );
        }
        for (name, value) in [
            ("pagesize", "all"),
            ("pagesize", "-1"),
            ("pagesize", "1e9"),
            ("pageSize", "1000000000"),
            ("page_size", "0"),
            ("page", "-1"),
            ("page", "1e9"),
            ("page", "x"),
            ("pagesize", "18446744073709551616"),
        ] {
            server.call("GET", &format!("{list}?{name}={value}"), None).await.expect(400);
        }
        server.call("GET", &format!("{list}?page=1000000&pagesize=10000"), None).await.expect(200);
    }
    server.call("GET", &format!("{F}?visibility=everyone"), None).await.expect(400);
    server.call("GET", "/api/catalog/requests?filter=%7B", None).await.expect(400);
    for (path, wrong) in
        [("/api/identity/orgs/x", 404), ("/api/content/filters/x", 404), ("/api/catalog/content/model", 404)]
    {
        server.call("GET", path, None).await.expect(wrong);
    }
}

/// As JSON with a module of the largest size that may come, and one letter more than may come at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_sixteen_mebibytes_at_most() {
    const MIB: usize = 1024 * 1024;
    let app = TestApp::spawn_with(&["--max-module-bytes", "12000000"]).await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let large = distinct("ten megabytes", 10 * MIB);
    let saved = save(&server, "large", &large).await;
    let file = server.call("GET", &format!("{F}/download/{}", saved["id"].as_str().unwrap()), None).await;
    assert!(file.body == large);
    let padded = |size: usize| {
        let (head, tail) = ("{\"filter_data\":{\"name\":\"x\",\"more\":\"", "\"},\"save\":true}");
        format!("{head}{}{tail}", "x".repeat(size - head.len() - tail.len()))
    };
    server.call("POST", F, Some(&padded(16 * MIB))).await.expect(200);
    let refused = server.call("POST", F, Some(&padded(16 * MIB + 1))).await.expect(413);
    assert!(refused.text().starts_with("body-too-large: "), "{}", refused.text());
    let _: &Server = &server;
}
