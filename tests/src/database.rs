//! A database per test: a copy of a migrated SQLite file, or of a migrated PostgreSQL
//! database when `TAMIS_TEST_DATABASE_URL` names a server.
use std::path::{Path, PathBuf};
use tamis::db::Db;
use tokio::sync::{Mutex, OnceCell};

/// One for each test process: two checkouts may have different schemas and test on one server.
fn template() -> String {
    format!("tamis_e2e_{}", std::process::id())
}

/// The server to make databases on, if not SQLite.
pub fn server() -> Option<String> {
    std::env::var("TAMIS_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// A fresh database with the newest schema; its URL.
pub async fn fresh(directory: &Path) -> String {
    match server() {
        None => sqlite(directory).await,
        Some(server) => postgres(&server).await,
    }
}

async fn sqlite(directory: &Path) -> String {
    static FILE: OnceCell<PathBuf> = OnceCell::const_new();
    let template = FILE
        .get_or_init(|| async {
            // Lives as long as the test process; the operating system clears its temporary files.
            let directory = tempfile::Builder::new().prefix("tamis-template").tempdir().unwrap().keep();
            let file = directory.join("template.db");
            let db = Db::connect(&format!("sqlite://{}?mode=rwc", file.display()), 2).await.unwrap();
            db.migrate(None).await.unwrap();
            db.close().await.unwrap();
            file
        })
        .await;
    let file = directory.join("tamis.db");
    tokio::fs::copy(template, &file).await.unwrap();
    format!("sqlite://{}?mode=rwc", file.display())
}

async fn postgres(server: &str) -> String {
    static READY: OnceCell<()> = OnceCell::const_new();
    static ONE: Mutex<()> = Mutex::const_new(());
    let (base, _) = server.rsplit_once('/').expect("TAMIS_TEST_DATABASE_URL ends in /database");
    let admin = Db::connect(server, 2).await.unwrap();
    let original = template();
    use sea_orm::ConnectionTrait;
    READY
        .get_or_init(|| async {
            admin
                .execute_unprepared(&format!("DROP DATABASE IF EXISTS {original} WITH (FORCE)"))
                .await
                .unwrap();
            admin.execute_unprepared(&format!("CREATE DATABASE {original}")).await.unwrap();
            let template = Db::connect(&format!("{base}/{original}"), 4).await.unwrap();
            template.migrate(None).await.unwrap();
            template.close().await.unwrap();
        })
        .await;
    let name = format!("t_{}", uuid::Uuid::new_v4().simple());
    {
        // A template that somebody is copying cannot be copied by another.
        let _turn = ONE.lock().await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {original}")).await.unwrap();
    }
    admin.close().await.unwrap();
    format!("{base}/{name}")
}
