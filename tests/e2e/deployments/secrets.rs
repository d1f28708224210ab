//! Secrets of targets go once through the real binary, which logs all that it can; then each is looked for
//! wherever it must not be, the database among it.
use super::{
    DEPLOYMENTS, TARGETS, id,
    meshery_server::{Fate, Server},
    stopped,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    client::Person,
    crash::{Instance, eventually},
};
use tamis_entities::value::Role;

const TOKEN: &str = "eyJhY2Nlc3NfdG9rZW4iOiJjYW5hcnkgb2YgYSB0YXJnZXQifQ";
const SECOND: &str = "canary/of+another/token+with~signs-9876543210";

/// With a key that asks for the same answer to the same request: no answer with a secret is kept.
async fn keyed(who: &Person, path: &str, body: &Value) -> Value {
    let sent = who.request(Method::POST, path).header("Idempotency-Key", path).json(body);
    let reply = who.send(sent).await;
    assert!(reply.status == 201 || reply.status == 200, "{}", reply.text());
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_target_is_found_anywhere() {
    let instance = Instance::new().await;
    let ada = instance.user("ada", Role::Admin).await;
    let mut server = instance.start(&[&[("TAMIS_LOG", "trace")][..], stopped::QUICK].concat()).await;
    let world = stopped::world(&instance).await;
    let meshery = Server::start(Some(TOKEN)).await;
    let mut answers = vec![];
    let body = json!({"namespace": "alice", "name": "mesh", "kind": "meshery", "url": meshery.url, "sign_in": "token", "provider": "Tamis", "token": TOKEN});
    let made = world.alice.post(TARGETS, &body).await.expect(201);
    let target = id(&made.json());
    answers.push(made.text());
    let hook = json!({"namespace": "alice", "name": "hook", "kind": "webhook", "url": format!("{}/hook-canary-path", meshery.url)});
    let hook = keyed(&world.alice, TARGETS, &hook).await;
    let (hook, secret) = (id(&hook), hook["secret"].as_str().unwrap().to_owned());
    let rotated = keyed(&world.alice, &format!("{TARGETS}/{hook}/rotation"), &json!({})).await;
    let second = rotated["secret"].as_str().unwrap().to_owned();
    // Nor is an answer with a secret of the namespace's own webhooks kept for a repetition.
    let hooks = "/api/v1/namespaces/alice/webhooks";
    let told = json!({"url": format!("{}/told", meshery.url)});
    let told = keyed(&world.alice, hooks, &told).await;
    let rotation = format!("{hooks}/{}/rotation", id(&told));
    let rotated = keyed(&world.alice, &rotation, &json!({})).await;
    assert_ne!(rotated["secret"], keyed(&world.alice, &rotation, &json!({})).await["secret"]);
    // It repeats in its errors whatever it was sent.
    meshery.follow([Fate::Fails, Fate::Fails, Fate::Fails, Fate::LosesReply]);
    answers.push(world.alice.post(&format!("{TARGETS}/{target}/probe"), &json!({})).await.text());
    let wish = super::wanted(&[&target, &hook], "1.0.0", json!({}));
    let made = world.alice.post(DEPLOYMENTS, &wish).await.expect(202).json();
    let (one, other) = (id(&made["items"][0]), id(&made["items"][1]));
    world.state(&one, "deployed").await;
    let tried =
        eventually(Duration::from_secs(10), async || world.get(&other).await["attempts"].as_i64() > Some(0));
    assert!(tried.await);
    world.alice.patch(&format!("{TARGETS}/{target}"), &json!({"token": SECOND})).await.expect(200);
    world
        .alice
        .patch(&format!("{TARGETS}/{target}"), &json!({"token": "has a space", "url": "x"}))
        .await
        .expect(400);
    for path in [
        TARGETS.to_owned(),
        format!("{TARGETS}/{target}"),
        format!("{TARGETS}/{hook}"),
        DEPLOYMENTS.to_owned(),
        format!("{DEPLOYMENTS}/{one}/attempts"),
        format!("{DEPLOYMENTS}/{other}/attempts"),
        format!("{DEPLOYMENTS}/{one}/revisions"),
        "/deployments".into(),
        format!("/deployments/{one}"),
        format!("/deployments/{other}"),
        format!("/deployments/targets/{target}"),
        format!("/deployments/targets/{hook}"),
        "/metrics".into(),
    ] {
        let reply = world.alice.get(&path).await.expect(200);
        answers.push(format!("{:?} {}", reply.headers, reply.text()));
    }
    answers.push(ada.get("/api/v1/audit?limit=100").await.expect(200).text());
    let shown = answers.len();
    server.kill();
    answers.push(server.log());
    assert!(server.log().contains("\"level\":\"TRACE\""));
    if instance.is_embedded() {
        for file in ["tamis.db", "tamis.db-wal"] {
            let bytes = std::fs::read(instance.path().join(file)).unwrap_or_default();
            answers.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    let hook_path = "hook-canary-path";
    for (number, text) in answers.iter().enumerate() {
        for canary in [TOKEN, SECOND, &secret, &second] {
            let at = text.find(canary).map(|at| text[at.saturating_sub(300)..at].to_owned());
            assert_eq!(at, None, "{canary} in answer {number} of {shown}");
        }
        // The owner sees the URL of a target, and its row has it; history and log show its host alone.
        let of_history = number == shown || (number < shown && text.contains("\"exchanges\""));
        let at = text.find(hook_path).filter(|_| of_history);
        let before =
            at.map(|at| String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(600)..at]).into_owned());
        assert_eq!(before, None, "{hook_path} in answer {number} of {shown}");
    }
}
