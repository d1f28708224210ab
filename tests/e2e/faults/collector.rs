//! The collector against everyone else: uploads of the same digests, sleepers, other processes.
use futures_util::future::join_all;
use serde_json::json;
use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tamis::modules::gc;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    crash::{Instance, count, eventually},
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

/// Uploads, reads, clones, deletes and uploads again; what is acknowledged must be readable at once.
async fn churn(author: Person, salts: Arc<Vec<String>>, offset: usize, rounds: u32) {
    for round in 0..rounds {
        let salt = &salts[(offset + round as usize) % salts.len()];
        let bytes = distinct(salt, 4_000);
        // Two releases of one module, then none: it is unnamed again and again.
        let end = sha256(salt.as_bytes()).split_at(12).0.to_owned();
        for filter in ["one", "two"] {
            let name = format!("{}/{filter}-{end}", author.name);
            author.upload(&name, "1.0.0", bytes.clone()).await.expect(201);
            let path = format!("/api/v1/filters/{name}/releases/1.0.0");
            let read = author.get(&format!("{path}/module")).await.expect(200);
            assert_eq!(sha256(&read.body), sha256(&bytes));
            let copy = json!({"namespace": author.name, "name": format!("copy-{end}")});
            author.post(&format!("/api/v1/filters/{name}/clone"), &copy).await.expect(201);
            author.delete(&path).await.expect(204);
            author.delete(&format!("/api/v1/filters/{}/copy-{end}", author.name)).await.expect(204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_deletions_race_the_collector_in_one_process_without_loss() {
    let app = TestApp::spawn().await;
    let salts = Arc::new((0..3).map(|n| format!("raced {n}")).collect::<Vec<_>>());
    let mut authors = Vec::new();
    for number in 0..4 {
        authors.push(app.author(&format!("author{number}")).await);
    }
    let done = Arc::new(AtomicBool::new(false));
    let (state, ended) = (app.state.clone(), done.clone());
    let collector = tokio::spawn(async move {
        let mut collected = 0;
        while !ended.load(Ordering::SeqCst) {
            let found = gc::run(&state, Duration::ZERO).await.unwrap();
            collected += found.modules + found.orphans;
        }
        collected
    });
    let rounds = count(12, 200);
    let work = authors.iter().enumerate().map(|(n, a)| churn(a.clone(), salts.clone(), n, rounds));
    join_all(work).await;
    done.store(true, Ordering::SeqCst);
    let collected = collector.await.unwrap();
    println!("collected {collected} modules and orphans while {} uploads ran", 4 * 2 * rounds);
    assert!(collected > 0, "the collector never had anything to do");
    gc::run(&app.state, Duration::ZERO).await.unwrap();
    app.assert_sound().await;
}

/// On PostgreSQL two servers share the work; the embedded default has one.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_deletions_race_collectors_in_other_processes_without_loss() {
    let instance = Instance::new().await;
    let first = instance.start(&[]).await;
    let second = if instance.is_embedded() { None } else { Some(instance.start_second(&[]).await) };
    let salts = Arc::new((0..3).map(|n| format!("shared {n}")).collect::<Vec<_>>());
    let mut authors = Vec::new();
    for number in 0..4 {
        let mut author = instance.user(&format!("author{number}"), Role::User).await;
        if let (Some(second), true) = (&second, number % 2 == 1) {
            author.base.clone_from(&second.base);
        }
        authors.push(author);
    }
    let rounds = count(8, 150);
    let work = authors.iter().enumerate().map(|(n, a)| churn(a.clone(), salts.clone(), n, rounds));
    let mut work = Box::pin(join_all(work));
    let mut runs = 0;
    loop {
        tokio::select! {
            _ = &mut work => break,
            said = instance.ok(&["gc", "--grace", "0s"]) => assert!(said.starts_with("removed "), "{said}"),
        }
        runs += 1;
    }
    println!("{runs} collections by command beside the load");
    assert!(runs > 0);
    instance.assert_sound().await;
    assert_eq!(instance.deadlocks().await, 0, "somebody takes the rows of modules in another order");
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_sleeps_through_its_lease_stores_its_bytes_again() {
    let instance = Instance::new().await;
    let alice = instance.user("alice", Role::User).await;
    // After the object is there and before it is named.
    let server = instance.start(&[("FAILPOINTS", "upload.after-store=1*sleep(6000)")]).await;
    let bytes = distinct("sleeper", 20_000);
    let upload = tokio::spawn({
        let (alice, bytes) = (alice.clone(), bytes.clone());
        async move { alice.upload("alice/f", "1.0.0", bytes).await }
    });
    let stored = eventually(Duration::from_secs(10), async || {
        instance.fsck().await.0["orphans"].as_array().unwrap().len() == 1
    });
    assert!(stored.await, "the object never came");
    server.signal("STOP");
    // Leased: the collector keeps away however short the grace.
    assert_eq!(instance.ok(&["gc", "--grace", "0s"]).await, "removed 0 modules and 0 orphaned objects\n");
    instance.let_leases_lapse().await;
    assert_eq!(instance.ok(&["gc", "--grace", "0s"]).await, "removed 0 modules and 1 orphaned objects\n");
    server.signal("CONT");
    upload.await.unwrap().expect(201);
    let read = alice.get("/api/v1/filters/alice/f/releases/1.0.0/module").await.expect(200);
    assert_eq!(sha256(&read.body), sha256(&bytes));
    instance.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_removes_old_spool_files_and_leaves_those_that_may_be_in_use() {
    let instance = Instance::new().await;
    let spool = instance.path().join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    let (young, old) = (spool.join("young.part"), spool.join("old.part"));
    std::fs::write(&young, "another process writes here").unwrap();
    std::fs::write(&old, "killed long ago").unwrap();
    let modified = File::open(&young).unwrap().metadata().unwrap().modified().unwrap();
    age(&old, modified - Duration::from_secs(7200));
    let _server = instance.start(&[]).await;
    assert!(young.exists() && !old.exists());
    age(&young, modified - Duration::from_secs(7200));
    instance.ok(&["gc", "--grace", "1h"]).await;
    assert!(!young.exists(), "the collector sweeps, too");
}

fn age(path: &std::path::Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_module_waits_for_its_grace_and_a_clone_keeps_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", distinct("grace", 10)).await.expect(201);
    alice.upload("alice/g", "1.0.0", distinct("kept", 10)).await.expect(201);
    let copy = json!({"namespace": "alice", "name": "copy"});
    alice.post("/api/v1/filters/alice/g/clone", &copy).await.expect(201);
    alice.delete("/api/v1/filters/alice/f").await.expect(204);
    alice.delete("/api/v1/filters/alice/g").await.expect(204);
    let grace = Duration::from_secs(3600);
    assert_eq!(gc::run(&app.state, grace).await.unwrap().modules, 0);
    app.clock.advance(grace + Duration::from_secs(1));
    // The module and the three objects that its other forms are made of.
    assert_eq!(gc::run(&app.state, grace).await.unwrap().modules, 4);
    // The first token has expired with the hour.
    let alice = app.token("alice", None).await;
    alice.get("/api/v1/filters/alice/copy/releases/1.0.0/module").await.expect(200);
    app.assert_sound().await;
}
