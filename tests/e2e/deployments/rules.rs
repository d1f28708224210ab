//! Rules: what is published comes by itself, and what somebody asked for by name is left alone.
use super::{DEPLOYMENTS, World, id, meshery_server::Server};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{client::Person, crash::eventually};

const RULES: &str = "/api/v1/deployment-rules";

async fn versions(world: &World) -> Vec<(String, Value, Value)> {
    let page = world.alice.get(DEPLOYMENTS).await.expect(200).json();
    let row = |d: &Value| {
        (d["filter"].as_str().unwrap().to_owned(), d["wanted"]["version"].clone(), d["state"].clone())
    };
    let mut rows: Vec<_> = page["items"].as_array().unwrap().iter().map(row).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

async fn become_(world: &World, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(f, v)| ((*f).to_owned(), json!(v), json!("deployed"))).collect();
    let so = eventually(Duration::from_secs(20), async || versions(world).await == wanted);
    assert!(so.await, "{:?}, not {wanted:?}", versions(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_follows_publications_within_its_versions_and_leaves_the_rest() {
    let world = World::new().await;
    world.publish("1.2.0").await;
    let server = Server::start(None).await;
    let target = world.target("edge", &server).await;
    let rule = |name: &str, query: &str, version: &str| json!({"target": target, "name": name, "selector": {"query": query, "version": version}, "config": {"by": name}});
    for (query, version, field) in [
        ("no=such", "^1", "selector.query"),
        ("type=none", "^1", "selector.query"),
        ("", "newest", "selector.version"),
    ] {
        let refused = world.alice.post(RULES, &rule("bad", query, version)).await.expect(400).json();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let made = world.alice.post(RULES, &rule("ones", "namespace=alice", "^1.2")).await.expect(201).json();
    world.alice.post(RULES, &rule("ones", "", "*")).await.expect_problem(409, "name-taken");
    become_(&world, &[("f", "1.2.0")]).await;
    world.publish("1.3.0").await;
    become_(&world, &[("f", "1.3.0")]).await;
    world.publish("2.0.0").await;
    let bytes = tamis_e2e::fixtures::distinct("another", 10);
    world.app.publish(&world.alice, &world.carl, "alice/g", "1.5.0", &bytes).await;
    become_(&world, &[("f", "1.3.0"), ("g", "1.5.0")]).await;
    // What is yanked is not the newest any more.
    world.alice.post("/api/v1/filters/alice/f/releases/1.3.0/yank", &json!({})).await.expect(200);
    become_(&world, &[("f", "1.2.0"), ("g", "1.5.0")]).await;
    // Asked for by name: from now on the rule leaves it alone.
    world.deploy(&target, "2.0.0", json!({})).await;
    become_(&world, &[("f", "2.0.0"), ("g", "1.5.0")]).await;
    world.publish("1.9.0").await;
    world.app.drain_jobs().await;
    become_(&world, &[("f", "2.0.0"), ("g", "1.5.0")]).await;
    let path = format!("{RULES}/{}", id(&made));
    world.carl.delete(&path).await.expect(404);
    assert_eq!(world.carl.get(RULES).await.expect(200).json()["items"], json!([]));
    world.alice.delete(&path).await.expect(204);
    assert_eq!(world.alice.get(RULES).await.expect(200).json()["items"], json!([]));
}

/// One that follows everything of alice's, and writes its name into the configuration.
async fn rule(world: &World, target: &str, name: &str) -> String {
    let body = json!({"target": target, "name": name, "selector": {"query": "namespace=alice"}, "config": {"by": name}});
    id(&world.alice.post(RULES, &body).await.expect(201).json())
}

async fn said(world: &World, part: &str) {
    let said = eventually(Duration::from_secs(20), async || {
        let page = world.alice.get(RULES).await.expect(200).json();
        page["items"][0]["last_error"].as_str().is_some_and(|words| words.contains(part))
    });
    assert!(said.await, "{:#}", world.alice.get(RULES).await.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_may_have_any_more_is_taken_back_and_said_and_what_was_named_shows_it() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let (one, other) = (Server::start(None).await, Server::start(None).await);
    let (followed, named) = (world.target("followed", &one).await, world.target("named", &other).await);
    rule(&world, &followed, "all").await;
    let deployed = eventually(Duration::from_secs(20), async || one.effects().len() == 1);
    assert!(deployed.await);
    let by_name = world.deploy(&named, "1.0.0", json!({})).await;
    assert_eq!(world.settled(&by_name, "deployed").await["release_state"], "published");
    let quarantine = "/api/v1/filters/alice/f/releases/1.0.0/quarantine";
    world.carl.post(quarantine, &json!({"reason": "bad"})).await.expect(200);
    said(&world, "alice/f: no published release fits any more; it is taken back").await;
    let gone = eventually(Duration::from_secs(20), async || one.effects().len() == 2);
    assert!(gone.await, "{:?}", one.effects());
    let stays = world.get(&by_name).await;
    assert_eq!((&stays["state"], &stays["release_state"]), (&json!("deployed"), &json!("quarantined")));
    for path in
        [format!("/deployments/{by_name}"), format!("/deployments/targets/{named}"), "/deployments".into()]
    {
        assert!(world.alice.get(&path).await.expect(200).text().contains("Quarantined"), "{path}");
    }
    // The next one that fits comes again.
    world.publish("1.1.0").await;
    let back = eventually(Duration::from_secs(20), async || one.effects().len() == 3);
    assert!(back.await);
    assert_eq!(other.effects().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_replaced_by_another_and_who_names_what_it_keeps_keeps_it() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    let target = world.target("edge", &server).await;
    let first = rule(&world, &target, "first").await;
    become_(&world, &[("f", "1.0.0")]).await;
    let deployment = id(&world.alice.get(DEPLOYMENTS).await.expect(200).json()["items"][0]);
    assert_eq!(world.get(&deployment).await["rule"], json!(first));
    world.alice.delete(&format!("{RULES}/{first}")).await.expect(204);
    assert_eq!(world.get(&deployment).await["rule"], Value::Null);
    let second = rule(&world, &target, "second").await;
    let taken = eventually(Duration::from_secs(20), async || world.get(&deployment).await["rule"] == second);
    assert!(taken.await, "{:#}", world.get(&deployment).await);
    assert_eq!(world.settled(&deployment, "deployed").await["effective"], json!({"by": "second"}));
    // The very same, by name.
    world.deploy(&target, "1.0.0", json!({"by": "second"})).await;
    assert_eq!(world.get(&deployment).await["rule"], Value::Null);
    world.publish("1.1.0").await;
    world.app.drain_jobs().await;
    become_(&world, &[("f", "1.0.0")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_gone_through_now_and_then_and_take_up_what_was_given_up() {
    let world = World::with(&["--deploy-give-up", "1"]).await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    server.with(|i| i.connected = false);
    let target = world.target("edge", &server).await;
    rule(&world, &target, "all").await;
    let listed = eventually(Duration::from_secs(20), async || !versions(&world).await.is_empty());
    assert!(listed.await);
    let deployment = id(&world.alice.get(DEPLOYMENTS).await.expect(200).json()["items"][0]);
    world.settled(&deployment, "dead").await;
    server.with(|i| i.connected = true);
    world.app.clock.advance(Duration::from_secs(900));
    world.settled(&deployment, "deployed").await;
    assert_eq!(world.get(&deployment).await["revision"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_part_makes_no_rule() {
    let world = World::new().await;
    let server = Server::start(None).await;
    let target = world.target("edge", &server).await;
    let asked = json!({"name": "part", "scopes": ["deployments:write"], "limit": {"namespace": "alice"}});
    let made = world.alice.post("/api/v1/tokens", &asked).await.expect(201).json();
    let token = made["secret"].as_str().map(str::to_owned);
    let part = Person { token, ..world.alice.clone() };
    let body = json!({"target": target, "name": "mine", "selector": {}});
    part.post(RULES, &body).await.expect_problem(403, "passing-credential");
    world.alice.post(RULES, &body).await.expect(201);
}
