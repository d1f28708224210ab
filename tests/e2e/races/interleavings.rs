//! Random sequences of everyone who has a part in a release, several at once, and an oracle
//! that reads the rows: what is published was approved, exactly so, by someone who may.
use futures_util::future::{join, join_all};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tamis_e2e::{
    app::{Replica, TestApp},
    binary,
    client::{Person, Reply},
    fixtures::{distinct, small},
};
use tamis_entities::{
    audit_entry, filter, namespace, release, review, review_vote,
    value::{Decision, ReleaseState, ReviewAction, ReviewState, revision},
};

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

/// The step that brings a publication on, so that the random ones have something to cross.
async fn forward(actors: &Actors, filter: &str) -> Option<Reply> {
    let all = actors.alice.get("/api/v1/reviews?limit=100").await.expect(200).json();
    let open = all["items"].as_array().unwrap().iter().find(|r| {
        ["checking", "in_review", "approved"].contains(&r["state"].as_str().unwrap())
            && format!("{}/{}", r["namespace"].as_str().unwrap(), r["filter"].as_str().unwrap()) == filter
    });
    let Some(open) = open else {
        return Some(actors.alice.submit(filter, "1.0.0", "publish").await);
    };
    let read = actors.curators[1].get(&format!("/api/v1/reviews/{}", open["id"].as_str().unwrap())).await;
    let review = (read.status == 200).then(|| read.json())?;
    match review["state"].as_str() {
        Some("approved") => Some(actors.alice.release(&review).await),
        _ => Some(actors.curators[1].vote(&review, "approve").await),
    }
}

async fn on_review(who: &Person, review: Value, act: &str, body: Value) -> Reply {
    who.post(&format!("/api/v1/reviews/{}/{act}", review["id"].as_str().unwrap()), &body).await
}

/// Takes the draft away and puts something of the same name in its place: other bytes, which a version never
/// gets, then the same.
async fn replace(actors: &Actors, filter: &str, release: &str, i: u64) -> Reply {
    actors.alice.delete(release).await;
    let other = actors.alice.upload(filter, "1.0.0", distinct(&format!("{filter} {i}"), 10)).await;
    assert!([409, 404].contains(&other.status), "other bytes under the same version: {}", other.text());
    actors.alice.upload(filter, "1.0.0", small()).await
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
    let reply = match chance / 4 % 18 {
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
        11 => curator.vote(&pick().await?, "request_changes").await,
        12 => on_review(curator, pick().await?, "recusal", json!({})).await,
        13 => on_review(&actors.alice, pick().await?, "resubmission", json!({})).await,
        14 => on_review(curator, pick().await?, "checks", json!({})).await,
        15 => on_review(curator, pick().await?, "assignment", json!({"assignee": curator.name})).await,
        16 => replace(actors, filter, &release, i).await,
        _ => {
            actors
                .alice
                .post(
                    &format!("{release}/{}", if i.is_multiple_of(2) { "yank" } else { "unyank" }),
                    &json!({}),
                )
                .await
        }
    };
    Some(reply)
}

/// What must be true of a filter whatever happened to it.
async fn judge(app: &TestApp, author: &str, name: &str, eligible: &[uuid::Uuid], seed: u64) {
    let db = &*app.state.db;
    let filter = filter::Entity::find().filter(filter::Column::Name.eq(name)).one(db).await.unwrap().unwrap();
    let release =
        release::Entity::find().filter(release::Column::FilterId.eq(filter.id)).one(db).await.unwrap();
    let Some(release) = release else {
        assert_eq!(filter.published_releases, 0, "seed {seed}: taken away, and counted");
        return;
    };
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
                && v.round == review.round
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

/// Runs commands beside the server, one after the other, until it is told to end.
struct Operator {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

impl Operator {
    fn at(directory: &Path) -> Self {
        let (stop, directory) = (Arc::new(AtomicBool::new(false)), directory.to_owned());
        let told = stop.clone();
        let commands: [&[&str]; 3] =
            [&["gc", "--grace", "0s"], &["token", "create", "--user", "dora"], &["audit", "verify"]];
        let thread = std::thread::spawn(move || {
            let mut done = 0;
            while !told.load(Ordering::SeqCst) {
                let ran = binary::run(&directory, commands[done as usize % commands.len()]);
                assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
                done += 1;
                std::thread::sleep(Duration::from_secs(2));
            }
            done
        });
        Self { stop, thread }
    }

    fn end(self) -> u32 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// A server with its curators, and beside it, on PostgreSQL a second one, else the operator's commands.
struct World {
    app: TestApp,
    second: Option<Replica>,
    operator: Option<Operator>,
    curators: Vec<Person>,
    /// Whose vote may count.
    eligible: Vec<uuid::Uuid>,
}

impl World {
    async fn build() -> Self {
        let app = TestApp::spawn().await;
        let mut curators = vec![];
        for name in ["carl", "dora", "emil", "fred"] {
            curators.push(app.curator(name).await);
        }
        let all = namespace::Entity::find().all(&*app.state.db).await.unwrap();
        let eligible = all.iter().filter(|n| ["dora", "emil", "fred"].contains(&n.handle.as_str()));
        let eligible = eligible.map(|n| n.id).collect();
        let second = app.beside().await;
        let operator = second.is_none().then(|| Operator::at(app.directory.path()));
        if let Some(second) = &second {
            curators[2].base.clone_from(&second.base);
        }
        Self { app, second, operator, curators, eligible }
    }

    /// Twenty-four random steps about one release, three at once, and between them those that bring it on; then
    /// what was answered, and whether it showed a release that is live.
    async fn sequence(&self, seed: u64) -> Sequence {
        // Each author has their own list of reviews, so that it stays short.
        let mut author = self.app.author(&format!("author-{seed}x")).await;
        if let Some(second) = self.second.as_ref().filter(|_| seed % 2 == 1) {
            author.base.clone_from(&second.base);
        }
        let name = format!("f{seed}");
        let filter = format!("{}/{name}", author.name);
        author.upload(&filter, "1.0.0", small()).await.expect(201);
        let grant = format!("/api/v1/filters/{filter}/grants/user:carl");
        author.put(&grant, &json!({"level": "write"})).await.expect(200);
        let actors = Actors { alice: author, curators: self.curators.clone() };
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut answers = vec![];
        for round in 0..8 {
            let steps: Vec<_> = (0..3).map(|i| (chance.below(1 << 20), round * 3 + i)).collect();
            let random = join_all(steps.iter().map(|(c, i)| act(&actors, &filter, *c, *i)));
            let on = async { if chance.below(3) > 0 { forward(&actors, &filter).await } else { None } };
            let (mut replies, next) = join(random, on).await;
            replies.push(next);
            for reply in replies.into_iter().flatten() {
                assert!(reply.status < 500, "seed {seed}: {}", reply.text());
                let live = reply.status == 200 && reply.text().contains("\"published_at\":\"");
                answers.push((reply.status, live));
            }
            // The checks of what was asked for run beside the next steps, or before them.
            if chance.below(2) == 0 {
                self.app.drain_jobs().await;
            }
        }
        Sequence { seed, name, author: actors.alice.name, answers }
    }
}

struct Sequence {
    seed: u64,
    name: String,
    author: String,
    answers: Vec<(u16, bool)>,
}

/// How often each status came, and how often a release was live.
#[derive(Default)]
struct Sum {
    answered: BTreeMap<u16, usize>,
    live: usize,
    commands: u32,
}

impl Sum {
    /// Some sequences on a server of their own, four at once.
    async fn add(&mut self, seeds: Range<u64>) {
        let world = World::build().await;
        let seeds: Vec<u64> = seeds.collect();
        for four in seeds.chunks(4) {
            for ran in join_all(four.iter().map(|seed| world.sequence(*seed))).await {
                world.app.drain_jobs().await;
                judge(&world.app, &ran.author, &ran.name, &world.eligible, ran.seed).await;
                for (status, live) in ran.answers {
                    *self.answered.entry(status).or_default() += 1;
                    self.live += usize::from(live);
                }
            }
        }
        self.commands += world.operator.map_or(0, Operator::end);
        world.app.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_but_what_was_approved_in_any_interleaving() {
    // Of each database.
    let sequences: u64 = if std::env::var("TAMIS_TEST_FULL").is_ok() { 5_000 } else { 250 };
    let (first, mut sum) = (0x5eed, Sum::default());
    for some in (0..sequences).step_by(500) {
        sum.add(first + some..first + sequences.min(some + 500)).await;
        println!("{} of {sequences}", sequences.min(some + 500));
    }
    let Sum { answered, live, commands } = sum;
    println!(
        "{sequences} sequences, {commands} commands of the operator beside them: answers {answered:?}, {live} showed a release that is live"
    );
    assert!(live > sequences as usize / 10, "the sequences publish often enough to prove something: {live}");
}
