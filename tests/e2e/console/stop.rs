//! A quarantine asks for a sign-in of the last minutes, and loses none of the words that were written before it; what
//! it stops as well says so.
use super::{
    admin::{page, send},
    pages::{enter, signed_in},
    review_page::asked,
};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::cookies,
    fixtures::{distinct, sha256},
};

const STOP: &str = "/filters/alice/guard/releases/1.1.0/quarantine";
const OTHER: &str = "/filters/alice/guard/releases/1.0.0/quarantine";
const REASON: &str = "Crashes or traps in production";
const NOTE: &str = "A crafted \"cookie\" <b>\r\ngets through \\ ünd more.";

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_long_ago_signs_in_again_before_a_quarantine_and_finds_their_words() {
    let app = TestApp::spawn().await;
    let (alice, token) = (app.author("alice").await, app.curator("carl").await);
    app.curator("cora").await;
    for version in ["1.0.0", "1.1.0"] {
        app.publish(&alice, &token, "alice/guard", version, &distinct(version, 10)).await;
    }
    let carl = signed_in(&app, "carl").await;
    let asks = "Quarantine asks for a sign-in of the last ten minutes.";
    assert!(!page(&carl, STOP).await.contains(asks));
    app.clock.advance(Duration::from_secs(601));
    let next = format!("/sign-in?again=true&next={}", STOP.replace('/', "%2F"));
    let html = page(&carl, STOP).await;
    assert!(html.contains(asks) && html.contains(&next.replace('&', "&#38;")), "{html}");

    let digest = format!("sha256:{}", sha256(&distinct("1.1.0", 10)));
    let form = [("digest", digest.as_str()), ("reason", REASON), ("note", NOTE)];
    let away = send(&carl, STOP, STOP, &form).await.expect(303);
    assert_eq!(away.header("location"), next);
    let kept = away.header("set-cookie").to_owned();
    assert!(kept.contains("HttpOnly") && kept.contains(&format!("Path={STOP}")), "{kept}");
    let release = "/api/v1/filters/alice/guard/releases/1.1.0";
    assert_eq!(token.get(release).await.expect(200).json()["state"], "published", "nothing was done yet");

    // Somebody else at this browser reads none of it, nor does it appear where it was not written.
    enter(&app, &carl, "cora").await;
    assert!(!page(&carl, STOP).await.contains("crafted"));
    enter(&app, &carl, "carl").await;
    assert!(!page(&carl, OTHER).await.contains("crafted"));
    let html = page(&carl, STOP).await;
    assert!(html.contains(&format!("value=\"{REASON}\" required checked>")), "{html}");
    assert!(
        html.contains("A crafted &#34;cookie&#34; &#60;b&#62;") && html.contains("gets through \\ ünd more."),
        "{html}"
    );
    assert!(html.contains("Nothing is stopped yet.") && !html.contains(asks), "{html}");

    let done = send(&carl, STOP, STOP, &form).await.expect(303);
    assert_eq!(done.header("location"), "/filters/alice/guard?version=1.1.0");
    assert!(cookies(&done).contains(&"tamis_typed=".to_owned()), "{:?}", cookies(&done));
    let stopped = token.get(release).await.expect(200).json();
    assert_eq!(stopped["state"], "quarantined", "{stopped}");
    assert!(page(&carl, "/filters/alice/guard?version=1.1.0").await.contains("crafted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_this_server_did_not_write_down_are_not_shown() {
    let app = TestApp::spawn().await;
    let (alice, token) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &token, "alice/guard", "1.1.0", &distinct("1.1.0", 10)).await;
    let forged = "eyJyZWFzb24iOiJGb3JnZWQiLCJub3RlIjoiRm9yZ2VkIn0";
    for cookie in [forged.to_owned(), format!("{forged}."), format!("{forged}.{forged}"), ".".to_owned()] {
        let asked =
            token.request(reqwest::Method::GET, STOP).header("cookie", format!("tamis_typed={cookie}"));
        let html = token.send(asked).await.expect(200).text();
        assert!(!html.contains("Forged") && !html.contains("Nothing is stopped yet"), "{cookie}: {html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_bytes_are_quarantined_as_another_says_as_which_and_why_and_what_to_use_instead() {
    let app = TestApp::spawn().await;
    let (alice, bea, carl) = (app.author("alice").await, app.author("bea").await, app.curator("carl").await);
    let bytes = distinct("copied", 10);
    app.publish(&alice, &carl, "alice/guard", "0.9.0", &distinct("good", 10)).await;
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &bytes).await;
    app.publish(&bea, &carl, "bea/copy", "1.0.0", &bytes).await;
    let why = json!({"reason": "It sends cookies away."});
    carl.post("/api/v1/filters/bea/copy/releases/1.0.0/quarantine", &why).await.expect(200);
    let here = "/filters/alice/guard?version=1.0.0";
    for who in [app.anonymous(), signed_in(&app, "alice").await, signed_in(&app, "carl").await] {
        let html = page(&who, here).await;
        for said in [
            "The same bytes are quarantined as <a href=\"/filters/bea/copy?version=1.0.0\">bea/copy 1.0.0</a>",
            "It sends cookies away.",
            "Use <a class=\"mono\" href=\"/filters/alice/guard?version=0.9.0\">0.9.0</a> instead.",
        ] {
            assert!(html.contains(said), "{said}: {html}");
        }
        // Nor for those who fetch by another way than the digest.
        let istio = page(&who, "/filters/alice/guard?version=1.0.0&use=istio").await;
        for html in [&html, &istio] {
            for offered in ["capability", "id=\"usage\"", "/clone\"", "/deployments/new"] {
                assert!(!html.contains(offered), "{offered}: {html}");
            }
        }
        assert!(!page(&who, "/filters/alice/guard?version=0.9.0").await.contains("The same bytes"));
    }
    let config = "/api/v1/filters/alice/guard/releases/1.0.0/config/envoy?type=http";
    let refused = app.anonymous().get(config).await.expect_problem(400, "invalid").json();
    let said = refused["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("quarantined as bea/copy 1.0.0 (It sends cookies away.)"), "{refused}");
}

/// It stops nobody who gets them from what is public, so that it is not told, whatever else is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_draft_of_what_is_published_is_not_told_of() {
    let app = TestApp::spawn().await;
    let (alice, bea, carl) = (app.author("alice").await, app.author("bea").await, app.curator("carl").await);
    let bytes = distinct("copied", 10);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &bytes).await;
    asked(&app, &bea, "bea/secret", "1.0.0", bytes).await;
    let why = json!({"reason": "It sends cookies away."});
    carl.post("/api/v1/filters/bea/secret/releases/1.0.0/quarantine", &why).await.expect(200);
    let html = page(&app.anonymous(), "/filters/alice/guard?version=1.0.0").await;
    assert!(!html.contains("The same bytes") && html.contains("<b>type</b>"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_draft_that_its_reader_does_not_see_is_not_named() {
    let app = TestApp::spawn().await;
    let (alice, bea, carl) = (app.author("alice").await, app.author("bea").await, app.curator("carl").await);
    let bytes = distinct("copied", 10);
    asked(&app, &bea, "bea/secret", "1.0.0", bytes.clone()).await;
    let why = json!({"reason": "It sends cookies away."});
    carl.post("/api/v1/filters/bea/secret/releases/1.0.0/quarantine", &why).await.expect(200);
    alice.upload("alice/own", "1.0.0", bytes).await.expect(201);
    let html = page(&signed_in(&app, "alice").await, "/filters/alice/own?version=1.0.0").await;
    assert!(html.contains("The same bytes are quarantined.</b>"), "{html}");
    assert!(!html.contains("bea/") && !html.contains("cookies"), "{html}");
}
