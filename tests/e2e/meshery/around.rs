//! What stands around filters: who somebody is, what they may do, preferences, designs, and what load tests left.
use super::{
    wire::{DIALECTS, Dialect, catalog_request, exactly, page, texts},
    world::server,
};
use serde_json::{Value, json};
use tamis_e2e::app::TestApp;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_meshery_fails_for_lack_of_an_answer() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        let orgs =
            page(dialect, &server.call("GET", "/api/identity/orgs", None).await, "organizations").unwrap();
        let org = orgs[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(org.parse::<Uuid>().unwrap().get_version_num(), 4);
        let keys = server.call("GET", &format!("/api/identity/orgs/{org}/users/keys"), None).await;
        let keys = page(dialect, &keys, "keys").unwrap();
        let has = |function: &str| keys.iter().any(|k| k["function"] == function);
        assert!(has("Import Filter") && has("View Catalog") && !has("Approve Catalog Request"));
        for (path, rows) in [
            ("/api/integrations/credentials", "credentials"),
            ("/api/environments", "environments"),
            ("/api/workspaces", "workspaces"),
            ("/events", "events"),
            ("/api/events/list", "events"),
            ("/api/events/summary", "data"),
            ("/user/schedules", "schedules"),
            ("/api/performance/results", "results"),
            ("/smi/results", "results"),
            ("/patterns/resource", "resources"),
            ("/api/content/patterns", "patterns"),
            ("/api/catalog/content/pattern", "patterns"),
        ] {
            assert!(page(dialect, &server.call("GET", path, None).await, rows).unwrap().is_empty(), "{path}");
        }
        server.call("GET", &format!("/api/identity/orgs/{}", Uuid::new_v4()), None).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_has_all_that_any_release_reads_and_keeps_preferences() {
    let app = TestApp::spawn().await;
    app.curator("cora").await;
    let server = server(&app, "cora", Dialect::V07).await;
    let wanted = json!({"theme": "dark", "nested": {"a": [1, null]}});
    let put = server.call("PUT", "/user/preferences", Some(&wanted.to_string())).await;
    exactly(&put, 201).unwrap();
    for path in ["/api/identity/users/profile", "/user"] {
        let profile = exactly(&server.call("GET", path, None).await, 200).unwrap();
        assert_eq!(profile["preferences"], wanted);
        assert_eq!(profile["role_names"], json!(["user", "curator"]));
        assert_eq!(profile["roleNames"], profile["role_names"]);
        assert!(profile["email"].as_str().unwrap().contains('@'));
        let other = format!("/api/identity/users/profile/{}", profile["id"].as_str().unwrap());
        exactly(&server.call("GET", &other, None).await, 200).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_load_generator_measured_comes_back_to_the_last_digit() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.author("bob").await;
    let server = server(&app, "alice", Dialect::V07).await;
    const E: &str = "/user/performance/profiles";
    let profile = json!({"name": "nightly", "load_generators": ["nighthawk"], "endpoints": ["http://x/"], "qps": 0,
        "metadata": {"ca_certificate": {"file": "-----BEGIN CERTIFICATE-----\n"}}});
    let made = exactly(&server.call("POST", E, Some(&profile.to_string())).await, 200).unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 4);
    assert_eq!(
        (&made["metadata"], &made["loadGenerators"]),
        (&profile["metadata"], &profile["load_generators"])
    );
    let digest = format!("sha256:{}", "ab".repeat(32));
    let runner = r#"{"RunType":"HTTP","ActualQPS":99.9999999999999999999,"DurationHistogram":{"Sum":1.50,"Count":18446744073709551616}}"#;
    let result = format!(
        r#"{{"meshery_id":"00000000-0000-0000-0000-000000000000","name":"r","test_id":"","runner_results":{runner},"-":{{}},"labels":{{"filter":"{digest}"}}}}"#
    );
    let saved = server.call("POST", &format!("{E}/{id}/results"), Some(&result)).await;
    let saved = texts(&exactly(&saved, 201).unwrap()).unwrap()["id"].clone();
    let one = server.call("GET", &format!("/api/performance/result/{saved}"), None).await.expect(200);
    assert!(one.text().contains(&format!("\"runner_results\":{runner}")), "{}", one.text());
    for path in [
        format!("{E}/{id}/results?page=0&pagesize=25"),
        "/api/performance/results?page=0".into(),
        format!("/api/performance/results?digest={digest}"),
    ] {
        let rows = page(Dialect::V07, &server.call("GET", &path, None).await, "results").unwrap();
        assert_eq!((rows.len(), rows[0]["meshery_id"].as_str()), (1, Some(saved.as_str())), "{path}");
    }
    let listed = page(Dialect::V07, &server.call("GET", E, None).await, "profiles").unwrap();
    assert_eq!(listed[0]["total_results"], 1);
    let his = super::world::server(&app, "bob", Dialect::V07).await;
    for path in [format!("{E}/{id}"), format!("{E}/{id}/results"), format!("/api/performance/result/{saved}")]
    {
        his.call("GET", &path, None).await.expect(404);
    }
    let one = format!("/api/performance/profiles/{id}/results/{saved}");
    assert_eq!(exactly(&server.call("GET", &one, None).await, 200).unwrap()["meshery_id"], saved.as_str());
    server.call("GET", &one.replace(&saved, id), None).await.expect(404);
    let change = profile.to_string().replace("nightly", "weekly");
    let path = format!("/api/performance/profiles/{id}");
    his.call("PUT", &path, Some(&change)).await.expect(404);
    let changed = exactly(&server.call("PUT", &path, Some(&change)).await, 200).unwrap();
    assert_eq!((&changed["name"], &changed["id"]), (&json!("weekly"), &made["id"]));
    let config = server.call("POST", "/user/test-config", Some(r#"{"name":"c"}"#)).await.expect(201);
    let config: Uuid = config.text().parse().expect("the bare id");
    server.call("GET", &format!("/user/test-config?test_uuid={config}"), None).await.expect(200);
    server.call("DELETE", &format!("/user/test-config?test_uuid={config}"), None).await.expect(200);
    server.call("PUT", "/result/metrics", Some("{}")).await.expect(200);
    server.call("POST", "/smi/results", Some("{}")).await.expect(201);
    let schedule = server.call("POST", "/user/schedules", Some(r#"{"name":"s"}"#)).await;
    let schedule = exactly(&schedule, 201).unwrap()["id"].as_str().unwrap().to_owned();
    server.call("DELETE", &format!("/user/schedules/{schedule}"), None).await.expect(200);
    server.call("DELETE", &format!("{E}/{id}"), None).await.expect(200);
    server.call("GET", &format!("/api/performance/result/{saved}"), None).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_design_is_kept_as_it_came_and_seen_by_those_who_may() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.author("bob").await;
    let cora = app.curator("cora").await;
    let (hers, his) = (server(&app, "alice", Dialect::V07).await, server(&app, "bob", Dialect::V07).await);
    const P: &str = "/api/content/patterns";
    let yaml = "name: d\nservices:\n  f: {type: WASMFilter} # ü\n";
    let body =
        json!({"pattern_data": {"name": "d", "pattern_file": yaml, "catalog_data": {"x": 1}}, "save": true});
    let saved = exactly(&hers.call("POST", P, Some(&body.to_string())).await, 200).unwrap();
    let id = saved[0]["id"].as_str().unwrap();
    let file = hers.call("GET", &format!("{P}/download/{id}"), None).await.expect(200);
    assert_eq!(file.text(), yaml);
    his.call("GET", &format!("{P}/{id}"), None).await.expect(404);
    let edit = json!({"pattern_data": {"id": id, "name": "e", "pattern_file": ""}, "save": true}).to_string();
    let edited = exactly(&hers.call("POST", P, Some(&edit)).await, 200).unwrap();
    assert_eq!((&edited[0]["name"], &edited[0]["pattern_file"]), (&json!("e"), &json!(yaml)));
    let ask = json!({"id": id, "catalog_data": {"y": 2}}).to_string();
    let asked = hers.call("POST", "/api/catalog/content/pattern", Some(&ask)).await;
    let asked = catalog_request(Dialect::V07, &asked).unwrap();
    assert_eq!(asked["status"], "pending");
    let queue = cora.get("/api/catalog/requests").await.json();
    assert_eq!(queue["catalog_requests"][0]["id"], asked["id"]);
    let decision = json!({"id": asked["id"]});
    assert_eq!(
        cora.post("/api/catalog/requests/approve", &decision).await.expect(200).json()["status"],
        "approved"
    );
    cora.post("/api/catalog/requests/approve", &decision).await.expect(409);
    let catalog =
        page(Dialect::V07, &his.call("GET", "/api/catalog/content/pattern", None).await, "patterns").unwrap();
    assert_eq!((catalog.len(), &catalog[0]["visibility"]), (1, &json!("published")));
    let clone = his.call("POST", &format!("{P}/clone/{id}"), Some(r#"{"name":"mine"}"#)).await;
    assert_eq!(exactly(&clone, 200).unwrap()["pattern_file"], yaml);
    his.call("DELETE", &format!("{P}/{id}"), None).await.expect(403);
    hers.call("DELETE", &format!("{P}/{id}"), None).await.expect(409);
    let gone: Value = json!({"id": id});
    hers.call("DELETE", "/api/catalog/content/pattern", Some(&gone.to_string())).await.expect(200);
    hers.call("DELETE", &format!("{P}/{id}"), None).await.expect(200);
    hers.call("GET", &format!("{P}/{id}"), None).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_the_teams_of_tamis() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.author("bob").await;
    let (hers, his) = (server(&app, "alice", Dialect::V07).await, server(&app, "bob", Dialect::V07).await);
    let orgs =
        page(Dialect::V07, &hers.call("GET", "/api/identity/orgs", None).await, "organizations").unwrap();
    let teams = format!("/api/identity/orgs/{}/teams", orgs[0]["id"].as_str().unwrap());
    let made = hers.call("POST", &teams, Some(r#"{"team_name":"Edge Crew"}"#)).await;
    let id = exactly(&made, 200).unwrap()["id"].as_str().unwrap().to_owned();
    alice.get("/api/v1/teams/edge-crew").await.expect(200);
    his.call("GET", &format!("{teams}/{id}"), None).await.expect(404);
    let bob = exactly(&his.call("GET", "/user", None).await, 200).unwrap()["id"].as_str().unwrap().to_owned();
    hers.call("POST", &format!("{teams}/{id}/users/{bob}"), None).await.expect(200);
    his.call("GET", &format!("{teams}/{id}"), None).await.expect(200);
    his.call("DELETE", &format!("{teams}/{id}"), None).await.expect(403);
    let users =
        page(Dialect::V07, &hers.call("GET", &format!("{teams}/{id}/users"), None).await, "users").unwrap();
    assert_eq!(users.len(), 2);
    hers.call("DELETE", &format!("{teams}/{id}/users/{bob}"), None).await.expect(200);
    hers.call("DELETE", &format!("{teams}/{id}"), None).await.expect(200);
    alice.get("/api/v1/teams/edge-crew").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_release_comes_as_a_design_that_loads_it_by_digest() {
    let app = TestApp::spawn().await;
    let (alice, cora) = (app.author("alice").await, app.curator("cora").await);
    let bytes = tamis_e2e::fixtures::distinct("design", 10);
    app.publish(&alice, &cora, "alice/guard", "1.0.0", &bytes).await;
    let path = "/api/v1/filters/alice/guard/releases/1.0.0/meshery/design";
    let design = app.anonymous().get(path).await.expect(200);
    let digest = tamis_e2e::fixtures::sha256(&bytes);
    assert!(
        design.text().contains(&format!("url: \"{}/modules/sha256/{digest}.wasm\"", app.base)),
        "{}",
        design.text()
    );
    let server = server(&app, "alice", Dialect::V07).await;
    let body =
        json!({"pattern_data": {"name": "guard", "pattern_file": design.text()}, "save": true}).to_string();
    exactly(&server.call("POST", "/api/content/patterns", Some(&body)).await, 200).unwrap();
    alice.upload("alice/guard", "2.0.0", tamis_e2e::fixtures::distinct("draft", 10)).await.expect(201);
    alice.get(&path.replace("1.0.0", "2.0.0")).await.expect_problem(409, "not-published");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_the_servers_and_lets_one_in_renames_it_and_cuts_it_off() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.user("ada", tamis_entities::value::Role::Admin).await;
    let alice = crate::oauth::flow::Browser::sign_in(&app, "alice").await;
    let login = super::world::login_path(Dialect::V07, "https://meshery.example/");
    let page = alice.get(&login).await.expect(403);
    alice.press("/login", &page, "yes").await.expect(403);
    let ada = crate::console::pages::signed_in(&app, "ada").await;
    let html = crate::console::admin::page(&ada, "/admin/meshery").await;
    assert!(html.contains("https://meshery.example") && html.contains("Waits to be let in"), "{html}");
    let at = format!("/admin/meshery/{}", crate::console::admin::path_after(&html, "/admin/meshery/"));
    for (act, name, shown, status) in [
        ("rename", "Edge <b>", "Waits", 403),
        ("approve", "", "Let in", 302),
        ("cut-off", "", "Cut off", 403),
    ] {
        let form = [("act", act), ("name", name)];
        crate::console::admin::send(&ada, "/admin/meshery", &at, &form).await.expect(303);
        let html = crate::console::admin::page(&ada, "/admin/meshery").await;
        assert!(html.contains(shown) && html.contains("Edge &#60;b&#62;"), "{html}");
        alice.get(&login).await.expect(status);
    }
}
