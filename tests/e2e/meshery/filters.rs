//! Filters through a Meshery Server: saved, listed, found, edited, cloned, downloaded, published, shared, deleted,
//! and what stands behind them in Tamis at each moment.
use super::{
    wire::{DIALECTS, Dialect, Server, catalog_request, exactly, filter, filters, page},
    world::{base64, saving, server},
};
use serde_json::{Map, Value, json};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};

const F: &str = "/api/content/filters";

pub async fn save(server: &Server, name: &str, bytes: &[u8]) -> Map<String, Value> {
    let body = saving(
        server.dialect,
        json!({"name": name, "filter_file": base64(bytes), "user_id": null,
        "location": {"branch": "", "host": "", "path": "", "type": "local"}, "visibility": "",
        "catalog_data": null, "filter_resource": "{}"}),
    );
    let reply = server.call("POST", F, Some(&body)).await;
    filters(server.dialect, &reply).unwrap().remove(0)
}

fn id(filter: &Map<String, Value>) -> String {
    filter["id"].as_str().unwrap().to_owned()
}

async fn releases(person: &Person, filter: &str) -> Vec<(String, String)> {
    let list = person.get(&format!("/api/v1/filters/{filter}/releases")).await.expect(200).json();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(|r| (text(&r["version"]), text(&r["digest"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_door_saves_the_other_shows_and_gives_back_to_the_byte() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        let bytes = distinct(&format!("{dialect:?}"), 100);
        let name = format!("Basic Auth {dialect:?}.wasm");
        let saved = save(&server, &name, &bytes).await;
        assert_eq!(saved["name"], name);
        let slug = format!("alice/basic-auth-{}", format!("{dialect:?}").to_lowercase());
        let native = alice.get(&format!("/api/v1/filters/{slug}")).await.expect(200).json();
        assert_eq!(
            (native["title"].as_str(), native["visibility"].as_str()),
            (Some(name.as_str()), Some("private"))
        );
        assert_eq!(
            releases(&alice, &slug).await,
            [("0.1.0".to_owned(), format!("sha256:{}", sha256(&bytes)))]
        );
        for path in ["download", "file"] {
            let file = server.call("GET", &format!("{F}/{path}/{}", id(&saved)), None).await.expect(200);
            assert!(file.body == bytes);
        }
        let got = exactly(&server.call("GET", &format!("{F}/{}", id(&saved)), None).await, 200).unwrap();
        let got = filter(dialect, &got).unwrap();
        assert_eq!(got["filter_file"], base64(&bytes));
        let list = server
            .call("GET", &format!("{F}?order=updated_at+desc&page=0&pagesize=25&search=basic"), None)
            .await;
        let rows = page(dialect, &list, "filters").unwrap();
        assert!(rows.iter().any(|row| row["id"] == saved["id"]), "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_make_the_next_release_the_same_bytes_none_and_an_edit_wipes_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let saved = save(&server, "guard.wasm", &distinct("1", 10)).await;
    let twin = save(&server, "guard.wasm", &distinct("1", 10)).await;
    assert_ne!(saved["id"], twin["id"]);
    assert_eq!((&saved["slug"], &twin["slug"]), (&json!("guard"), &json!("guard-2")));
    let post = async |filter: Value| {
        let reply = server.call("POST", F, Some(&saving(Dialect::V07, filter))).await;
        filters(Dialect::V07, &reply).unwrap().remove(0)
    };
    let config = json!({"id": "a", "configuration": {"config": "{\"x\":1}"}}).to_string();
    let data = json!({"pattern_info": "i%20n", "pattern_caveats": "c", "type": "security",
        "compatibility": ["istio"], "unknown": {"deep": [1, null]}});
    post(json!({"id": saved["id"], "filter_file": base64(&distinct("2", 10)), "filter_resource": config,
        "catalog_data": data, "location": {"type": "http", "host": "https://x/y.wasm", "path": "", "branch": ""}})).await;
    assert_eq!(releases(&alice, "alice/guard").await.len(), 2);
    post(json!({"id": saved["id"], "filter_file": base64(&distinct("2", 10))})).await;
    // What a Server sends when somebody edits the name.
    let blank = json!({"id": "b", "configuration": {"config": ""}}).to_string();
    let edited =
        post(json!({"id": saved["id"], "name": "Guard, renamed", "filter_file": null, "user_id": null,
        "location": {"branch": "", "host": "", "path": "", "type": "local"}, "visibility": "",
        "catalog_data": {}, "filter_resource": blank}))
        .await;
    assert_eq!(edited["name"], "Guard, renamed");
    assert_eq!(edited["slug"], "guard", "a rename does not move it");
    assert_eq!(edited["filter_resource"], config);
    assert_eq!(edited["catalog_data"], data);
    assert_eq!(edited["location"]["host"], "https://x/y.wasm");
    let all = releases(&alice, "alice/guard").await;
    let versions: Vec<_> = all.iter().map(|(version, _)| version.as_str()).collect();
    assert_eq!(versions, ["0.1.1", "0.1.0"]);
    // A version that was deleted is not given to other bytes.
    alice.delete("/api/v1/filters/alice/guard/releases/0.1.1").await.expect(204);
    post(json!({"id": saved["id"], "filter_file": base64(&distinct("3", 10))})).await;
    assert_eq!(releases(&alice, "alice/guard").await[0].0, "0.1.2");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_cloned_shared_and_deleted_by_those_who_may() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let (hers, his) = (server(&app, "alice", Dialect::V07).await, server(&app, "bob", Dialect::V07).await);
    let bytes = distinct("clone", 10);
    let saved = save(&hers, "guard", &bytes).await;
    let path = format!("{F}/{}", id(&saved));
    his.call("GET", &path, None).await.expect(404);
    let share =
        json!({"contentId": saved["id"], "contentType": "filter", "emails": [], "share": true}).to_string();
    his.call("POST", "/api/content/filter/share", Some(&share)).await.expect(404);
    hers.call("POST", "/api/content/filter/share", Some(&share)).await.expect(200);
    let seen = exactly(&his.call("GET", &path, None).await, 200).unwrap();
    assert_eq!(seen["visibility"], "public");
    his.call("POST", "/api/content/filter/share", Some(&share)).await.expect(403);
    his.call("DELETE", &path, None).await.expect(403);
    his.call("POST", F, Some(&saving(Dialect::V07, json!({"id": saved["id"], "name": "mine"}))))
        .await
        .expect(403);
    let public = his.call("GET", &format!("{F}?visibility=public&visibility=published"), None).await;
    assert_eq!(page(Dialect::V07, &public, "filters").unwrap().len(), 1);
    let clone =
        his.call("POST", &format!("{F}/clone/{}", id(&saved)), Some(r#"{"name":"copy of guard"}"#)).await;
    let clone = exactly(&clone, 200).unwrap();
    assert_eq!((&clone["name"], &clone["visibility"]), (&json!("copy of guard"), &json!("private")));
    let native = bob.get("/api/v1/filters/bob/copy-of-guard/releases/0.1.0").await.expect(200).json();
    assert_eq!(native["lineage"]["filter"], "guard");
    let file = his.call("GET", &format!("{F}/download/{}", clone["id"].as_str().unwrap()), None).await;
    assert!(file.body == bytes);
    exactly(&hers.call("DELETE", &path, None).await, 200).unwrap();
    hers.call("GET", &path, None).await.expect(404);
    alice.get("/api/v1/filters/alice/guard").await.expect(404);
    // One of the same name may come again; what was 0.1.0 there stays so.
    let again = save(&hers, "guard", &distinct("again", 10)).await;
    assert_eq!((&again["slug"], &again["version"]), (&json!("guard"), &json!("0.1.1")));
    app.drain_jobs().await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_opens_a_review_and_an_unpublish_another() {
    let app = TestApp::spawn().await;
    let (alice, cora) = (app.author("alice").await, app.curator("cora").await);
    let server = server(&app, "alice", Dialect::V07).await;
    let saved = save(&server, "guard", &distinct("publish", 10)).await;
    let body = json!({"id": saved["id"], "catalog_data": {"compatibility": ["istio"], "pattern_caveats": "c",
        "pattern_info": "i", "type": "Security"}})
    .to_string();
    let asked = server.call("POST", "/api/catalog/content/filter", Some(&body)).await;
    let asked = catalog_request(Dialect::V07, &asked).unwrap();
    assert_eq!((&asked["status"], &asked["content_id"]), (&json!("pending"), &saved["id"]));
    server.call("POST", "/api/catalog/content/filter", Some(&body)).await.expect(409);
    app.drain_jobs().await;
    let empty = server.call("GET", "/api/catalog/content/filter?page=0&pagesize=10", None).await;
    assert!(page(Dialect::V07, &empty, "filters").unwrap().is_empty());
    // A curator decides with a token of their own, which may vote.
    let requests =
        cora.get("/api/catalog/requests?page=0&pageSize=10&filter=%7B%22status%22%3A%22pending%22%7D").await;
    assert_eq!(requests.json()["catalogRequests"][0]["id"], asked["id"]);
    let decision = json!({"id": asked["id"]});
    alice.post("/api/catalog/requests/approve", &decision).await.expect(403);
    let decided = cora.post("/api/catalog/requests/approve", &decision).await.expect(200).json();
    assert_eq!(decided["status"], "approved");
    cora.post("/api/catalog/requests/deny", &decision).await.expect(409);
    for target in [
        "/api/catalog/content/filter?order=created_at+desc&page=0&pagesize=10",
        "/api/catalog/content/filter?type=security&technology=istio&search=guard",
    ] {
        let listed = page(Dialect::V07, &server.call("GET", target, None).await, "filters").unwrap();
        assert_eq!(listed.len(), 1, "{target}");
        assert_eq!(listed[0]["visibility"], "published");
        assert_eq!(listed[0]["catalog_data"]["published_version"], "0.1.0");
    }
    let none = server.call("GET", "/api/catalog/content/filter?type=%25", None).await;
    assert!(page(Dialect::V07, &none, "filters").unwrap().is_empty());
    alice.get("/api/v1/catalog/alice/guard").await.expect(200);
    server.call("DELETE", &format!("{F}/{}", id(&saved)), None).await.expect(409);
    let gone = json!({"id": saved["id"]}).to_string();
    let asked = server.call("DELETE", "/api/catalog/content/filter", Some(&gone)).await;
    assert_eq!(catalog_request(Dialect::V07, &asked).unwrap()["status"], "pending");
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_publish_by_themselves_is_in_the_catalog_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[self_publish]\nnamespaces = [\"alice\"]\n").unwrap();
    let app = TestApp::spawn_with(&["--policy", file.path().to_str().unwrap()]).await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V2026).await;
    let saved = save(&server, "guard", &distinct("at once", 10)).await;
    let body = json!({"id": saved["id"], "catalogData": {}}).to_string();
    let asked = server.call("POST", "/api/catalog/content/filter", Some(&body)).await;
    assert_eq!(catalog_request(Dialect::V2026, &asked).unwrap()["status"], "approved");
    let listed = server.call("GET", "/api/catalog/content/filter", None).await;
    assert_eq!(page(Dialect::V2026, &listed, "filters").unwrap().len(), 1);
    let asked = server.call("DELETE", "/api/catalog/content/filter", Some(&body)).await;
    assert_eq!(catalog_request(Dialect::V2026, &asked).unwrap()["status"], "approved");
    let listed = server.call("GET", "/api/catalog/content/filter", None).await;
    assert!(page(Dialect::V2026, &listed, "filters").unwrap().is_empty());
    app.drain_jobs().await;
}
