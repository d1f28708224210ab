//! What an operator's policy file changes: quorum, required checks, windows, times.
use super::{act, history, in_review, read};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, filter, small},
};

/// A server under this policy.
pub async fn under(policy: &str) -> TestApp {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), policy).unwrap();
    TestApp::spawn_with(&["--policy", file.path().to_str().unwrap()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_who_signs_in_may_read_what_holds() {
    let app = under("[quorum]\nfirst_publication = 2\n").await;
    let alice = app.author("alice").await;
    let policy = alice.get("/api/v1/policy").await.expect(200).json();
    assert_eq!(policy["quorum"], json!({"default": 1, "first_publication": 2, "new_capability": null}));
    assert_eq!(policy["checks"]["required"], json!(["verification", "hosts"]));
    assert!(!policy["version"].as_str().unwrap().is_empty());
    app.anonymous().get("/api/v1/policy").await.expect(401);
    let plain = TestApp::spawn().await;
    let other = plain.author("alice").await.get("/api/v1/policy").await.expect(200).json();
    assert_ne!(policy["version"], other["version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_publication_and_a_new_power_take_a_second_vote_when_the_policy_says_so() {
    let app = under("[quorum]\nfirst_publication = 2\nnew_capability = 2\n").await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let first = in_review(&app, &alice, "alice/f", small()).await;
    assert_eq!((first["quorum"].as_i64(), first["first_publication"].as_bool()), (Some(2), Some(true)));
    carl.vote(&first, "approve").await.expect(200);
    alice.release(&first).await.expect_problem(409, "not-approved");
    // The same person twice is one person.
    carl.vote(&first, "approve").await.expect(200);
    alice.release(&first).await.expect_problem(409, "not-approved");
    dora.vote(&first, "approve").await.expect(200);
    alice.release(&first).await.expect(200);

    alice.upload("alice/f", "1.1.0", distinct("1.1.0", 10)).await.expect(201);
    let same = alice.submit("alice/f", "1.1.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let same = read(&alice, &same).await;
    assert_eq!((same["quorum"].as_i64(), same["first_publication"].as_bool()), (Some(1), Some(false)));

    alice.upload("alice/f", "2.0.0", filter("heartbeat")).await.expect(201);
    let more = alice.submit("alice/f", "2.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let more = read(&alice, &more).await;
    assert_eq!(more["quorum"], 2, "{more}");
    let change = more["checks"].as_array().unwrap().iter().find(|c| c["id"] == "capability-change").unwrap();
    assert_eq!(change["result"], "warn");
    assert!(
        change["findings"][0]["message"].as_str().unwrap().starts_with("new power since 1.0.0: "),
        "{change}"
    );
    let addends = more["risk"]["addends"].as_array().unwrap();
    assert!(addends.iter().any(|a| a["id"].as_str().unwrap().starts_with("new-capability:")), "{addends:?}");
    let sum: i64 = addends.iter().map(|a| a["points"].as_i64().unwrap()).sum();
    assert_eq!(more["risk"]["total"], sum, "the risk is the sum of what is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_quarantine_or_an_end_of_publication_is_looked_at_as_new() {
    let app = under("[quorum]\nnew_capability = 2\n").await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for filter in ["f", "g"] {
        let bytes = distinct(filter, 10);
        app.publish(&alice, &carl, &format!("alice/{filter}"), "1.0.0", &bytes).await;
    }
    let reason = json!({"reason": "r"});
    carl.post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &reason).await.expect(200);
    let end = alice.submit("alice/g", "1.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    if read(&alice, &end).await["state"] == "in_review" {
        carl.vote(&end, "approve").await.expect(200);
    }
    alice.release(&end).await.expect(200);
    for name in ["alice/f", "alice/g"] {
        alice.upload(name, "1.0.1", filter("heartbeat")).await.expect(201);
        let next = alice.submit(name, "1.0.1", "publish").await.expect(201).json();
        app.drain_jobs().await;
        let next = read(&alice, &next).await;
        assert_eq!(next["quorum"], 2, "{name}: nothing that was approved speaks for its powers: {next}");
        let checks = next["checks"].as_array().unwrap();
        let change = checks.iter().find(|c| c["id"] == "capability-change").unwrap();
        assert!(change["findings"][0]["message"].as_str().unwrap().contains("no approval"), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_namespace_publishes_by_its_checks_alone_and_still_not_out_of_quarantine() {
    let app = under("[self_publish]\nnamespaces = [\"alice\"]\n").await;
    let (alice, bob, carl) = (app.author("alice").await, app.author("bob").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    assert_eq!(review["state"], "approved");
    assert_eq!(history(&review), ["submit", "checks_pass", "approve"]);
    alice.release(&review).await.expect(200);
    let other = in_review(&app, &bob, "bob/f", distinct("bob", 10)).await;
    assert_eq!(other["state"], "in_review");
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    carl.post(&format!("{release}/quarantine"), &json!({"reason": "r"})).await.expect(200);
    let back = alice.submit("alice/f", "1.0.0", "unquarantine").await.expect(201).json();
    app.drain_jobs().await;
    assert_eq!(read(&alice, &back).await["state"], "in_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_the_policy_requires_blocks_and_its_fix_comes_back_by_resubmission() {
    let app = under("[checks]\nrequired = [\"verification\", \"hosts\", \"licence\"]\n").await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let check = |review: &serde_json::Value, id: &str| {
        review["checks"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap().clone()
    };
    let licence = check(&review, "licence");
    assert_eq!((licence["required"].as_bool(), licence["result"].as_str()), (Some(true), Some("fail")));
    assert!(licence["findings"][0]["fix"].as_str().unwrap().contains("SPDX"));
    assert_eq!(review["state"], "blocked_by_checks");
    carl.vote(&review, "approve").await.expect_problem(409, "review-state");
    alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({"licence": "MIT"})).await.expect(200);
    // Run alone they would look at other words than the review is about, and leave it where nobody can vote.
    act(&alice, &review, "checks", json!({})).await.expect_problem(409, "stale");
    assert!(!read(&carl, &review).await["acts"].as_array().unwrap().contains(&json!("run_checks")));
    act(&alice, &review, "resubmission", json!({})).await.expect(200);
    app.drain_jobs().await;
    let review = read(&alice, &review).await;
    assert_eq!(check(&review, "licence")["result"], "pass");
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_its_windows_an_approval_waits() {
    let app = under("[release]\nwindows = [\"mon 00:00-00:01\"]\n").await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    carl.vote(&review, "approve").await.expect(200);
    // One minute of the week; this test would have to begin in it.
    let refused = alice.release(&review).await.expect_problem(409, "outside-window").json();
    assert!(refused["detail"].as_str().unwrap().contains("mon 00:00-00:01"));
    assert_eq!(read(&alice, &review).await["state"], "approved", "the approval is not used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_escalated_once_and_what_nobody_decides_ends() {
    let app = under("[times]\ndue_hours = 1\nexpiry_days = 2\n").await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let sent_back = in_review(&app, &alice, "alice/g", distinct("g", 10)).await;
    carl.vote(&sent_back, "request_changes").await.expect(200);
    tamis::reviews::times::run(&app.state).await.unwrap();
    app.clock.advance(Duration::from_secs(2 * 3600));
    let (alice, carl) = (app.token("alice", None).await, app.token("carl", None).await);
    for _ in 0..2 {
        tamis::reviews::times::run(&app.state).await.unwrap();
    }
    let late = read(&alice, &review).await;
    assert_eq!(history(&late), ["submit", "checks_pass", "escalate"]);
    assert_eq!(late["history"][2]["by"], "system:reviews");
    let waits = read(&alice, &sent_back).await;
    assert!(waits["escalated_at"].is_null(), "its author has it: the clock stands still");
    let overdue = carl.get("/api/v1/reviews?overdue=true").await.expect(200).json();
    assert_eq!(overdue["items"].as_array().unwrap().len(), 1);
    app.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let alice = app.token("alice", None).await;
    tamis::reviews::times::run(&app.state).await.unwrap();
    for review in [&review, &sent_back] {
        let ended = read(&alice, review).await;
        assert_eq!(ended["state"], "expired");
        alice.release(&ended).await.expect_problem(409, "not-approved");
    }
}
