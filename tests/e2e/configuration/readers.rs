//! Configuration that its reader takes, and schemas of strangers that hold nobody up.
use super::{CONFIG, fields, publish_another, published};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tamis_e2e::app::TestApp;

/// Generous for a server that is not optimised; without a bound it was minutes.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_schema_holds_nobody_up_and_the_file_says_that_nothing_was_checked() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let sample: Vec<u8> = vec![1; 30_000];
    for (n, schema) in [
        json!({"items": {"type": vec!["null"; 37_000]}}),
        json!({"items": {"const": "k".repeat(250_000)}}),
        json!({"items": {"enum": vec![Value::Null; 50_000]}}),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("evil{n}");
        let defaults =
            json!({"defaults": {"type": "http", "config_schema": schema, "config_sample": sample}});
        alice.put(&format!("/api/v1/filters/alice/{name}"), &defaults).await.expect(201);
        let module = tamis_e2e::fixtures::distinct(&name, 10);
        app.publish(&alice, &carl, &format!("alice/{name}"), "1.0.0", &module).await;
        let path = format!("/api/v1/filters/alice/{name}/releases/1.0.0/config");
        let start = Instant::now();
        app.anonymous().get(&path).await.expect(200);
        let reply = app.anonymous().get(&format!("{path}/envoy")).await;
        assert!(start.elapsed() < LONG, "{:?} for {name}", start.elapsed());
        // Short, whether it is known or not.
        let reason: String = match reply.status {
            200 => reply.text().lines().take_while(|line| line.starts_with('#')).collect(),
            _ => reply.text(),
        };
        assert!(reason.len() < 8_000, "{} bytes", reason.len());
        assert!(reason.contains("was not checked") || reason.contains("configuration"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_those_that_readers_take() {
    let app = TestApp::spawn().await;
    let (alice, _) = published(&app, "header-guard").await;
    let path = CONFIG.replace("guard", "header-guard");
    for (format, options, field) in [
        ("istio", json!({"namespace": "a.b"}), "namespace"),
        ("istio", json!({"name": "a..b"}), "name"),
        ("istio", json!({"selector": {"/a": "x"}}), "selector"),
        ("istio", json!({"target_refs": [{"kind": "Pod", "name": "x"}]}), "target_refs"),
        ("envoy-gateway", json!({"target_refs": [{"kind": "Service", "name": "x"}]}), "target_refs"),
        ("envoy", json!({"environment_keys": ["A=B"]}), "environment_keys"),
    ] {
        let refused = alice.post(&format!("{path}/{format}"), &options).await.expect_problem(400, "invalid");
        assert_eq!(fields(&refused), [field], "{options}");
    }
    let options = json!({"environment_keys": ["A", "A"], "root_id": ""});
    let text = alice.post(&format!("{path}/istio"), &options).await.expect(200).text();
    assert_eq!(text.matches("name: \"A\"").count(), 1, "{text}");
    assert!(!text.contains("pluginName"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_an_image_is_public_is_asked_of_its_own_release() {
    let app = TestApp::spawn().await;
    let (alice, carl, bob) = (app.author("alice").await, app.curator("carl").await, app.author("bob").await);
    publish_another(&app, &alice, &carl, "header-guard", "guard").await;
    let module = alice.get("/api/v1/filters/alice/guard/releases/1.0.0/module").await.expect(200).body;
    // The same bytes, in a draft that nobody else may pull.
    bob.upload("bob/guard", "1.0.0", module).await.expect(201);
    let path = "/api/v1/filters/bob/guard/releases/1.0.0/config";
    let image = bob.get(&format!("{path}/istio?type=http")).await.expect(200);
    assert!(image.text().contains("The image is not public"), "{}", image.text());
    // By their digest they are for all.
    let bytes = bob.get(&format!("{path}/envoy?type=http")).await.expect(200);
    assert!(bytes.text().contains("/modules/sha256/"), "{}", bytes.text());
}
