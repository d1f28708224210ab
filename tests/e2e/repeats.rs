//! Repeating a request, and writing on top of what somebody else changed.
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::small};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_post_with_a_key_gets_the_first_answer_and_does_nothing_twice() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let body = json!({"namespace": "alice", "name": "copy"});
    let send = |who: &tamis_e2e::client::Person, key: &str, body: &serde_json::Value| {
        let request = who
            .request(Method::POST, "/api/v1/filters/alice/f/clone")
            .header("idempotency-key", key)
            .json(body);
        let who = who.clone();
        async move { who.send(request).await }
    };
    let first = send(&alice, "k1", &body).await.expect(201);
    let again = send(&alice, "k1", &body).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    send(&alice, "k1", &json!({"namespace": "alice", "name": "other"}))
        .await
        .expect_problem(409, "idempotency-key-reused");
    send(&alice, "k2", &body).await.expect_problem(409, "name-taken");
    // Another caller's key is another key, and says nothing of alice's.
    send(&bob, "k1", &body).await.expect(404);
    send(&alice, &"x".repeat(201), &body).await.expect_problem(400, "invalid");
    app.clock.advance(tamis::http::idempotency::LIFE + std::time::Duration::from_secs(1));
    let late = app.token("alice", None).await;
    send(&late, "k1", &body).await.expect_problem(409, "name-taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_never_kept_for_a_repeat() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let body = json!({"name": "ci", "scopes": ["filters:read"]});
    let send = || alice.request(Method::POST, "/api/v1/tokens").header("idempotency-key", "k").json(&body);
    let (one, two) =
        (alice.send(send()).await.expect(201).json(), alice.send(send()).await.expect(201).json());
    assert_ne!(one["secret"], two["secret"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_on_an_outdated_picture_is_refused() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    for (path, body) in [
        ("/api/v1/filters/alice/f", json!({"summary": "one"})),
        ("/api/v1/filters/alice/f/releases/1.0.0", json!({"licence": "MIT"})),
    ] {
        let method = if path.ends_with("1.0.0") { Method::PATCH } else { Method::PUT };
        let etag = alice.get(path).await.expect(200).header("etag").to_owned();
        let write = || alice.request(method.clone(), path).header("if-match", &etag).json(&body);
        alice.send(write()).await.expect(200);
        alice.send(write()).await.expect_problem(412, "stale");
        alice.send(alice.request(Method::GET, path).header("if-none-match", &etag)).await.expect(200);
    }
}
