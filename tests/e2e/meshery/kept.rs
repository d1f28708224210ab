//! What says nothing wipes nothing, acts on several things are done whole or not at all, and lists are asked for as
//! Meshery's own pages ask.
use super::{
    cloud::ask,
    filters::save,
    wire::{DIALECTS, Dialect, catalog_request, exactly, page},
    world::{saving, server},
};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};

const F: &str = "/api/content/filters";
const P: &str = "/api/content/patterns";
const E: &str = "/user/performance/profiles";

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_profile_keeps_what_it_does_not_name() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        let me = exactly(&server.call("GET", "/user", None).await, 200).unwrap()["id"].clone();
        let whole = json!({"name": "a", "endpoints": ["http://x/"], "load_generators": ["fortio"],
            "service_mesh": "istio", "qps": 5});
        let made = exactly(&server.call("POST", E, Some(&whole.to_string())).await, 200).unwrap();
        assert_eq!((&made["user_id"], &made["userId"]), (&me, &me));
        let one = format!("/api/performance/profiles/{}", made["id"].as_str().unwrap());
        let kept = |profile: &Value, name: &str, endpoint: &str| {
            assert_eq!(profile["name"], name);
            assert_eq!((&profile["endpoints"], &profile["qps"]), (&json!([endpoint]), &json!(5)));
            assert_eq!(
                (&profile["serviceMesh"], &profile["service_mesh"]),
                (&json!("istio"), &json!("istio"))
            );
            assert_eq!(profile["load_generators"], json!(["fortio"]));
        };
        let put = exactly(&server.call("PUT", &one, Some(r#"{"name":"b"}"#)).await, 200).unwrap();
        kept(&put, "b", "http://x/");
        let edit = json!({"id": made["id"], "name": "", "endpoints": ["http://y/"], "service_mesh": "",
            "loadGenerators": null});
        let posted = exactly(&server.call("POST", E, Some(&edit.to_string())).await, 200).unwrap();
        kept(&posted, "b", "http://y/");
        let put = json!({"name": "c", "serviceMesh": "linkerd"}).to_string();
        let put = exactly(&server.call("PUT", &one, Some(&put)).await, 200).unwrap();
        assert_eq!((&put["service_mesh"], &put["serviceMesh"]), (&json!("linkerd"), &json!("linkerd")));
        server.call("PUT", &one, Some("")).await.expect(400);
        let result = server.call("POST", &format!("{one}/results"), Some(r#"{"name":"r"}"#)).await;
        let result = exactly(&result, 201).unwrap()["id"].clone();
        let path = format!("/api/performance/result/{}", result.as_str().unwrap());
        assert_eq!(exactly(&server.call("GET", &path, None).await, 200).unwrap()["user_id"], me);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_design_keeps_what_it_does_not_name() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let place = json!({"type": "github", "host": "github.com/o/r", "path": "a", "branch": "main"});
    let data = json!({"pattern_info": "i", "compatibility": ["istio"], "type": "security"});
    let design = json!({"name": "d", "pattern_file": "x: 1", "location": place, "catalog_data": data});
    let body = json!({"pattern_data": design, "save": true}).to_string();
    let made = exactly(&server.call("POST", P, Some(&body)).await, 200).unwrap()[0].clone();
    let edit = json!({"pattern_data": {"id": made["id"], "name": "e", "pattern_file": null, "visibility": "",
        "location": {"type": "local", "host": "", "path": "", "branch": ""},
        "catalog_data": {"pattern_info": "", "pattern_caveats": "c", "compatibility": null}}, "save": true});
    let edited = exactly(&server.call("POST", P, Some(&edit.to_string())).await, 200).unwrap()[0].clone();
    assert_eq!((&edited["name"], &edited["pattern_file"]), (&json!("e"), &json!("x: 1")));
    assert_eq!(edited["location"], place);
    let mut wanted = data.clone();
    wanted["pattern_caveats"] = json!("c");
    assert_eq!(edited["catalog_data"], wanted);
    let id = made["id"].as_str().unwrap();
    for empty in ["", " \n"] {
        server.call("POST", &format!("{P}/upload/{id}"), Some(empty)).await.expect(400);
    }
    let ask = json!({"id": id, "catalog_data": {"patternInfo": "j"}}).to_string();
    let asked = server.call("POST", "/api/catalog/content/pattern", Some(&ask)).await;
    catalog_request(Dialect::V07, &asked).unwrap();
    let now = exactly(&server.call("GET", &format!("{P}/{id}"), None).await, 200).unwrap();
    wanted.as_object_mut().unwrap().remove("pattern_info");
    wanted["patternInfo"] = json!("j");
    assert_eq!(now["catalog_data"], wanted);
    // Lists are narrowed by the same words as those of filters, and by whose the designs are.
    let me = now["user_id"].as_str().unwrap();
    for (query, found) in [
        ("type=security", 1),
        ("type=scaling", 0),
        ("technology=istio", 1),
        (&format!("userid={me}"), 1),
        (&format!("userId={}", uuid::Uuid::new_v4()), 0),
    ] {
        let rows = page(Dialect::V07, &server.call("GET", &format!("{P}?{query}"), None).await, "patterns");
        assert_eq!(rows.unwrap().len(), found, "{query}");
    }
    server.call("GET", &format!("{P}?userid=x"), None).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_in_the_catalog_data_of_a_filter_keeps_as_an_empty_text_does() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let saved = save(&server, "guard", &distinct("kept", 10)).await;
    let mut shown = Value::Null;
    for data in [
        json!({"pattern_info": "i", "type": "security"}),
        json!({"pattern_info": "", "type": null, "pattern_caveats": "c"}),
    ] {
        let body = saving(Dialect::V07, json!({"id": saved["id"], "catalog_data": data}));
        shown = exactly(&server.call("POST", F, Some(&body)).await, 200).unwrap()[0]["catalog_data"].clone();
    }
    assert_eq!(shown, json!({"pattern_info": "i", "type": "security", "pattern_caveats": "c"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_filters_all_go_or_none() {
    let app = TestApp::spawn().await;
    let (alice, cora) = (app.author("alice").await, app.curator("cora").await);
    let server = server(&app, "alice", Dialect::V07).await;
    let draft = save(&server, "draft", &distinct("draft", 10)).await;
    app.publish(&alice, &cora, "alice/live", "1.0.0", &distinct("live", 10)).await;
    let all = page(Dialect::V07, &server.call("GET", F, None).await, "filters").unwrap();
    let live = all.iter().find(|f| f["slug"] == "live").unwrap()["id"].clone();
    let delete = async |ids: Value| {
        let filters: Vec<_> = ids.as_array().unwrap().iter().map(|id| json!({"id": id})).collect();
        server.call("POST", &format!("{F}/delete"), Some(&json!({"filters": filters}).to_string())).await
    };
    let one = format!("{F}/{}", draft["id"].as_str().unwrap());
    for ids in [json!([draft["id"], live]), json!([live, draft["id"]])] {
        let refused = delete(ids).await.expect(409);
        assert!(refused.text().starts_with("has-published-releases: "), "{}", refused.text());
        server.call("GET", &one, None).await.expect(200);
    }
    // One that is named twice goes once.
    let gone = exactly(&delete(json!([draft["id"], draft["id"]])).await, 200).unwrap();
    assert_eq!((&gone["deleted"], &gone["filters"][0]["id"]), (&json!(1), &draft["id"]));
    server.call("GET", &one, None).await.expect(404);
    app.drain_jobs().await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stands_in_the_way_of_one_stops_all_before_the_first() {
    const C: &str = "/api/catalog/content/filter";
    let app = TestApp::spawn().await;
    let (alice, cora) = (app.author("alice").await, app.curator("cora").await);
    app.publish(&alice, &cora, "alice/live", "1.0.0", &distinct("one", 10)).await;
    alice.upload("alice/live", "2.0.0", distinct("two", 10)).await.expect(201);
    let waiting = alice.submit("alice/live", "2.0.0", "publish").await.expect(201).json();
    let end = alice.submit("alice/live", "1.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    let server = server(&app, "alice", Dialect::V07).await;
    let all = page(Dialect::V07, &server.call("GET", C, None).await, "filters").unwrap();
    let body = json!({"id": all[0]["id"]}).to_string();
    server.call("DELETE", C, Some(&body)).await.expect(409);
    let review = format!("/api/v1/reviews/{}", waiting["id"].as_str().unwrap());
    assert_eq!(alice.get(&review).await.expect(200).json()["state"], "in_review");
    // So does an appeal that waits.
    cora.vote(&end, "reject").await.expect(200);
    let appeal = format!("/api/v1/reviews/{}/appeal", end["id"].as_str().unwrap());
    alice.post(&appeal, &json!({"note": "nobody uses it"})).await.expect(200);
    let refused = server.call("DELETE", C, Some(&body)).await.expect(409);
    assert!(refused.text().contains("appeal"), "{}", refused.text());
    assert_eq!(alice.get(&review).await.expect(200).json()["state"], "in_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_has_room_for_255_letters_whatever_their_alphabet() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    for letter in ["x", "ü", "漢"] {
        let name = letter.repeat(255);
        let saved = save(&server, &name, &distinct(letter, 10)).await;
        assert_eq!(saved["name"], name);
        let body = saving(Dialect::V07, json!({"id": saved["id"], "name": letter.repeat(256)}));
        server.call("POST", F, Some(&body)).await.expect(400);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_the_orders_and_of_the_days_that_pages_of_meshery_name() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let profile = exactly(&server.call("POST", E, Some(r#"{"name":"p"}"#)).await, 200).unwrap();
    let results = format!("{E}/{}/results", profile["id"].as_str().unwrap());
    for name in ["a", "b"] {
        server.call("POST", &results, Some(&json!({"name": name}).to_string())).await.expect(201);
    }
    for order in
        ["mesh asc", "test_start_time desc", "updated_on desc", "endpoints desc", "last_run", "qps asc"]
    {
        let order = crate::input::raw::encode(order);
        for list in [E, &results, "/api/performance/results", "/smi/results", "/user/schedules", "/events"] {
            server.call("GET", &format!("{list}?order={order}"), None).await.expect(200);
        }
    }
    let first = async |query: &str| {
        let rows =
            page(Dialect::V07, &server.call("GET", &format!("{results}?{query}"), None).await, "results");
        rows.unwrap().first().map(|row| row["name"].as_str().unwrap().to_owned())
    };
    assert_eq!(first("order=test_start_time+asc").await.as_deref(), Some("a"));
    assert_eq!(first("order=test_start_time+desc").await.as_deref(), Some("b"));
    let day = app.clock.now().to_string()[..10].to_owned();
    assert!(first(&format!("from={day}&to={day}")).await.is_some());
    assert!(first("from=2020-01-31&to=2020-02-01").await.is_none());
    for wrong in ["2026-02-30", "2026-1-31", "yesterday", "2026-01-31T"] {
        server.call("GET", &format!("{results}?from={wrong}"), None).await.expect(400);
    }
    // A search with an order comes in that order, and whose they are narrows.
    for name in ["guard b", "guard a", "guard c"] {
        save(&server, name, &distinct(name, 10)).await;
    }
    let me = exactly(&server.call("GET", "/user", None).await, 200).unwrap()["id"].clone();
    let me = me.as_str().unwrap();
    for (query, wanted) in [
        ("search=guard&order=name+asc", &["guard a", "guard b", "guard c"][..]),
        ("search=guard&order=name+desc&pagesize=2", &["guard c", "guard b"]),
        (&format!("order=name&userId={me}"), &["guard a", "guard b", "guard c"]),
        (&format!("userId={}", uuid::Uuid::new_v4()), &[]),
    ] {
        let rows = page(Dialect::V07, &server.call("GET", &format!("{F}?{query}"), None).await, "filters");
        let names: Vec<_> =
            rows.unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names, wanted, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_cloud_is_told_of_teams_as_its_document_says() {
    let app = TestApp::spawn().await;
    let (alice, _bob) = (app.author("alice").await, app.author("bob").await);
    let orgs = ask(&app, &alice, "GET", "/api/identity/orgs", None).await;
    let org = page(Dialect::V2026, &orgs, "organizations").unwrap()[0]["id"].clone();
    let teams = format!("/api/identity/orgs/{}/teams", org.as_str().unwrap());
    let made = ask(&app, &alice, "POST", &teams, Some(&json!({"name": "Crew"}))).await;
    let team = format!("{teams}/{}", exactly(&made, 201).unwrap()["id"].as_str().unwrap());
    let his = server(&app, "bob", Dialect::V07).await;
    let bob = exactly(&his.call("GET", "/user", None).await, 200).unwrap()["id"].clone();
    let member = format!("{team}/users/{}", bob.as_str().unwrap());
    ask(&app, &alice, "POST", &member, None).await.expect(200);
    assert_eq!(ask(&app, &alice, "DELETE", &member, None).await.expect(204).body, b"");
    assert_eq!(ask(&app, &alice, "DELETE", &team, None).await.expect(204).body, b"");
}
