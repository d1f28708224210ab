//! Whether an account exists cannot be told from how a sign-in fails.
use super::{PASSWORD, local_user};
use std::time::{Duration, Instant};
use tamis_e2e::{
    app::TestApp,
    browser::{browser, form_token},
    client::{Person, Reply},
};

async fn attempt(person: &Person, form: &str, name: &str, password: &str) -> (Reply, Duration) {
    let fields = [("name", name), ("password", password), ("form", form)];
    let request = person.request(reqwest::Method::POST, "/sign-in/local").form(&fields);
    let started = Instant::now();
    let reply = person.send(request).await;
    (reply, started.elapsed())
}

/// Everything of an answer but what is another each time.
fn shape(reply: &Reply) -> (u16, Vec<String>, String) {
    let other = |name: &str| matches!(name, "date" | "x-request-id");
    let headers = reply.headers.iter().filter(|(name, _)| !other(name.as_str()));
    let mut headers: Vec<_> = headers.map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
    headers.sort();
    (reply.status, headers, reply.text())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_fails_like_a_wrong_password() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    local_user(&app, "dora").await;
    app.author("without-password").await;
    let ada = app.user("ada", tamis_entities::value::Role::Admin).await;
    ada.post("/api/v1/users/dora/disable", &serde_json::json!({})).await.expect(204);
    let person = browser(&app);
    let form = form_token(&person, "/sign-in").await;
    let long = "x".repeat(5000);
    let cases = [
        ("alice", "wrong"),
        ("nobody-here", "wrong"),
        ("dora", PASSWORD),
        ("without-password", "wrong"),
        ("Not A Name/", "wrong"),
        ("ghost", "wrong"),
        ("tamis", "wrong"),
        ("alice", ""),
        ("", ""),
        ("alice", &long),
        ("alice\0", "wrong\0"),
    ];
    let (first, _) = attempt(&person, &form, "alice", "wrong").await;
    for (name, password) in cases {
        app.clock.advance(Duration::from_secs(3601));
        let (reply, _) = attempt(&person, &form, name, password).await;
        assert_eq!(shape(&reply), shape(&first), "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_as_long_for_a_name_that_nobody_has() {
    let app = TestApp::spawn().await;
    local_user(&app, "alice").await;
    local_user(&app, "dora").await;
    let ada = app.user("ada", tamis_entities::value::Role::Admin).await;
    ada.post("/api/v1/users/dora/disable", &serde_json::json!({})).await.expect(204);
    let person = browser(&app);
    let form = form_token(&person, "/sign-in").await;
    let pairs = if std::env::var("TAMIS_TEST_FULL").is_ok() { 2000 } else { 12 };
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..pairs {
        for (at, name) in ["alice", "nobody-here", "dora"].into_iter().enumerate() {
            // So that nothing is slowed down.
            app.clock.advance(Duration::from_secs(3601));
            let secret = if name == "dora" { PASSWORD } else { "wrong" };
            let (reply, took) = attempt(&person, &form, name, secret).await;
            reply.expect(303);
            times[at].push(took);
        }
    }
    let [wrong, unknown, disabled] = times.map(median);
    println!("medians of {pairs}: wrong {wrong:?}, unknown {unknown:?}, disabled {disabled:?}");
    for other in [unknown, disabled] {
        let ratio = other.as_secs_f64() / wrong.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{wrong:?}, {unknown:?}, {disabled:?}");
    }
}
