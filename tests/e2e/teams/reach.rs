//! Who can see a filter and why, and what somebody can reach: both views against what the
//! doors really do.
use super::items;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tamis_e2e::{app::TestApp, client::Person, fixtures::small};
use tamis_entities::value::Role;

/// Every item of a list, in pages of this size.
async fn all(who: &Person, path: &str, limit: u64) -> Vec<Value> {
    let (mut found, mut after) = (vec![], String::new());
    for _ in 0..100 {
        let page = who.get(&format!("{path}?limit={limit}{after}")).await.expect(200).json();
        found.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
    panic!("{path} has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_who_can_see_a_filter_is_named_with_every_reason() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let (carl, ada) = (app.curator("carl").await, app.user("ada", Role::Admin).await);
    let mut people = vec![];
    for name in ["mel", "mia", "rita", "tina", "tom", "walt", "lapsed"] {
        people.push(app.author(name).await);
    }
    for team in ["acme", "guests"] {
        alice.post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
    }
    for (team, user, role) in [
        ("acme", "mel", "member"),
        ("acme", "mia", "maintainer"),
        ("guests", "tina", "member"),
        ("guests", "tom", "member"),
    ] {
        alice.put(&format!("/api/v1/teams/{team}/members/{user}"), &json!({"role": role})).await.expect(200);
    }
    alice.upload("acme/f", "1.0.0", small()).await.expect(201);
    let path = "/api/v1/filters/acme/f";
    let end = app.clock.now().plus(Duration::from_secs(60)).to_string();
    for (subject, grant) in [
        ("user:rita", json!({"level": "read"})),
        ("user:walt", json!({"level": "write", "expires_at": "2126-01-01T00:00:00Z"})),
        ("user:lapsed", json!({"level": "read", "expires_at": end})),
        ("team:guests", json!({"level": "read"})),
    ] {
        alice.put(&format!("{path}/grants/{subject}"), &grant).await.expect(200);
    }
    app.clock.advance(Duration::from_secs(61));
    let access = format!("{path}/access");
    for who in &people[2..4] {
        who.get(&access).await.expect_problem(403, "role");
    }
    app.anonymous().get(&access).await.expect(401);
    let lines = all(&alice, &access, 100).await;
    let brief = |lines: &[Value]| -> Vec<String> {
        let text = |l: &Value, k: &str| l[k].as_str().unwrap_or("-").to_owned();
        let line =
            |l: &Value| ["principal", "because", "role", "level", "team"].map(|k| text(l, k)).join(" ");
        lines.iter().map(line).collect()
    };
    let want = BTreeSet::from([
        "role:admin admin - - -",
        "user:alice member owner - -",
        "user:mel member member - -",
        "user:mia member maintainer - -",
        "user:rita grant - read -",
        "user:walt grant - write -",
        "user:alice grant - read guests",
        "user:tina grant - read guests",
        "user:tom grant - read guests",
    ]);
    let found = brief(&lines);
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), want);
    // In pages of any size the same, in the same order.
    for limit in 1..6 {
        assert_eq!(brief(&all(&alice, &access, limit).await), found, "pages of {limit}");
    }
    // And so it is at the door.
    for who in &people {
        let named = found.iter().any(|l| l.starts_with(&format!("user:{} ", who.name)));
        let status = who.get(&format!("{path}/releases/1.0.0/module")).await.status;
        assert_eq!(status, if named { 200 } else { 404 }, "{}", who.name);
    }
    ada.get(&format!("{path}/releases/1.0.0")).await.expect(200);
    carl.get(path).await.expect(404);
    alice.submit("acme/f", "1.0.0", "publish").await.expect(201);
    app.drain_jobs().await;
    alice.put(path, &json!({"visibility": "public"})).await.expect(200);
    let found = brief(&all(&alice, &access, 100).await);
    assert_eq!(found[..3], ["signed-in public - - -", "role:admin admin - - -", "role:curator review - - -"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reach_names_the_namespaces_the_grants_and_the_scopes_in_bounded_pages() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    for team in ["acme", "guests"] {
        alice.post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
        alice.put(&format!("/api/v1/teams/{team}/members/bob"), &json!({"role": "member"})).await.expect(200);
    }
    for name in ["one", "two", "three"] {
        alice.put(&format!("/api/v1/filters/alice/{name}"), &json!({})).await.expect(201);
    }
    for (name, subject) in [("one", "user:bob"), ("two", "team:guests")] {
        let grant = json!({"level": "write", "expires_at": "2126-01-01T00:00:00Z"});
        alice.put(&format!("/api/v1/filters/alice/{name}/grants/{subject}"), &grant).await.expect(200);
    }
    let text = |l: &Value| {
        ["namespace", "role", "filter", "level", "team"]
            .map(|k| l[k].as_str().unwrap_or("-").to_owned())
            .join(" ")
    };
    let want = [
        "bob owner - - -",
        "acme member - - -",
        "guests member - - -",
        "alice - one write -",
        "alice - two write guests",
    ];
    let found: Vec<_> = all(&bob, "/api/v1/me/reach", 100).await.iter().map(text).collect();
    assert_eq!(found, want);
    for limit in 1..6 {
        let found: Vec<_> = all(&bob, "/api/v1/me/reach", limit).await.iter().map(text).collect();
        assert_eq!(found, want, "pages of {limit}");
    }
    let made = bob
        .post("/api/v1/tokens", &json!({"name": "ci", "scopes": ["filters:read"]}))
        .await
        .expect(201)
        .json();
    let path = format!("/api/v1/tokens/{}/reach", made["id"].as_str().unwrap());
    let reach = bob.get(&path).await.expect(200).json();
    assert_eq!((&reach["user"], &reach["scopes"]), (&json!("bob"), &json!(["filters:read"])));
    assert_eq!(items(bob.get(&path).await).len(), 5);
    alice.get(&path).await.expect(404);
    // The cursor of one view fits no other.
    let next =
        bob.get(&format!("{path}?limit=1")).await.expect(200).json()["next"].as_str().unwrap().to_owned();
    bob.get(&format!("/api/v1/me/reach?after={next}")).await.expect_problem(400, "invalid");
    bob.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    bob.get(&path).await.expect(404);
    alice.delete("/api/v1/teams/guests/members/bob").await.expect(204);
    assert_eq!(items(bob.get("/api/v1/me/reach").await).len(), 3);
}
