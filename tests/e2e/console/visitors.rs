//! What pages say to those who only look, and to authors of what was stopped: of quarantine, of searches that find
//! less than was asked for, of powers, and of what verification found.
use super::{
    admin::page,
    pages::{assert_tight, look, signed_in},
};
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::distinct,
    modules::Draft,
};

const WHY: &str = "A crafted cookie gets through.";

async fn stop(curator: &Person, filter: &str, version: &str) {
    let path = format!("/api/v1/filters/{filter}/releases/{version}/quarantine");
    curator.post(&path, &json!({"reason": WHY})).await.expect(200);
}

/// Without what differs from one request to the next.
fn same(reply: &Reply) -> String {
    reply.text().replace(reply.header("x-request-id"), "").replace("hidden", "X").replace("absent", "X")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_which_everything_was_stopped_says_so_to_those_who_could_see_it_and_to_nobody_else() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.author("otto").await;
    for version in ["1.0.0", "1.1.0"] {
        app.publish(&alice, &carl, "alice/guard", version, &distinct(version, 10)).await;
        stop(&carl, "alice/guard", version).await;
    }
    let visitor = app.anonymous();
    for (path, version) in [("", "1.1.0"), ("?version=", "1.1.0"), ("?version=1.0.0", "1.0.0")] {
        let told = look(&visitor, &format!("/filters/alice/guard{path}")).await.expect(403);
        assert_tight(&told);
        let html = told.text();
        assert!(
            html.contains(&format!("<h1>guard {version} is quarantined</h1>")) && html.contains(WHY),
            "{html}"
        );
        assert!(html.contains("There is no other published release"), "{html}");
    }
    look(&visitor, "/filters/alice/guard?version=2.0.0").await.expect(404);
    // What the API says stays as it was.
    visitor.get("/filters/alice/guard").await.expect_problem(404, "not-found");

    // A stopped draft is nobody's to know of, as long as it is private.
    alice.upload("alice/hidden", "1.0.0", distinct("hidden", 10)).await.expect(201);
    alice.submit("alice/hidden", "1.0.0", "publish").await.expect(201);
    stop(&carl, "alice/hidden", "1.0.0").await;
    let person = signed_in(&app, "otto").await;
    for who in [&visitor, &person] {
        for query in ["", "?version=1.0.0"] {
            let hidden = look(who, &format!("/filters/alice/hidden{query}")).await.expect(404);
            let absent = look(who, &format!("/filters/alice/absent{query}")).await.expect(404);
            assert_eq!(same(&hidden), same(&absent));
        }
    }
    // A public one is for everyone who is signed in.
    alice.put("/api/v1/filters/alice/hidden", &json!({"visibility": "public"})).await.expect(200);
    assert!(
        look(&person, "/filters/alice/hidden")
            .await
            .expect(403)
            .text()
            .contains("hidden 1.0.0 is quarantined")
    );
    look(&visitor, "/filters/alice/hidden").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stopped_is_offered_for_use_to_nobody() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for version in ["1.0.0", "1.1.0"] {
        app.publish(&alice, &carl, "alice/guard", version, &distinct(version, 10)).await;
    }
    app.author("mel").await;
    alice.put("/api/v1/filters/alice/guard/grants/user:mel", &json!({"level": "read"})).await.expect(200);
    stop(&carl, "alice/guard", "1.1.0").await;
    // Who may have the bytes all the same, to see what is wrong with them.
    for (name, bytes) in [("alice", true), ("carl", true), ("mel", false)] {
        let person = signed_in(&app, name).await;
        let html = page(&person, "/filters/alice/guard?version=1.1.0").await;
        for gone in ["Use it with", "data-copy-from", "/clone\"", ">Deploy<", "Download</a>"] {
            assert!(!html.contains(gone), "{name}: {gone}: {html}");
        }
        assert_eq!(html.contains("Download to examine"), bytes, "{name}: {html}");
        assert!(html.contains("No proxy gets these bytes while they are quarantined."), "{name}: {html}");
        assert!(
            html.contains("href=\"/filters/alice/guard?version=1.0.0\">1.0.0</a> instead"),
            "{name}: {html}"
        );
        let good = page(&person, "/filters/alice/guard?version=1.0.0").await;
        assert!(good.contains("Use it with") && good.contains("Download</a>"), "{name}: {good}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_release_was_stopped_is_not_called_published_on_my_work() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    let alice = signed_in(&app, "alice").await;
    assert!(!page(&alice, "/my").await.contains("Quarantined</span>"));
    stop(&carl, "alice/guard", "1.0.0").await;
    let html = page(&alice, "/my").await;
    assert_eq!(html.matches("Quarantined</span>").count(), 2, "the filter and the request: {html}");
    assert!(!html.contains("Published</span>"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_has_all_of_the_words_the_catalog_shows_what_has_some_and_says_so() {
    let app = TestApp::spawn().await;
    let (alice, carl, visitor) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let words = json!({"summary": "Rate limit for each client.", "defaults": {"type": "http"}});
    alice.put("/api/v1/filters/alice/limiter", &words).await.expect(201);
    app.publish(&alice, &carl, "alice/limiter", "1.0.0", &distinct("limiter", 10)).await;
    let says = "Nothing has all of these words; these have some.";
    let found = "href=\"/filters/alice/limiter\"";
    let html = page(&visitor, "/catalog?q=rate+limit").await;
    assert!(html.contains(found) && !html.contains(says), "{html}");
    let html = page(&visitor, "/catalog?q=rate+limit+istio").await;
    assert!(html.contains(found) && html.contains(says) && html.contains("<b>1 filter</b>"), "{html}");
    // What was chosen leaves nothing: that is not for want of words.
    let html = page(&visitor, "/catalog?q=rate+limit&type=network").await;
    assert!(!html.contains(found) && !html.contains(says) && html.contains("1 more choices set"), "{html}");
    let html = page(&visitor, "/catalog?q=nonesuch").await;
    assert!(!html.contains(found) && !html.contains(says), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn powers_that_matter_come_first_and_are_told_apart_by_word_and_weight() {
    let app = TestApp::spawn().await;
    let (alice, carl, visitor) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let mut module = Draft::of("0_2_1");
    module.import("env", "proxy_log", "iii>i");
    module.import("env", "proxy_http_call", "iiiiiiiiii>i");
    app.publish(&alice, &carl, "alice/caller", "1.0.0", &module.bytes()).await;
    let html = page(&visitor, "/catalog").await;
    let grave = html.find("class=\"chip grave\"").unwrap_or_else(|| panic!("{html}"));
    assert!(html.find("class=\"chip\"").is_none_or(|plain| grave < plain), "{html}");
    for tab in ["overview", "capabilities"] {
        let html = page(&visitor, &format!("/filters/alice/caller?tab={tab}")).await;
        let marked = html.matches("Look closely</span>").count();
        assert!(marked > 0 && marked == html.matches("<li class=\"grave\">").count(), "{tab}: {html}");
        assert!(html.contains("<li><svg"), "{tab}: not everything is: {html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_verification_found_is_said_in_words_with_code_marked_as_code() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", distinct("f", 10)).await.expect(201);
    let report = alice.get("/api/v1/filters/alice/f/releases/1.0.0/report").await.expect(200).json();
    let ticked = report["findings"].as_array().unwrap().iter().any(|f| f.to_string().contains('`'));
    assert!(ticked, "nothing to see: {report}");
    let alice = signed_in(&app, "alice").await;
    for path in ["/my/releases/alice/f/1.0.0", "/filters/alice/f?tab=evidence"] {
        let html = page(&alice, path).await;
        assert!(!html.contains('`') && html.contains("<code>"), "{path}: {html}");
        for finding in report["findings"].as_array().unwrap() {
            assert!(!html.contains(finding["id"].as_str().unwrap()), "{path}: {finding}: {html}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_shown_however_many_drafts_came_after_it() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("published", 10)).await;
    let draft = distinct("draft", 10);
    for n in 0..101 {
        alice.upload("alice/guard", &format!("2.0.{n}"), draft.clone()).await.expect(201);
    }
    let alice = signed_in(&app, "alice").await;
    let html = page(&alice, "/filters/alice/guard").await;
    assert!(html.contains("<option selected>1.0.0</option>"), "{html}");
    let list = page(&alice, "/filters/alice/guard?tab=releases").await;
    assert!(list.contains(">2.0.100<") && !list.contains("<b>1.0.0</b>"), "{list}");
    let older = list.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    let list = page(&alice, &older).await;
    assert!(list.contains("<b>1.0.0</b>") && list.contains("<b>2.0.0</b>") && !list.contains(">2.0.100<"));
}
