//! Tokens that do a part: limits, staging, robots, trusted publishing, and how often one may ask.
mod corpus;
mod publishing;
mod rates;
mod robots;
mod statements;

use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, small},
};

/// The same person with the secret of an answer.
pub fn holder(person: &Person, made: &Value) -> Person {
    Person { token: Some(made["secret"].as_str().unwrap().to_owned()), ..person.clone() }
}

async fn limited(person: &Person, scopes: &[&str], limit: Value) -> Person {
    let body = json!({"name": "part", "scopes": scopes, "limit": limit});
    holder(person, &person.post("/api/v1/tokens", &body).await.expect(201).json())
}

fn names(list: &Value, field: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_token_says_what_it_is_and_makes_no_further_access() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let limit = json!({"namespace": "alice", "filter": "f"});
    let part = limited(&alice, &["filters:read", "filters:write"], limit.clone()).await;
    let me = part.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["limit"], &me["credential"]), (&limit, &json!("token")));
    assert_eq!(alice.get("/api/v1/me").await.expect(200).json()["limit"], Value::Null);
    let listed = alice.get("/api/v1/tokens").await.expect(200).json();
    assert_eq!(listed["items"][1]["limit"], limit);
    let more = json!({"name": "more", "scopes": ["filters:read"]});
    part.post("/api/v1/tokens", &more).await.expect_problem(403, "insufficient-scope");
    part.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect_problem(403, "insufficient-scope");
    for scope in ["tokens:write", "teams:write"] {
        let body = json!({"name": "n", "scopes": [scope], "limit": limit});
        alice.post("/api/v1/tokens", &body).await.expect_problem(400, "invalid");
    }
    // What is deleted takes the tokens for it along; the name alone brings nothing back.
    alice.delete("/api/v1/filters/alice/f").await.expect(204);
    alice.upload("alice/f", "2.0.0", small()).await.expect(201);
    part.get("/api/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_names_only_what_its_maker_sees() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/secret", "1.0.0", small()).await.expect(201);
    let mut told = vec![];
    for limit in [
        json!({"namespace": "alice", "filter": "secret"}),
        json!({"namespace": "alice", "filter": "absent"}),
        json!({"namespace": "nowhere", "filter": "secret"}),
    ] {
        let body = json!({"name": "n", "scopes": ["filters:read"], "limit": limit});
        told.push(
            bob.post("/api/v1/tokens", &body).await.expect_problem(400, "invalid").json()["detail"].clone(),
        );
    }
    assert!(told.iter().all(|detail| *detail == told[0]), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_what_the_limit_covers_and_what_everyone_sees() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.curator("alice").await, app.curator("carl").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    for name in ["acme/one", "acme/two", "alice/own"] {
        alice.upload(name, "1.0.0", distinct(name, 10)).await.expect(201);
        alice.submit(name, "1.0.0", "publish").await.expect(201);
    }
    app.drain_jobs().await;
    app.publish(&carl, &alice, "carl/shown", "1.0.0", &distinct("shown", 10)).await;
    let read = ["filters:read"];
    let one = limited(&alice, &read, json!({"namespace": "acme", "filter": "one"})).await;
    let acme = limited(&alice, &read, json!({"namespace": "acme"})).await;
    for (who, filters, reviews, teams) in [
        (&one, vec!["one", "shown"], vec!["one"], 0),
        (&acme, vec!["one", "shown", "two"], vec!["one", "two"], 1),
    ] {
        for query in ["sort=name", "sort=name&type=http", "sort=name&abi=0.2.1"] {
            let listed = who.get(&format!("/api/v1/filters?{query}")).await.expect(200).json();
            let found = names(&listed, "name");
            assert!(found.iter().all(|name| filters.contains(&name.as_str())), "{query}: {found:?}");
        }
        assert_eq!(names(&who.get("/api/v1/filters?sort=name").await.expect(200).json(), "name"), filters);
        let found = names(&who.get("/api/v1/filters?q=salt").await.expect(200).json(), "name");
        assert!(found.iter().all(|name| filters.contains(&name.as_str())), "{found:?}");
        // A curator's token that is limited is no curator's.
        assert_eq!(names(&who.get("/api/v1/reviews").await.expect(200).json(), "filter"), reviews);
        assert_eq!(names(&who.get("/api/v1/teams").await.expect(200).json(), "handle").len(), teams);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staging_token_uploads_drafts_and_changes_nothing_else() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let stage = app.token("alice", Some("releases:stage filters:read")).await;
    stage.upload("alice/f", "1.1.0", small()).await.expect(201);
    stage.upload("alice/f", "1.0.0", distinct("other", 10)).await.expect_problem(409, "release-exists");
    stage.get("/api/v1/filters/alice/f/releases/1.1.0/module").await.expect(200);
    let filter = "/api/v1/filters/alice/f";
    let refused = "insufficient-scope";
    stage.put(filter, &json!({"visibility": "public"})).await.expect_problem(403, refused);
    let change = json!({"licence": "MIT"});
    stage.patch(&format!("{filter}/releases/1.1.0"), &change).await.expect_problem(403, refused);
    stage.delete(&format!("{filter}/releases/1.1.0")).await.expect_problem(403, refused);
    stage.submit("alice/f", "1.1.0", "publish").await.expect_problem(403, refused);
    let only = app.token("alice", Some("releases:stage")).await;
    only.get(filter).await.expect_problem(403, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_no_way_around_a_limit() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    alice.upload("alice/g", "1.0.0", distinct("g", 10)).await.expect(201);
    let part = limited(&alice, &["filters:write"], json!({"namespace": "alice", "filter": "g"})).await;
    let ask = json!({"namespace": "alice", "filter": "f", "version": "1.0.0", "action": "publish"});
    let again = |who: &Person| {
        who.request(reqwest::Method::POST, "/api/v1/reviews").header("idempotency-key", "k").json(&ask)
    };
    alice.send(again(&alice)).await.expect(201);
    assert_eq!(part.send(again(&part)).await.status, 409);
    app.drain_jobs().await;
}
