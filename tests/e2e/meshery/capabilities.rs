//! What Tamis says that it can do is there, and what is asked most costs least.
use super::{
    filters::save,
    wire::{DIALECTS, Dialect, Server, exactly, jwt},
    world::{SOURCE, encoded, given, server},
};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp, client::Person, crash::instance::Instance, fixtures::distinct, statements::about_people,
};
use tamis_entities::value::Role;

/// How a feature is used of which the endpoint alone is none: method, what follows the endpoint, body.
fn used<'a>(feature: &str, ids: &'a [(&str, String)]) -> (&'static str, &'a str, Option<&'static str>) {
    let id = |name: &str| ids.iter().find(|(n, _)| *n == name).map_or("", |(_, id)| id.as_str());
    match feature {
        "clone-meshery-filters" => ("POST", id("filter"), Some(r#"{"name":"copy"}"#)),
        "clone-meshery-patterns" => ("POST", id("design"), Some(r#"{"name":"copy"}"#)),
        "share-filters" | "share-designs" => ("POST", "", Some("{}")),
        "persist-metrics" => ("PUT", "", Some("{}")),
        "sync-prefs" => ("PUT", "", Some("{}")),
        "persist-result" => ("GET", id("result"), None),
        "persist-smi-result" => ("GET", id("smi"), None),
        _ => ("GET", "", None),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_feature_that_is_named_is_there() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        let made = async |path: &str, body: Value, status: u16| {
            let value = exactly(&server.call("POST", path, Some(&body.to_string())).await, status).unwrap();
            let one = if value.is_array() { value[0].clone() } else { value };
            format!("/{}", one["id"].as_str().unwrap())
        };
        let filter = save(&server, "guard", &distinct(&format!("{dialect:?}"), 10)).await;
        let design = json!({"pattern_data": {"name": "d", "pattern_file": "x: 1"}, "save": true});
        let profile = made("/user/performance/profiles", json!({"name": "p"}), 200).await;
        let results = format!("/user/performance/profiles{profile}/results");
        let ids = [
            ("filter", format!("/{}", filter["id"].as_str().unwrap())),
            ("design", made("/api/content/patterns", design, 200).await),
            ("result", made(&results, json!({"name": "r"}), 201).await),
            ("smi", made("/smi/results", json!({"name": "s"}), 201).await),
        ];
        // Some builds do not know what they are called, or have no name at all.
        for path in ["/Not%20Set/capabilities", "//capabilities", "/capabilities", "/v0.7.130/capabilities"] {
            let path = format!("{path}?os=meshery&playground=false");
            let document = exactly(&server.call("GET", &path, None).await, 200).unwrap();
            let anybody = exactly(&server.ask("GET", &path, None).await, 200).unwrap();
            for document in [&document, &anybody] {
                let all = document["capabilities"].as_array().unwrap();
                assert!(all.len() > 20, "{path}: {all:?}");
                let named = |feature: &str| all.iter().any(|c| c["feature"] == feature);
                assert!(named("users-profile") && named("persist-meshery-filters"), "{path}");
            }
            for capability in document["capabilities"].as_array().unwrap() {
                let feature = capability["feature"].as_str().unwrap();
                let (method, rest, body) = used(feature, &ids);
                let target = format!("{}{rest}", capability["endpoint"].as_str().unwrap());
                let reply = server.call(method, &target, body).await;
                let there = [200, 201].contains(&reply.status);
                // A share of nothing is refused for what it lacks.
                let there = there || (feature.starts_with("share-") && reply.status == 400);
                assert!(there, "{feature}: {method} {target}: {} {}", reply.status, reply.text());
            }
        }
    }
}

/// A Server asks so at each request of each of its people.
#[tokio::test(flavor = "multi_thread")]
async fn an_introspection_costs_one_statement() {
    let mut instance = Instance::new().await;
    instance.set("TAMIS_LOG", "info,sqlx::query=trace");
    let alice = instance.user("alice", Role::User).await;
    let running = instance.start(&[]).await;
    let link = instance.ok(&["user", "link", "alice", "--public-url", &running.base]).await;
    let http = tamis_e2e::client::http().cookie_store(true).redirect(reqwest::redirect::Policy::none());
    let browser = Person { token: None, http: http.build().unwrap(), ..alice };
    let path = link.trim().strip_prefix(&running.base).unwrap();
    let request = browser.request(reqwest::Method::POST, path).header("sec-fetch-site", "same-origin");
    browser.send(request).await.expect(303);
    let back = browser.get(&format!("/login?source={}", encoded(SOURCE))).await.expect(302);
    let token = given(&back.header("location").parse().unwrap(), "token");
    let address = running.base.trim_start_matches("http://").to_owned();
    let server = Server { address, dialect: Dialect::V07, token };
    for token in [jwt(&server.token), server.token.clone()] {
        let body = json!({"token": token}).to_string();
        server.ask("POST", "/introspect", Some(&body)).await.expect(200);
        let before = running.log().len();
        server.ask("POST", "/introspect", Some(&body)).await.expect(200);
        let asked = about_people(&running.log()[before..]);
        assert_eq!(asked.len(), 1, "{asked:#?}");
    }
}
