//! Filters that change hands: everything comes along, the old path stays theirs.
use super::{id, items};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, small},
};
use tamis_entities::{catalog_entry, filter, former_filter, review, tombstone};

const MINE: &str = "/api/v1/me/transfers";

async fn give(giver: &Person, path: &str, taker: &Person, to: &str) -> Value {
    let offer = id(giver.post(&format!("/api/v1/filters/{path}/transfer"), &json!({"to": to})).await);
    taker.post(&format!("{MINE}/{offer}/accept"), &json!({})).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transferred_filter_brings_everything_and_its_old_path_leads_to_it_for_ever() {
    let app = TestApp::spawn().await;
    let (alice, bob, rita, carl) = (
        app.author("alice").await,
        app.author("bob").await,
        app.author("rita").await,
        app.curator("carl").await,
    );
    bob.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &small()).await;
    alice.upload("alice/f", "2.0.0", distinct("2", 10)).await.expect(201);
    alice.upload("alice/f", "0.1.0", distinct("gone", 10)).await.expect(201);
    alice.delete("/api/v1/filters/alice/f/releases/0.1.0").await.expect(204);
    alice.put("/api/v1/filters/alice/f/grants/user:rita", &json!({"level": "read"})).await.expect(200);
    let open = alice.submit("alice/f", "2.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let moved = give(&alice, "alice/f", &bob, "acme").await;
    assert_eq!((&moved["namespace"], &moved["name"]), (&json!("acme"), &json!("f")));
    for path in ["alice/f", "acme/f"] {
        let filter = rita.get(&format!("/api/v1/filters/{path}")).await.expect(200).json();
        assert_eq!(filter["namespace"], "acme", "{path}");
        rita.get(&format!("/api/v1/filters/{path}/releases/2.0.0/module")).await.expect(200);
        let shown = app.anonymous().get(&format!("/api/v1/catalog/{path}")).await.expect(200).json();
        assert_eq!((&shown["namespace"], &shown["version"]), (&json!("acme"), &json!("1.0.0")), "{path}");
    }
    // What the giver was to it there they are not here.
    alice.get("/api/v1/filters/acme/f/releases/2.0.0").await.expect(404);
    alice.upload("alice/f", "3.0.0", small()).await.expect_problem(409, "renamed");
    alice.put("/api/v1/filters/alice/f", &json!({})).await.expect_problem(409, "renamed");
    alice.put("/api/v1/filters/alice/f.", &json!({})).await.expect(404);
    // Nobody takes the path that was left, by any door.
    alice.post("/api/v1/filters/acme/f/clone", &json!({"namespace": "alice", "name": "f"})).await.expect(409);
    alice.upload("alice/other", "1.0.0", small()).await.expect(201);
    let rows = former_filter::Entity::find().count(&*app.state.db).await.unwrap();
    assert_eq!(rows, 1);
    // The open review ended; deleted versions stay taken in the new place.
    let review =
        bob.get(&format!("/api/v1/reviews/{}", open["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(review["state"], "superseded");
    bob.upload("acme/f", "0.1.0", distinct("other", 10)).await.expect_problem(409, "version-retired");
    bob.upload("acme/f", "0.1.0", distinct("gone", 10)).await.expect(201);
    // And back: the path is theirs again, the other one stays taken.
    give(&bob, "acme/f", &alice, "alice").await;
    assert_eq!(rita.get("/api/v1/filters/acme/f").await.expect(200).json()["namespace"], "alice");
    alice.upload("alice/f", "3.0.0", distinct("3", 10)).await.expect(201);
    bob.put("/api/v1/filters/acme/f", &json!({})).await.expect_problem(409, "renamed");
    app.drain_jobs().await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_made_by_owners_answered_by_maintainers_once_and_within_a_week() {
    let app = TestApp::spawn().await;
    let (alice, bob, mel, mia, eve) = (
        app.author("alice").await,
        app.author("bob").await,
        app.author("mel").await,
        app.author("mia").await,
        app.author("eve").await,
    );
    for (owner, team) in [(&alice, "giver"), (&bob, "taker")] {
        owner.post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
        for (user, role) in [("mel", "member"), ("mia", "maintainer")] {
            owner
                .put(&format!("/api/v1/teams/{team}/members/{user}"), &json!({"role": role}))
                .await
                .expect(200);
        }
    }
    alice.put("/api/v1/filters/giver/f", &json!({})).await.expect(201);
    let path = "/api/v1/filters/giver/f/transfer";
    mia.post(path, &json!({"to": "taker"})).await.expect_problem(403, "role");
    eve.post(path, &json!({"to": "eve"})).await.expect_problem(404, "not-found");
    for wrong in ["nobody", "giver", "tamis"] {
        alice.post(path, &json!({"to": wrong})).await.expect_problem(400, "invalid");
    }
    alice.get(path).await.expect(404);
    let offer = id(alice.post(path, &json!({"to": "taker"})).await);
    alice.post(path, &json!({"to": "eve"})).await.expect_problem(409, "transfer-open");
    assert_eq!(mia.get(path).await.expect(200).json()["id"], json!(offer));
    for (who, sees) in [(&bob, 1), (&mia, 1), (&mel, 0), (&eve, 0), (&alice, 0)] {
        assert_eq!(items(who.get(MINE).await).len(), sees, "{}", who.name);
    }
    for who in [&mel, &eve, &alice] {
        who.post(&format!("{MINE}/{offer}/accept"), &json!({})).await.expect(404);
    }
    bob.get("/api/v1/filters/giver/f").await.expect(404);
    mia.post(&format!("{MINE}/{offer}/decline"), &json!({})).await.expect(204);
    bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await.expect(404);
    let offer = id(alice.post(path, &json!({"to": "taker"})).await);
    alice.delete(path).await.expect(204);
    alice.delete(path).await.expect(404);
    bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await.expect(404);
    // The offer of who owns the giver no more is none.
    let offer = id(alice.post(path, &json!({"to": "taker"})).await);
    alice.put("/api/v1/teams/giver/members/mia", &json!({"role": "owner"})).await.expect(200);
    mia.delete("/api/v1/teams/giver/members/alice").await.expect(204);
    bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await.expect(404);
    let late = id(mia.post(path, &json!({"to": "taker"})).await);
    app.clock.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    let bob = app.token("bob", None).await;
    bob.post(&format!("{MINE}/{late}/accept"), &json!({})).await.expect(404);
    app.token("mia", None).await.get(path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_does_not_move_onto_a_name_that_is_or_was_another_ones() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let offer = async |name: &str| {
        let path = format!("/api/v1/filters/alice/{name}");
        id(alice.post(&format!("{path}/transfer"), &json!({"to": "bob"})).await)
    };
    let accept = async |offer: &str| bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await;
    // In use, and a look-alike of one in use.
    for (theirs, ours) in [("same", "same"), ("foo-bar", "foo_bar")] {
        bob.put(&format!("/api/v1/filters/bob/{theirs}"), &json!({})).await.expect(201);
        alice.put(&format!("/api/v1/filters/alice/{ours}"), &json!({})).await.expect(201);
        accept(&offer(ours).await).await.expect_problem(409, "name-taken");
        alice.get(&format!("/api/v1/filters/alice/{ours}")).await.expect(200);
    }
    // Left by one that moved on.
    bob.put("/api/v1/filters/bob/left", &json!({})).await.expect(201);
    give(&bob, "bob/left", &alice, "alice").await;
    alice.delete("/api/v1/filters/alice/left").await.expect(204);
    bob.get("/api/v1/filters/bob/left").await.expect(404);
    bob.put("/api/v1/filters/bob/left", &json!({})).await.expect_problem(409, "name-taken");
    bob.upload("bob/1eft", "1.0.0", small()).await.expect_problem(409, "name-taken");
    // Deleted there, with other bytes under a version of ours.
    bob.upload("bob/buried", "1.0.0", distinct("theirs", 10)).await.expect(201);
    bob.delete("/api/v1/filters/bob/buried").await.expect(204);
    alice.upload("alice/buried", "1.0.0", distinct("ours", 10)).await.expect(201);
    let open = offer("buried").await;
    accept(&open).await.expect_problem(409, "version-retired");
    // Refused is not answered: it can be accepted once the reason is gone.
    alice.delete("/api/v1/filters/alice/buried/releases/1.0.0").await.expect(204);
    accept(&open).await.expect_problem(409, "version-retired");
    assert_eq!(items(bob.get(MINE).await).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_publications_and_deletions_at_once_leave_one_whole_filter_or_none() {
    let app = TestApp::spawn().await;
    let (alice, bob, carl) = (app.author("alice").await, app.author("bob").await, app.curator("carl").await);
    for round in 0..if std::env::var("TAMIS_TEST_FULL").is_ok() { 40 } else { 6 } {
        let name = format!("f-{round}x");
        let path = format!("/api/v1/filters/alice/{name}");
        alice.upload(&format!("alice/{name}"), "1.0.0", distinct(&name, 10)).await.expect(201);
        let review = alice.submit(&format!("alice/{name}"), "1.0.0", "publish").await.expect(201).json();
        app.drain_jobs().await;
        carl.vote(&review, "approve").await.expect(200);
        let offer = id(alice.post(&format!("{path}/transfer"), &json!({"to": "bob"})).await);
        let acts = (0..10).map(|i| {
            let (alice, bob, path, name) = (alice.clone(), bob.clone(), path.clone(), name.clone());
            let (review, offer) = (review.clone(), offer.clone());
            async move {
                match i % 5 {
                    0 => bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await,
                    1 => alice.release(&review).await,
                    2 if round % 2 == 0 => alice.delete(&path).await,
                    2 => alice.delete(&format!("{path}/releases/1.0.0")).await,
                    3 => alice.put(&path, &json!({"title": format!("{i}")})).await,
                    _ => alice.upload(&format!("alice/{name}"), "2.0.0", distinct("second", 10)).await,
                }
            }
        });
        for reply in join_all(acts).await {
            assert!([200, 201, 204, 403, 404, 409].contains(&reply.status), "{}", reply.text());
        }
        app.drain_jobs().await;
        judge(&app, &name).await;
    }
    app.assert_sound().await;
}

/// One filter of the name at most under its old path; its rows agree with where it is.
async fn judge(app: &TestApp, name: &str) {
    let db = &*app.state.db;
    let handles = tamis_entities::namespace::Entity::find().all(db).await.unwrap();
    let handle = |id| handles.iter().find(|n| n.id == id).unwrap().handle.to_string();
    let rows = filter::Entity::find().filter(filter::Column::Name.eq(name)).all(db).await.unwrap();
    for row in &rows {
        let entry = catalog_entry::Entity::find_by_id(row.id).one(db).await.unwrap();
        assert_eq!(entry.is_some(), row.published_releases > 0, "{name}");
        if let Some(entry) = entry {
            assert_eq!(
                (entry.namespace_id, entry.namespace.to_string()),
                (row.namespace_id, handle(row.namespace_id))
            );
        }
        let open = review::Entity::find().filter(review::Column::FilterId.eq(row.id)).all(db).await.unwrap();
        let moved = handle(row.namespace_id) == "bob";
        assert!(!moved || open.iter().all(|r| !r.state.is_open()), "{name}: a review came along");
        let left = former_filter::Entity::find().filter(former_filter::Column::FilterId.eq(row.id));
        assert_eq!(left.count(db).await.unwrap() == 1, moved);
    }
    let moved = rows.iter().any(|r| handle(r.namespace_id) == "bob");
    assert!(rows.len() <= 1, "{name}: {} filters", rows.len());
    let buried = tombstone::Entity::find().filter(tombstone::Column::Name.eq(name)).all(db).await.unwrap();
    for stone in buried {
        assert!(!moved || handle(stone.namespace_id) == "bob", "{name}: a tombstone stayed behind");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_is_removed_owns_nothing_whatever_came_at_the_same_moment() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    for round in 0..8 {
        let team = format!("team-{round}x");
        let made = bob.post("/api/v1/teams", &json!({"handle": team})).await.expect(201).json();
        let name = format!("f-{round}x");
        alice.put(&format!("/api/v1/filters/alice/{name}"), &json!({})).await.expect(201);
        let offer =
            id(alice.post(&format!("/api/v1/filters/alice/{name}/transfer"), &json!({"to": team})).await);
        let acts = (0..6).map(|i| {
            let (bob, team, offer) = (bob.clone(), team.clone(), offer.clone());
            async move {
                match (i + round) % 3 {
                    0 => bob.delete(&format!("/api/v1/teams/{team}")).await,
                    1 => bob.put(&format!("/api/v1/filters/{team}/new-{i}x"), &json!({})).await,
                    _ => bob.post(&format!("{MINE}/{offer}/accept"), &json!({})).await,
                }
            }
        });
        for reply in join_all(acts).await {
            assert!([200, 201, 204, 403, 404, 409].contains(&reply.status), "{}", reply.text());
        }
        let gone =
            bob.get(&format!("/api/v1/teams/{}", made["handle"].as_str().unwrap())).await.status == 404;
        let handle = team.parse().unwrap();
        let left = tamis::auth::access::find_namespace(&*app.state.db, &handle).await.unwrap().unwrap();
        let owned = filter::Entity::find().filter(filter::Column::NamespaceId.eq(left.id));
        let owned = owned.count(&*app.state.db).await.unwrap();
        assert!(!gone || owned == 0, "{team} is gone and owns {owned} filters");
    }
}
