//! Invitations: who makes them, who answers them, and what ends them.
use super::{id, items};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::app::TestApp;
use tamis_entities::{audit_entry, team_member, user, value::MemberRole};

const TEAM: &str = "/api/v1/teams/acme/invitations";
const MINE: &str = "/api/v1/me/invitations";

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_seen_by_owners_and_the_invited_and_answered_once() {
    let app = TestApp::spawn().await;
    let (alice, bob, mia, eve) = (
        app.author("alice").await,
        app.author("bob").await,
        app.author("mia").await,
        app.author("eve").await,
    );
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    let ask = json!({"user": "bob", "role": "maintainer"});
    mia.post(TEAM, &ask).await.expect_problem(403, "role");
    mia.get(TEAM).await.expect_problem(403, "role");
    eve.post(TEAM, &ask).await.expect_problem(404, "not-found");
    alice.post(TEAM, &json!({"user": "nobody", "role": "member"})).await.expect_problem(400, "invalid");
    alice.post(TEAM, &json!({"user": "mia", "role": "member"})).await.expect_problem(409, "already-member");
    let first = id(alice.post(TEAM, &ask).await);
    let second = id(alice.post(TEAM, &ask).await);
    for list in [alice.get(TEAM).await, bob.get(MINE).await] {
        let open = items(list);
        assert_eq!(open.len(), 1, "the second takes the place of the first");
        assert_eq!((&open[0]["id"], &open[0]["created_by"]), (&json!(second), &json!("alice")));
    }
    assert!(items(eve.get(MINE).await).is_empty());
    bob.post(&format!("{MINE}/{first}/accept"), &json!({})).await.expect(404);
    eve.post(&format!("{MINE}/{second}/accept"), &json!({})).await.expect(404);
    let place = bob.post(&format!("{MINE}/{second}/accept"), &json!({})).await.expect(200).json();
    assert_eq!(place, json!({"team": "acme", "role": "maintainer"}));
    bob.post(&format!("{MINE}/{second}/accept"), &json!({})).await.expect(404);
    bob.put("/api/v1/filters/acme/f", &json!({})).await.expect(201);
    // Declined and withdrawn ones are over.
    let declined = id(alice.post(TEAM, &json!({"user": "eve", "role": "owner"})).await);
    eve.post(&format!("{MINE}/{declined}/decline"), &json!({})).await.expect(204);
    let withdrawn = id(alice.post(TEAM, &json!({"user": "eve", "role": "owner"})).await);
    alice.delete(&format!("{TEAM}/{withdrawn}")).await.expect(204);
    alice.delete(&format!("{TEAM}/{withdrawn}")).await.expect(404);
    for ended in [declined, withdrawn] {
        eve.post(&format!("{MINE}/{ended}/accept"), &json!({})).await.expect(404);
    }
    eve.get("/api/v1/teams/acme").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_after_a_week_and_with_the_ownership_of_who_made_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for name in ["bob", "mia"] {
        app.author(name).await;
    }
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "owner"})).await.expect(200);
    let ask = json!({"user": "bob", "role": "member"});
    let lapsed = id(alice.post(TEAM, &ask).await);
    app.clock.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    let (alice, bob, mia) =
        (app.token("alice", None).await, app.token("bob", None).await, app.token("mia", None).await);
    assert!(items(bob.get(MINE).await).is_empty());
    bob.post(&format!("{MINE}/{lapsed}/accept"), &json!({})).await.expect(404);
    // Made by an owner who is demoted, who is removed, whose account is disabled.
    let by_demoted = id(mia.post(TEAM, &ask).await);
    alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    bob.post(&format!("{MINE}/{by_demoted}/accept"), &json!({})).await.expect(404);
    alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "owner"})).await.expect(200);
    let by_removed = id(mia.post(TEAM, &ask).await);
    mia.delete("/api/v1/teams/acme/members/mia").await.expect(204);
    assert!(items(alice.get(TEAM).await).is_empty());
    bob.post(&format!("{MINE}/{by_removed}/accept"), &json!({})).await.expect(404);
    alice.put("/api/v1/teams/acme/members/mia", &json!({"role": "owner"})).await.expect(200);
    let by_disabled = id(mia.post(TEAM, &ask).await);
    let now = sea_orm::sea_query::Expr::value(app.clock.now());
    let disable = user::Entity::update_many().col_expr(user::Column::DisabledAt, now);
    disable.filter(user::Column::Id.eq(handle_id(&app, "mia").await)).exec(&*app.state.db).await.unwrap();
    bob.post(&format!("{MINE}/{by_disabled}/accept"), &json!({})).await.expect(404);
    bob.get("/api/v1/teams/acme").await.expect(404);
}

async fn handle_id(app: &TestApp, handle: &str) -> uuid::Uuid {
    let handle = handle.parse().unwrap();
    tamis::auth::access::find_namespace(&*app.state.db, &handle).await.unwrap().unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_at_once_one_counts() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    for round in 0..5 {
        let team = format!("team-{round}x");
        alice.post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
        let path = format!("/api/v1/teams/{team}/invitations");
        let id = id(alice.post(&path, &json!({"user": "bob", "role": "owner"})).await);
        let acts = (0..9).map(|i| {
            let (alice, bob, path, id) = (alice.clone(), bob.clone(), path.clone(), id.clone());
            async move {
                match i % 3 {
                    0 => bob.post(&format!("{MINE}/{id}/accept"), &json!({})).await,
                    1 => bob.post(&format!("{MINE}/{id}/decline"), &json!({})).await,
                    _ => alice.delete(&format!("{path}/{id}")).await,
                }
            }
        });
        let replies = join_all(acts).await;
        let done: Vec<_> = replies.iter().filter(|r| r.status != 404).map(|r| r.status).collect();
        assert!(done.len() == 1 && [200, 204].contains(&done[0]), "{done:?}");
        let joined = team_member::Entity::find()
            .filter(team_member::Column::UserId.eq(handle_id(&app, "bob").await))
            .filter(team_member::Column::TeamId.eq(handle_id(&app, &team).await))
            .filter(team_member::Column::Role.eq(MemberRole::Owner));
        let joined = joined.count(&*app.state.db).await.unwrap();
        assert_eq!(joined == 1, done[0] == 200);
    }
    let answers =
        audit_entry::Entity::find().filter(audit_entry::Column::Action.starts_with("team.invitation."));
    assert_eq!(answers.count(&*app.state.db).await.unwrap(), 10, "five made, five answered");
}
