//! Finding: lists, pages, search.
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, filter},
};

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_everything_once_in_order() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let mut names: Vec<String> = (0..7).map(|i| format!("filter-{i}")).collect();
    for name in names.iter().rev() {
        alice
            .put(&format!("/api/v1/filters/alice/{name}"), &json!({"visibility": "public"}))
            .await
            .expect(201);
    }
    for sort in ["name", "updated"] {
        let (mut seen, mut after) = (vec![], String::new());
        loop {
            let page =
                alice.get(&format!("/api/v1/filters?limit=3&sort={sort}{after}")).await.expect(200).json();
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, names, "{sort}");
    }
    names.clear();
    alice.get("/api/v1/filters?limit=3&after=nonsense").await.expect_problem(400, "invalid");
    assert!(
        app.anonymous().get("/api/v1/filters").await.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_shows_what_was_approved_and_search_forgives_typos() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    alice.put("/api/v1/filters/alice/web-firewall", &json!({"title": "Web application firewall", "summary": "Stops bad requests.", "labels": ["Security"]})).await.expect(201);
    app.publish(&alice, &carl, "alice/web-firewall", "1.0.0", &distinct("waf", 10)).await;
    app.publish(&alice, &carl, "alice/web-firewall", "1.10.0-rc.1", &distinct("waf2", 10)).await;
    for q in ["firewall", "firewal%20aplication", "web-firewall", "securty"] {
        let found = nobody.get(&format!("/api/v1/catalog?q={q}")).await.expect(200).json();
        assert_eq!(found["items"][0]["name"], "web-firewall", "{q}: {found}");
        assert_eq!(found["items"][0]["version"], "1.0.0", "a pre-release is not the newest");
    }
    alice
        .put("/api/v1/filters/alice/web-firewall", &json!({"summary": "Not approved yet."}))
        .await
        .expect(200);
    let shown = nobody.get("/api/v1/catalog/alice/web-firewall").await.expect(200).json();
    assert_eq!(shown["summary"], "Stops bad requests.");
    assert_eq!(shown["releases"].as_array().unwrap().len(), 2);
    let none = nobody.get("/api/v1/catalog?q=zzzzqqq").await.expect(200).json();
    assert!(none["items"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_has_all_of_the_words_what_has_most_of_them_is_found_and_counted() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let texts = [
        ("limiter", "Rate limit for each client.", "MIT"),
        ("gauge", "Counts the rate of requests.", "MIT"),
        ("mesh", "For istio.", "MPL-2.0"),
    ];
    for (name, summary, licence) in texts {
        let words = json!({"summary": summary, "defaults": {"licence": licence}});
        alice.put(&format!("/api/v1/filters/alice/{name}"), &words).await.expect(201);
        app.publish(&alice, &carl, &format!("alice/{name}"), "1.0.0", &distinct(name, 10)).await;
    }
    let found = async |query: &str| {
        let page = nobody.get(&format!("/api/v1/catalog?q={query}")).await.expect(200).json();
        let counts = nobody.get(&format!("/api/v1/catalog/facets?q={query}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(counts["total"], items.len(), "{query}: {counts}");
        let names: Vec<_> = items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
        (names, page["some_words"].as_bool().unwrap())
    };
    let some = |names: &[&str]| (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), true);
    assert_eq!(found("rate%20limit").await, (vec!["limiter".to_owned()], false));
    // All but one of the words are had by one; the others have less of them.
    assert_eq!(found("rate%20limit%20istio").await, some(&["limiter"]));
    assert_eq!(found("istio%20gauge").await, some(&["gauge", "mesh"]));
    assert_eq!(found("the%20istio%20for%20nonesuch%20and").await, some(&["mesh"]));
    assert_eq!(found("gauje%20nonesuch").await, some(&["gauge"]), "spelt almost like it");
    assert_eq!(found("nonesuch").await, (vec![], false));
    assert_eq!(found("nonesuch%20nowhere").await, (vec![], false));
    // Choices count for what has some of the words as for what has all, and are not made up for by fewer words.
    assert_eq!(found("istio%20gauge&licence=MPL-2.0").await, some(&["mesh"]));
    assert_eq!(found("rate%20limit&licence=MPL-2.0").await, (vec![], false));
    assert_eq!(found("istio%20nonesuch&licence=MIT").await, (vec![], false), "nothing is left to say it of");
    let many = (0..12).map(|i| format!("word{i}")).collect::<Vec<_>>().join("%20");
    assert_eq!(found(&format!("{many}%20limiter")).await, (vec![], false), "the twelve first words count");
    assert_eq!(found(&format!("limiter%20{many}")).await, some(&["limiter"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_by_the_visibility_that_it_shows() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    alice.put("/api/v1/filters/alice/own", &json!({})).await.expect(201);
    alice.put("/api/v1/filters/alice/shared", &json!({"visibility": "public"})).await.expect(201);
    app.publish(&alice, &carl, "alice/live", "1.0.0", &distinct("live", 10)).await;
    for (visibility, name) in [("private", "own"), ("public", "shared"), ("published", "live")] {
        let page = alice.get(&format!("/api/v1/filters?visibility={visibility}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{visibility}: {page}");
        assert_eq!((&items[0]["name"], &items[0]["visibility"]), (&json!(name), &json!(visibility)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_capability_that_a_report_names_is_told_in_words() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let words = app.anonymous().get("/api/v1/capabilities").await.expect(200).json();
    let words = words["items"].as_array().unwrap();
    let of = |id: &serde_json::Value| words.iter().find(|w| w["id"] == *id);
    let call = of(&json!("http-call")).unwrap();
    assert_eq!((&call["title"], &call["group"]), (&json!("Call out over HTTP"), &json!("calls")));
    assert_eq!(call["imports"], json!(["proxy_http_call"]));
    alice.upload("alice/jwt", "1.0.0", filter("jwt-claims").to_vec()).await.expect(201);
    let report = alice.get("/api/v1/filters/alice/jwt/releases/1.0.0/report").await.expect(200).json();
    let found = report["capabilities"].as_array().unwrap();
    assert!(found.len() > 3, "{report}");
    for capability in found {
        let words = of(&capability["id"]).unwrap();
        assert_eq!(words["title"], capability["title"]);
        for import in capability["imports"].as_array().unwrap() {
            assert!(words["imports"].as_array().unwrap().contains(import), "{capability}");
        }
    }
}
