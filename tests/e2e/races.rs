//! Many at once: one winner, everyone else told so, nothing half done, and never a 5xx.
mod interleavings;

use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::collections::BTreeMap;
use tamis::jobs::{self, Job};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, small},
};
use tamis_entities::{audit_entry, filter, module, namespace, release, team_member, value::MemberRole};

fn statuses(replies: &[Reply]) -> BTreeMap<u16, usize> {
    let mut all = BTreeMap::new();
    for reply in replies {
        assert!(reply.status < 500, "{}", reply.text());
        *all.entry(reply.status).or_insert(0) += 1;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_look_alikes_made_at_once_one_is_made() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let spellings = ["foo-bar-10", "foo_bar-10", "foo.bar_10", "foo-bar-l0", "foo_bar.1o", "foo-bar.lo"];
    let made = |i: usize| {
        let alice = alice.clone();
        let name = spellings[i % spellings.len()];
        async move {
            match i % 3 {
                0 => alice.put(&format!("/api/v1/filters/alice/{name}"), &json!({"title": name})).await,
                1 => alice.upload(&format!("alice/{name}"), "1.0.0", distinct(&format!("{i}"), 10)).await,
                _ => alice.post("/api/v1/teams", &json!({"handle": name})).await,
            }
        }
    };
    let replies = join_all((0..100).map(made)).await;
    let (teams, filters): (Vec<_>, Vec<_>) = replies.into_iter().enumerate().partition(|(i, _)| i % 3 == 2);
    let only = |all: Vec<(usize, Reply)>| all.into_iter().map(|(_, r)| r).collect::<Vec<_>>();
    let (teams, filters) = (only(teams), only(filters));
    assert_eq!(statuses(&teams), [(201, 1), (409, 32)].into());
    let counts = statuses(&filters);
    // The winner's own spelling may be said again: that changes or extends the winner.
    assert!(counts.keys().all(|s| [200, 201, 409].contains(s)), "{counts:?}");
    let rows = filter::Entity::find().all(&*app.state.db).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let handles = namespace::Entity::find().filter(namespace::Column::Kind.eq("team"));
    assert_eq!(handles.count(&*app.state.db).await.unwrap(), 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_bytes_for_one_version_at_once_one_wins() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for round in 0..3 {
        let upload = |i: usize| {
            let bytes = distinct(&format!("{round} {i}"), 1_000 + i);
            let alice = alice.clone();
            async move { alice.upload("alice/f", &format!("1.0.{round}"), bytes).await }
        };
        let replies = join_all((0..20).map(upload)).await;
        assert_eq!(statuses(&replies), [(201, 1), (409, 19)].into());
        let won = replies.iter().find(|r| r.status == 201).unwrap().json();
        let read =
            alice.get(&format!("/api/v1/filters/alice/f/releases/1.0.{round}")).await.expect(200).json();
        assert_eq!(read["digest"], won["digest"]);
    }
    let live = module::Entity::find().count(&*app.state.db).await.unwrap();
    // A module, its layer and two configurations each.
    assert_eq!(live, 3 * 4, "the losers' modules have no row");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_at_once_are_one_module_wherever_they_go() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bytes = distinct("the same", 50_000);
    let apart = (0..20).map(|i| {
        let (alice, bytes) = (alice.clone(), bytes.clone());
        async move { alice.upload(&format!("alice/filter-{i}x"), "1.0.0", bytes).await }
    });
    assert_eq!(statuses(&join_all(apart).await), [(201, 20)].into());
    let together = (0..20).map(|_| {
        let (alice, bytes) = (alice.clone(), bytes.clone());
        async move { alice.upload("alice/one", "1.0.0", bytes).await }
    });
    assert_eq!(statuses(&join_all(together).await), [(200, 19), (201, 1)].into());
    // The module, its layer and two configurations.
    assert_eq!(module::Entity::find().count(&*app.state.db).await.unwrap(), 4);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_released_once_however_many_ask() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let mut curators = vec![];
    for name in ["carl", "dora", "emil", "fred"] {
        curators.push(app.curator(name).await);
    }
    for round in 0..3 {
        let version = format!("1.0.{round}");
        alice.upload("alice/f", &version, distinct(&version, 10)).await.expect(201);
        let review = alice.submit("alice/f", &version, "publish").await.expect(201).json();
        app.drain_jobs().await;
        let votes = curators.iter().cycle().take(16).map(|c| c.vote(&review, "approve"));
        let votes = join_all(votes).await;
        let counts = statuses(&votes);
        assert!(counts[&200] >= 1 && counts.keys().all(|s| [200, 409].contains(s)), "{counts:?}");
        let everyone: Vec<_> = curators.iter().chain([&alice]).cycle().take(40).collect();
        let released = join_all(everyone.iter().map(|who| who.release(&review))).await;
        assert_eq!(statuses(&released), [(200, 1), (409, 39)].into());
    }
    // Asking many times at once is asking once.
    alice.upload("alice/f", "2.0.0", distinct("2", 10)).await.expect(201);
    let asked = join_all((0..20).map(|_| alice.submit("alice/f", "2.0.0", "publish"))).await;
    assert_eq!(statuses(&asked), [(201, 1), (409, 19)].into());
    app.drain_jobs().await;
    let acts = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("release.publish"));
    assert_eq!(acts.count(&*app.state.db).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_takes_one_job_however_many_wait() {
    let app = TestApp::spawn().await;
    let txn = app.state.db.begin_write().await.unwrap();
    for _ in 0..60 {
        // Of a review that is gone: done as soon as it is looked at.
        let job = Job::CheckReview { review: uuid::Uuid::now_v7() };
        jobs::enqueue(&*txn, &app.clock, &job).await.unwrap();
    }
    txn.commit().await.unwrap();
    let workers = join_all((0..4).map(|_| jobs::queue::drain(&app.state))).await;
    assert!(workers.iter().all(Result::is_ok));
    // One that was claimed and forgotten would be there until its lease lapses, after a minute.
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_never_loses_its_last_owner() {
    let app = TestApp::spawn().await;
    let mut people = vec![];
    for i in 0..6 {
        people.push(app.author(&format!("person-{i}x")).await);
    }
    for round in 0..4 {
        let team = format!("team-{round}x");
        people[0].post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
        let member = |who: &Person| format!("/api/v1/teams/{team}/members/{}", who.name);
        for person in &people[1..] {
            people[0].put(&member(person), &json!({"role": "owner"})).await.expect(200);
        }
        let n = people.len();
        let acts = (0..n * 3).map(|i| {
            let (actor, target) = (people[i % n].clone(), member(&people[(i / n + i) % n]));
            async move {
                match i % 2 {
                    0 => actor.delete(&target).await,
                    _ => actor.put(&target, &json!({"role": "member"})).await,
                }
            }
        });
        let counts = statuses(&join_all(acts).await);
        assert!(counts.keys().all(|s| [200, 204, 403, 404, 409].contains(s)), "{counts:?}");
        let owners = team_member::Entity::find().filter(team_member::Column::Role.eq(MemberRole::Owner));
        let owners = owners.all(&*app.state.db).await.unwrap();
        let teams: std::collections::BTreeSet<_> = owners.iter().map(|o| o.team_id).collect();
        assert_eq!(teams.len(), round + 1, "a team without an owner");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cloning_deleting_and_uploading_at_once_leave_whole_things_only() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for round in 0..5 {
        let source = format!("source-{round}x");
        let bytes = distinct(&source, 2_000);
        alice.upload(&format!("alice/{source}"), "1.0.0", bytes.clone()).await.expect(201);
        let acts = (0..18).map(|i| {
            let (alice, bytes, source) = (alice.clone(), bytes.clone(), source.clone());
            let path = format!("/api/v1/filters/alice/{source}");
            async move {
                match i % 6 {
                    0 | 1 => {
                        alice
                            .post(
                                &format!("{path}/clone"),
                                &json!({"namespace": "alice", "name": format!("copy-{round}-{i}x")}),
                            )
                            .await
                    }
                    2 => alice.delete(&path).await,
                    3 => alice.delete(&format!("{path}/releases/1.0.0")).await,
                    4 => alice.upload(&format!("alice/{source}"), "1.0.0", bytes).await,
                    _ => alice.put(&path, &json!({"summary": format!("{i}")})).await,
                }
            }
        });
        let counts = statuses(&join_all(acts).await);
        assert!(counts.keys().all(|s| [200, 201, 204, 404, 409].contains(s)), "{counts:?}");
    }
    let copies = filter::Entity::find().filter(filter::Column::Name.starts_with("copy-"));
    for copy in copies.all(&*app.state.db).await.unwrap() {
        let releases = release::Entity::find().filter(release::Column::FilterId.eq(copy.id));
        assert_eq!(releases.count(&*app.state.db).await.unwrap(), 1, "{}", copy.name);
        alice.get(&format!("/api/v1/filters/alice/{}/releases/1.0.0/module", copy.name)).await.expect(200);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_whose_words_cross_do_not_wait_for_each_other_for_ever() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for round in 0..10 {
        let acts = (0..12).map(|i| {
            // Each brings new words in another order: of the name first, of the summary later.
            let (a, b) = (format!("alpha{round}q"), format!("omega{round}q"));
            let (name, summary) = if i % 2 == 0 { (a, b) } else { (b, a) };
            let (alice, path) = (alice.clone(), format!("/api/v1/filters/alice/{name}-{i}x"));
            async move { alice.put(&path, &json!({"summary": summary})).await }
        });
        assert_eq!(statuses(&join_all(acts).await), [(201, 12)].into());
    }
    let removed = (0..12).map(|i| {
        let name = if i % 2 == 0 { "alpha" } else { "omega" };
        let (alice, path) = (alice.clone(), format!("/api/v1/filters/alice/{name}0q-{i}x"));
        async move { alice.delete(&path).await }
    });
    assert_eq!(statuses(&join_all(removed).await), [(204, 12)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_fields_at_once_lose_none_that_was_acknowledged() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let fields = ["root_id", "licence", "readme", "source_commit"];
    for round in 0..4 {
        let value = |field: &str| {
            if field == "licence" {
                ["MIT", "ISC", "0BSD", "Zlib"][round].to_owned()
            } else {
                format!("{field} {round}")
            }
        };
        let changes = join_all(fields.iter().map(|field| {
            let alice = alice.clone();
            let body = json!({*field: value(field)});
            async move {
                let filter = alice.put("/api/v1/filters/alice/f", &json!({"defaults": body})).await;
                (filter, alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &body).await)
            }
        }))
        .await;
        let defaults = alice.get("/api/v1/filters/alice/f").await.expect(200).json()["defaults"].clone();
        let metadata =
            alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json()["metadata"].clone();
        for (field, (filter, release)) in fields.iter().zip(&changes) {
            assert_eq!(filter.status, 200, "{}", filter.text());
            assert_eq!(defaults[field], value(field));
            match release.status {
                200 => assert_eq!(metadata[field], value(field), "acknowledged and lost"),
                _ => assert!([409, 412].contains(&release.status), "{}", release.text()),
            }
        }
    }
}
