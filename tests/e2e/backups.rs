//! Backups of the embedded default: made beside a running server, of what is whole, and restored into a sound instance.
use crate::operator::code;
use sea_orm::ConnectionTrait;
use tamis::db::Db;
use tamis_e2e::{
    client::Person,
    crash::{Instance, instance::text},
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

/// About the embedded default; PostgreSQL has its own tools, and the command says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_people_write_is_restored_into_a_sound_instance() {
    let instance = Instance::new().await;
    let alice = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    let module = |number: u32| distinct(&format!("saved {number}"), 30_000);
    for number in 0..20 {
        alice.upload(&format!("alice/f{number}"), "1.0.0", module(number)).await.expect(201);
    }
    let (saved, restored) = (instance.path().join("saved"), instance.path().join("restored"));
    let to = saved.display().to_string();
    if !instance.is_embedded() {
        let output = instance.run(&["backup", &to]).await;
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("--database-url") && !saved.exists());
        return;
    }
    let churn = async {
        for number in 20..1000 {
            let name = format!("alice/f{number}");
            alice.upload(&name, "1.0.0", module(number)).await.expect(201);
            alice.delete(&format!("/api/v1/filters/{name}/releases/1.0.0")).await.expect(204);
        }
    };
    let collect = async {
        loop {
            instance.ok(&["gc", "--grace", "0s"]).await;
        }
    };
    let args = ["backup", to.as_str()];
    let backup = instance.ok(&args);
    let said = tokio::select! {
        said = backup => said,
        () = churn => panic!("the backup takes for ever"),
        () = collect => unreachable!(),
    };
    assert!(said.starts_with("saved "), "{said}");
    assert_eq!(code(&instance.run(&["backup", &to]).await), 2, "into a directory that is not empty");
    drop(server);

    let directory = tempfile::Builder::new().prefix("tamis-restored").tempdir_in(instance.path()).unwrap();
    assert_eq!(
        code(&instance.run(&["restore", "/no/backup", "--data-dir", &restored.display().to_string()]).await),
        2
    );
    let second = Instance::in_directory(directory).await;
    assert!(second.ok(&["restore", &to]).await.starts_with("restored "));
    assert_eq!(code(&second.run(&["restore", &to]).await), 2, "over an instance that is there");
    let (found, clean) = second.fsck().await;
    assert!(clean && found["orphans"].as_array().unwrap().is_empty(), "{found}");
    let _server = second.start(&[]).await;
    let alice = Person { base: format!("http://127.0.0.1:{}", second.port), ..alice };
    for number in 0..20 {
        let path = format!("/api/v1/filters/alice/f{number}/releases/1.0.0/module");
        assert_eq!(sha256(&alice.get(&path).await.expect(200).body), sha256(&module(number)));
    }
    second.ok(&["gc", "--grace", "0s"]).await;
    alice.upload("alice/new", "1.0.0", module(9999)).await.expect(201);
    second.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_saves_all_but_what_is_damaged_and_says_what_that_is() {
    let instance = Instance::new().await;
    if !instance.is_embedded() {
        return;
    }
    let alice = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    let module = |name: &str| distinct(name, 30_000);
    for name in ["lost", "good"] {
        alice.upload(&format!("alice/{name}"), "1.0.0", module(name)).await.expect(201);
    }
    drop(server);
    let hex = sha256(&module("lost"));
    let mut find = std::process::Command::new("find");
    find.arg(instance.path()).args(["-type", "f", "-name", &format!("*{}*", &hex[4..])]);
    let found = text(&find.output().unwrap().stdout);
    let path = found.lines().next().expect("the object").to_owned();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let to = instance.path().join("saved").display().to_string();
    let output = instance.run(&["backup", &to]).await;
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("saved "), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains(&hex), "{}", text(&output.stderr));

    let directory = tempfile::Builder::new().prefix("tamis-restored").tempdir_in(instance.path()).unwrap();
    let second = Instance::in_directory(directory).await;
    let output = second.run(&["restore", &to]).await;
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains(&hex), "{}", text(&output.stderr));
    let _server = second.start(&[]).await;
    let alice = Person { base: format!("http://127.0.0.1:{}", second.port), ..alice };
    let good = alice.get("/api/v1/filters/alice/good/releases/1.0.0/module").await.expect(200).body;
    assert_eq!(good, module("good"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_leaves_the_database_of_an_older_tamis_as_it_is() {
    let instance = Instance::new().await;
    instance.user("alice", Role::User).await;
    let db = Db::connect(&instance.database_url, 2).await.unwrap();
    let last = "SELECT version FROM seaql_migrations ORDER BY version DESC LIMIT 1";
    let newest =
        db.query_one_raw(sea_orm::Statement::from_string(db.backend(), last)).await.unwrap().unwrap();
    let newest: String = newest.try_get("", "version").unwrap();
    let forget = format!("DELETE FROM seaql_migrations WHERE version = '{newest}'");
    db.execute_unprepared(&forget).await.unwrap();
    let to = instance.path().join("saved").display().to_string();
    for looks in [&["fsck"][..], &["audit", "verify"], &["backup", &to]] {
        if looks[0] == "backup" && !instance.is_embedded() {
            continue;
        }
        let output = instance.run(looks).await;
        assert_eq!(code(&output), 2, "{looks:?}");
        assert!(text(&output.stderr).contains("tamis migrate"), "{}", text(&output.stderr));
    }
    db.close().await.unwrap();
}
