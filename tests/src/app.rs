//! One server for one test: its own database and objects, a clock to turn, real HTTP.
//! When it goes, its job queue must be empty.
use crate::{client::Person, database};
use clap::Parser;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use std::{net::TcpListener, thread::JoinHandle, time::Duration};
use tamis::{
    app,
    audit::Actor,
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    http::health,
    jobs::OUTGOING,
    operate::{accounts, fsck},
    state::State,
};
use tamis_entities::{job, value::Role};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub struct TestApp {
    // Goes first: what it writes to goes after it.
    _running: Running,
    args: Vec<String>,
    pub state: State,
    pub base: String,
    pub clock: Clock,
    pub directory: TempDir,
}

/// A server on a thread of its own, for as long as this is kept.
struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<u64>>,
}

/// Another server on the database and the objects of the first.
pub struct Replica {
    pub base: String,
    _running: Running,
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    serve: ServeArgs,
}

/// A test that fails shows what its server complained of.
fn log() {
    let said = tracing_subscriber::fmt().with_test_writer().with_ansi(false);
    let _ = said.with_max_level(tracing_subscriber::filter::LevelFilter::WARN).try_init();
}

/// The arguments of a server on its own directory, database and objects; where it listens is not among them.
async fn arguments(directory: &TempDir, extra: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = vec!["tamis".into()];
    let mut flag = |name: &str, value: String| args.extend([format!("--{name}"), value]);
    flag("data-dir", directory.path().display().to_string());
    flag("database-url", database::fresh(directory.path()).await);
    flag("database-connections", "8".into());
    if let Some(blobs) = std::env::var("TAMIS_TEST_BLOBS").ok().filter(|b| !b.is_empty()) {
        flag("blobs", own_prefix(&blobs));
    }
    // A test asks faster than people do, unless it is about that.
    if !extra.iter().any(|flag| flag.starts_with("--rate-limit")) {
        args.push("--no-rate-limits".into());
    }
    args.extend(extra.iter().map(|s| (*s).to_owned()));
    args
}

/// On a runtime of its own, which ends with the server.
async fn run(args: &[String], clock: &Clock) -> (State, String, Running) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let here = ["--listen".to_owned(), address.clone()];
    let flags = Flags::try_parse_from(args.iter().chain(&here)).unwrap();
    let (stop, stopped) = oneshot::channel();
    let (ready, opened) = oneshot::channel();
    let (own_clock, serve) = (clock.clone(), flags.serve);
    let thread = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let state = State::open(flags.store, serve, own_clock).await.unwrap();
            ready.send(state.clone()).ok().unwrap();
            app::run(state.clone(), listener, Some(stopped)).await.unwrap();
            leftover(&state).await
        })
    });
    let state = opened.await.expect("the server opens");
    (state, format!("http://{address}"), Running { stop: Some(stop), thread: Some(thread) })
}

/// The same bucket, another prefix: tests do not see each other's objects.
pub(crate) fn own_prefix(blobs: &str) -> String {
    let prefix = uuid::Uuid::new_v4().simple();
    match blobs.split_once('?') {
        Some((place, query)) => format!("{}/{prefix}?{query}", place.trim_end_matches('/')),
        None => format!("{}/{prefix}", blobs.trim_end_matches('/')),
    }
}

impl TestApp {
    pub async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// With further flags, e.g. `["--max-module-bytes", "100000"]`.
    pub async fn spawn_with(extra: &[&str]) -> Self {
        health::install_recorder();
        log();
        let directory = tempfile::Builder::new().prefix("tamis-e2e").tempdir().unwrap();
        let args = arguments(&directory, extra).await;
        let clock = Clock::default();
        let (state, base, running) = run(&args, &clock).await;
        Self { _running: running, args, state, base, clock, directory }
    }

    /// A second server, where the database is for more than one.
    pub async fn beside(&self) -> Option<Replica> {
        database::server()?;
        let (_, base, running) = run(&self.args, &self.clock).await;
        Some(Replica { base, _running: running })
    }

    pub fn anonymous(&self) -> Person {
        Person {
            name: "anonymous".into(),
            token: None,
            base: self.base.clone(),
            http: crate::client::http().build().unwrap(),
        }
    }

    /// A new user with a token that carries everything their role allows.
    pub async fn user(&self, name: &str, role: Role) -> Person {
        let handle = name.parse().unwrap();
        accounts::create(&self.state, &Actor::system("test"), &handle, role).await.unwrap();
        self.token(name, None).await
    }

    /// Another token of a user, with these scopes only.
    pub async fn token(&self, name: &str, scopes: Option<&str>) -> Person {
        let handle = name.parse().unwrap();
        let scopes = scopes.map(|s| s.parse().unwrap());
        let life = Duration::from_secs(3600);
        let secret = accounts::token(&self.state, &handle, "test".into(), scopes, life).await.unwrap();
        Person { name: name.into(), token: Some(secret), ..self.anonymous() }
    }

    pub async fn author(&self, name: &str) -> Person {
        self.user(name, Role::User).await
    }

    pub async fn curator(&self, name: &str) -> Person {
        self.user(name, Role::Curator).await
    }

    /// Runs what is queued, wherever the server's own worker is.
    pub async fn drain_jobs(&self) {
        for _ in 0..200 {
            tamis::jobs::queue::drain(&self.state).await.unwrap();
            if queued(&self.state).await.unwrap() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the job queue does not empty");
    }

    /// Uploads, asks, approves and releases.
    pub async fn publish(
        &self,
        author: &Person,
        curator: &Person,
        filter: &str,
        version: &str,
        bytes: &[u8],
    ) {
        author.upload(filter, version, bytes.to_vec()).await.expect(201);
        let review = author.submit(filter, version, "publish").await.expect(201).json();
        self.drain_jobs().await;
        curator.vote(&review, "approve").await.expect(200);
        author.release(&review).await.expect(200);
    }

    /// Every row has its object, every object its bytes.
    pub async fn assert_sound(&self) {
        let found = fsck::run(&self.state).await.unwrap();
        assert!(found.is_clean(), "{found}");
    }
}

/// What is to go out again later, because somebody else's server did not take it, may wait.
async fn queued(state: &State) -> Result<u64, DbErr> {
    let due = Condition::any()
        .add(job::Column::Kind.is_not_in(OUTGOING))
        .add(job::Column::RunAt.lte(state.clock.now()));
    job::Entity::find().filter(due).count(&*state.db).await
}

/// Jobs that are still there a while after the server stopped.
async fn leftover(state: &State) -> u64 {
    for _ in 0..100 {
        let _ = tamis::jobs::queue::drain(state).await;
        match queued(state).await {
            Ok(0) => return 0,
            // The test took its database away.
            Err(_) => return 0,
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    queued(state).await.unwrap_or(0)
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let left = self.thread.take().and_then(|t| t.join().ok());
        if !std::thread::panicking() {
            assert_eq!(left, Some(0), "jobs were left over, or the server panicked");
        }
    }
}
