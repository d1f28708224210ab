//! How often releases are downloaded and cloned: exact, late by seconds at most, never in the
//! way of a download, and silent about what its reader may not see.
mod lists;
mod servers;

use reqwest::Method;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tamis::counts::flush::flush;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    crash::eventually,
    fixtures::{distinct, sha256},
};
use tamis_entities::{
    release_count,
    value::{Day, Role},
};

const MODULE: &str = "/api/v1/filters/alice/f/releases/1.0.0/module";
const COUNTS: &str = "/api/v1/filters/alice/f/counts";

/// What is counted once everything is written; the server's own flush may be under way.
pub async fn counted(app: &TestApp, who: &Person, path: &str, wanted: Value) {
    let mut last = Value::Null;
    let reached = eventually(Duration::from_secs(5), async || {
        flush(&app.state).await.unwrap();
        last = who.get(path).await.expect(200).json()["total"].clone();
        last == wanted
    });
    assert!(reached.await, "{path}: {last}, not {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_counts_when_the_whole_body_or_its_first_range_was_sent() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = distinct("counted", 300_000);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &bytes).await;
    let raw = format!("/modules/sha256/{}.wasm", sha256(&bytes));
    for path in [MODULE, &raw] {
        nobody.get(path).await.expect(200);
        for (range, status) in
            [("bytes=0-99", 206), ("bytes=100-", 206), ("bytes=-5", 206), ("bytes=900000-", 416)]
        {
            let part = nobody.request(Method::GET, path).header("range", range);
            nobody.send(part).await.expect(status);
        }
        nobody.send(nobody.request(Method::HEAD, path)).await.expect(200);
        let head = nobody.request(Method::HEAD, path).header("range", "bytes=0-9");
        nobody.send(head).await.expect(206);
        let same = nobody.request(Method::GET, path).header("if-none-match", "*");
        nobody.send(same).await.expect(304);
    }
    counted(&app, &nobody, COUNTS, json!({"downloads": 4, "clones": 0, "pulls": 0})).await;
    for path in ["/api/v1/catalog/alice/f", "/api/v1/filters/alice/f", MODULE.trim_end_matches("/module")] {
        assert_eq!(nobody.get(path).await.expect(200).json()["downloads"], 4, "{path}");
    }
    let list = nobody.get("/api/v1/catalog").await.expect(200).json();
    assert_eq!(list["items"][0]["downloads"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_end_counts_nothing() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    // More than the sockets between us hold.
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("broken", 30_000_000)).await;
    for _ in 0..3 {
        let mut reply = nobody.request(Method::GET, MODULE).send().await.unwrap();
        reply.chunk().await.unwrap().unwrap();
    }
    nobody.get(MODULE).await.expect(200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    counted(&app, &nobody, COUNTS, json!({"downloads": 1, "clones": 0, "pulls": 0})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_delays_no_download_and_loses_no_count() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("locked", 10)).await;
    nobody.get(MODULE).await.expect(200);
    let lock = app.state.db.begin_write().await.unwrap();
    if !app.state.db.is_sqlite() {
        lock.execute_unprepared("LOCK TABLE release_counts IN ACCESS EXCLUSIVE MODE").await.unwrap();
    }
    let state = app.state.clone();
    let waiting = tokio::spawn(async move { flush(&state).await });
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let start = Instant::now();
        nobody.get(MODULE).await.expect(200);
        slowest = slowest.max(start.elapsed());
    }
    assert!(!waiting.is_finished(), "the lock holds nobody up");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    println!("slowest of 50 downloads while the counts cannot be written: {slowest:?}");
    drop(lock);
    waiting.await.unwrap().unwrap();
    counted(&app, &nobody, COUNTS, json!({"downloads": 51, "clones": 0, "pulls": 0})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_public_is_counted_for_insiders_alone() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = distinct("inside", 10);
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    alice.get(MODULE).await.expect(200);
    alice.get(&format!("/modules/sha256/{}.wasm", sha256(&bytes))).await.expect(200);
    nobody.get(COUNTS).await.expect(404);
    let of_draft = |n: i64| json!({"downloads": 0, "clones": 0, "pulls": 0, "unpublished": n});
    counted(&app, &alice, COUNTS, of_draft(2)).await;
    assert_eq!(alice.get("/api/v1/filters/alice/f").await.expect(200).json()["downloads"], 0);

    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let copy = json!({"namespace": "carl", "name": "copy"});
    carl.post("/api/v1/filters/alice/f/clone", &copy).await.expect(201);
    // The copy's bytes are the same; whoever asks for the digest means what is public.
    nobody.get(&format!("/modules/sha256/{}.wasm", sha256(&bytes))).await.expect(200);
    counted(&app, &nobody, COUNTS, json!({"downloads": 1, "clones": 1, "pulls": 0})).await;
    let insider = json!({"downloads": 1, "clones": 1, "pulls": 0, "unpublished": 2});
    counted(&app, &alice, COUNTS, insider).await;
    counted(&app, &carl, "/api/v1/filters/carl/copy/counts", of_draft(0)).await;

    // A draft beside it: its versions are nobody's business, nor are its counts.
    alice.upload("alice/f", "2.0.0", distinct("inside 2", 10)).await.expect(201);
    alice.get("/api/v1/filters/alice/f/releases/2.0.0/module").await.expect(200);
    counted(&app, &alice, &format!("{COUNTS}?version=2.0.0"), of_draft(1)).await;
    for version in ["2.0.0", "3.0.0"] {
        nobody.get(&format!("{COUNTS}?version={version}")).await.expect(404);
    }
    let shown = nobody.get(COUNTS).await.expect(200);
    assert!(!shown.text().contains("unpublished"), "{}", shown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_release_takes_its_counts_along() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    for version in ["1.0.0", "2.0.0"] {
        app.publish(&alice, &carl, "alice/f", version, &distinct(version, 10)).await;
        nobody.get(&format!("/api/v1/filters/alice/f/releases/{version}/module")).await.expect(200);
    }
    counted(&app, &nobody, COUNTS, json!({"downloads": 2, "clones": 0, "pulls": 0})).await;
    let review = alice.submit("alice/f", "2.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    // What has no reader yet: counted, then deleted before it is written.
    alice.get("/api/v1/filters/alice/f/releases/2.0.0/module").await.expect(200);
    alice.delete("/api/v1/filters/alice/f/releases/2.0.0").await.expect(204);
    counted(&app, &nobody, COUNTS, json!({"downloads": 1, "clones": 0, "pulls": 0})).await;
    assert_eq!(nobody.get("/api/v1/catalog/alice/f").await.expect(200).json()["downloads"], 1);
    let rows = release_count::Entity::find().all(&*app.state.db).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    // What is unpublished and published again goes on from where it was.
    let review = alice.submit("alice/f", "1.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    assert_eq!(nobody.get("/api/v1/catalog/alice/f").await.expect(200).json()["downloads"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_weeks_are_whole_bounded_and_in_order() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("days", 10)).await;
    nobody.get(MODULE).await.expect(200);
    app.clock.advance(Duration::from_secs(8 * 86_400));
    nobody.get(MODULE).await.expect(200);
    nobody.get(MODULE).await.expect(200);
    counted(&app, &nobody, COUNTS, json!({"downloads": 3, "clones": 0, "pulls": 0})).await;
    let today = Day::of(app.clock.now());
    let view = nobody.get(COUNTS).await.expect(200).json();
    let items = view["items"].as_array().unwrap();
    assert_eq!((items.len(), view["to"].as_str()), (30, Some(today.to_string().as_str())));
    let of = |back: usize| items[items.len() - 1 - back]["downloads"].as_i64().unwrap();
    assert_eq!((of(0), of(1), of(7), of(8)), (2, 0, 0, 1));
    let weeks = nobody.get(&format!("{COUNTS}?by=week&from={}", Day(today.0 - 8))).await.expect(200).json();
    let weeks = weeks["items"].as_array().unwrap();
    assert!(weeks.iter().all(|w| w["day"].as_str().unwrap().parse::<Day>().is_ok_and(|d| d == d.monday())));
    assert_eq!(weeks.iter().map(|w| w["downloads"].as_i64().unwrap()).sum::<i64>(), 3);
    let year = format!("{COUNTS}?from={}&to={today}", Day(today.0 - 365));
    assert_eq!(nobody.get(&year).await.expect(200).json()["items"].as_array().unwrap().len(), 366);
    for wrong in [
        "from=2026-02-30",
        "from=yesterday",
        "from=2020-01-02&to=2020-01-01",
        "from=2020-01-01&to=2021-01-01",
        "from=0001-01-01",
        "by=month",
        "from=",
    ] {
        nobody.get(&format!("{COUNTS}?{wrong}")).await.expect_problem(400, "invalid");
    }
    nobody.get(&format!("{COUNTS}?from=9999-12-01&to=9999-12-31&by=week")).await.expect(200);
    nobody.get(&format!("{COUNTS}?from=0000-01-01&to=0000-01-02&by=week")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_wants_no_counts_has_none() {
    let app = TestApp::spawn_with(&["--no-counts"]).await;
    let (alice, root) = (app.author("alice").await, app.user("ada", Role::Admin).await);
    alice.upload("alice/f", "1.0.0", distinct("none", 10)).await.expect(201);
    alice.get(MODULE).await.expect(200);
    flush(&app.state).await.unwrap();
    let none = json!({"downloads": 0, "clones": 0, "pulls": 0, "unpublished": 0});
    assert_eq!(root.get(COUNTS).await.expect(200).json()["total"], none);
}
