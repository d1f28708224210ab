//! Many at once: one winner, everyone else told so, nothing half done, and never a 5xx.
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, small},
};
use tamis_entities::{
    audit_entry, filter, module, namespace, release, review, review_vote, team_member,
    value::{Decision, MemberRole, ReleaseState, ReviewAction, ReviewState, revision},
};

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
    assert_eq!(live, 3, "the losers' modules have no row");
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
    assert_eq!(module::Entity::find().count(&*app.state.db).await.unwrap(), 1);
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
        alice.delete(Box::leak(
            format!("/api/v1/filters/alice/{}0q-{i}x", if i % 2 == 0 { "alpha" } else { "omega" })
                .into_boxed_str(),
        ))
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

/// xorshift64*: what is needed of chance, from a seed that is printed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

struct Actors {
    alice: Person,
    /// Curators; the first also writes the filter, so that their vote must not count.
    curators: Vec<Person>,
}

/// One step of somebody, on the review as it looks to them.
async fn act(actors: &Actors, filter: &str, chance: u64, i: u64) -> Option<Reply> {
    let release = format!("/api/v1/filters/{filter}/releases/1.0.0");
    let curator = &actors.curators[(chance % 4) as usize];
    let pick = async || -> Option<Value> {
        let all = actors.alice.get("/api/v1/reviews?limit=100").await.expect(200).json();
        let mine = |r: &&Value| {
            format!("{}/{}", r["namespace"].as_str().unwrap(), r["filter"].as_str().unwrap()) == filter
        };
        let item = all["items"].as_array().unwrap().iter().rev().find(mine)?.clone();
        let read = curator.get(&format!("/api/v1/reviews/{}", item["id"].as_str().unwrap())).await;
        (read.status == 200).then(|| read.json())
    };
    let reply = match chance / 4 % 12 {
        0 | 1 => {
            let actions = ["publish", "publish", "publish", "update", "unpublish", "unquarantine"];
            actors.alice.submit(filter, "1.0.0", actions[(chance / 48 % 6) as usize]).await
        }
        2..=4 => curator.vote(&pick().await?, "approve").await,
        5 | 6 => actors.alice.release(&pick().await?).await,
        7 => actors.alice.patch(&release, &json!({"readme": format!("readme {i}")})).await,
        8 => {
            actors
                .alice
                .put(&format!("/api/v1/filters/{filter}"), &json!({"summary": format!("summary {i}")}))
                .await
        }
        9 => {
            let path = format!("/api/v1/reviews/{}/withdrawal", pick().await?["id"].as_str().unwrap());
            actors.alice.post(&path, &json!({})).await
        }
        10 => actors.curators[1].post(&format!("{release}/quarantine"), &json!({"reason": "r"})).await,
        _ => {
            actors
                .alice
                .post(&format!("{release}/{}", if i % 2 == 0 { "yank" } else { "unyank" }), &json!({}))
                .await
        }
    };
    Some(reply)
}

/// What must be true of a filter whatever happened to it.
async fn judge(app: &TestApp, author: &str, name: &str, eligible: &[uuid::Uuid], seed: u64) {
    let db = &*app.state.db;
    let filter = filter::Entity::find().filter(filter::Column::Name.eq(name)).one(db).await.unwrap().unwrap();
    let release = release::Entity::find()
        .filter(release::Column::FilterId.eq(filter.id))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let reviews =
        review::Entity::find().filter(review::Column::FilterId.eq(filter.id)).all(db).await.unwrap();
    let open = reviews.iter().filter(|r| r.state.is_open()).count();
    assert!(open <= 1, "seed {seed}: {open} open reviews on one release");
    let mut approved = HashMap::new();
    for review in reviews.iter().filter(|r| r.state == ReviewState::Published) {
        let votes = review_vote::Entity::find()
            .filter(review_vote::Column::ReviewId.eq(review.id))
            .all(db)
            .await
            .unwrap();
        let good = votes.iter().any(|v| {
            v.decision == Decision::Approve
                && v.sha256 == review.sha256
                && v.revision == review.revision
                && eligible.contains(&v.user_id)
        });
        assert!(
            good,
            "seed {seed}: review {} was consumed without an approval of its digest and revision",
            review.id
        );
        approved.insert((review.action, review.sha256.clone(), review.revision.clone()), review.id);
    }
    let acts =
        audit_entry::Entity::find().filter(audit_entry::Column::Object.contains(name)).all(db).await.unwrap();
    let consumed: Vec<_> = reviews.iter().filter(|r| r.state == ReviewState::Published).collect();
    for review in &consumed {
        let id = review.id.to_string();
        let uses = acts
            .iter()
            .filter(|a| a.action.starts_with("release.") && a.detail.to_string().contains(&id))
            .count();
        assert_eq!(uses, 1, "seed {seed}: review {id} was used {uses} times: {acts:?}");
    }
    let public = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
    assert_eq!(filter.published_releases, i64::from(public), "seed {seed}");
    if let Some(shown) = &release.approved {
        let hash = revision(&shown.metadata, &shown.summary, shown.icon.as_deref());
        assert_eq!(hash, shown.revision, "seed {seed}: the snapshot is what its revision says");
        let by = |action| approved.contains_key(&(action, release.sha256.clone(), shown.revision.clone()));
        assert!(
            by(ReviewAction::Publish) || by(ReviewAction::Update),
            "seed {seed}: published without an approval of exactly this"
        );
    }
    assert!(!public || release.approved.is_some(), "seed {seed}: {} without a snapshot", release.state);
    let listed = app.anonymous().get(&format!("/api/v1/catalog/{author}/{name}")).await;
    assert_eq!(
        listed.status == 200,
        release.state == ReleaseState::Published,
        "seed {seed}: {}",
        release.state
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_but_what_was_approved_in_any_interleaving() {
    let app = TestApp::spawn().await;
    let sequences: u64 = if std::env::var("TAMIS_TEST_FULL").is_ok() { 2_000 } else { 100 };
    let mut curators = vec![];
    for name in ["carl", "dora", "emil", "fred"] {
        curators.push(app.curator(name).await);
    }
    let ids = namespace::Entity::find().all(&*app.state.db).await.unwrap();
    let eligible: Vec<_> =
        ids.iter().filter(|n| ["dora", "emil", "fred"].contains(&n.handle.as_str())).map(|n| n.id).collect();
    let (mut answered, mut released) = (BTreeMap::new(), 0);
    for batch in 0..sequences / 4 {
        let four = (0..4).map(|lane| {
            let (app, curators) = (&app, &curators);
            async move {
                let seed = 0x5eed + batch * 4 + lane;
                // Each author has their own list of reviews, so that it stays short.
                let author = app.author(&format!("author-{seed}x")).await;
                let name = format!("f{seed}");
                let filter = format!("{}/{name}", author.name);
                author.upload(&filter, "1.0.0", distinct(&filter, 10)).await.expect(201);
                let grant = format!("/api/v1/filters/{filter}/grants/user:carl");
                author.put(&grant, &json!({"level": "write"})).await.expect(200);
                let actors = Actors { alice: author, curators: curators.clone() };
                let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let mut seen: Vec<(u16, bool)> = vec![];
                for round in 0..8 {
                    let steps: Vec<_> = (0..3).map(|i| (chance.below(1 << 20), round * 3 + i)).collect();
                    let replies = join_all(steps.iter().map(|(c, i)| act(&actors, &filter, *c, *i))).await;
                    for reply in replies.into_iter().flatten() {
                        assert!(reply.status < 500, "seed {seed}: {}", reply.text());
                        seen.push((
                            reply.status,
                            reply.status == 200 && reply.text().contains("\"published_at\":\""),
                        ));
                    }
                    // The checks of what was asked for run beside the next steps, or before them.
                    if chance.below(2) == 0 {
                        app.drain_jobs().await;
                    }
                }
                (seed, name, actors.alice.name.clone(), seen)
            }
        });
        for (seed, name, author, seen) in join_all(four).await {
            app.drain_jobs().await;
            judge(&app, &author, &name, &eligible, seed).await;
            for (status, live) in seen {
                *answered.entry(status).or_insert(0) += 1;
                released += usize::from(live);
            }
        }
    }
    println!("{sequences} sequences: answers {answered:?}, {released} showed a release that is live");
    assert!(
        released > sequences as usize / 10,
        "the sequences publish often enough to prove something: {released}"
    );
    app.assert_sound().await;
}
