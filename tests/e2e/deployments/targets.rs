//! Where releases are deployed to: made, asked how they are, changed, and their secrets kept.
use super::{TARGETS, TOKEN, World, id, meshery_server::Server};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Value, json};
use std::time::Duration;

async fn probe(world: &World, target: &str) -> Value {
    world.alice.post(&format!("{TARGETS}/{target}/probe"), &json!({})).await.expect(200).json()
}

fn words(probe: &Value) -> String {
    probe["words"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_made_changed_and_forgotten_by_who_looks_after_its_namespace() {
    let world = World::new().await;
    let server = Server::start(Some(TOKEN)).await;
    let target = world.target("prod", &server).await;
    let path = format!("{TARGETS}/{target}");
    let shown = world.alice.get(&path).await.expect(200);
    assert!(!shown.text().contains(TOKEN));
    let shown = shown.json();
    assert_eq!(
        (&shown["name"], &shown["has_secret"], &shown["standing"]),
        (&json!("prod"), &json!(true), &json!("ready"))
    );
    let again = json!({"namespace": "alice", "name": "prod", "kind": "meshery", "url": server.url});
    world.alice.post(TARGETS, &again).await.expect_problem(409, "name-taken");
    for who in [&world.carl, &world.app.author("otto").await] {
        who.get(&path).await.expect_problem(404, "not-found");
        who.post(&format!("{path}/probe"), &json!({})).await.expect(404);
        who.patch(&path, &json!({"paused": true})).await.expect(404);
        assert_eq!(who.get(TARGETS).await.expect(200).json()["items"], json!([]));
        let theirs = json!({"namespace": "alice", "name": "x", "kind": "meshery", "url": server.url});
        who.post(TARGETS, &theirs).await.expect(404);
    }
    let paused = world.alice.patch(&path, &json!({"paused": true})).await.expect(200).json();
    assert_eq!(paused["standing"], "paused");
    world.alice.delete(&path).await.expect(204);
    world.alice.get(&path).await.expect(404);
    for (body, field) in [
        (json!({"name": "a", "kind": "meshery", "url": "http://10.1.2.3/"}), "url"),
        (json!({"name": "a", "kind": "meshery", "url": "http://example.org/"}), "url"),
        (json!({"name": "a", "kind": "meshery", "url": "https://example.org/?a=b"}), "url"),
        (json!({"name": "a", "kind": "meshery", "url": "https://example.org/", "sign_in": "token"}), "token"),
        (
            json!({"name": "a", "kind": "meshery", "url": "https://example.org/", "sign_in": "token", "token": "a; b=c", "provider": "P"}),
            "token",
        ),
        (
            json!({"name": "a", "kind": "meshery", "url": "https://example.org/", "sign_in": "token", "token": "abc"}),
            "provider",
        ),
        (json!({"name": "a", "kind": "meshery", "url": "https://example.org/", "token": "abc"}), "token"),
        (
            json!({"name": "a", "kind": "meshery", "url": "https://example.org/", "defaults": {"x": {}}}),
            "defaults",
        ),
        (json!({"name": "a", "kind": "webhook", "url": "https://example.org/", "token": "abc"}), "sign_in"),
        (json!({"name": "A B", "kind": "webhook", "url": "https://example.org/"}), "body"),
        (json!({"name": "a", "kind": "webhook", "url": "https://example.org/", "epoch": 5}), "body"),
    ] {
        let mut body = body;
        body["namespace"] = "alice".into();
        let refused = world.alice.post(TARGETS, &body).await.expect_problem(400, "invalid").json();
        assert_eq!(refused["errors"][0]["field"], field, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_in_words_what_is_so_and_what_to_do() {
    let world = World::new().await;
    let server = Server::start(Some(TOKEN)).await;
    let target = world.target("prod", &server).await;
    let good = probe(&world, &target).await;
    assert_eq!(
        (&good["ready"], &good["signed_in"], &good["version"]),
        (&json!(true), &json!(true), &json!("v0.7.130"))
    );
    server.with(|i| i.token = Some("another".into()));
    let led_away = probe(&world, &target).await;
    assert_eq!(
        (&led_away["ready"], &led_away["reachable"], &led_away["signed_in"]),
        (&json!(false), &json!(true), &json!(false))
    );
    assert!(
        words(&led_away).contains("not signed in") && words(&led_away).contains("store a token"),
        "{led_away}"
    );
    server.with(|i| i.version_takes = Duration::from_secs(3));
    let slow = probe(&world, &target).await;
    assert_eq!(slow["reachable"], false);
    assert!(words(&slow).contains("did not get on within"), "{slow}");
    drop(server);
    let away = probe(&world, &target).await;
    assert!(words(&away).contains("cannot connect"), "{away}");
    let shown = world.alice.get(&format!("{TARGETS}/{target}")).await.expect(200);
    assert!(shown.json()["last_error"].as_str().unwrap().contains("cannot connect"));
    let elsewhere =
        json!({"namespace": "alice", "name": "inside", "kind": "meshery", "url": "https://169.254.169.254/"});
    let inside = id(&world.alice.post(TARGETS, &elsewhere).await.expect(201).json());
    let refused = probe(&world, &inside).await;
    assert!(words(&refused).contains("--allow-network"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_the_origin_that_it_was_stored_for_and_nowhere_else() {
    let world = World::new().await;
    let (server, other) = (Server::start(Some(TOKEN)).await, Server::start(Some(TOKEN)).await);
    let target = world.target("prod", &server).await;
    let path = format!("{TARGETS}/{target}");
    // The same origin: the token stays.
    world.alice.patch(&path, &json!({"url": format!("{}/", server.url)})).await.expect(200);
    assert_eq!(probe(&world, &target).await["signed_in"], true);
    let moved = json!({"url": other.url});
    let refused = world.alice.patch(&path, &moved).await.expect_problem(400, "invalid").json();
    assert_eq!(refused["errors"][0]["field"], "token");
    let moved = json!({"url": other.url, "token": TOKEN});
    world.alice.patch(&path, &moved).await.expect(200);
    assert_eq!(probe(&world, &target).await["signed_in"], true);
    // Whoever can write rows cannot make us send it elsewhere either.
    let asked =
        |server: &Server| server.with(|i| i.requests.iter().filter(|r| *r == "GET /api/filter").count());
    let before = asked(&server);
    let row = format!("UPDATE targets SET url = '{}'", server.url);
    sea_orm::ConnectionTrait::execute_unprepared(&*world.app.state.db, &row).await.unwrap();
    let met = probe(&world, &target).await;
    assert!(words(&met).contains("another place"), "{met}");
    assert_eq!(asked(&server), before);
    world.alice.patch(&path, &json!({"sign_in": "none"})).await.expect(200);
    assert_eq!(world.alice.get(&path).await.expect(200).json()["has_secret"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_provider_is_this_tamis_gets_a_token_made_for_it_once_it_was_let_in() {
    let world = World::new().await;
    let server = Server::start(None).await;
    server.with(|i| i.provider = "Tamis".into());
    let body = json!({"namespace": "alice", "name": "own", "kind": "meshery", "url": server.url, "provider": "Tamis", "sign_in": "minted"});
    let target = id(&world.alice.post(TARGETS, &body).await.expect(201).json());
    let stranger = probe(&world, &target).await;
    assert_eq!(stranger["signed_in"], false);
    assert!(words(&stranger).contains("has not let this Meshery Server in"), "{stranger}");
    world.let_in(&server).await;
    assert_eq!(probe(&world, &target).await["signed_in"], true);
    let wrapper = STANDARD_NO_PAD.decode(server.with(|i| i.presented.clone())).unwrap();
    let wrapper: Value = serde_json::from_slice(&wrapper).unwrap();
    let ask = json!({"token": wrapper["access_token"]});
    world.app.anonymous().post("/introspect", &ask).await.expect(200);
    // It is the target's: with the target it ends.
    world.alice.delete(&format!("{TARGETS}/{target}")).await.expect(204);
    assert_ne!(world.app.anonymous().post("/introspect", &ask).await.status, 200);
}
