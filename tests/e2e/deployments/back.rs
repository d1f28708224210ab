//! The way back from a release that is stopped: who stops it sees what it stops and no name that is not theirs to
//! see, and whoever has it on a target is led to the plan of the last good one. Nothing is sent by it.
use super::{DEPLOYMENTS, TARGETS, World, id, meshery_server::Server};
use crate::console::{
    admin::{page, send},
    pages::{assert_tight, look, signed_in},
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{client::Person, crash::eventually, fixtures::distinct};

const STOP: &str = "/filters/alice/f/releases/1.1.0/quarantine";
const STOPPED: &str = "/filters/alice/f?version=1.1.0";

/// A target in the namespace of this person that holds `alice/f`; the id of the deployment.
async fn holds(who: &Person, (home, name): (&str, &str), server: &Server, config: Value) -> String {
    let body = json!({"namespace": home, "name": name, "kind": "meshery", "url": server.url});
    let target = id(&who.post(TARGETS, &body).await.expect(201).json());
    let release = json!({"namespace": "alice", "filter": "f", "version": "1.1.0", "config": config});
    let body = json!({"targets": [target], "releases": [release]});
    let made = id(&who.post(DEPLOYMENTS, &body).await.expect(202).json()["items"][0]);
    let there = eventually(Duration::from_secs(30), async || {
        who.get(&format!("{DEPLOYMENTS}/{made}")).await.expect(200).json()["state"] == "deployed"
    });
    assert!(there.await, "{name}");
    made
}

/// Where the way back on this page leads, with what it says.
#[track_caller]
fn way_back(html: &str, words: &str) -> String {
    let marked = "href=\"/deployments/new?target=";
    let (_, rest) = html.split_once(marked).unwrap_or_else(|| panic!("no way back in {html}"));
    let (query, rest) = rest.split_once('"').unwrap();
    let said = rest.split_once("</a>").unwrap().0;
    assert!(said.contains(words), "{words}: {said}");
    format!("/deployments/new?target={}", query.replace("&#38;", "&"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curator_sees_what_a_quarantine_stops_and_no_foreign_name_and_each_owner_is_led_back() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    world.publish("1.1.0").await;
    let dan = world.app.author("dan").await;
    let bytes = distinct("deployed 1.1.0", 10);
    world.app.publish(&dan, &world.carl, "dan/open-copy", "3.0.0", &bytes).await;
    dan.upload("dan/hidden-copy", "9.9.9", bytes).await.expect(201);
    let servers = [Server::start(None).await, Server::start(None).await, Server::start(None).await];
    holds(&world.carl, ("carl", "curators-edge"), &servers[0], json!({})).await;
    let strict = json!({"mode": "strict"});
    let of_alice = holds(&world.alice, ("alice", "secret-prod"), &servers[1], strict).await;
    holds(&dan, ("dan", "dans-cluster"), &servers[2], json!({})).await;
    let sent = || servers.iter().map(|server| server.effects().len()).sum::<usize>();
    assert_eq!(sent(), 3);

    let carl = signed_in(&world.app, "carl").await;
    let before = page(&carl, STOP).await;
    for part in [
        "<dt>Releases with these bytes</dt><dd>3</dd>",
        "<dt>Targets that hold them</dt><dd>3, 2 of others</dd>",
        "<dt>Rules that keep them there</dt><dd>0</dd>",
        "<dt>Downloads and pulls in 7 days</dt>",
        "<b>dan/open-copy</b>",
        "And 1 that you have no other way to see.",
        "<b>curators-edge</b>",
        "2 targets that you do not look after",
    ] {
        assert!(before.contains(part), "{part}: {before}");
    }
    let foreign = |html: &str, names: &[&str]| {
        for name in names {
            assert!(!html.contains(name), "{name}: {html}");
        }
    };
    foreign(&before, &["secret-prod", "dans-cluster", "hidden-copy"]);
    way_back(&before, "Roll back to 1.0.0");

    let digest = before.split_once("name=\"digest\" value=\"").unwrap().1.split('"').next().unwrap();
    let form = [("digest", digest), ("reason", "Crashes or traps in production"), ("note", "Since Monday.")];
    let done = send(&carl, STOP, STOP, &form).await.expect(303);
    assert_eq!(done.header("location"), STOPPED);
    let after = page(&carl, STOPPED).await;
    assert!(
        after.contains("The last good release is <a class=\"mono\" href=\"/filters/alice/f?version=1.0.0\">"),
        "{after}"
    );
    assert!(after.contains("2 targets that you do not look after hold them, too."), "{after}");
    foreign(&after, &["secret-prod", "dans-cluster", "hidden-copy"]);
    way_back(&after, "Roll back to 1.0.0");

    // Its author, who has a target; what the deployment says of itself stays with it.
    let alice = signed_in(&world.app, "alice").await;
    let html = page(&alice, STOPPED).await;
    assert!(html.contains("secret-prod") && !html.contains("that you do not look after"), "{html}");
    foreign(&html, &["curators-edge", "dans-cluster", "hidden-copy"]);
    let plan = way_back(&html, "Roll back to 1.0.0");
    let html = page(&alice, &format!("/deployments/{of_alice}")).await;
    assert!(html.contains("These bytes were quarantined."), "{html}");
    assert_eq!(way_back(&html, "Roll back to 1.0.0"), plan);
    let html = page(&alice, &plan).await;
    assert!(
        html.contains("Ready")
            && html.contains("Update")
            && html.contains("{&#34;mode&#34;:&#34;strict&#34;}"),
        "{html}"
    );

    // Somebody else's target: the page that tells them it is quarantined.
    let dan = signed_in(&world.app, "dan").await;
    let told = look(&dan, STOPPED).await.expect(403);
    assert_tight(&told);
    let html = told.text();
    assert!(html.contains("dans-cluster"), "{html}");
    foreign(&html, &["curators-edge", "secret-prod"]);
    let plan = way_back(&html, "Roll back to 1.0.0");
    assert!(page(&dan, &plan).await.contains("Ready"));
    foreign(
        &look(&world.app.anonymous(), STOPPED).await.expect(403).text(),
        &["dans-cluster", "/deployments/new"],
    );
    assert_eq!(sent(), 3, "nothing is sent before somebody says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_keeps_is_said_and_what_was_stopped_elsewhere_is_no_way_back() {
    let world = World::new().await;
    let server = Server::start(None).await;
    world.publish("1.0.0").await;
    world.publish("1.0.5").await;
    world.publish("1.1.0").await;
    let target = json!({"namespace": "carl", "name": "followed", "kind": "meshery", "url": server.url});
    let target = id(&world.carl.post(TARGETS, &target).await.expect(201).json());
    let rule = json!({"target": target, "name": "edge", "selector": {"query": "namespace=alice"}});
    world.carl.post("/api/v1/deployment-rules", &rule).await.expect(201);
    assert!(eventually(Duration::from_secs(20), async || server.effects().len() == 1).await);
    let carl = signed_in(&world.app, "carl").await;
    let html = page(&carl, STOP).await;
    for part in [
        "<dt>Targets that hold them</dt><dd>1</dd>",
        "<dt>Rules that keep them there</dt><dd>1</dd>",
        "alice/f 1.1.0, kept there by the rule edge",
        "<dt>Last good release</dt><dd><a class=\"mono\" href=\"/filters/alice/f?version=1.0.5\">",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // The bytes of 1.0.5 are stopped as a release of somebody else.
    let dan = world.app.author("dan").await;
    world.app.publish(&dan, &world.carl, "dan/copy", "1.0.0", &distinct("deployed 1.0.5", 10)).await;
    let reason = json!({"reason": "bad"});
    world.carl.post("/api/v1/filters/dan/copy/releases/1.0.0/quarantine", &reason).await.expect(200);
    let html = page(&carl, STOP).await;
    assert!(html.contains("<dd><a class=\"mono\" href=\"/filters/alice/f?version=1.0.0\">"), "{html}");
    way_back(&html, "Roll back to 1.0.0");
}
