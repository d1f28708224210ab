//! How often one may ask: per credential, per address, and never for bytes.
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::small,
};

async fn times(who: &Person, path: &str, count: usize) -> Vec<Reply> {
    let mut replies = vec![];
    for _ in 0..count {
        replies.push(who.get(path).await);
    }
    replies
}

fn refused(replies: &[Reply]) -> usize {
    replies.iter().filter(|r| r.status == 429).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let app = TestApp::spawn_with(&["--rate-limit-signed-in", "1", "--rate-limit-anonymous", "1"]).await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let replies = times(&alice, "/api/v1/me", 12).await;
    assert!(refused(&replies) >= 8, "{}", refused(&replies));
    let last = alice.get("/api/v1/me").await.expect_problem(429, "rate-limited");
    let wait: u64 = last.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    // Another credential from the same address has its own share.
    bob.get("/api/v1/me").await.expect(200);
    let nobody = app.anonymous();
    assert!(refused(&times(&nobody, "/api/v1/catalog", 12).await) >= 8);
    let wrong = Person { token: Some("tms_wrong".into()), ..app.anonymous() };
    assert!(refused(&times(&wrong, "/api/v1/me", 12).await) >= 8, "guessing is counted too");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_and_health_are_never_counted() {
    let app = TestApp::spawn_with(&["--rate-limit-signed-in", "100", "--rate-limit-anonymous", "1"]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &small()).await;
    let digest = tamis_e2e::fixtures::sha256(&small());
    for path in [
        format!("/modules/sha256/{digest}.wasm"),
        "/api/v1/filters/alice/f/releases/1.0.0/module".into(),
        "/health/live".into(),
    ] {
        let replies = times(&app.anonymous(), &path, 40).await;
        assert!(replies.iter().all(|r| matches!(r.status, 200 | 204)), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn making_tokens_is_slow_whoever_asks() {
    let app = TestApp::spawn_with(&["--rate-limit-sign-in", "5"]).await;
    let alice = app.author("alice").await;
    let exchange = json!({"token": "x", "namespace": "alice", "filter": "f"});
    for _ in 0..5 {
        app.anonymous().post("/api/v1/trusted-publishing/token", &exchange).await.expect(403);
    }
    let body = json!({"name": "n", "scopes": ["filters:read"]});
    alice.post("/api/v1/tokens", &body).await.expect_problem(429, "rate-limited");
    alice.get("/api/v1/tokens").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_believed_from_a_trusted_proxy_only() {
    let flags = ["--rate-limit-anonymous", "1"];
    let trusting = TestApp::spawn_with(&[&flags[..], &["--trusted-proxy", "127.0.0.0/8"]].concat()).await;
    let proud = TestApp::spawn_with(&flags).await;
    for (app, most) in [(&trusting, 0), (&proud, 20)] {
        let nobody = app.anonymous();
        let mut refused = 0;
        for n in 0..20 {
            let request = nobody.request(reqwest::Method::GET, "/api/v1/catalog");
            let reply = nobody.send(request.header("x-forwarded-for", format!("198.51.100.{n}"))).await;
            refused += usize::from(reply.status == 429);
        }
        assert!(if most == 0 { refused == 0 } else { refused >= 14 }, "{refused} of 20");
    }
}
