//! What the page of a review says that is so, and offers to be done: to each reader what is theirs, and in words.
use super::{
    admin::{page, send},
    pages::signed_in,
    review_page::{asked, path},
};
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::distinct};

const TWO_VOTES: &str = "[quorum]\ndefault = 2\n";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_approved_is_not_asked_to_again_and_keys_are_shown_for_what_their_reader_may_do() {
    let policy = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(policy.path(), TWO_VOTES).unwrap();
    let app = TestApp::spawn_with(&["--policy", policy.path().to_str().unwrap()]).await;
    let token = app.author("alice").await;
    let (voter, _) = (app.curator("carl").await, app.curator("dora").await);
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let here = path(&review);
    let (alice, carl, dora) =
        (signed_in(&app, "alice").await, signed_in(&app, "carl").await, signed_in(&app, "dora").await);
    let offered = ["data-key=\"a\"", "id=\"act-approve\"", "<kbd>a</kbd> approve<"];
    voter.vote(&review, "approve").await.expect(200);
    let html = page(&carl, &here).await;
    assert!(html.contains("You approved</span>") && html.contains("id=\"act-reject\""), "{html}");
    assert!(!html.contains("class=\"button primary\" href"), "{html}");
    let theirs = page(&dora, &here).await;
    let own = page(&alice, &here).await;
    for said in offered {
        assert!(!html.contains(said) && !own.contains(said) && theirs.contains(said), "{said}: {html}");
    }
    assert!(!theirs.contains("You approved"), "{theirs}");
    for said in ["data-key=\"t\"", "<kbd>t</kbd>", "<kbd>d</kbd>", "<kbd>x</kbd>"] {
        assert!(theirs.contains(said) && !own.contains(said), "{said}: {own}");
    }
    assert!(own.contains("<kbd>c</kbd> comment") && own.contains("<kbd>e</kbd> call for attention"), "{own}");
    assert!(!page(&app.anonymous(), "/catalog").await.contains("queue of reviews"));

    // Another vote takes the place of the first, and the way back to it is there again.
    voter.vote(&review, "request_changes").await.expect(200);
    let html = page(&carl, &here).await;
    assert!(html.contains("id=\"act-approve\"") && !html.contains("You approved</span>"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_reads_as_what_the_same_bytes_are_published_and_nobody_of_what_they_do_not_see() {
    let app = TestApp::spawn().await;
    let (token, bea, otto) = (app.author("alice").await, app.author("bea").await, app.author("otto").await);
    let curator = app.curator("carl").await;
    let bytes = distinct("shared", 10);
    app.publish(&token, &curator, "alice/guard", "1.0.0", &bytes).await;
    otto.upload("otto/secret", "1.0.0", bytes.clone()).await.expect(201);
    let review = asked(&app, &bea, "bea/copy", "1.0.0", bytes).await;
    let link = "<a href=\"/filters/alice/guard?version=1.0.0\">alice/guard 1.0.0</a>";
    for who in ["bea", "carl"] {
        let html = page(&signed_in(&app, who).await, &path(&review)).await;
        assert!(html.contains(&format!("The same bytes are published as {link}.")), "{html}");
        assert!(!html.contains("otto/"), "{html}");
    }
    let other = asked(&app, &bea, "bea/own", "1.0.0", distinct("own", 10)).await;
    assert!(!page(&signed_in(&app, "carl").await, &path(&other)).await.contains("The same bytes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_appeal_waits_the_page_of_the_release_offers_its_withdrawal_and_no_other_request() {
    let app = TestApp::spawn().await;
    let (token, curator) = (app.author("alice").await, app.curator("carl").await);
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    curator.vote(&review, "reject").await.expect(200);
    let (alice, here, mine) = (signed_in(&app, "alice").await, path(&review), "/my/releases/alice/f/1.0.0");
    let asks = "Save and ask for";
    assert!(page(&alice, mine).await.contains(asks));
    send(&alice, &here, &format!("{here}/appeal"), &[("note", "It has one.")]).await.expect(303);
    let html = page(&alice, mine).await;
    assert!(html.contains("Your appeal waits for its answer.") && !html.contains(asks), "{html}");
    let form = [("summary", "Does it."), ("type", ""), ("licence", ""), ("source", ""), ("readme", "")];
    let refused = send(&alice, mine, &format!("{mine}/publication"), &form).await;
    assert!(refused.status >= 400 || refused.text().contains("withdraw the appeal"), "{}", refused.text());
    let html = page(&alice, &here).await;
    assert!(html.contains("id=\"act-withdraw-appeal\"") && !html.contains("id=\"act-appeal\""), "{html}");
    assert!(!page(&signed_in(&app, "carl").await, &here).await.contains("act-withdraw-appeal"));

    send(&alice, &here, &format!("{here}/appeal/withdrawal"), &[]).await.expect(303);
    let html = page(&alice, &here).await;
    assert!(html.contains("The appeal was withdrawn.") && !html.contains("You can appeal once"), "{html}");
    assert!(!html.contains("id=\"act-appeal\""), "{html}");
    assert!(page(&alice, mine).await.contains(asks));

    // An appeal is what is open, however many requests were made and taken back since.
    let second = token.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    curator.vote(&second, "reject").await.expect(200);
    let third = path(&token.submit("alice/f", "1.0.0", "publish").await.expect(201).json());
    send(&alice, &third, &format!("{third}/withdrawal"), &[]).await.expect(303);
    let second = path(&second);
    send(&alice, &second, &format!("{second}/appeal"), &[("note", "It has one.")]).await.expect(303);
    let html = page(&alice, mine).await;
    assert!(html.contains("Your appeal waits for its answer.") && !html.contains(asks), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_in_the_bytes_and_by_the_checks_of_the_request_is_told_apart() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    app.curator("carl").await;
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let (alice, carl) = (signed_in(&app, "alice").await, signed_in(&app, "carl").await);
    let html = page(&alice, "/my/releases/alice/f/1.0.0").await;
    assert!(html.contains("What we found in the bytes") && html.contains("of your request found"), "{html}");
    let html = page(&carl, &format!("{}?tab=report", path(&review))).await;
    assert!(html.contains("This is about the bytes.") && html.contains("of the request found"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_to_a_review_and_why_nothing_more_can_is_said_in_words() {
    let app = TestApp::spawn().await;
    let (token, curator) = (app.author("alice").await, app.curator("carl").await);
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    curator.vote(&review, "request_changes").await.expect(200);
    let html = page(&signed_in(&app, "alice").await, &format!("{}?tab=history", path(&review))).await;
    for said in ["<b>alice</b> asked for it", "<b>Tamis</b> ran the checks", "<b>carl</b> asked for changes"]
    {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("user:") && !html.contains("system:"), "{html}");
    let checks = format!("/api/v1{}/checks", path(&review));
    let refused = token.post(&checks, &json!({})).await.expect_problem(409, "review-state").json();
    let said = "this review is waiting for changes; it cannot be checked again now";
    assert_eq!(refused["detail"], said);
}
