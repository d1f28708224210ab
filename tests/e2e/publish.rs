//! From an upload to the catalog: what may happen, in which order, to whom.
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, filter, sha256, small},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_verified_reviewed_published_found_cloned_and_downloaded() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = filter("header-guard");

    let release = alice.upload("alice/guard", "1.0.0", bytes).await.expect(201).json();
    assert_eq!(release["digest"], format!("sha256:{}", sha256(bytes)));
    assert_eq!(release["state"], "draft");
    let report = alice.get("/api/v1/filters/alice/guard/releases/1.0.0/report").await.expect(200).json();
    assert_eq!(report["sha256"], sha256(bytes));
    assert_eq!(report["abi_version"], "0.2.1");

    // Private until approved.
    nobody.get("/api/v1/filters/alice/guard").await.expect_problem(404, "not-found");
    nobody.get(&format!("/modules/sha256/{}.wasm", sha256(bytes))).await.expect_problem(404, "not-found");

    let review = alice.submit("alice/guard", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let review =
        carl.get(&format!("/api/v1/reviews/{}", review["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(review["state"], "in_review");
    assert_eq!(review["checks"].as_array().unwrap().len(), 11);
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);

    let found = nobody.get("/api/v1/catalog?q=guard").await.expect(200).json();
    assert_eq!(found["items"][0]["name"], "guard");
    let copy = json!({"namespace": "carl", "name": "copy"});
    let cloned = carl.post("/api/v1/filters/alice/guard/clone", &copy).await.expect(201).json();
    assert_eq!(cloned["lineage"], json!({"namespace": "alice", "filter": "guard", "version": "1.0.0"}));
    assert_eq!(cloned["visibility"], "private");
    let down = nobody.get("/api/v1/filters/alice/guard/releases/1.0.0/module").await.expect(200);
    assert_eq!(down.body, bytes);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_never_gets_other_bytes_even_after_it_was_deleted() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let first = small();
    alice.upload("alice/f", "1.0.0", first.clone()).await.expect(201);
    alice.upload("alice/f", "1.0.0", first.clone()).await.expect(200);
    alice.upload("alice/f", "1.0.0", distinct("other", 10)).await.expect_problem(409, "release-exists");
    alice.delete("/api/v1/filters/alice/f/releases/1.0.0").await.expect(204);
    alice.upload("alice/f", "1.0.0", distinct("other", 10)).await.expect_problem(409, "version-retired");
    alice.delete("/api/v1/filters/alice/f").await.expect(204);
    alice.upload("alice/f", "1.0.0", distinct("other", 10)).await.expect_problem(409, "version-retired");
    alice.upload("alice/f", "1.0.0", first).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_module_answers_with_its_findings_and_leaves_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let problem = alice
        .upload("alice/f", "1.0.0", "not wasm at all")
        .await
        .expect_problem(422, "module-refused")
        .json();
    assert!(!problem["report"]["findings"].as_array().unwrap().is_empty());
    assert!(!problem["errors"].as_array().unwrap().is_empty());
    alice.get("/api/v1/filters/alice/f").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_votes_on_their_own_work_and_an_approval_is_used_once() {
    let app = TestApp::spawn().await;
    let (carl, dora) = (app.curator("carl").await, app.curator("dora").await);
    carl.upload("carl/f", "1.0.0", small()).await.expect(201);
    let review = carl.submit("carl/f", "1.0.0", "publish").await.expect(201).json();
    carl.vote(&review, "approve").await.expect_problem(403, "own-work");
    // Kept while the checks run, counted when they have passed.
    dora.vote(&review, "approve").await.expect(200);
    app.drain_jobs().await;
    carl.release(&review).await.expect(200);
    carl.release(&review).await.expect_problem(409, "not-approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_does_not_outlive_a_change_of_what_was_approved() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.put("/api/v1/filters/alice/f", &json!({"summary": "something else"})).await.expect(200);
    alice.release(&review).await.expect_problem(409, "not-approved");
    let again = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    assert_ne!(again["revision"], review["revision"]);
    let mut stale = again.clone();
    stale["revision"] = review["revision"].clone();
    carl.vote(&stale, "approve").await.expect_problem(409, "stale");
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unpublish_yank_and_quarantine_end_what_they_should() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = small();
    app.publish(&alice, &carl, "alice/f", "1.0.0", &bytes).await;
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    let raw = format!("/modules/sha256/{}.wasm", sha256(&bytes));

    alice.post(&format!("{release}/yank"), &json!({"reason": "broken"})).await.expect(200);
    nobody.get(&format!("{release}/module")).await.expect(200);
    nobody.get("/api/v1/catalog/alice/f").await.expect(404);
    alice.post(&format!("{release}/unyank"), &json!({})).await.expect(200);
    nobody.get("/api/v1/catalog/alice/f").await.expect(200);

    alice.post(&format!("{release}/quarantine"), &json!({"reason": "mine"})).await.expect(403);
    carl.post(&format!("{release}/quarantine"), &json!({"reason": "malware"})).await.expect(200);
    let told = nobody.get(&format!("{release}/module")).await.expect_problem(403, "quarantined").json();
    assert!(told["detail"].as_str().unwrap().contains("malware"));
    nobody.get(&raw).await.expect_problem(403, "quarantined");
    nobody.get("/api/v1/catalog/alice/f").await.expect(404);

    let review = alice.submit("alice/f", "1.0.0", "unquarantine").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    nobody.get(&raw).await.expect(200);

    let review = alice.submit("alice/f", "1.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    nobody.get(release).await.expect(404);
    alice.delete("/api/v1/filters/alice/f").await.expect(204);
}
