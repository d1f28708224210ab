//! Checks that fail, panic, hang or take the process along: in each case what they guard stays
//! closed, and opens when they have run.
use super::{act, read};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    client::Person,
    crash::{Instance, Server, eventually},
    fixtures::distinct,
};
use tamis_entities::{
    release, review, review_check,
    value::{CheckResult, ReleaseState, Role},
};

/// An instance whose checks have a second each.
async fn instance() -> Instance {
    let mut instance = Instance::new().await;
    let policy = instance.path().join("policy.toml");
    std::fs::write(&policy, "[checks]\ntimeout_seconds = 1\n").unwrap();
    instance.set("TAMIS_POLICY", policy.to_str().unwrap());
    instance
}

async fn people(instance: &Instance) -> (Person, Person) {
    (instance.user("alice", Role::User).await, instance.user("carl", Role::Curator).await)
}

/// Asks for the publication of a new filter and approves of it before the checks have ended.
async fn ask(alice: &Person, carl: &Person, name: &str) -> Value {
    let filter = format!("alice/{name}");
    alice.upload(&filter, "1.0.0", distinct(name, 10)).await.expect(201);
    let review = alice.submit(&filter, "1.0.0", "publish").await.expect(201).json();
    // Too late when the checks have blocked it already.
    let voted = carl.vote(&review, "approve").await;
    assert!([200, 409].contains(&voted.status), "{}", voted.text());
    review
}

async fn leaves_checking(who: &Person, review: &Value, limit: u64) -> Value {
    let left =
        eventually(Duration::from_secs(limit), async || read(who, review).await["state"] != "checking");
    assert!(left.await, "still checking");
    read(who, review).await
}

async fn broken(action: &str, says: &str) {
    let instance = instance().await;
    let (alice, carl) = people(&instance).await;
    let points = format!("review.check={action}");
    let server = instance.start(&[("FAILPOINTS", &points)]).await;
    let review = ask(&alice, &carl, "f").await;
    let blocked = leaves_checking(&alice, &review, 30).await;
    assert_eq!(blocked["state"], "blocked_by_checks", "{action}");
    for check in blocked["checks"].as_array().unwrap() {
        assert_eq!(check["result"], "error", "{action}: {check}");
        assert!(check["findings"][0]["message"].as_str().unwrap().contains(says), "{action}: {check}");
    }
    carl.vote(&review, "approve").await.expect_problem(409, "review-state");
    alice.release(&review).await.expect_problem(409, "not-approved");
    alice.get("/api/v1/catalog/alice/f").await.expect(404);
    drop(server);
    let _server = instance.start(&[]).await;
    act(&alice, &review, "checks", json!({})).await.expect(200);
    let checked = leaves_checking(&alice, &review, 30).await;
    if checked["state"] == "in_review" {
        carl.vote(&review, "approve").await.expect(200);
    }
    alice.release(&review).await.expect(200);
    alice.get("/api/v1/catalog/alice/f").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_to_run_blocks_until_it_has_run() {
    broken("return", "fail point").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_panics_blocks_until_it_has_run() {
    broken("panic", "broke off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_hangs_blocks_until_it_has_run() {
    broken("sleep(2500)", "longer than 1 s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_take_the_process_along_each_time_are_given_up_and_block() {
    let instance = instance().await;
    let (alice, carl) = people(&instance).await;
    let mut server: Server = instance.start(&[]).await;
    alice.upload("alice/f", "1.0.0", distinct("f", 10)).await.expect(201);
    server.kill();
    let mut server = instance.start(&[("FAILPOINTS", "review.check=return(abort)")]).await;
    let body = json!({"namespace": "alice", "filter": "f", "version": "1.0.0", "action": "publish"});
    // The process may die before it has answered.
    let _ = alice.request(reqwest::Method::POST, "/api/v1/reviews").json(&body).send().await;
    assert!(server.ended(Duration::from_secs(20)).await.is_some(), "the checks end the process");
    instance.settle().await;
    let db = instance.db().await;
    let all = review::Entity::find().all(&*db).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].state.as_str(), "checking");
    // As after the last of a dozen tries.
    db.execute_unprepared("UPDATE jobs SET attempts = 12, lease_until = NULL").await.unwrap();
    let _server = instance.start(&[]).await;
    let review = json!({"id": all[0].id.to_string()});
    let blocked = leaves_checking(&carl, &review, 30).await;
    assert_eq!(blocked["state"], "blocked_by_checks");
    assert!(blocked["checks"].as_array().unwrap().iter().all(|c| c["result"] == "error"));
    act(&alice, &review, "checks", json!({})).await.expect(200);
    assert_eq!(leaves_checking(&carl, &review, 30).await["state"], "in_review");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_publications_whose_checks_break_at_random_only_the_checked_get_through() {
    let instance = instance().await;
    let (alice, carl) = people(&instance).await;
    let points = [("FAILPOINTS", "review.check=15%return->15%panic->3%sleep(1500)")];
    let server = instance.start(&points).await;
    let many = if std::env::var("TAMIS_TEST_FULL").is_ok() { 500 } else { 40 };
    let mut reviews = vec![];
    for i in 0..many {
        reviews.push(ask(&alice, &carl, &format!("f{i}x")).await);
    }
    let mut released = 0;
    for review in &reviews {
        let seen = leaves_checking(&alice, review, 120).await;
        if seen["state"] == "in_review" {
            carl.vote(review, "approve").await.expect(200);
        }
        released += usize::from(alice.release(review).await.status == 200);
    }
    drop(server);
    let db = instance.db().await;
    let live = release::Entity::find().filter(release::Column::State.eq(ReleaseState::Published));
    let live = live.all(&*db).await.unwrap();
    assert_eq!(live.len(), released);
    for release in &live {
        let reviews = review::Entity::find().filter(review::Column::ReleaseId.eq(release.id));
        let review = reviews.one(&*db).await.unwrap().unwrap();
        let checks = review_check::Entity::find().filter(review_check::Column::ReviewId.eq(review.id));
        let required: Vec<_> = checks.all(&*db).await.unwrap().into_iter().filter(|c| c.required).collect();
        assert_eq!(required.len(), 2);
        let passed = |c: &review_check::Model| matches!(c.result, CheckResult::Pass | CheckResult::Warn);
        assert!(required.iter().all(passed), "published without a stored pass: {required:?}");
        assert_eq!(review.sha256, release.sha256);
    }
    println!("{released} of {many} got through");
    assert!(released > 0 && released < many, "{released} of {many}: the faults prove nothing");
    db.close().await.unwrap();
}
