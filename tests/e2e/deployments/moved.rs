//! What a target is, and whom its tokens speak for, when it changes hands or place.
use super::{
    DEPLOYMENTS, TARGETS, World, id,
    meshery_server::{Fate, Server},
    wanted,
};
use crate::webhooks::receiver::Receiver;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::crash::eventually;
use tamis_entities::meshery_session;

#[tokio::test(flavor = "multi_thread")]
async fn a_target_stays_where_it_is_while_it_holds_something() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let (server, other) = (Server::start(None).await, Server::start(None).await);
    let target = world.target("prod", &server).await;
    let path = format!("{TARGETS}/{target}");
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    world.settled(&deployment, "deployed").await;
    let moved = json!({"url": other.url});
    world.alice.patch(&path, &moved).await.expect_problem(409, "target-in-use");
    let below = json!({"url": format!("{}/other", server.url)});
    world.alice.patch(&path, &below).await.expect_problem(409, "target-in-use");
    world.alice.patch(&path, &json!({"url": format!("{}/", server.url)})).await.expect(200);
    world.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
    world.settled(&deployment, "removed").await;
    assert_eq!(server.effects().len(), 2, "it was taken back where it was");
    world.alice.patch(&path, &moved).await.expect(200);
    world.deploy(&target, "1.0.0", json!({})).await;
    world.settled(&deployment, "deployed").await;
    assert_eq!((server.effects().len(), other.effects().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minted_token_speaks_for_who_looks_after_the_target_and_for_nobody_else() {
    let world = World::new().await;
    let server = Server::start(None).await;
    server.with(|i| i.provider = "Tamis".into());
    let db = &*world.app.state.db;
    world.let_in(&server).await;
    world.alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let bob = world.app.author("bob").await;
    world.alice.put("/api/v1/teams/acme/members/bob", &json!({"role": "maintainer"})).await.expect(200);
    let body = json!({"namespace": "acme", "name": "own", "kind": "meshery", "url": server.url, "provider": "Tamis", "sign_in": "minted"});
    let path = format!("{TARGETS}/{}", id(&bob.post(TARGETS, &body).await.expect(201).json()));
    let probe = async || world.alice.post(&format!("{path}/probe"), &json!({})).await.expect(200).json();
    let token = || -> Value {
        let wrapper = STANDARD_NO_PAD.decode(server.with(|i| i.presented.clone())).unwrap();
        serde_json::from_slice::<Value>(&wrapper).unwrap()["access_token"].clone()
    };
    let asked = async |token: &Value| {
        world.app.anonymous().post("/introspect", &json!({"token": token})).await.status
    };
    let speaker = async || {
        let living = meshery_session::Column::RevokedAt.is_null();
        let rows = meshery_session::Entity::find().filter(living).all(db).await.unwrap();
        assert_eq!(rows.len(), 1);
        let names = tamis_entities::namespace::Entity::find_by_id(rows[0].user_id).one(db).await.unwrap();
        names.unwrap().handle.to_string()
    };
    assert_eq!(probe().await["signed_in"], true);
    assert_eq!(speaker().await, "bob");
    let first = token();
    // Whoever says where it goes is who it speaks for.
    world.alice.patch(&path, &json!({"sign_in": "minted"})).await.expect(200);
    assert_eq!(probe().await["signed_in"], true);
    assert_eq!(speaker().await, "alice");
    assert_ne!(asked(&first).await, 200, "what spoke for bob has ended");
    let second = token();
    assert_eq!(asked(&second).await, 200);
    // Ended by hand: what was made stays ended, and the next is another login.
    meshery_session::Entity::update_many()
        .col_expr(meshery_session::Column::RevokedAt, Expr::value(world.app.clock.now()))
        .exec(db)
        .await
        .unwrap();
    assert_ne!(asked(&second).await, 200);
    assert_eq!(probe().await["signed_in"], true);
    assert_ne!(asked(&second).await, 200);
    assert_eq!(asked(&token()).await, 200);
    // Who looks after it no more lends it nothing.
    bob.patch(&path, &json!({"sign_in": "minted"})).await.expect(200);
    world.alice.delete("/api/v1/teams/acme/members/bob").await.expect(204);
    let refused = probe().await;
    assert_eq!(refused["signed_in"], false);
    assert!(refused["words"].to_string().contains("bob does not look after"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_right_takes_nothing_back_either() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    world.alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let mia = world.app.author("mia").await;
    world.alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    let body = json!({"namespace": "acme", "name": "prod", "kind": "meshery", "url": server.url});
    let target = id(&mia.post(TARGETS, &body).await.expect(201).json());
    let made = mia.post(DEPLOYMENTS, &wanted(&[&target], "1.0.0", json!({}))).await.expect(202).json();
    let deployment = id(&made["items"][0]);
    world.settled(&deployment, "deployed").await;
    let (path, act) = (format!("{TARGETS}/{target}"), format!("{DEPLOYMENTS}/{deployment}"));
    world.alice.patch(&path, &json!({"paused": true})).await.expect(200);
    mia.delete(&act).await.expect(202);
    world.alice.delete("/api/v1/teams/acme/members/mia").await.expect(204);
    world.alice.patch(&path, &json!({"paused": false})).await.expect(200);
    world.settled(&deployment, "blocked").await;
    assert_eq!(server.effects().len(), 1, "it is there still");
    let page = world.alice.get("/deployments").await.expect(200).text();
    assert!(page.contains("1 not deployed"), "{page}");
    world.alice.delete(&act).await.expect(202);
    world.settled(&deployment, "removed").await;
    assert_eq!(server.effects().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_answer_with_a_page() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let receiver = Receiver::start_with([200], "Content-Type: text/html\r\n").await;
    let body = json!({"namespace": "alice", "name": "hook", "kind": "webhook", "url": receiver.url});
    let target = id(&world.alice.post(TARGETS, &body).await.expect(201).json());
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    world.settled(&deployment, "deployed").await;
    assert_eq!(receiver.messages().len(), 1);
    // What stays below its bound is taken, what does not is refused.
    let large = json!({"a": "x".repeat(70_000)});
    let refused = world.alice.post(DEPLOYMENTS, &wanted(&[&target], "1.0.0", large)).await.expect(400).json();
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("65536 bytes"), "{refused}");
    let quick = eventually(Duration::from_secs(1), async || world.get(&deployment).await["revision"] == 1);
    assert!(quick.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capability_url_that_a_target_repeats_is_shown_to_nobody() {
    let world = World::new().await;
    let bytes = tamis_e2e::fixtures::distinct("nobody else's", 10);
    world.alice.upload("alice/f", "1.0.0", bytes).await.expect(201);
    let urls = "/api/v1/filters/alice/f/capability-urls";
    let made = world.alice.post(urls, &json!({"name": "edge", "version": "1.0.0"})).await.expect(201).json();
    let key = made["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let server = Server::start(None).await;
    let target = world.target("prod", &server).await;
    // Listed, imported, listed, downloaded, and then refused.
    server.follow([Fate::Served, Fate::Served, Fate::Served, Fate::Served, Fate::Echoes]);
    let deployment = world.deploy(&target, "1.0.0", json!({})).await;
    let dead = world.settled(&deployment, "dead").await;
    assert!(dead["last_error"].as_str().unwrap().contains("(hidden)"), "{dead:#}");
    let told = format!("{dead} {:?}", world.attempts(&deployment).await);
    assert!(!told.contains(&key) && !told.contains(key.trim_end_matches(".wasm")), "{told}");
}
