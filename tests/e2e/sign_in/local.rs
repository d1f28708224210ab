//! Local accounts: the form, what it refuses, and how guessing is slowed down.
use super::{PASSWORD, local_user, me};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::{assert_in, assert_problem, browser, cookies, form_token, open, password},
    client::{Person, Reply},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_local_account_signs_in_with_name_and_password_and_out_again() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    let alice = browser(&app);
    let page = alice.get("/sign-in?next=/catalog%3Fq=x").await.expect(200);
    assert!(page.text().contains("name=\"next\" value=\"/catalog?q=x\""), "{}", page.text());
    assert!(page.text().contains("prefers-color-scheme:dark") && !page.text().contains("<script"));
    assert_problem(&password(&alice, "alice", "wrong").await, "wrong-credentials");
    let told = alice.get("/sign-in?problem=wrong-credentials").await.expect(200).text();
    assert!(told.contains("role=\"alert\"") && told.contains("do not fit"), "{told}");
    let foreign = alice.get("/sign-in?problem=%3Cscript%3E&next=%22%3E%3Cscript%3E").await.expect(200).text();
    assert!(!foreign.contains("<script") && !foreign.contains("role=\"alert\""), "{foreign}");

    assert_in(&password(&alice, "Alice ", PASSWORD).await, "/");
    assert_eq!(me(&alice).await["handle"], "alice");
    let home = alice.get("/").await.expect(200).text();
    assert!(home.contains("Signed in as <b>alice</b>"), "{home}");
    let out = alice.send(alice.request(Method::POST, "/sign-out")).await;
    out.expect_problem(403, "form-expired");
    let token = form_token(&alice, "/").await;
    let out = alice.send(alice.request(Method::POST, "/sign-out").form(&[("form", token)])).await;
    assert_in(&out, "/");
    alice.get("/api/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_taken_from_our_own_page_in_the_same_browser_only() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    let (alice, mallory) = (browser(&app), browser(&app));
    let theirs = form_token(&mallory, "/sign-in").await;
    let post = |form: String| {
        let fields = vec![("name", "alice".to_owned()), ("password", PASSWORD.into()), ("form", form)];
        alice.request(Method::POST, "/sign-in/local").form(&fields)
    };
    assert_problem(&alice.send(post(theirs.clone())).await, "form-expired");
    let mine = form_token(&alice, "/sign-in").await;
    for form in ["", "x", &theirs] {
        assert_problem(&alice.send(post(form.to_owned())).await, "form-expired");
    }
    let elsewhere = post(mine.clone()).header("sec-fetch-site", "cross-site");
    alice.send(elsewhere).await.expect_problem(403, "foreign-origin");
    for body in
        ["name=alice", "name=a&name=b&password=x&form=y", "role=admin&name=a&password=b&form=c", "%ff"]
    {
        let request = alice.request(Method::POST, "/sign-in/local").body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        alice.send(request).await.expect_problem(400, "invalid");
    }
    let huge = alice.request(Method::POST, "/sign-in/local").form(&[("name", "x".repeat(20_000))]);
    alice.send(huge).await.expect_problem(413, "body-too-large");
    let json = alice.request(Method::POST, "/sign-in/local").json(&json!({"name": "alice"}));
    alice.send(json).await.expect_problem(415, "unsupported-media-type");
    assert_in(&alice.send(post(mine)).await, "/");
}

async fn from(person: &Person, address: &str, name: &str, secret: &str) -> Reply {
    let form = form_token(person, "/sign-in").await;
    let request = person.request(Method::POST, "/sign-in/local").header("x-forwarded-for", address);
    person.send(request.form(&[("name", name), ("password", secret), ("form", &form)])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_gets_slower_and_locks_nobody_else_out() {
    let app = TestApp::spawn_with(&["--trusted-proxy", "127.0.0.1/32"]).await;
    local_user(&app, "alice").await;
    let (mallory, alice) = (browser(&app), browser(&app));
    for _ in 0..5 {
        assert_problem(&from(&mallory, "198.51.100.1", "alice", "guess").await, "wrong-credentials");
    }
    // The right password does not help either, nor what a client writes before the proxy's own entry.
    for address in ["198.51.100.1", "203.0.113.9, 198.51.100.1"] {
        let slow = from(&mallory, address, "alice", PASSWORD).await.expect(429);
        let wait: u64 = slow.header("retry-after").parse().unwrap();
        assert!((1..=8).contains(&wait), "{wait}");
    }
    assert_in(&from(&alice, "198.51.100.2", "alice", PASSWORD).await, "/");
    app.clock.advance(Duration::from_secs(8));
    assert_problem(&from(&mallory, "198.51.100.1", "alice", "guess").await, "wrong-credentials");
    let slow = from(&mallory, "198.51.100.1", "alice", "guess").await.expect(429);
    assert!(slow.header("retry-after").parse::<u64>().unwrap() > 8);
    // A name that nobody has is slowed down alike.
    for _ in 0..5 {
        from(&mallory, "198.51.100.3", "nobody-here", "guess").await.expect(303);
    }
    from(&mallory, "198.51.100.3", "nobody-here", "guess").await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_counts_only_behind_a_listed_proxy() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    let mallory = browser(&app);
    for n in 0..5 {
        from(&mallory, &format!("198.51.100.{n}"), "alice", "guess").await.expect(303);
    }
    from(&mallory, "198.51.100.99", "alice", "guess").await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_set_by_somebody_who_has_just_signed_in_and_ends_the_other_sessions() {
    let app = TestApp::spawn().await;
    let token = local_user(&app, "alice").await;
    let (alice, other) = (browser(&app), browser(&app));
    for one in [&alice, &other] {
        assert_in(&password(one, "alice", PASSWORD).await, "/");
    }
    let new = json!({"password": "another long password"});
    token.post("/api/v1/me/password", &new).await.expect_problem(403, "session-needed");
    for short in ["short", &"x".repeat(201)] {
        let refused = alice.post("/api/v1/me/password", &json!({"password": short})).await;
        refused.expect_problem(400, "invalid");
    }
    alice.post("/api/v1/me/password", &new).await.expect(204);
    other.get("/api/v1/me").await.expect(401);
    me(&alice).await;
    let third = browser(&app);
    assert_problem(&password(&third, "alice", PASSWORD).await, "wrong-credentials");
    assert_in(&password(&third, "alice", "another long password").await, "/");
    app.clock.advance(Duration::from_secs(601));
    third.post("/api/v1/me/password", &new).await.expect_problem(403, "sign-in-again");
    // What a step-up guards besides: a token that can vote.
    let voting = json!({"name": "n", "scopes": ["filters:read"]});
    third.post("/api/v1/tokens", &voting).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_and_a_token_that_votes_take_a_recent_sign_in() {
    let app = TestApp::spawn().await;
    let author = app.author("alice").await;
    let token = app.curator("carl").await;
    super::set_password(&app, "carl").await;
    author.upload("alice/f", "1.0.0", tamis_e2e::fixtures::small()).await.expect(201);
    let review = author.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let carl = browser(&app);
    assert_in(&password(&carl, "carl", PASSWORD).await, "/");
    app.clock.advance(Duration::from_secs(601));
    carl.vote(&review, "approve").await.expect_problem(403, "sign-in-again");
    let body = json!({"name": "n", "scopes": ["reviews:vote"]});
    carl.post("/api/v1/tokens", &body).await.expect_problem(403, "sign-in-again");
    token.post("/api/v1/tokens", &body).await.expect(201);
    assert_in(&password(&carl, "carl", PASSWORD).await, "/");
    carl.vote(&review, "approve").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_in_nobody_is_sent_elsewhere() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    let alice = browser(&app);
    let bad = [
        "//h",
        "\\\\h",
        "/\\h",
        "/%09/h",
        "/\t/h",
        "https:h",
        "https://u:p@h",
        "//u:p@h",
        "/%5ch",
        "///h",
        "@h",
    ];
    for next in bad.into_iter().chain(["/reviews?state=open"]) {
        let form = form_token(&alice, "/sign-in").await;
        let fields = [("name", "alice"), ("password", PASSWORD), ("form", form.as_str()), ("next", next)];
        let reply = alice.send(alice.request(Method::POST, "/sign-in/local").form(&fields)).await;
        assert_in(&reply, if next.starts_with("/reviews") { next } else { "/" });
        assert!(cookies(&reply).iter().any(|c| c.starts_with("tamis_session=")));
        let mut url = reqwest::Url::parse(&app.base).unwrap().join("/sign-in").unwrap();
        url.query_pairs_mut().append_pair("next", next);
        let page = open(&alice, url.as_str()).await.expect(200);
        let shown = if next.starts_with("/reviews") { next } else { "/" };
        assert!(page.text().contains(&format!("name=\"next\" value=\"{shown}\"")), "{next}");
    }
}
