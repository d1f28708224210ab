//! Teams, grants, tokens: who may do what, and what ends it.
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{app::TestApp, fixtures::small};

#[tokio::test(flavor = "multi_thread")]
async fn a_team_shares_its_filters_by_role_and_keeps_an_owner() {
    let app = TestApp::spawn().await;
    let (alice, bob, eve) = (app.author("alice").await, app.author("bob").await, app.author("eve").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme", "title": "Acme"})).await.expect(201);
    alice.upload("acme/f", "1.0.0", small()).await.expect(201);
    bob.get("/api/v1/filters/acme/f").await.expect(404);
    alice.put("/api/v1/teams/acme/members/bob", &json!({"role": "member"})).await.expect(200);
    bob.get("/api/v1/filters/acme/f/releases/1.0.0/module").await.expect(200);
    bob.upload("acme/f", "1.1.0", small()).await.expect_problem(403, "role");
    bob.put("/api/v1/teams/acme/members/eve", &json!({"role": "member"})).await.expect_problem(403, "role");
    alice.put("/api/v1/teams/acme/members/bob", &json!({"role": "maintainer"})).await.expect(200);
    bob.upload("acme/f", "1.1.0", small()).await.expect(201);
    alice.delete("/api/v1/teams/acme/members/alice").await.expect_problem(409, "last-owner");
    alice
        .put("/api/v1/teams/acme/members/alice", &json!({"role": "member"}))
        .await
        .expect_problem(409, "last-owner");
    bob.delete("/api/v1/teams/acme/members/bob").await.expect(204);
    bob.get("/api/v1/filters/acme/f").await.expect(404);
    eve.get("/api/v1/teams/acme").await.expect(404);
    alice.post("/api/v1/teams", &json!({"handle": "catalog"})).await.expect_problem(400, "invalid");
    alice.post("/api/v1/teams", &json!({"handle": "b0b"})).await.expect_problem(409, "handle-taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_one_filter_until_it_ends() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    alice.upload("alice/other", "1.0.0", small()).await.expect(201);
    let grant = "/api/v1/filters/alice/f/grants/user:bob";
    alice.put(grant, &json!({"level": "read"})).await.expect(200);
    bob.get("/api/v1/filters/alice/f").await.expect(200);
    bob.get("/api/v1/filters/alice/other").await.expect(404);
    bob.upload("alice/f", "1.1.0", small()).await.expect_problem(403, "role");
    let listed = bob.get("/api/v1/filters").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let soon = in_the_future(&app, Duration::from_secs(60));
    alice.put(grant, &json!({"level": "write", "expires_at": soon})).await.expect(200);
    bob.upload("alice/f", "1.1.0", small()).await.expect(201);
    bob.get("/api/v1/filters/alice/f/grants").await.expect_problem(403, "role");
    app.clock.advance(Duration::from_secs(61));
    bob.get("/api/v1/filters/alice/f").await.expect(404);
    alice.delete(grant).await.expect(204);
    alice.delete(grant).await.expect(404);
}

fn in_the_future(app: &TestApp, span: Duration) -> String {
    app.clock.now().plus(span).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_it_carries_until_it_is_revoked_or_expires() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let reader = app.token("alice", Some("filters:read")).await;
    reader.get("/api/v1/filters").await.expect(200);
    reader.upload("alice/f", "1.0.0", small()).await.expect_problem(403, "insufficient-scope");
    let body = json!({"name": "ci", "scopes": ["reviews:vote"]});
    alice.post("/api/v1/tokens", &body).await.expect_problem(403, "scope-beyond-credential");
    let made = alice
        .post("/api/v1/tokens", &json!({"name": "ci", "scopes": ["filters:read"]}))
        .await
        .expect(201)
        .json();
    let mut ci = alice.clone();
    ci.token = Some(made["secret"].as_str().unwrap().to_owned());
    ci.get("/api/v1/me").await.expect(200);
    alice.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    ci.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    // Public or not: a credential that is wrong is refused before anything else is looked at.
    ci.get("/api/v1/catalog").await.expect(401);
    app.clock.advance(Duration::from_secs(3601));
    alice.get("/api/v1/me").await.expect(401);
}
