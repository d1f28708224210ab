//! What people do to a review: each act, who may, what it leaves behind.
use super::{act, history, in_review, read, reject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, small},
};
use tamis_entities::{audit_entry, event, value::Role};

#[tokio::test(flavor = "multi_thread")]
async fn every_move_leaves_history_an_audit_entry_and_an_event() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    assert_eq!(history(&review), ["submit", "checks_pass"]);
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let review = read(&alice, &review).await;
    assert_eq!(history(&review), ["submit", "checks_pass", "vote", "approve", "release"]);
    let last = &review["history"][4];
    assert_eq!((last["from"].as_str(), last["to"].as_str()), (Some("approved"), Some("published")));
    assert_eq!(last["by"], "user:alice");
    assert_eq!(last["evidence"], review["evidence"], "what the deciders saw");
    assert!(review["evidence"].as_str().unwrap().starts_with("sha256:"));
    let id: uuid::Uuid = review["id"].as_str().unwrap().parse().unwrap();
    let events =
        event::Entity::find().filter(event::Column::ReviewId.eq(id)).all(&*app.state.db).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert!(kinds.contains(&"review.release"), "{kinds:?}");
    assert!(events.iter().all(|e| e.filter_id.is_some() && e.namespace_id.is_some()));
    let audit = audit_entry::Entity::find().filter(audit_entry::Column::Action.starts_with("review."));
    assert_eq!(audit.all(&*app.state.db).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_were_asked_for_come_back_in_the_same_review_and_old_votes_do_not_count() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    act(&alice, &review, "resubmission", json!({})).await.expect_problem(409, "review-state");
    carl.vote(&review, "request_changes").await.expect(200);
    let paused = read(&alice, &review).await;
    assert_eq!(paused["state"], "changes_requested");
    assert!(paused["paused_at"].is_string());
    // The author does what was asked for; the review waits for that.
    let changed = json!({"readme": "# What it does", "licence": "MIT"});
    alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &changed).await.expect(200);
    app.clock.advance(Duration::from_secs(1800));
    assert_eq!(read(&alice, &review).await["state"], "changes_requested");
    carl.vote(&review, "approve").await.expect_problem(409, "stale");
    act(&carl, &review, "resubmission", json!({})).await.expect_problem(403, "role");
    let again = act(&alice, &review, "resubmission", json!({"note": "done"})).await.expect(200).json();
    assert_eq!(again["round"], 2);
    assert_ne!(again["revision"], review["revision"]);
    assert!(again["due_at"].as_str() > review["due_at"].as_str(), "the due time stood still");
    app.drain_jobs().await;
    let again = read(&alice, &review).await;
    assert_eq!(again["state"], "in_review", "the vote of the round before does not count: {again}");
    assert_eq!(again["approvals"], 0);
    dora.vote(&again, "approve").await.expect(200);
    alice.release(&again).await.expect(200);
    // A change of what a curator has been asked about ends the request, as ever.
    let other = in_review(&app, &alice, "alice/g", distinct("g", 10)).await;
    alice.patch("/api/v1/filters/alice/g/releases/1.0.0", &changed).await.expect(200);
    assert_eq!(read(&alice, &other).await["state"], "superseded");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_aside_while_the_author_is_at_work_leaves_the_author_their_turn() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    carl.vote(&review, "request_changes").await.expect(200);
    alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({"licence": "MIT"})).await.expect(200);
    act(&carl, &review, "recusal", json!({})).await.expect(200);
    assert_eq!(
        read(&alice, &review).await["state"],
        "changes_requested",
        "nobody could vote on the old words"
    );
    act(&alice, &review, "resubmission", json!({})).await.expect(200);
    app.drain_jobs().await;
    let again = read(&dora, &review).await;
    dora.vote(&again, "approve").await.expect(200);
    alice.release(&again).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_what_is_there_already_takes_no_request_back() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    alice.patch(release, &json!({"licence": "MIT"})).await.expect(200);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    for same in [json!({}), json!({"licence": "MIT"})] {
        alice.patch(release, &same).await.expect(200);
        assert_eq!(read(&alice, &review).await["state"], "approved", "{same}");
    }
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_curator_writes_to_administrators_is_not_for_the_author() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let ada = app.user("ada", Role::Admin).await;
    let review = in_review(&app, &alice, "alice/f", small()).await;
    act(&carl, &review, "escalation", json!({"note": "looks like somebody we know"})).await.expect(200);
    act(&alice, &review, "escalation", json!({"note": "it is urgent"})).await.expect(200);
    app.drain_jobs().await;
    let notes = |seen: serde_json::Value| -> Vec<String> {
        let lines = seen["history"].as_array().unwrap().clone();
        lines.iter().filter_map(|line| line["note"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(notes(read(&alice, &review).await), ["it is urgent"]);
    assert_eq!(notes(read(&carl, &review).await), ["looks like somebody we know", "it is urgent"]);
    for (who, told) in [(&alice, false), (&ada, true)] {
        let inbox = who.get("/api/v1/me/inbox").await.expect(200).text();
        assert_eq!(inbox.contains("looks like somebody"), told, "{inbox}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_review_holds_it_for_as_long_as_they_are_there() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let ada = app.user("ada", Role::Admin).await;
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let taken = act(&carl, &review, "assignment", json!({"assignee": "carl"})).await.expect(200).json();
    assert_eq!(taken["assignee"], "carl");
    assert!(taken["lease_until"].is_string());
    let take = json!({"assignee": "dora"});
    act(&dora, &review, "assignment", take.clone()).await.expect_problem(409, "review-taken");
    act(&dora, &review, "assignment", json!({"assignee": null})).await.expect_problem(409, "review-taken");
    let there = act(&carl, &review, "presence", json!({})).await.expect(200).json();
    assert!(there["lease_until"].as_str() > taken["lease_until"].as_str());
    assert_eq!(read(&dora, &review).await["viewers"], json!(["carl"]));
    assert_eq!(read(&alice, &review).await.get("viewers"), None, "the author is not told who looks");
    app.clock.advance(Duration::from_secs(50 * 60));
    act(&carl, &review, "presence", json!({})).await.expect(200);
    app.clock.advance(Duration::from_secs(9 * 60));
    act(&dora, &review, "assignment", take.clone()).await.expect_problem(409, "review-taken");
    // The tests' tokens live for an hour of the clock, so these are new ones.
    let (dora, carl) = (app.token("dora", None).await, app.token("carl", None).await);
    app.clock.advance(Duration::from_secs(52 * 60));
    assert_eq!(read(&carl, &review).await["assignee"], json!(null), "the lease has run out");
    act(&carl, &review, "presence", json!({})).await.expect(200);
    assert_eq!(read(&carl, &review).await["assignee"], json!(null), "and is not renewed");
    act(&dora, &review, "assignment", take).await.expect(200);
    let ada = app.token(&ada.name, None).await;
    act(&ada, &review, "assignment", json!({"assignee": "carl"})).await.expect(200);
    assert_eq!(read(&ada, &review).await["lease_until"], json!(null), "given, not taken: no lease");
    act(&carl, &review, "assignment", json!({"assignee": null})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_stood_aside_takes_no_part_not_even_with_a_vote_that_was_cast() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    carl.vote(&review, "approve").await.expect(200);
    let aside = act(&carl, &review, "recusal", json!({"note": "my cousin"})).await.expect(200).json();
    assert_eq!(aside["state"], "in_review", "the approval is gone with its curator");
    assert_eq!(aside["recused"], json!(["carl"]));
    assert!(!read(&alice, &review).await.to_string().contains("cousin"), "why is for curators");
    carl.vote(&review, "approve").await.expect_problem(403, "recused");
    alice.release(&review).await.expect_problem(409, "not-approved");
    dora.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_remark_is_for_curators_and_a_shared_one_for_all_who_take_part() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    act(&carl, &review, "comments", json!({"body": "smells", "internal": true})).await.expect(201);
    act(&carl, &review, "comments", json!({"body": "why the timer?"})).await.expect(201);
    act(&alice, &review, "comments", json!({"body": "hidden", "internal": true}))
        .await
        .expect_problem(403, "role");
    act(&alice, &review, "comments", json!({"body": "to flush"})).await.expect(201);
    let bodies = |review: serde_json::Value| -> Vec<String> {
        let all = review["comments"].as_array().unwrap().iter();
        all.map(|c| c["body"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(bodies(read(&carl, &review).await), ["smells", "why the timer?", "to flush"]);
    assert_eq!(bodies(read(&alice, &review).await), ["why the timer?", "to flush"]);
    assert!(!read(&alice, &review).await.to_string().contains("smells"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checklist_has_items_of_the_type_and_keeps_the_ticks_of_each_reviewer() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let defaults = json!({"defaults": {"type": "http"}});
    alice.put("/api/v1/filters/alice/f", &defaults).await.expect(201);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let path = format!("/api/v1/reviews/{}/checklist", review["id"].as_str().unwrap());
    carl.put(&path, &json!({"ticked": ["fails-closed", "summary-true"]})).await.expect(200);
    dora.put(&path, &json!({"ticked": ["fails-closed"]})).await.expect(200);
    carl.put(&path, &json!({"ticked": ["half-closed"]})).await.expect_problem(400, "invalid");
    alice.put(&path, &json!({"ticked": []})).await.expect(403);
    let list = read(&alice, &review).await["checklist"].clone();
    let item = |id: &str| list.as_array().unwrap().iter().find(|i| i["id"] == id).cloned();
    assert_eq!(item("fails-closed").unwrap()["ticked_by"], json!(["carl", "dora"]));
    assert_eq!(item("summary-true").unwrap()["ticked_by"], json!(["carl"]));
    assert_eq!(item("summary-true").unwrap()["required"], true);
    assert_eq!(item("half-closed"), None, "that is for network filters");
    carl.put(&path, &json!({"ticked": []})).await.expect(200);
    assert!(!read(&alice, &review).await["checklist"].to_string().contains("carl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_may_do_is_said_and_is_what_they_can_do() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let acts = async |who| read(who, &review).await["acts"].clone();
    assert_eq!(acts(&alice).await, json!(["run_checks", "withdraw", "comment", "escalate"]));
    assert_eq!(
        acts(&carl).await,
        json!(["run_checks", "vote", "assign", "recuse", "comment", "tick", "escalate"])
    );
    act(&alice, &review, "escalation", json!({"note": "a fix for an attack"})).await.expect(200);
    assert!(read(&alice, &review).await["escalated_at"].is_string());
    act(&alice, &review, "checks", json!({})).await.expect(200);
    app.drain_jobs().await;
    let again = read(&alice, &review).await;
    assert_eq!(again["state"], "in_review");
    assert_eq!(history(&again)[2..], ["escalate", "run_checks", "checks_pass"]);
    assert!(again["checks"][0]["ran_at"].as_str() > review["checks"][0]["ran_at"].as_str());
    act(&alice, &review, "withdrawal", json!({})).await.expect(200);
    act(&alice, &review, "withdrawal", json!({})).await.expect_problem(409, "review-closed");
    assert_eq!(acts(&alice).await, json!(["comment"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_how_a_request_ended_whose_draft_or_filter_was_deleted() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for (name, path) in [("one", "one/releases/1.0.0"), ("two", "two")] {
        let review = in_review(&app, &alice, &format!("alice/{name}"), distinct(name, 10)).await;
        alice.delete(&format!("/api/v1/filters/alice/{path}")).await.expect(204);
        let id = review["id"].as_str().unwrap();
        carl.get(&format!("/api/v1/reviews/{id}")).await.expect_problem(404, "not-found");
        let ended = audit_entry::Entity::find()
            .filter(audit_entry::Column::Action.eq("review.supersede"))
            .filter(audit_entry::Column::Object.eq(format!("filter:alice/{name}")));
        let ended = ended.all(&*app.state.db).await.unwrap();
        assert_eq!(ended.len(), 1, "{name}");
        assert_eq!(ended[0].detail["reviews"], json!([id]), "{name}");
        assert!(ended[0].detail["reason"].as_str().unwrap().ends_with(" was deleted"), "{:?}", ended[0]);
        // For those who are told, and for programs that wait for it.
        let told = event::Entity::find().filter(event::Column::Kind.eq("review.supersede"));
        let told = told.filter(event::Column::ReviewId.eq(id.parse::<uuid::Uuid>().unwrap()));
        assert_eq!(told.all(&*app.state.db).await.unwrap().len(), 1, "{name}");
    }
    // What was decided is not ended again; who did what to it stays in the log.
    let review = in_review(&app, &alice, "alice/three", distinct("three", 10)).await;
    reject(&carl, &review, "licence").await.expect(200);
    alice.delete("/api/v1/filters/alice/three/releases/1.0.0").await.expect(204);
    let of = audit_entry::Column::Object;
    let past = audit_entry::Entity::find().filter(of.eq("release:alice/three@1.0.0"));
    let past: Vec<_> = past.all(&*app.state.db).await.unwrap().into_iter().map(|e| e.action).collect();
    for act in ["review.submit", "review.vote", "review.reject"] {
        assert!(past.iter().any(|done| done == act), "{act}: {past:?}");
    }
    let again = audit_entry::Entity::find().filter(of.eq("filter:alice/three"));
    let again = again.filter(audit_entry::Column::Action.eq("review.supersede"));
    assert_eq!(again.all(&*app.state.db).await.unwrap().len(), 0);
    app.drain_jobs().await;
    app.assert_sound().await;
}
