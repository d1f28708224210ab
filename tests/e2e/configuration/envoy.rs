//! A real Envoy loads what Tamis rendered, without a letter changed.
use super::{publish_another, published};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    envoy::{self, Bootstrap, Envoy},
};

/// Ports that the system chooses, so that tests run side by side.
fn somewhere() -> Value {
    json!({"listen": "127.0.0.1:0", "admin": "127.0.0.1:0"})
}

async fn rendered(person: &Person, filter: &str, format: &str, mut options: Value) -> String {
    options.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let path = format!("/api/v1/filters/alice/{filter}/releases/1.0.0/config/{format}");
    person.post(&path, &options).await.expect(200).text()
}

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

async fn start(text: &str) -> Envoy {
    Envoy::start_file("envoy.yaml", text).await.unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

async fn status(envoy: &Envoy, listener: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = tamis_e2e::client::http().build().unwrap().get(envoy.url(listener, "/").unwrap());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_filter_runs_from_the_generated_bootstrap() {
    let app = TestApp::spawn().await;
    let (alice, _) = published(&app, "header-guard").await;
    let options = with(somewhere(), json!({"configuration": {"required": ["x-tenant"]}}));
    let envoy = start(&rendered(&alice, "header-guard", "envoy", options).await).await;
    assert_eq!(status(&envoy, "header-guard", &[("x-tenant", "a")]).await, 200);
    assert_eq!(status(&envoy, "header-guard", &[]).await, 400, "{}", envoy.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_filter_runs_from_the_generated_bootstrap() {
    let app = TestApp::spawn().await;
    let (alice, _) = published(&app, "tcp-metrics").await;
    let upstream = app.base.strip_prefix("http://").unwrap();
    for behind in [json!({}), json!({"upstream": upstream})] {
        let options = with(with(somewhere(), json!({"configuration": {"prefix": "echo"}})), behind);
        let envoy = start(&rendered(&alice, "tcp-metrics", "envoy", options).await).await;
        status(&envoy, "tcp-metrics", &[]).await;
        assert!(envoy.stat_until("wasmcustom.echo_connections_total", |n| n > 0).await.unwrap() > 0);
        assert!(envoy.stat_until("wasmcustom.echo_bytes_sent_total", |n| n > 0).await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_and_an_access_log_run_from_the_generated_bootstrap() {
    let app = TestApp::spawn().await;
    let (alice, _) = published(&app, "heartbeat").await;
    let admin = json!({"admin": "127.0.0.1:0"});
    let options = with(admin, json!({"configuration": {"interval_ms": 50}, "vm_id": "beating"}));
    let envoy = start(&rendered(&alice, "heartbeat", "envoy", options).await).await;
    envoy.stat_until("wasmcustom.heartbeat_beats", |n| n > 1).await.unwrap();

    let options = with(
        somewhere(),
        json!({"type": "access-log", "configuration": {"interval_ms": 50, "prefix": "logged"}}),
    );
    let envoy = start(&rendered(&alice, "heartbeat", "envoy", options).await).await;
    assert_eq!(status(&envoy, "heartbeat", &[]).await, 200);
    assert_eq!(envoy.stat_until("wasm.remote_load_fetch_successes", |n| n > 0).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ecds_resource_in_a_file_is_read_by_the_generated_bootstrap() {
    let app = TestApp::spawn().await;
    let (alice, _) = published(&app, "header-guard").await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("guard.yaml");
    let resource =
        rendered(&alice, "header-guard", "envoy-ecds", json!({"configuration": {"required": ["x-tenant"]}}))
            .await;
    std::fs::write(&path, &resource).unwrap();
    let options = with(somewhere(), json!({"ecds_path": path.to_str().unwrap()}));
    let text = rendered(&alice, "header-guard", "envoy-ecds-bootstrap", options).await;
    let checked = envoy::validate_file("envoy.yaml", &text).await.unwrap();
    assert!(checked.accepted, "{}\n{text}", checked.output);
    let envoy = start(&text).await;
    assert_eq!(
        status(&envoy, "header-guard", &[("x-tenant", "a")]).await,
        200,
        "{}\n{resource}",
        envoy.log()
    );
    assert_eq!(status(&envoy, "header-guard", &[]).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_is_refused_and_nothing_passes() {
    let app = TestApp::spawn().await;
    let (alice, bytes) = published(&app, "header-guard").await;
    let (right, wrong) = (tamis_e2e::fixtures::sha256(&bytes), "0".repeat(64));
    let options = with(somewhere(), json!({"timeout_seconds": 1}));
    let text = rendered(&alice, "header-guard", "envoy", options).await;
    let broken = text.replace(&format!("sha256: \"{right}\""), &format!("sha256: \"{wrong}\""));
    // One try, so that the test need not wait for all of them.
    let broken = broken.replace("num_retries: 5", "num_retries: 0");
    assert_ne!(text, broken);
    let envoy = start(&broken).await;
    assert_eq!(status(&envoy, "header-guard", &[("x-tenant", "a")]).await, 503, "{}", envoy.log());
    assert!(envoy.stat("wasm.remote_load_fetch_failures").await.unwrap() > Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_generated_file_is_accepted_by_envoy_in_mode_validate() {
    let app = TestApp::spawn_with(&["--public-url", "https://tamis.example.com/"]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for seed in ["header-guard", "tcp-metrics", "heartbeat"] {
        publish_another(&app, &alice, &carl, seed, seed).await;
        let options = json!({"failure_policy": "fail-reload", "vm_id": "on", "environment_keys": ["HOME", "n"], "root_id": "y", "name": "no"});
        let whole = with(
            options.clone(),
            json!({"listen": "[::1]:0", "admin": "127.0.0.1:0", "upstream": "shop.internal:80", "timeout_seconds": 5}),
        );
        let mut all = vec![
            rendered(&alice, seed, "envoy", json!({})).await,
            rendered(&alice, seed, "envoy", whole.clone()).await,
        ];
        let log = json!({"type": "access-log"});
        all.push(rendered(&alice, seed, "envoy", with(whole, log)).await);
        for text in all {
            let checked = envoy::validate_file("envoy.yaml", &text).await.unwrap();
            assert!(checked.accepted, "{}\n{text}", checked.output);
            for word in ["deprecated", "Unknown field", "unknown field"] {
                assert!(!checked.output.contains(word), "{}\n{text}", checked.output);
            }
        }
    }
}

/// What is for a configuration that is there already is put where its keys say, and the whole is validated.
#[tokio::test(flavor = "multi_thread")]
async fn the_parts_fit_into_a_configuration_that_is_there_already() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for seed in ["header-guard", "tcp-metrics", "heartbeat"] {
        publish_another(&app, &alice, &carl, seed, seed).await;
        let text = rendered(&alice, seed, "envoy-filter", json!({})).await;
        let parts: Value = serde_norway::from_str(&text).unwrap();
        let entry =
            |place: &str| parts[place].as_array().unwrap_or_else(|| panic!("{place}\n{text}")).clone();
        let bootstrap = match seed {
            "header-guard" => Bootstrap::new().http("l", entry("http_filters"), None),
            "tcp-metrics" => Bootstrap::new().tcp("l", entry("filters"), "127.0.0.1:1".parse().unwrap()),
            _ => Bootstrap::new().extension(entry("bootstrap_extensions")[0].clone()),
        };
        let alone: Value =
            serde_norway::from_str(&rendered(&alice, seed, "envoy-cluster", json!({})).await).unwrap();
        assert_eq!(parts["clusters"], json!([alone]));
        let mut whole = bootstrap.to_json();
        whole["static_resources"]["clusters"].as_array_mut().unwrap().push(alone);
        let checked = envoy::validate(&whole).await.unwrap();
        assert!(checked.accepted, "{}\n{text}", checked.output);
    }
}
