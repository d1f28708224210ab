//! The collector against everyone else: uploads of the same digests, sleepers, other processes.
use super::objects::Objects;
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, EntityTrait};
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
    crash::{Instance, count, eventually, instance::text},
    fixtures::{distinct, sha256},
    statements,
};
use tamis_entities::{
    module,
    value::{ModuleState, Role},
};

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

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_modules_is_walked_through_and_only_what_nobody_names_goes() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let kept: Vec<_> = (0..3).map(|n| distinct(&format!("kept {n}"), 10)).collect();
    for (n, bytes) in kept.iter().enumerate() {
        alice.upload(&format!("alice/f{n}"), "1.0.0", bytes.clone()).await.expect(201);
    }
    // More than are looked at at once, many of them of one moment.
    let now = app.clock.now();
    let row = |n: usize| module::ActiveModel {
        sha256: Set(sha256(format!("nobody's {n}").as_bytes()).parse().unwrap()),
        size: Set(1),
        generation: Set(1),
        state: Set(ModuleState::Live),
        condemned_at: Set(None),
        created_at: Set(now),
        used_at: Set(now.minus(Duration::from_secs(1 + n as u64 / 120))),
    };
    module::Entity::insert_many((0..350).map(row)).exec_without_returning(&*app.state.db).await.unwrap();
    app.clock.advance(Duration::from_secs(1));
    let collected = gc::run(&app.state, Duration::ZERO).await.unwrap();
    assert_eq!((collected.modules, collected.orphans), (350, 0));
    for (n, bytes) in kept.iter().enumerate() {
        let path = format!("/api/v1/filters/alice/f{n}/releases/1.0.0/module");
        assert!(alice.get(&path).await.expect(200).body == *bytes);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_asks_little_however_many_objects_there_are() {
    let mut instance = Instance::new().await;
    // Putting hundreds of objects into a bucket by hand takes long and shows nothing else.
    if !instance.is_local() {
        return;
    }
    instance.set("TAMIS_LOG", "info,sqlx::query=trace");
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    alice.upload("alice/f", "1.0.0", distinct("kept", 10)).await.expect(201);
    let collect = async || {
        let output = instance.run(&["gc", "--grace", "0s"]).await;
        let asked = statements::reads(&text(&output.stderr)).count();
        (Instance::expect(output, 0), asked)
    };
    let (said, few) = collect().await;
    assert_eq!(said, "removed 0 modules and 0 orphaned objects\n");
    assert!(few > 0, "no statement was logged");
    let objects = Objects::of(&instance);
    for n in 0..520 {
        let hex = sha256(format!("orphan {n}").as_bytes());
        objects.write(&format!("modules/sha256/{}/{hex}.7", &hex[..2]), b"nobody names this").await;
    }
    let (said, many) = collect().await;
    assert_eq!(said, "removed 0 modules and 520 orphaned objects\n");
    assert!(many <= few + 8, "{few} questions for four objects, {many} for hundreds");
    instance.assert_sound().await;
}
