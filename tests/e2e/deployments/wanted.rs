//! From what is wanted to what is there: planned, deployed, changed, rolled back, taken back.
use super::{
    DEPLOYMENTS, TARGETS, TOKEN, World, id,
    meshery_server::{Effect, Server},
    wanted,
};
use crate::webhooks::receiver::Receiver;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::crash::eventually;

fn digests(server: &Server) -> Vec<Option<String>> {
    let digest = |effect: Effect| match effect {
        Effect::Applied { sha256, .. } => Some(sha256),
        Effect::Removed { .. } => None,
    };
    server.effects().into_iter().map(digest).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_planned_deployed_changed_rolled_back_and_taken_back() {
    let world = World::new().await;
    let server = Server::start(Some(TOKEN)).await;
    let (first, second) = (world.publish("1.0.0").await, world.publish("1.1.0").await);
    let target = world.target("prod", &server).await;
    let plan = async |version: &str| {
        let body = wanted(&[&target], version, json!({"mode": "strict"}));
        world.alice.post(&format!("{DEPLOYMENTS}/plan"), &body).await.expect(200).json()
    };
    let made = plan("1.0.0").await;
    assert_eq!((&made["ready"], &made["steps"][0]["action"]), (&json!(true), &json!("create")), "{made:#}");
    assert_eq!(made["steps"][0]["to"]["digest"], format!("sha256:{first}"));
    assert!(server.with(|i| i.requests.is_empty()), "a plan sends nothing");
    let deployment = world.deploy(&target, "1.0.0", json!({"mode": "strict"})).await;
    let there = world.settled(&deployment, "deployed").await;
    assert_eq!(there["confirmed"]["release"]["digest"], format!("sha256:{first}"));
    assert_eq!(plan("1.0.0").await["steps"][0]["action"], "none");
    let update = plan("1.1.0").await;
    assert_eq!(update["steps"][0]["action"], "update");
    assert_eq!(
        (&update["steps"][0]["from"]["version"], &update["steps"][0]["to"]["version"]),
        (&json!("1.0.0"), &json!("1.1.0"))
    );
    assert_eq!(world.deploy(&target, "1.1.0", json!({"mode": "lax"})).await, deployment);
    world.settled(&deployment, "deployed").await;
    let act = format!("{DEPLOYMENTS}/{deployment}");
    world.alice.post(&format!("{act}/rollback"), &json!({})).await.expect(202);
    let back = world.settled(&deployment, "deployed").await;
    assert_eq!((&back["wanted"]["version"], &back["revision"]), (&json!("1.0.0"), &json!(3)));
    assert_eq!(back["effective"], json!({"mode": "strict"}));
    world.alice.delete(&act).await.expect(202);
    let gone = world.settled(&deployment, "removed").await;
    assert_eq!((&gone["wanted"], &gone["confirmed"]["release"]), (&Value::Null, &Value::Null));
    assert_eq!(digests(&server), [Some(first.clone()), Some(second), Some(first), None]);
    assert!(server.with(|i| i.filters.is_empty()), "what was imported is gone with it");
    server.with(|i| assert_eq!(i.wrong, Vec::<String>::new()));
    let tries = world.attempts(&deployment).await;
    assert!(tries.iter().all(|t| t["outcome"] == "confirmed") && tries.len() == 4, "{tries:#?}");
    assert!(!format!("{tries:?}").contains(TOKEN));
    let revisions = world.alice.get(&format!("{act}/revisions")).await.expect(200).json();
    assert_eq!(revisions["items"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_comes_from_the_instance_the_target_and_the_deployment_and_must_fit_the_schema() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("defaults.json");
    std::fs::write(&file, json!({"*": {"log": "warn"}, "alice/*": {"mode": "lax"}}).to_string()).unwrap();
    let world = World::with(&["--deploy-defaults", file.to_str().unwrap()]).await;
    let schema =
        json!({"type": "object", "required": ["mode"], "properties": {"mode": {"enum": ["strict", "lax"]}}});
    let described = json!({"defaults": {"config_schema": schema}});
    world.alice.put("/api/v1/filters/alice/f", &described).await.expect(201);
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    let target = world.target("local", &server).await;
    let defaults = json!({"defaults": {"alice/f": {"mode": "strict", "region": "eu"}}});
    world.alice.patch(&format!("{TARGETS}/{target}"), &defaults).await.expect(200);
    let wrong = wanted(&[&target], "1.0.0", json!({"mode": "none of these"}));
    let refused = world.alice.post(DEPLOYMENTS, &wrong).await.expect_problem(400, "invalid").json();
    assert_eq!(refused["errors"][0]["field"], "configuration", "{refused}");
    let plan = world.alice.post(&format!("{DEPLOYMENTS}/plan"), &wrong).await.expect(200).json();
    assert_eq!(plan["ready"], false);
    let deployment = world.deploy(&target, "1.0.0", json!({"region": null, "extra": 1})).await;
    let there = world.settled(&deployment, "deployed").await;
    let whole = json!({"log": "warn", "mode": "strict", "extra": 1});
    assert_eq!(there["effective"], whole);
    assert!(matches!(&server.effects()[0], Effect::Applied { config, .. } if *config == whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_messages_is_told_signed_with_both_secrets_after_a_rotation() {
    let world = World::new().await;
    let digest = world.publish("1.0.0").await;
    let receiver = Receiver::start([500, 204]).await;
    let body = json!({"namespace": "alice", "name": "edge-hook", "kind": "webhook", "url": receiver.url});
    let made = world.alice.post(TARGETS, &body).await.expect(201).json();
    let (target, secret) = (id(&made), made["secret"].as_str().unwrap().to_owned());
    let deployment = world.deploy(&target, "1.0.0", json!({"a": 1})).await;
    world.settled(&deployment, "deployed").await;
    let came = receiver.messages();
    assert_eq!(came.len(), 2);
    assert!(
        came.iter().all(|m| m.is_signed_with(&secret) && m.id() == came[0].id() && m.body == came[0].body)
    );
    let data = &came[0].json()["data"];
    assert_eq!(
        (&data["digest"], &data["config"], &data["revision"]),
        (&json!(format!("sha256:{digest}")), &json!({"a": 1}), &json!(1))
    );
    let rotated =
        world.alice.post(&format!("{TARGETS}/{target}/rotation"), &json!({})).await.expect(200).json();
    world.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
    world.settled(&deployment, "removed").await;
    let last = receiver.messages().pop().unwrap();
    assert_eq!(
        (&last.json()["type"], &last.json()["data"]["revision"]),
        (&json!("deployment.remove"), &json!(2))
    );
    assert!(last.is_signed_with(&secret) && last.is_signed_with(rotated["secret"].as_str().unwrap()));
    assert!(last.id() != came[0].id());
    // An act that is over is not sent again.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.messages().len(), 3);
    let hidden = format!("{:?}", world.attempts(&deployment).await);
    assert!(!hidden.contains("/hook") && !hidden.contains(&secret), "{hidden}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_deployed_is_refused_when_it_is_asked_for_and_again_when_it_is_sent() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    let target = world.target("local", &server).await;
    let otto = world.app.author("otto").await;
    let secret = tamis_e2e::fixtures::distinct("otto's own", 10);
    otto.upload("otto/secret", "1.0.0", secret).await.expect(201);
    let release = json!({"namespace": "otto", "filter": "secret", "version": "1.0.0"});
    let theirs = json!({"targets": [target], "releases": [release]});
    let absent = json!({"targets": [target], "releases": [{"namespace": "otto", "filter": "none", "version": "1.0.0"}]});
    let (one, other) = (
        world.alice.post(DEPLOYMENTS, &theirs).await.expect(400).json(),
        world.alice.post(DEPLOYMENTS, &absent).await.expect(400).json(),
    );
    assert_eq!(
        one["errors"][0]["message"].as_str().unwrap().split(": ").nth(1),
        other["errors"][0]["message"].as_str().unwrap().split(": ").nth(1)
    );
    otto.post(DEPLOYMENTS, &wanted(&[&target], "1.0.0", json!({}))).await.expect_problem(400, "invalid");
    // Quarantined between the wish and the deed.
    server.with(|i| i.connected = false);
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    let tried = eventually(Duration::from_secs(10), async || {
        world.get(&deployment).await["attempts"].as_i64() > Some(0)
    });
    assert!(tried.await);
    let words = world.get(&deployment).await["last_error"].as_str().unwrap_or_default().to_owned();
    world
        .carl
        .post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &json!({"reason": "bad"}))
        .await
        .expect(200);
    server.with(|i| i.connected = true);
    let blocked = world.settled(&deployment, "blocked").await;
    assert!(blocked["last_error"].as_str().unwrap().contains("quarantined"), "{blocked}");
    assert!(words.is_empty() || words.contains("cluster"), "{words}");
    assert_eq!(server.effects(), []);
    world.alice.post(DEPLOYMENTS, &wanted(&[&target], "1.0.0", json!({}))).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_right_deploys_nothing_that_was_asked_for_before() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    server.with(|i| i.connected = false);
    world.alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let mia = world.app.author("mia").await;
    world.alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    let body = json!({"namespace": "acme", "name": "prod", "kind": "meshery", "url": server.url});
    let target = id(&mia.post(TARGETS, &body).await.expect(201).json());
    let made = mia.post(DEPLOYMENTS, &wanted(&[&target], "1.0.0", json!({}))).await.expect(202).json();
    let deployment = id(&made["items"][0]);
    // Between two tries, so that none is under way when the right goes.
    let tried =
        eventually(Duration::from_secs(10), async || world.get(&deployment).await["last_error"].is_string());
    assert!(tried.await);
    let path = format!("{TARGETS}/{target}");
    world.alice.patch(&path, &json!({"paused": true})).await.expect(200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.alice.delete("/api/v1/teams/acme/members/mia").await.expect(204);
    server.with(|i| i.connected = true);
    world.alice.patch(&path, &json!({"paused": false})).await.expect(200);
    let blocked = world.settled(&deployment, "blocked").await;
    assert!(blocked["last_error"].as_str().unwrap().contains("mia does not look after"), "{blocked}");
    assert_eq!(server.effects(), []);
    // Whoever still may says it again.
    world.alice.post(&format!("{DEPLOYMENTS}/{deployment}/retry"), &json!({})).await.expect(202);
    world.settled(&deployment, "deployed").await;
    mia.get(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_target_gets_nothing_and_one_that_is_exact_holds_nothing_else() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let other = tamis_e2e::fixtures::distinct("another filter", 10);
    world.app.publish(&world.alice, &world.carl, "alice/g", "1.0.0", &other).await;
    let server = Server::start(None).await;
    let target = world.target("local", &server).await;
    let path = format!("{TARGETS}/{target}");
    world.alice.patch(&path, &json!({"paused": true})).await.expect(200);
    let first = world.deploy(&target, "1.0.0", json!({})).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(server.with(|i| i.requests.is_empty()));
    world.alice.patch(&path, &json!({"paused": false})).await.expect(200);
    world.settled(&first, "deployed").await;
    world.alice.delete(&path).await.expect_problem(409, "target-in-use");
    let release = json!({"namespace": "alice", "filter": "g", "version": "1.0.0"});
    let exact = json!({"targets": [target], "releases": [release], "exact": true});
    let plan = world.alice.post(&format!("{DEPLOYMENTS}/plan"), &exact).await.expect(200).json();
    let actions: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|s| s["action"].clone()).collect();
    assert_eq!(actions, ["create", "remove"]);
    world.alice.post(DEPLOYMENTS, &exact).await.expect(202);
    world.settled(&first, "removed").await;
    assert_eq!(server.effects().len(), 3);
    world.alice.delete(&format!("{path}?abandon=true")).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_seen_and_sent_again_and_what_is_refused_for_good_stands_in_nobodys_way() {
    let world = World::with(&["--deploy-give-up", "1"]).await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    server.with(|i| i.connected = false);
    let target = world.target("local", &server).await;
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    let dead = world.settled(&deployment, "dead").await;
    assert!(dead["last_error"].as_str().unwrap().contains("cluster"), "{dead}");
    let shown = world.alice.get(&format!("{TARGETS}/{target}")).await.expect(200).json();
    assert_eq!(shown["standing"], "no_answer");
    server.with(|i| i.connected = true);
    world.alice.post(&format!("{DEPLOYMENTS}/{deployment}/retry"), &json!({})).await.expect(202);
    world.settled(&deployment, "deployed").await;
    assert_eq!(server.effects().len(), 1);
    let shown = world.alice.get(&format!("{TARGETS}/{target}")).await.expect(200).json();
    assert_eq!((&shown["standing"], &shown["last_error"]), (&json!("ready"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_seen_and_put_back() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    let target = world.target("local", &server).await;
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    world.settled(&deployment, "deployed").await;
    let compare = format!("{TARGETS}/{target}/comparison");
    let reported = async |word: &str| {
        world.alice.post(&compare, &json!({})).await.expect(202);
        let seen =
            eventually(Duration::from_secs(10), async || world.get(&deployment).await["reported"] == word);
        assert!(seen.await, "not {word}: {:#}", world.get(&deployment).await);
        world.get(&deployment).await
    };
    assert_eq!(reported("in_step").await["drifted_at"], Value::Null);
    server.with(|i| i.filters[0].bytes = b"somebody else's".to_vec());
    let changed = reported("changed").await;
    assert!(
        changed["reported_as"].as_str().unwrap().contains("it holds sha256:")
            && changed["drifted_at"].is_string()
    );
    server.with(|i| i.filters.clear());
    reported("missing").await;
    world.alice.post(&format!("{DEPLOYMENTS}/{deployment}/retry"), &json!({})).await.expect(202);
    world.settled(&deployment, "deployed").await;
    assert_eq!(reported("in_step").await["drifted_at"], Value::Null);
    server.with(|i| assert_eq!((i.filters.len(), i.wrong.clone()), (1, vec![])));
}
