//! Rejections and what can follow, and the glass that two people break together.
use super::{act, in_review, read, reject};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Person, fixtures::small};
use tamis_entities::{audit_entry, value::Role};

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_of_the_catalogue_says_its_words_to_the_author() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let reasons = alice.get("/api/v1/review-reasons").await.expect(200).json();
    let licence = reasons["items"].as_array().unwrap().iter().find(|r| r["code"] == "licence").unwrap();
    let review = in_review(&app, &alice, "alice/f", small()).await;
    reject(&carl, &review, "licence").await.expect(200);
    let seen = read(&alice, &review).await;
    assert_eq!(seen["state"], "rejected");
    assert_eq!(seen["votes"][0]["note"], licence["text"]);
    carl.vote(&review, "approve").await.expect_problem(409, "review-closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_is_appealed_against_once_and_somebody_else_decides() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let note = json!({"note": "it does document them"});
    act(&alice, &review, "appeal", note.clone()).await.expect_problem(409, "review-state");
    reject(&carl, &review, "calls-undocumented").await.expect(200);
    act(&carl, &review, "appeal", note.clone()).await.expect_problem(403, "role");
    let uphold = json!({"decision": "uphold", "note": "no"});
    act(&dora, &review, "appeal/decision", uphold.clone()).await.expect_problem(409, "no-appeal");
    act(&alice, &review, "appeal", note.clone()).await.expect(200);
    act(&alice, &review, "appeal", note.clone()).await.expect_problem(409, "appealed");
    act(&carl, &review, "appeal/decision", uphold.clone()).await.expect_problem(403, "second-person");
    let reopen = json!({"decision": "reopen", "note": "it does"});
    let open = act(&dora, &review, "appeal/decision", reopen.clone()).await.expect(200).json();
    assert_eq!((open["state"].as_str(), open["round"].as_i64()), (Some("in_review"), Some(2)));
    assert_eq!(open["appeal"]["answer"], "it does");
    // Rejected again: another rejection, another appeal; this one is upheld.
    reject(&carl, &review, "calls-undocumented").await.expect(200);
    act(&alice, &review, "appeal", note.clone()).await.expect(200);
    act(&dora, &review, "appeal/decision", uphold.clone()).await.expect(200);
    act(&dora, &review, "appeal/decision", uphold).await.expect_problem(409, "no-appeal");
    act(&alice, &review, "appeal", note).await.expect_problem(409, "appealed");
    let seen = read(&alice, &review).await;
    assert_eq!(
        (seen["state"].as_str(), seen["appeal"]["decision"].as_str()),
        (Some("rejected"), Some("uphold"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn until_it_is_released_another_curator_stops_what_one_approved() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    carl.vote(&review, "approve").await.expect(200);
    assert_eq!(read(&dora, &review).await["state"], "approved");
    dora.vote(&review, "request_changes").await.expect(200);
    assert_eq!(read(&dora, &review).await["state"], "changes_requested");
    alice.release(&review).await.expect_problem(409, "not-approved");
    dora.vote(&review, "approve").await.expect(200);
    reject(&dora, &review, "licence").await.expect(200);
    assert_eq!(read(&dora, &review).await["state"], "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_a_curator_who_has_left_waits_for_votes_again() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let ada = app.user("ada", Role::Admin).await;
    let review = in_review(&app, &alice, "alice/f", small()).await;
    carl.vote(&review, "approve").await.expect(200);
    ada.post("/api/v1/users/carl/disable", &json!({"reason": "left"})).await.expect(204);
    alice.release(&review).await.expect_problem(409, "not-approved");
    assert_eq!(read(&dora, &review).await["state"], "in_review");
    dora.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_is_opened_again_has_its_whole_time() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    reject(&carl, &review, "licence").await.expect(200);
    app.clock.advance(Duration::from_secs(400 * 24 * 3600));
    let (alice, dora) = (app.token("alice", None).await, app.token(&dora.name, None).await);
    act(&alice, &review, "appeal", json!({"note": "it has one"})).await.expect(200);
    let reopen = json!({"decision": "reopen", "note": "it does"});
    act(&dora, &review, "appeal/decision", reopen).await.expect(200);
    tamis::reviews::times::run(&app.state).await.unwrap();
    assert_eq!(read(&dora, &review).await["state"], "in_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_has_changed_since_its_rejection_is_not_reopened() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    reject(&carl, &review, "licence").await.expect(200);
    act(&alice, &review, "appeal", json!({"note": "please"})).await.expect(200);
    alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({"readme": "other"})).await.expect(200);
    let reopen = json!({"decision": "reopen", "note": "fine"});
    act(&dora, &review, "appeal/decision", reopen.clone()).await.expect_problem(409, "stale");
    alice.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({"readme": null})).await.expect(200);
    act(&dora, &review, "appeal/decision", reopen).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_appeal_waits_its_release_is_asked_for_again_only_once_the_appeal_is_withdrawn() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    reject(&carl, &review, "licence").await.expect(200);
    let note = json!({"note": "it has one"});
    act(&alice, &review, "appeal", note.clone()).await.expect(200);
    let refused = alice.submit("alice/f", "1.0.0", "publish").await.expect_problem(409, "appeal-open");
    assert!(refused.text().contains("withdraw the appeal"), "{}", refused.text());
    assert!(acts(&alice, &review).await.contains(&json!("withdraw_appeal")));
    assert!(!acts(&dora, &review).await.contains(&json!("withdraw_appeal")));

    act(&dora, &review, "appeal/withdrawal", json!({})).await.expect_problem(403, "role");
    let seen = act(&alice, &review, "appeal/withdrawal", json!({})).await.expect(200).json();
    assert_eq!((seen["state"].as_str(), &seen["open_appeal"]), (Some("rejected"), &json!(null)));
    assert!(seen["appeal"]["decided_at"].is_string() && seen["appeal"]["decision"].is_null(), "{seen}");
    act(&alice, &review, "appeal/withdrawal", json!({})).await.expect_problem(409, "no-appeal");
    app.drain_jobs().await;
    let inbox = dora.get("/api/v1/me/inbox").await.expect(200).text();
    assert!(inbox.contains("review.withdraw_appeal"), "{inbox}");
    act(&dora, &review, "appeal/decision", json!({"decision": "uphold", "note": "n"}))
        .await
        .expect_problem(409, "no-appeal");
    // It was the one appeal against this rejection.
    act(&alice, &review, "appeal", note.clone()).await.expect_problem(409, "appealed");
    assert!(!acts(&alice, &review).await.contains(&json!("appeal")));

    // Nor does an appeal begin beside a request that is open.
    let second = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    reject(&dora, &second, "licence").await.expect(200);
    let third = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    act(&alice, &second, "appeal", note.clone()).await.expect_problem(409, "review-open");
    act(&alice, &third, "withdrawal", json!({})).await.expect(200);
    act(&alice, &second, "appeal", note).await.expect(200);
    app.drain_jobs().await;
}

async fn acts(who: &Person, review: &Value) -> Vec<Value> {
    read(who, review).await["acts"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glass_is_broken_by_an_administrator_and_a_second_person_and_it_shows() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let (ada, bert) = (app.user("ada", Role::Admin).await, app.user("bert", Role::Admin).await);
    let review = in_review(&app, &alice, "alice/f", small()).await;
    let digest = json!({"digest": review["digest"]});
    let ask = json!({"reason": "the fix for an attack", "digest": review["digest"]});
    act(&carl, &review, "break-glass", ask.clone()).await.expect(403);
    act(&carl, &review, "break-glass/countersignature", digest.clone())
        .await
        .expect_problem(409, "not-requested");
    let other = json!({"reason": "r", "digest": format!("sha256:{}", "0".repeat(64))});
    act(&ada, &review, "break-glass", other).await.expect_problem(409, "stale");
    let asked = act(&ada, &review, "break-glass", ask).await.expect(200).json();
    assert_eq!(asked["state"], "in_review", "one person publishes nothing");
    assert_eq!(asked["break_glass_request"]["by"], "ada");
    act(&ada, &review, "break-glass/countersignature", digest.clone())
        .await
        .expect_problem(403, "second-person");
    let wrong = json!({"digest": format!("sha256:{}", "0".repeat(64))});
    act(&bert, &review, "break-glass/countersignature", wrong).await.expect_problem(409, "stale");
    let released =
        act(&carl, &review, "break-glass/countersignature", digest.clone()).await.expect(200).json();
    assert_eq!(
        (released["state"].as_str(), released["break_glass"].as_bool()),
        (Some("published"), Some(true))
    );
    let seen = read(&alice, &review).await;
    assert_eq!((seen["state"].as_str(), seen["break_glass"].as_bool()), (Some("published"), Some(true)));
    let entry = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("release.publish"));
    let entry = entry.one(&*app.state.db).await.unwrap().unwrap();
    assert_eq!(entry.detail["break_glass"], true);
    act(&bert, &review, "break-glass/countersignature", digest).await.expect_problem(409, "review-closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_breaks_the_glass_for_their_own_work_or_for_what_has_changed() {
    let app = TestApp::spawn().await;
    let (ada, carl) = (app.user("ada", Role::Admin).await, app.curator("carl").await);
    let bert = app.user("bert", Role::Admin).await;
    let own = in_review(&app, &ada, "ada/f", small()).await;
    let ask = json!({"reason": "mine", "digest": own["digest"]});
    act(&ada, &own, "break-glass", ask.clone()).await.expect_problem(403, "own-work");
    act(&bert, &own, "break-glass", ask).await.expect(200);
    let digest = json!({"digest": own["digest"]});
    act(&ada, &own, "break-glass/countersignature", digest.clone()).await.expect_problem(403, "own-work");
    // Who asked has no say any more once they may write the filter.
    ada.put("/api/v1/filters/ada/f/grants/user:bert", &json!({"level": "write"})).await.expect(200);
    act(&carl, &own, "break-glass/countersignature", digest.clone())
        .await
        .expect_problem(409, "not-requested");
    ada.delete("/api/v1/filters/ada/f/grants/user:bert").await.expect(204);
    ada.patch("/api/v1/filters/ada/f/releases/1.0.0", &json!({"readme": "other"})).await.expect(200);
    act(&carl, &own, "break-glass/countersignature", digest).await.expect_problem(409, "review-closed");
}
