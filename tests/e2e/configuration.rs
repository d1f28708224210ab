//! Releases as configuration: what the API renders, and what real readers of it say.
#[cfg(feature = "engines")]
mod envoy;
mod readers;

use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::sha256,
};

const CONFIG: &str = "/api/v1/filters/alice/guard/releases/1.0.0/config";

/// `alice/{name}@1.0.0` is the built-in filter of that name, published.
async fn published(app: &TestApp, name: &str) -> (Person, Vec<u8>) {
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let bytes = publish_another(app, &alice, &carl, name, name).await;
    (alice, bytes)
}

async fn publish_another(app: &TestApp, alice: &Person, carl: &Person, seed: &str, name: &str) -> Vec<u8> {
    let filters = tamis_seed::filters().unwrap();
    let seed = filters.iter().find(|f| f.name == seed).unwrap();
    let kind = format!("{:?}", seed.plugin_type).to_lowercase();
    let defaults = json!({"defaults": {"type": kind, "root_id": seed.root_id, "config_schema": seed.config_schema,
        "config_sample": seed.config_sample}});
    alice.put(&format!("/api/v1/filters/alice/{name}"), &defaults).await.expect(201);
    app.publish(alice, carl, &format!("alice/{name}"), "1.0.0", seed.module).await;
    seed.module.to_vec()
}

fn fields(reply: &Reply) -> Vec<String> {
    let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_are_listed_and_rendered_for_everyone_who_may_have_the_bytes() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let bytes = publish_another(&app, &alice, &carl, "header-guard", "guard").await;
    let nobody = app.anonymous();
    let list = nobody.get(CONFIG).await.expect(200).json();
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|i| i["format"].as_str().unwrap()).collect();
    let all = [
        "envoy",
        "envoy-filter",
        "envoy-cluster",
        "envoy-ecds",
        "envoy-ecds-bootstrap",
        "istio",
        "istio-traffic-extension",
        "envoy-gateway",
    ];
    assert_eq!(names, all);
    for item in list["items"].as_array().unwrap() {
        assert_eq!(item["errors"], json!([]), "{item}");
        let path = item["link"].as_str().unwrap().strip_prefix(&app.base).unwrap();
        let reply = nobody.get(path).await.expect(200);
        assert_eq!(reply.header("content-type"), "application/yaml; charset=utf-8");
        if item["pin"].is_object() {
            let digest = item["pin"]["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            assert!(reply.text().contains(&format!("sha256: \"{digest}\"")), "{}", reply.text());
        }
        if item["pin"]["form"] == "raw" {
            assert_eq!(item["pin"]["digest"], format!("sha256:{}", sha256(&bytes)));
        }
        if item["format"] == "istio" {
            let release = nobody.get("/api/v1/filters/alice/guard/releases/1.0.0").await.expect(200).json();
            let forms = release["forms"].as_array().unwrap();
            let image = forms.iter().find(|f| f["kind"] == "oci-compat").unwrap();
            assert_eq!(
                (&item["pin"]["form"], &item["pin"]["digest"]),
                (&json!("oci-compat"), &image["digest"])
            );
        }
    }
    nobody.get(&format!("{CONFIG}/no-such-format")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_mean_the_same_in_a_query_and_in_a_body_and_errors_name_them() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    publish_another(&app, &alice, &carl, "header-guard", "guard").await;
    let body = json!({"namespace": "shop", "selector": {"app": "front"}, "phase": "AUTHN", "priority": 10, "match_ports": [80, 443],
        "configuration": {"required": ["x-a"]}, "failure_policy": "fail-open"});
    let posted = alice.post(&format!("{CONFIG}/istio"), &body).await.expect(200);
    let query = "namespace=shop&selector=app%3Dfront&phase=AUTHN&priority=10&match_ports=80%2C443&configuration=%7B%22required%22%3A%5B%22x-a%22%5D%7D&failure_policy=fail-open";
    let got = app.anonymous().get(&format!("{CONFIG}/istio?{query}")).await.expect(200);
    assert_eq!(posted.text(), got.text());
    assert!(got.text().contains("- number: 443"), "{}", got.text());

    let wrong: [(&str, Value, &[&str]); 5] = [
        ("envoy", json!({"type": "tcp", "no_such": 1}), &["type", "no_such"]),
        ("envoy", json!({"configuration": {"required": "x"}}), &["configuration"]),
        ("envoy", json!({"type": "network"}), &["type"]),
        ("istio", json!({"vm_id": "x"}), &["vm_id"]),
        ("envoy-gateway", json!({"failure_policy": "fail-reload"}), &["failure_policy"]),
    ];
    for (format, options, want) in wrong {
        let reply = alice.post(&format!("{CONFIG}/{format}"), &options).await.expect_problem(400, "invalid");
        assert_eq!(fields(&reply), want, "{}", reply.text());
    }
    for query in ["type=tcp", "configuration=%7B", "timeout_seconds=soon", "selector=a%20b%3Dc"] {
        let reply = alice.get(&format!("{CONFIG}/istio?{query}")).await.expect_problem(400, "invalid");
        let field = query.split('=').next().unwrap();
        assert!(fields(&reply).contains(&field.to_owned()), "{}", reply.text());
    }
    alice.get(&format!("{CONFIG}/envoy?type=http&type=http")).await.expect_problem(400, "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_nobody_declared_has_to_be_said() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &tamis_e2e::fixtures::small()).await;
    let reply = alice.get(&format!("{CONFIG}/envoy")).await.expect_problem(400, "invalid");
    assert_eq!(fields(&reply), ["type"]);
    alice.get(&format!("{CONFIG}/envoy?type=http")).await.expect(200);
    alice.get(&format!("{CONFIG}/envoy-cluster")).await.expect(200);
    let list = alice.get(CONFIG).await.expect(200).json();
    assert_eq!(list["items"][0]["errors"][0]["field"], "type", "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_not_everyone_may_have_is_no_configuration_for_a_proxy_without_credentials() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/guard", "1.0.0", tamis_e2e::fixtures::small()).await.expect(201);
    let reply = alice.get(&format!("{CONFIG}/envoy?type=http")).await.expect_problem(400, "invalid");
    assert_eq!(fields(&reply), ["capability_url"]);
    bob.get(&format!("{CONFIG}/envoy?type=http")).await.expect(404);
    bob.get(CONFIG).await.expect(404);
    app.anonymous().post(&format!("{CONFIG}/envoy"), &json!({})).await.expect(401);
}
