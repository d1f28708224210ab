//! Whose work it is, and whose vote counts: neither is changed by who was given what, or gave something up.
use super::{act, in_review, read};
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::distinct};

#[tokio::test(flavor = "multi_thread")]
async fn an_author_does_not_make_an_objection_go_by_a_grant() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", distinct("objected", 10)).await;
    carl.vote(&review, "request_changes").await.expect(200);
    let write = json!({"level": "write"});
    alice.put("/api/v1/filters/alice/f/grants/user:carl", &write).await.expect(200);
    carl.vote(&review, "approve").await.expect_problem(403, "own-work");
    dora.vote(&review, "approve").await.expect(200);
    assert_eq!(read(&alice, &review).await["state"], "changes_requested", "his objection stands");
    alice.release(&review).await.expect_problem(409, "not-approved");
    // In a new round everybody who may looks anew.
    act(&alice, &review, "resubmission", json!({"note": "done"})).await.expect(200);
    app.drain_jobs().await;
    dora.vote(&read(&dora, &review).await, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_who_was_made_a_writer_since_does_not_count() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let review = in_review(&app, &alice, "alice/f", distinct("approved", 10)).await;
    carl.vote(&review, "approve").await.expect(200);
    let write = json!({"level": "write"});
    alice.put("/api/v1/filters/alice/f/grants/user:carl", &write).await.expect(200);
    alice.release(&review).await.expect_problem(409, "not-approved");
    assert_eq!(read(&alice, &review).await["state"], "in_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sent_it_in_again_does_not_decide_on_it_when_they_write_it_no_more() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", distinct("handed over", 10)).await;
    dora.vote(&review, "request_changes").await.expect(200);
    let grant = "/api/v1/filters/alice/f/grants/user:carl";
    alice.put(grant, &json!({"level": "write"})).await.expect(200);
    carl.patch("/api/v1/filters/alice/f/releases/1.0.0", &json!({"readme": "# Carl's words"}))
        .await
        .expect(200);
    act(&carl, &review, "resubmission", json!({})).await.expect(200);
    app.drain_jobs().await;
    alice.delete(grant).await.expect(204);
    let again = read(&carl, &review).await;
    assert!(!again["acts"].to_string().contains("\"vote\""), "{}", again["acts"]);
    carl.vote(&again, "approve").await.expect_problem(403, "own-work");
    dora.vote(&again, "approve").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_objected_and_stands_aside_leaves_the_decision_to_the_votes_of_the_others() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let review = in_review(&app, &alice, "alice/f", distinct("aside", 10)).await;
    carl.vote(&review, "approve").await.expect(200);
    dora.vote(&review, "request_changes").await.expect(200);
    let aside = act(&dora, &review, "recusal", json!({})).await.expect(200).json();
    assert_eq!((&aside["state"], &aside["recused"]), (&json!("approved"), &json!(["dora"])));
    alice.release(&review).await.expect(200);
}
