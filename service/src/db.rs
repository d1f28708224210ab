//! The database door: connecting, migrating under a lock, and the one way to begin a
//! write transaction. Knows nothing of the tables.
use crate::error::{Error, Result};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sea_query::{Expr, Query, SelectStatement},
};
use sqlx::Executor;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tamis_migrations::{Migrator, MigratorTrait};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Any number; every Tamis uses the same one, so that migrations run one at a time.
const MIGRATION_LOCK: i64 = 0x0074_616d_6973;

/// Rows that are looked up one by one rather than met on the way through an index.
const FEW: u64 = 500;

const ALONE: &str = "SET max_parallel_workers_per_gather = 0";

#[derive(Clone)]
pub struct Db {
    connection: DatabaseConnection,
    /// SQLite has one writer: waiting in a fair queue here beats waiting on its lock.
    writers: Arc<Semaphore>,
}

impl Db {
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self> {
        let (told, password) = without_password(url);
        let mut options = ConnectOptions::new(told);
        options
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(5))
            .sqlx_logging_level(log::LevelFilter::Trace)
            .sqlx_slow_statements_logging_settings(log::LevelFilter::Warn, Duration::from_secs(2));
        options.map_sqlx_sqlite_opts(|sqlite| {
            use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(10))
                .foreign_keys(true)
        });
        if let Some(password) = password {
            options.map_sqlx_postgres_opts(move |postgres| postgres.password(&password));
        }
        // What people wait for reads few rows. Starting parallel workers for it takes longer (measured: 6 ms)
        // than all of the rest.
        options.map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|c, _| Box::pin(async move { c.execute(ALONE).await.map(|_| ()) }))
        });
        options
            .map_sqlx_sqlite_pool_opts(|pool| pool.before_acquire(|c, _| Box::pin(async { Ok(at_rest(c)) })));
        let away = |e: DbErr| {
            // Some drivers tell the whole URL.
            let (place, cause) = (place(url), e.to_string().replace(url, "the URL"));
            Error::invalid("--database-url", format!("no connection to the database at {place}: {cause}"))
        };
        let connection = Database::connect(options).await.map_err(away)?;
        Ok(Self { connection, writers: Arc::new(Semaphore::new(1)) })
    }

    pub fn backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    pub fn is_sqlite(&self) -> bool {
        self.backend() == DbBackend::Sqlite
    }

    /// The one door to writing. On SQLite the transaction is IMMEDIATE: a deferred one that
    /// reads first fails with "database is locked" as soon as two of them meet.
    pub async fn begin_write(&self) -> Result<WriteTxn<'_>> {
        let turn = match self.is_sqlite() {
            true => Some(self.writers.acquire().await.map_err(|e| Error::internal(e.to_string()))?),
            false => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: self.is_sqlite().then_some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let txn = self.connection.begin_with_options(options).await?;
        Ok(WriteTxn { txn, gathered: Mutex::default(), after: Mutex::default(), _turn: turn })
    }

    /// Whether the statement selects so few rows that looking at each of them is cheap. Reads
    /// no more than that many.
    pub async fn is_few(&self, select: &SelectStatement) -> Result<bool> {
        let some = select.clone().limit(FEW + 1).to_owned();
        let count = Query::select().expr(Expr::cust("count(*)")).from_subquery(some, "some").to_owned();
        let row = self.connection.query_one(&count).await?;
        let found: i64 = row.ok_or_else(|| Error::internal("a count without a row"))?.try_get_by_index(0)?;
        Ok(found.unsigned_abs() <= FEW)
    }

    /// Whether there is a schema, and a newer one is known.
    pub async fn is_behind(&self) -> Result<bool> {
        let there = !Migrator::get_applied_migrations(&self.connection).await?.is_empty();
        Ok(there && !Migrator::get_pending_migrations(&self.connection).await?.is_empty())
    }

    /// Brings the schema up to date; safe when many processes start at once.
    pub async fn migrate(&self, lock_file: Option<&Path>) -> Result<()> {
        match lock_file {
            Some(path) => {
                let path = path.to_owned();
                // The kernel drops the lock with the process, so kill -9 leaves nothing behind.
                let held = tokio::task::spawn_blocking(move || lock(&path)).await??;
                let done = Migrator::up(&self.connection, None).await;
                drop(held);
                Ok(done?)
            }
            None if self.is_sqlite() => Ok(Migrator::up(&self.connection, None).await?),
            None => {
                let txn = self.begin_write().await?;
                txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
                let done = Migrator::up(&self.connection, None).await;
                txn.commit().await?;
                Ok(done?)
            }
        }
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.connection.close().await?)
    }
}

/// Whether a pooled connection is outside any transaction. A full disk makes SQLite roll back by
/// itself; sqlx's own ROLLBACK then fails and it goes on counting a transaction that is over. On
/// such a connection the next "transaction" is a savepoint, and its commit commits nothing.
fn at_rest(connection: &sqlx::SqliteConnection) -> bool {
    !sqlx::Connection::is_in_transaction(connection)
}

/// The URL without the password of PostgreSQL, and that password: sea-orm writes the options
/// with which it connects into its traces, and they hold the URL as it is.
fn without_password(url: &str) -> (String, Option<String>) {
    let parsed = url::Url::parse(url).ok().filter(|u| u.scheme().starts_with("postgres"));
    let Some(mut parsed) = parsed else { return (url.to_owned(), None) };
    // `+` is itself in this part of a URL, a space in the form coding that is decoded here.
    let decoded = |text: &str| {
        let text = format!("={}", text.replace('+', "%2B"));
        url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let mut password = parsed.password().and_then(decoded);
    let _ = parsed.set_password(None);
    let (secret, plain): (Vec<_>, Vec<_>) =
        parsed.query_pairs().into_owned().partition(|(name, _)| name == "password");
    if let Some((_, last)) = secret.into_iter().next_back() {
        parsed.query_pairs_mut().clear().extend_pairs(plain);
        password = Some(last);
    }
    (parsed.into(), password)
}

/// Where a database is, without its password.
fn place(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) if url.has_host() => {
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(5432))
        }
        _ if url.starts_with("sqlite:") => url.to_owned(),
        // Not to be read, and whatever it is, it may hold a password.
        _ => "the given URL, which is none of postgres://user@host/name or sqlite://file".to_owned(),
    }
}

fn lock(path: &Path) -> std::io::Result<std::fs::File> {
    let file = std::fs::File::options().create(true).append(true).open(path)?;
    file.lock()?;
    Ok(file)
}

impl Deref for Db {
    type Target = DatabaseConnection;
    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

/// Runs a transaction again when the database let it go in favour of another (a deadlock, a
/// serialization failure); nothing of the first run is left then.
pub async fn retrying<T, F: Future<Output = Result<T>>>(mut transaction: impl FnMut() -> F) -> Result<T> {
    for _ in 0..2 {
        match transaction().await {
            Err(error) if error.is_contention() => tracing::debug!(%error, "transaction runs again"),
            done => return done,
        }
    }
    transaction().await
}

/// A statement about a set of words, in the order of the alphabet.
pub type AboutWords = fn(DbBackend, &[&str]) -> sea_orm::Statement;

/// An open write transaction; dropped without `commit` it leaves nothing.
pub struct WriteTxn<'a> {
    txn: DatabaseTransaction,
    gathered: Mutex<BTreeMap<u8, (AboutWords, BTreeSet<String>)>>,
    after: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    _turn: Option<SemaphorePermit<'a>>,
}

impl WriteTxn<'_> {
    /// Adds words to what is written right before the commit, once for the whole transaction and
    /// each `step` after the smaller ones. For rows that all writers share: these locks are taken
    /// in one order by everybody, held for a moment, and nothing is waited for while holding them.
    pub fn gather<'w>(&self, step: u8, about: AboutWords, words: impl IntoIterator<Item = &'w str>) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, set) = gathered.entry(step).or_insert((about, BTreeSet::new()));
        set.extend(words.into_iter().map(str::to_owned));
    }

    /// Done as soon as others see what was written, and not at all if they never do.
    pub fn once_committed(&self, act: impl FnOnce() + Send + 'static) {
        self.after.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(act));
    }

    pub async fn commit(self) -> Result<()> {
        let gathered = self.gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (about, words) in gathered.into_values().filter(|(_, words)| !words.is_empty()) {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            self.txn.execute_raw(about(self.txn.get_database_backend(), &words)).await?;
        }
        self.txn.commit().await?;
        for act in self.after.into_inner().unwrap_or_else(PoisonError::into_inner) {
            act();
        }
        Ok(())
    }
}

impl Deref for WriteTxn<'_> {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.txn
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_leaves_the_url_wherever_it_stands() {
        for (url, told, password) in [
            ("postgres://u@h:1/d", "postgres://u@h:1/d", None),
            (
                "postgres://u:p%40%2B+w@h:1/d?sslmode=require",
                "postgres://u@h:1/d?sslmode=require",
                Some("p@++w"),
            ),
            (
                "postgresql://u@h/d?password=a%26b&sslmode=disable",
                "postgresql://u@h/d?sslmode=disable",
                Some("a&b"),
            ),
            ("sqlite://a:b@c?mode=rwc", "sqlite://a:b@c?mode=rwc", None),
        ] {
            assert_eq!(without_password(url), (told.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
