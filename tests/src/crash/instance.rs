//! One instance of the real binary: its directory, database and objects, the commands beside
//! it, and its server, which can be killed and started again on the same port.
use crate::{app::own_prefix, binary, client::Person, database};
use sea_orm::{ConnectionTrait, Statement};
use std::{
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tamis::db::Db;
use tamis_entities::value::Role;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Patience for a start; a healthy one takes well under two seconds.
const START: Duration = Duration::from_secs(20);

pub struct Instance {
    pub directory: TempDir,
    pub port: u16,
    pub database_url: String,
    /// Of every process of this instance.
    environment: Vec<(String, String)>,
}

pub struct Server {
    child: Child,
    pub base: String,
    pub ready_in: Duration,
    address: SocketAddr,
    log: PathBuf,
}

/// Below the range that outgoing connections take their ports from.
fn free_port() -> u16 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = u64::from(std::process::id()) * 131;
    loop {
        let port = 21_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed) * 7) % 11_000;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Instance {
    /// On the database and store that the environment names, else the embedded default.
    pub async fn new() -> Self {
        Self::in_directory(tempfile::Builder::new().prefix("tamis-real").tempdir().unwrap()).await
    }

    pub async fn in_directory(directory: TempDir) -> Self {
        let mut environment = Vec::new();
        let database_url = match database::server() {
            Some(_) => {
                let url = database::fresh(directory.path()).await;
                environment.push(("TAMIS_DATABASE_URL".to_owned(), url.clone()));
                url
            }
            None => format!("sqlite://{}?mode=rwc", directory.path().join("tamis.db").display()),
        };
        if let Some(blobs) = std::env::var("TAMIS_TEST_BLOBS").ok().filter(|b| !b.is_empty()) {
            environment.push(("TAMIS_BLOBS".to_owned(), own_prefix(&blobs)));
            for key in ["TAMIS_S3_ACCESS_KEY", "TAMIS_S3_SECRET_KEY"] {
                environment.extend(std::env::var(key).ok().map(|value| (key.to_owned(), value)));
            }
        }
        Self { directory, port: free_port(), database_url, environment }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Changes what every later process gets.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(n, _)| n != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn is_embedded(&self) -> bool {
        database::server().is_none()
    }

    pub fn is_local(&self) -> bool {
        self.get("TAMIS_BLOBS").is_none_or(|blobs| !blobs.starts_with("s3:"))
    }

    /// A command beside the server, if one runs.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = binary::command(self.path(), args);
        command.envs(self.environment.iter().map(|(n, v)| (n, v)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub async fn run(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        tokio::task::spawn_blocking(move || command.output().expect("tamis runs")).await.unwrap()
    }

    /// What a command prints, when it succeeds.
    #[track_caller]
    pub fn expect(output: Output, code: i32) -> String {
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{out}{err}");
        out
    }

    pub async fn ok(&self, args: &[&str]) -> String {
        Self::expect(self.run(args).await, 0)
    }

    /// A new user with a token that carries everything their role allows.
    pub async fn user(&self, name: &str, role: Role) -> Person {
        self.ok(&["user", "create", name, "--role", role.as_str()]).await;
        self.person(name).await
    }

    pub async fn person(&self, name: &str) -> Person {
        let token = self.ok(&["token", "create", "--user", name]).await;
        Person {
            name: name.into(),
            token: Some(token.trim().to_owned()),
            base: format!("http://127.0.0.1:{}", self.port),
            http: crate::client::http().build().unwrap(),
        }
    }

    /// A server, ready. Nothing is built in, so that what is there is the test's own.
    pub async fn start(&self, environment: &[(&str, &str)]) -> Server {
        let server = self.launch(environment, self.port);
        self.wait_ready(server).await
    }

    /// Another server on the same stores.
    pub async fn start_second(&self, environment: &[(&str, &str)]) -> Server {
        let server = self.launch(environment, free_port());
        self.wait_ready(server).await
    }

    pub fn launch(&self, environment: &[(&str, &str)], port: u16) -> Server {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let log = self.path().join(format!("log-{}", uuid::Uuid::now_v7()));
        let mut command = self.command(&["serve", "--no-seed", "--listen", &address.to_string()]);
        command.envs(environment.iter().copied());
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let child = command.spawn().expect("tamis serves");
        Server { child, base: format!("http://{address}"), ready_in: Duration::ZERO, address, log }
    }

    async fn wait_ready(&self, mut server: Server) -> Server {
        let begun = Instant::now();
        while begun.elapsed() < START {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended ({status}): {}", server.log());
            }
            if is_ready(server.address).await.unwrap_or(false) {
                server.ready_in = begun.elapsed();
                return server;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the server is not ready after {START:?}: {}", server.log());
    }

    pub async fn db(&self) -> Db {
        Db::connect(&self.database_url, 2).await.unwrap()
    }

    /// Waits until the database has done what the dead processes last asked of it.
    pub async fn settle(&self) {
        if self.is_embedded() {
            return;
        }
        let db = self.db().await;
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        let quiet = super::eventually(Duration::from_secs(10), async || {
            let row = db.query_one_raw(Statement::from_string(db.backend(), others)).await.unwrap().unwrap();
            row.try_get_by_index::<i64>(0).unwrap() == 0
        });
        assert!(quiet.await, "the database does not come to rest");
        db.close().await.unwrap();
    }

    /// How often the database let a transaction go because it waited for another in a circle.
    pub async fn deadlocks(&self) -> i64 {
        if self.is_embedded() {
            return 0;
        }
        let db = self.db().await;
        let all = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let row = db.query_one_raw(Statement::from_string(db.backend(), all)).await.unwrap().unwrap();
        db.close().await.unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// An hour passes for uploads that were cut off: nothing is kept for them any more.
    pub async fn let_leases_lapse(&self) {
        let db = self.db().await;
        db.execute_unprepared("UPDATE module_leases SET until = 0").await.unwrap();
        db.close().await.unwrap();
    }

    /// The findings of `tamis fsck --json`, and whether it called them clean.
    pub async fn fsck(&self) -> (serde_json::Value, bool) {
        let output = self.run(&["fsck", "--json"]).await;
        let found = serde_json::from_slice(&output.stdout);
        let found = found.unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr)));
        (found, output.status.success())
    }

    /// Clean, and after a collection without any orphan.
    pub async fn assert_sound(&self) {
        let (found, clean) = self.fsck().await;
        assert!(clean, "{found}");
        self.let_leases_lapse().await;
        self.ok(&["gc", "--grace", "0s"]).await;
        let (found, clean) = self.fsck().await;
        assert!(clean && found["orphans"].as_array().unwrap().is_empty(), "{found}");
    }
}

/// Asks by hand: making an HTTP client takes longer than a start should.
async fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: tamis\r\nConnection: close\r\n\r\n").await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(head.ends_with(b" 200"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Server {
    /// `kill -9`; returns when the port is closed.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
        assert!(!self.listens(), "something still listens on {}", self.address);
    }

    pub fn listens(&self) -> bool {
        TcpStream::connect_timeout(&self.address, Duration::from_millis(500)).is_ok()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, e.g. `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// How the process ended, when it does by itself in time.
    pub async fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut status = None;
        super::eventually(limit, async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
