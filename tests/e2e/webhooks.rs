//! Webhooks: signed as the Standard Webhooks specification says, sent until they arrive or are
//! given up in the open, never to where the operator's network is.
mod pages;
pub mod receiver;

use receiver::{Message, Receiver};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Person, crash::eventually, fixtures::distinct};
use tamis_entities::webhook;

const HOOKS: &str = "/api/v1/namespaces/alice/webhooks";

async fn app() -> TestApp {
    TestApp::spawn_with(&["--allow-network", "127.0.0.0/8"]).await
}

/// A webhook; its path and its secret.
async fn hook(alice: &Person, url: &str, kinds: Value) -> (String, String) {
    let made = alice.post(HOOKS, &json!({"url": url, "kinds": kinds})).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    (format!("{HOOKS}/{}", made["id"].as_str().unwrap()), made["secret"].as_str().unwrap().to_owned())
}

async fn messages(app: &TestApp, receiver: &Receiver, wanted: usize) -> Vec<Message> {
    let came = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        receiver.messages().len() >= wanted
    });
    assert!(came.await, "{} of {wanted} messages", receiver.messages().len());
    receiver.messages()
}

async fn deliveries(alice: &Person, hook: &str) -> Vec<Value> {
    let page = alice.get(&format!("{hook}/deliveries")).await.expect(200).json();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_the_namespace_is_told_signed_and_only_what_was_asked_for() {
    let app = app().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let (all, some) = (Receiver::start([]).await, Receiver::start([]).await);
    let (path, secret) = hook(&alice, &all.url, json!([])).await;
    hook(&alice, &some.url, json!(["release.publish"])).await;
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("told", 10)).await;
    app.publish(&carl, &app.curator("cora").await, "carl/f", "1.0.0", &distinct("other", 10)).await;
    let came = messages(&app, &all, 4).await;
    let mut kinds: Vec<_> = came.iter().map(|m| m.json()["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["release.publish", "review.approve", "review.checks_pass", "review.submit"]);
    for message in &came {
        assert!(message.is_signed_with(&secret), "{message:?}");
        assert!(!message.is_signed_with("whsec_AAAA"));
        assert_eq!(message.headers["content-type"], "application/json");
        let at: i64 = message.headers["webhook-timestamp"].parse().unwrap();
        assert!((app.clock.now().0 / 1_000_000 - at).abs() < 60);
        let data = &message.json()["data"];
        assert_eq!((&data["namespace"], &data["version"]), (&json!("alice"), &json!("1.0.0")));
    }
    assert_eq!(messages(&app, &some, 1).await.len(), 1);
    app.drain_jobs().await;
    let listed = deliveries(&alice, &path).await;
    assert!(listed.iter().all(|d| d["state"] == "delivered" && d["last_status"] == 204), "{listed:?}");
    for shown in [&path, HOOKS] {
        let shown = alice.get(shown).await.expect(200).text();
        assert!(!shown.contains("whsec_"), "the secret is shown once: {shown}");
    }
    for who in [&carl, &app.author("otto").await] {
        who.get(HOOKS).await.expect(404);
        who.get(&path).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_again_until_it_arrives_under_the_same_id() {
    let app = app().await;
    let alice = app.author("alice").await;
    let receiver = Receiver::start([500, 302, 429]).await;
    let (path, secret) = hook(&alice, &receiver.url, json!([])).await;
    alice.post(&format!("{path}/ping"), &json!({})).await.expect(202);
    for tried in 1..4 {
        messages(&app, &receiver, tried).await;
        let noted = eventually(Duration::from_secs(5), async || {
            let delivery = deliveries(&alice, &path).await.remove(0);
            delivery["attempts"] == tried && delivery["state"] == "pending"
        });
        assert!(noted.await, "{:?}", deliveries(&alice, &path).await);
        app.clock.advance(Duration::from_secs(200));
    }
    let came = messages(&app, &receiver, 4).await;
    app.drain_jobs().await;
    assert!(
        came.iter().all(|m| m.id() == came[0].id() && m.body == came[0].body && m.is_signed_with(&secret))
    );
    let delivery = deliveries(&alice, &path).await.remove(0);
    assert_eq!((&delivery["state"], &delivery["message_id"]), (&json!("delivered"), &json!(came[0].id())));
    assert_eq!(came[0].json()["type"], "ping");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrives_is_a_dead_letter_that_can_be_sent_again() {
    let app = app().await;
    let alice = app.author("alice").await;
    let receiver = Receiver::start([503; 12]).await;
    let (path, _) = hook(&alice, &receiver.url, json!([])).await;
    let made = alice.post(&format!("{path}/ping"), &json!({})).await.expect(202).json();
    let token = || app.token("alice", None);
    for tried in 1..=12 {
        messages(&app, &receiver, tried).await;
        let alice = token().await;
        let noted = eventually(Duration::from_secs(5), async || {
            deliveries(&alice, &path).await.remove(0)["attempts"] == tried
        });
        assert!(noted.await);
        app.clock.advance(Duration::from_secs(12 * 3600));
    }
    let alice = token().await;
    let dead = deliveries(&alice, &path).await.remove(0);
    assert_eq!(
        (&dead["state"], &dead["last_status"], &dead["next_at"]),
        (&json!("dead"), &json!(503), &Value::Null)
    );
    app.drain_jobs().await;
    assert_eq!(receiver.messages().len(), 12);
    let again = format!("{path}/deliveries/{}/redelivery", made["id"].as_str().unwrap());
    alice.post(&again, &json!({})).await.expect(202);
    assert_eq!(messages(&app, &receiver, 13).await.len(), 13);
    app.drain_jobs().await;
    assert_eq!(deliveries(&alice, &path).await.remove(0)["state"], "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let app = app().await;
    let alice = app.author("alice").await;
    let receiver = Receiver::start([]).await;
    let (path, former) = hook(&alice, &receiver.url, json!([])).await;
    let rotated = alice.post(&format!("{path}/rotation"), &json!({})).await.expect(200).json();
    let secret = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, former);
    let ping = format!("{path}/ping");
    alice.post(&ping, &json!({})).await.expect(202);
    let came = messages(&app, &receiver, 1).await;
    assert!(came[0].is_signed_with(secret) && came[0].is_signed_with(&former));
    app.clock.advance(Duration::from_secs(25 * 3600));
    let alice = app.token("alice", None).await;
    alice.post(&ping, &json!({})).await.expect(202);
    let came = messages(&app, &receiver, 2).await;
    assert!(came[1].is_signed_with(secret) && !came[1].is_signed_with(&former));
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_switched_off_and_one_that_was_deleted_gets_nothing() {
    let app = app().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let gone = Receiver::start([410]).await;
    let (path, _) = hook(&alice, &gone.url, json!([])).await;
    alice.post(&format!("{path}/ping"), &json!({})).await.expect(202);
    messages(&app, &gone, 1).await;
    app.drain_jobs().await;
    assert_eq!(alice.get(&path).await.expect(200).json()["enabled"], false);
    assert_eq!(deliveries(&alice, &path).await.remove(0)["state"], "dead");
    let deleted = Receiver::start([500]).await;
    let (other, _) = hook(&alice, &deleted.url, json!([])).await;
    alice.post(&format!("{other}/ping"), &json!({})).await.expect(202);
    messages(&app, &deleted, 1).await;
    alice.delete(&other).await.expect(204);
    alice.get(&other).await.expect(404);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("gone", 10)).await;
    app.clock.advance(Duration::from_secs(3600));
    app.drain_jobs().await;
    assert_eq!((gone.messages().len(), deleted.messages().len()), (1, 1));
    let alice = app.token("alice", None).await;
    alice.patch(&path, &json!({"enabled": true, "kinds": ["release.yank"]})).await.expect(200);
    alice.post("/api/v1/filters/alice/f/releases/1.0.0/yank", &json!({})).await.expect(200);
    let came = messages(&app, &gone, 2).await;
    assert_eq!(came[1].json()["type"], "release.yank");
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_webhook_leads_into_the_operators_network() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for url in [
        "http://example.org/",
        "http://127.0.0.1:8443/",
        "ftp://example.org/",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "https://",
        "",
    ] {
        alice.post(HOOKS, &json!({"url": url})).await.expect_problem(400, "invalid");
    }
    let (path, _) = hook(&alice, "https://127.0.0.1:8443/", json!([])).await;
    alice.post(&format!("{path}/ping"), &json!({})).await.expect(202);
    let tried = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        deliveries(&alice, &path).await.remove(0)["attempts"] == 1
    });
    assert!(tried.await);
    let delivery = deliveries(&alice, &path).await.remove(0);
    assert!(delivery["last_error"].as_str().unwrap().contains("--allow-network"), "{delivery}");
    assert_eq!(webhook::Entity::find().all(&*app.state.db).await.unwrap().len(), 1);
    alice.delete(&path).await.expect(204);
    app.clock.advance(Duration::from_secs(60));
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_holds_up_no_review() {
    let app = app().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    // Takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let (path, _) = hook(&alice, &url, json!([])).await;
    for _ in 0..4 {
        alice.post(&format!("{path}/ping"), &json!({})).await.expect(202);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    alice.upload("alice/f", "1.0.0", distinct("held", 10)).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let at = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    let checked =
        eventually(Duration::from_secs(5), async || carl.get(&at).await.json()["state"] == "in_review");
    assert!(checked.await, "the checks wait for a webhook");
    drop(silent);
    alice.delete(&path).await.expect(204);
    app.clock.advance(Duration::from_secs(60));
    app.drain_jobs().await;
}
