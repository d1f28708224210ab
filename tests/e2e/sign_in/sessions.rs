//! Browser sessions: made anew by each sign-in, listed, ended, and over in time.
use super::{PASSWORD, local_user, me, with_cookie};
use serde_json::Value;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::{assert_in, browser, cookies, form_token, password},
    client::Person,
};

async fn sessions(person: &Person) -> Vec<Value> {
    person.get("/api/v1/me/sessions").await.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_makes_a_new_session_whatever_cookie_was_planted() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    local_user(&app, "mallory").await;
    let mallory = browser(&app);
    let planted = password(&mallory, "mallory", PASSWORD).await;
    let planted = cookies(&planted).into_iter().find(|c| c.starts_with("tamis_session=")).unwrap();
    let alice = browser(&app);
    for cookie in [planted.as_str(), "tamis_session=chosen-by-somebody-else", "tamis_session="] {
        let form = form_token(&alice, "/sign-in").await;
        let visit = alice.get("/sign-in").await;
        let visit = cookies(&visit).into_iter().find(|c| c.starts_with("tamis_visit=")).unwrap();
        let request = alice.request(reqwest::Method::POST, "/sign-in/local");
        let request = request.header("cookie", format!("{visit}; {cookie}"));
        let fields = [("name", "alice"), ("password", PASSWORD), ("form", &form)];
        let reply = alice.send(request.form(&fields)).await;
        assert_in(&reply, "/");
        let fresh = cookies(&reply).into_iter().find(|c| c.starts_with("tamis_session=")).unwrap();
        assert_ne!(fresh, cookie);
        assert_eq!(
            with_cookie(&app.anonymous(), "/api/v1/me", &fresh).await.expect(200).json()["handle"],
            "alice"
        );
        // What was planted is nobody's session now.
        with_cookie(&app.anonymous(), "/api/v1/me", cookie).await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_and_ends_their_own_sessions_only() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    local_user(&app, "bob").await;
    let (one, two, three, bob) = (browser(&app), browser(&app), browser(&app), browser(&app));
    for person in [&one, &two, &three] {
        assert_in(&password(person, "alice", PASSWORD).await, "/");
    }
    assert_in(&password(&bob, "bob", PASSWORD).await, "/");
    let mine = sessions(&one).await;
    assert_eq!(mine.len(), 3);
    assert_eq!(mine.iter().filter(|s| s["current"] == true).count(), 1);
    assert!(mine.iter().all(|s| s["method"] == "password" && s["user_agent"] == "a browser of the tests"));
    let path = |s: &Value| format!("/api/v1/me/sessions/{}", s["id"].as_str().unwrap());
    let others = sessions(&bob).await;
    one.delete(&path(&others[0])).await.expect(404);
    let second = sessions(&two).await.into_iter().find(|s| s["current"] == true).unwrap();
    one.delete(&path(&second)).await.expect(204);
    one.delete(&path(&second)).await.expect(404);
    two.get("/api/v1/me").await.expect(401);
    one.delete("/api/v1/me/sessions").await.expect(204);
    three.get("/api/v1/me").await.expect(401);
    me(&one).await;
    me(&bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_nobody_uses_it_and_in_any_case_after_a_week() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    let (busy, idle) = (browser(&app), browser(&app));
    for person in [&busy, &idle] {
        assert_in(&password(person, "alice", PASSWORD).await, "/");
    }
    let hour = Duration::from_secs(3600);
    app.clock.advance(11 * hour);
    me(&busy).await;
    seen(&app, &busy).await;
    app.clock.advance(2 * hour);
    me(&busy).await;
    idle.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(sessions(&busy).await.len(), 1);
    for _ in 0..20 {
        seen(&app, &busy).await;
        app.clock.advance(8 * hour);
        if busy.get("/api/v1/me").await.status == 401 {
            return;
        }
    }
    panic!("a session lives for ever");
}

/// Waits until the last use is noted, which happens beside the request.
async fn seen(app: &TestApp, person: &Person) {
    for _ in 0..200 {
        let now = app.clock.now();
        let mine = sessions(person).await;
        let at = mine.iter().find(|s| s["current"] == true).unwrap()["last_seen_at"].clone();
        let at: tamis_entities::value::Timestamp = serde_json::from_value(at).unwrap();
        if at.plus(Duration::from_secs(120)) > now {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the use of a session is not noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_keeps_its_cookie_to_itself_and_is_not_shown_where_it_would_travel_in_the_clear() {
    let app = TestApp::spawn_with(&["--public-url", "https://tamis.example.org"]).await;
    let page = app.anonymous().get("/sign-in").await.expect(200);
    let cookie = page.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-tamis-visit=") && cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("Path=/"), "{cookie}");
    for elsewhere in
        ["http://tamis.example.org", "http://127.0.0.1.example.org", "http://localhost.example.org"]
    {
        let app = TestApp::spawn_with(&["--public-url", elsewhere]).await;
        app.anonymous().get("/sign-in").await.expect_problem(403, "insecure-sign-in");
    }
}
