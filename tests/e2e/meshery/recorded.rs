//! The recordings: every request that two real clients were seen to send, sent again to the letter, and each
//! answer read as its client reads it. Names of things that exist here stand in for those that existed there.
use super::{
    reads::judged,
    wire::{DIALECTS, Dialect, Server, catalog_request, exactly, filters, refresh},
    world::{base64, server},
};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};
use uuid::Uuid;

const RECORDINGS: &str = include_str!("recordings.json");
const F: &str = "/api/content/filters";

struct World {
    app: TestApp,
    server: Server,
    profile: String,
}

impl World {
    async fn of(dialect: Dialect) -> Self {
        let app = TestApp::spawn().await;
        app.author("alice").await;
        let server = server(&app, "alice", dialect).await;
        let body = json!({"name": "p", "load_generators": ["fortio"]}).to_string();
        let made = server.call("POST", "/user/performance/profiles", Some(&body)).await;
        let profile = exactly(&made, 200).unwrap()["id"].as_str().unwrap().to_owned();
        Self { app, server, profile }
    }

    /// A filter with a file, to be used up.
    async fn filter(&self) -> String {
        let bytes = distinct(&Uuid::new_v4().to_string(), 10);
        let body =
            json!({"filter_data": {"name": "basic-auth.wasm", "filter_file": base64(&bytes)}, "save": true});
        let reply = self.server.call("POST", F, Some(&body.to_string())).await;
        filters(self.server.dialect, &reply).unwrap()[0]["id"].as_str().unwrap().to_owned()
    }

    /// One whose publication was asked for.
    async fn asked(&self) -> String {
        let id = self.filter().await;
        let body = json!({"id": id, "catalog_data": {}}).to_string();
        catalog_request(
            self.server.dialect,
            &self.server.call("POST", "/api/catalog/content/filter", Some(&body)).await,
        )
        .unwrap();
        id
    }

    /// The recorded body with what exists here.
    async fn body(&self, op: &str, body: &Value) -> Option<String> {
        let mut body = body.clone();
        match op {
            "save filter" => body["filter_data"]["filter_file"] = base64(&distinct("recorded", 10)).into(),
            "publish filter" => body["id"] = self.filter().await.into(),
            "unpublish filter" => body["id"] = self.asked().await.into(),
            "introspect" => body["token"] = super::wire::jwt(&self.server.token).into(),
            "revoke after logout" => body["token"] = refresh(&self.server.token).into(),
            _ => {}
        }
        let body = if self.server.dialect == Dialect::V2026 { renamed(&body) } else { body };
        (!body.is_null()).then(|| body.to_string())
    }

    async fn target(&self, target: &str) -> String {
        let id = if target.contains("{id}") { self.filter().await } else { String::new() };
        let target = target.replace("{id}", &id).replace("/p1/", &format!("/{}/", self.profile));
        match self.server.dialect {
            Dialect::V06 => target.replace("pagesize=", "page_size="),
            _ => target,
        }
    }
}

/// The keys of 2026.
fn renamed(body: &Value) -> Value {
    let Some(map) = body.as_object() else { return body.clone() };
    let key = |name: &str| tamis::meshery::wire::camel(name);
    Value::Object(map.iter().map(|(name, value)| (key(name), renamed(value))).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_request_of_a_server_is_answered_as_its_client_needs_it() {
    let recordings: Value = serde_json::from_str(RECORDINGS).unwrap();
    let all = recordings["requests"].as_array().unwrap();
    for dialect in DIALECTS {
        let world = World::of(dialect).await;
        let (mut wrong, mut sent) = (vec![], 0);
        for request in all.iter().filter(|r| r["client"] == "server-v0.7") {
            let op = request["op"].as_str().unwrap();
            // A browser's, and one that leads out of the test: both have tests of their own.
            if op == "login redirect sent to the browser" || op == "import by URL" {
                continue;
            }
            let target = world.target(request["target"].as_str().unwrap()).await;
            let body = world.body(op, &request["body"]).await;
            let method = request["method"].as_str().unwrap();
            let reply = match request["auth"].as_bool() {
                Some(true) => world.server.call(method, &target, body.as_deref()).await,
                _ => world.server.ask(method, &target, body.as_deref()).await,
            };
            sent += 1;
            wrong.extend(judged(dialect, request, &reply));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(sent, 20, "{dialect:?}");
        world.app.drain_jobs().await;
    }
}

/// The file in the recording is a module without a filter in it: what is recorded is the request, not its worth.
#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_no_filter_is_refused_with_the_reason_and_nothing_is_left_of_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let recordings: Value = serde_json::from_str(RECORDINGS).unwrap();
    let save = recordings["requests"].as_array().unwrap().iter().find(|r| r["op"] == "save filter").unwrap();
    let refused = server.call("POST", F, Some(&save["body"].to_string())).await.expect(422);
    assert!(
        refused.text().starts_with("module-refused: ") && refused.text().contains("proxy_abi_version"),
        "{}",
        refused.text()
    );
    let left = alice.get("/api/v1/filters?namespace=alice").await.json();
    assert_eq!(left["items"], json!([]));
    // An address that leads inside is refused as an import is.
    let import = json!({"filter_data": {"filter_file": null, "user_id": null, "location": null, "visibility": "",
        "catalog_data": null, "filter_resource": ""}, "path": "", "save": true, "url": "http://127.0.0.1:8080/y.wasm"});
    let refused = server.call("POST", F, Some(&import.to_string())).await.expect(422);
    assert!(refused.text().starts_with("address-refused: "), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_request_of_a_cloud_client_is_answered_as_its_client_needs_it() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let cora = app.curator("cora").await;
    let recordings: Value = serde_json::from_str(RECORDINGS).unwrap();
    let helper = World { server: server(&app, "alice", Dialect::V2026).await, app, profile: String::new() };
    let (mut wrong, mut sent) = (vec![], 0);
    for request in
        recordings["requests"].as_array().unwrap().iter().filter(|r| r["client"] == "cloud-rtk-1.3.7")
    {
        let op = request["op"].as_str().unwrap();
        let mut body = request["body"].clone();
        if body["id"] == "ID" {
            body["id"] = match op {
                "unPublishCatalogContent" => helper.asked().await.into(),
                _ => helper.filter().await.into(),
            };
        }
        if op.ends_with("CatalogRequest") && !body.is_null() {
            let publish = json!({"id": helper.filter().await}).to_string();
            let reply = helper.server.call("POST", "/api/catalog/content/filter", Some(&publish)).await;
            body["id"] = catalog_request(Dialect::V2026, &reply).unwrap()["id"].clone();
            helper.app.drain_jobs().await;
        }
        if op == "upsertFilter" {
            body["filterData"]["filterFile"] = base64(&distinct(op, 10)).into();
        }
        if op == "deleteFilters" {
            body["filters"][0]["id"] = helper.filter().await.into();
        }
        if op == "shareDesign" {
            body["contentId"] = helper.filter().await.into();
        }
        let target = helper.target(request["target"].as_str().unwrap()).await;
        let mut headers = vec![
            "Accept: application/json".to_owned(),
            "X-Current-Orgid: 11111111-1111-4111-8111-111111111111".into(),
        ];
        let decides = op.starts_with("approve") || op.starts_with("deny");
        headers.push(match decides {
            true => format!("Authorization: Bearer {}", cora.token.as_ref().unwrap()),
            false => format!("Authorization: Bearer {}", helper.server.token),
        });
        headers.extend(request["content_type"].as_str().map(|t| format!("Content-Type: {t}")));
        let text = (!body.is_null()).then(|| body.to_string());
        let method = request["method"].as_str().unwrap();
        let reply = helper.server.send(method, &target, &headers, text.as_deref().map(str::as_bytes)).await;
        sent += 1;
        wrong.extend(judged(Dialect::V2026, request, &reply));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sent, 17);
    helper.app.drain_jobs().await;
}
