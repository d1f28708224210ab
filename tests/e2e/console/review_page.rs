//! The page of a review over plain HTTP: it asks for a sign-in before anybody writes, leads from one decision to
//! the next, and loses neither tab nor words.
use super::{
    admin::{page, send},
    pages::{look, signed_in},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::form_token,
    client::{Person, Reply},
    fixtures::distinct,
};

pub fn path(review: &Value) -> String {
    format!("/reviews/{}", review["id"].as_str().unwrap())
}

fn id(review: &Value) -> &str {
    review["id"].as_str().unwrap()
}

/// Uploaded, asked for, and checked.
pub async fn asked(app: &TestApp, author: &Person, filter: &str, version: &str, bytes: Vec<u8>) -> Value {
    author.upload(filter, version, bytes).await.expect(201);
    let review = author.submit(filter, version, "publish").await.expect(201).json();
    app.drain_jobs().await;
    review
}

async fn vote(who: &Person, review: &Value, decision: &str) -> Reply {
    let of = |name: &str| review[name].as_str().unwrap().to_owned();
    let (digest, revision) = (of("digest"), of("revision"));
    let form = [
        ("decision", decision),
        ("digest", digest.as_str()),
        ("revision", revision.as_str()),
        ("note", "I have looked."),
    ];
    send(who, "/reviews", &format!("{}/votes", path(review)), &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signed_in_long_ago_is_asked_again_before_they_write() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    app.curator("carl").await;
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let (alice, carl, here) = (signed_in(&app, "alice").await, signed_in(&app, "carl").await, path(&review));
    let asks = "Voting asks for a sign-in of the last ten minutes.";
    let fresh = page(&carl, &here).await;
    assert!(!fresh.contains(asks) && fresh.contains("data-dialog=\"act-approve\""), "{fresh}");
    assert!(!page(&carl, "/reviews").await.contains("sign in again"));
    app.clock.advance(Duration::from_secs(601));
    let again = |act: &str| format!("/sign-in?again=true&#38;next=%2Freviews%2F{}%3F{act}\"", id(&review));
    for path in [here.clone(), format!("{here}?act=approve")] {
        let html = page(&carl, &path).await;
        assert!(html.contains(asks), "{html}");
        assert!(html.contains(&again("act%3Dapprove")) && html.contains(&again("act%3Dreject")), "{html}");
        assert!(!html.contains("act-approve") && !html.contains("/votes"), "{html}");
        // What asks for no sign-in is as it was.
        assert!(
            html.contains("data-dialog=\"act-escalate\"") && html.contains("id=\"act-escalate\""),
            "{html}"
        );
    }
    assert!(page(&carl, &here).await.contains(&again("tab%3Dcapabilities")));
    assert!(page(&carl, "/reviews").await.contains("sign in again"));
    assert!(!page(&alice, &here).await.contains(asks));
    let carl = signed_in(&app, "carl").await;
    let html = page(&carl, &format!("{here}?act=approve")).await;
    assert!(html.contains("id=\"act-approve\" aria-labelledby=\"title-approve\" open"), "{html}");

    vote(&carl, &review, "approve").await.expect(303);
    token.release(&review).await.expect(200);
    let stop = "/filters/alice/f/releases/1.0.0/quarantine";
    assert!(page(&carl, &here).await.contains(&format!("<a href=\"{stop}\">Quarantine</a>")));
    assert!(!page(&alice, &here).await.contains("Quarantine</a>"));
    app.clock.advance(Duration::from_secs(601));
    let next = format!("again=true&#38;next={}\">Quarantine</a>", stop.replace('/', "%2F"));
    let html = page(&carl, &here).await;
    assert!(html.contains(&next), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_decision_comes_the_next_one_and_a_sentence_that_no_address_alone_makes() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    app.curator("carl").await;
    let one = asked(&app, &token, "alice/one", "1.0.0", distinct("one", 10)).await;
    app.clock.advance(Duration::from_secs(60));
    let two = asked(&app, &token, "alice/two", "1.0.0", distinct("two", 10)).await;
    let carl = signed_in(&app, "carl").await;
    for place in ["/reviews".to_owned(), path(&two)] {
        let forged = format!("{place}?did=approve&done={}", id(&one));
        assert!(!page(&carl, &forged).await.contains("You approved"), "{forged}");
    }
    let to = vote(&carl, &one, "approve").await.expect(303).header("location").to_owned();
    assert_eq!(to, format!("{}?did=approve&done={}", path(&two), id(&one)));
    let html = page(&carl, &to).await;
    let said = format!("You approved <a href=\"{}\">alice/one 1.0.0</a>", path(&one));
    assert!(html.contains(&said) && html.contains("It can be released now."), "{html}");
    let to = vote(&carl, &two, "reject").await.expect(303).header("location").to_owned();
    assert_eq!(to, format!("/reviews?view=needs_me&did=reject&done={}", id(&two)));
    let html = page(&carl, &to).await;
    let said = format!("You rejected <a href=\"{}\">alice/two 1.0.0</a>", path(&two));
    assert!(html.contains(&said) && html.contains("Its author is told why."), "{html}");
    assert!(html.contains("Nothing waits here"), "{html}");
    // It is said to who did it.
    let alice = signed_in(&app, "alice").await;
    let theirs = page(&alice, &to).await;
    assert!(!theirs.contains("You rejected"), "{theirs}");
    for wrong in ["did=reject&done=x", "did=nothing&done=x.y", "did=reject", "done=x"] {
        page(&carl, &format!("/reviews?{wrong}")).await;
        page(&carl, &format!("{}?{wrong}", path(&one))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_to_several_is_said_in_the_view_that_it_was_done_in() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    app.curator("carl").await;
    let one = asked(&app, &token, "alice/one", "1.0.0", distinct("one", 10)).await;
    let two = asked(&app, &token, "alice/two", "1.0.0", distinct("two", 10)).await;
    let carl = signed_in(&app, "carl").await;
    let items: Vec<_> = [&one, &two]
        .map(|r| format!("{}/{}/{}", id(r), r["digest"].as_str().unwrap(), r["revision"].as_str().unwrap()))
        .into();
    for (act, said) in [("take", "You took "), ("put_back", "You put back "), ("reject", "You rejected ")] {
        let form = [
            ("view", "unassigned"),
            ("act", act),
            ("note", "Not this one."),
            ("item", items[0].as_str()),
            ("item", items[1].as_str()),
        ];
        let done = send(&carl, "/reviews", "/reviews/many", &form).await.expect(303);
        let to = done.header("location").to_owned();
        assert!(to.starts_with(&format!("/reviews?view=unassigned&did={act}&done=")), "{to}");
        let html = page(&carl, &to).await;
        assert!(html.contains(said), "{html}");
        for review in [&one, &two] {
            assert!(html.contains(&format!("<a href=\"{}\">alice/", path(review))), "{html}");
        }
    }
    let wrong = [("view", "nonsense"), ("act", "take"), ("item", items[0].as_str())];
    let html = send(&carl, "/reviews", "/reviews/many", &wrong).await.expect(200).text();
    assert!(html.contains("href=\"/reviews?view=open\">Back"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_is_kept_without_a_new_page_and_forms_lead_back_to_the_tab_that_was_open() {
    let app = TestApp::spawn().await;
    let (token, curator) = (app.author("alice").await, app.curator("carl").await);
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let (carl, here) = (signed_in(&app, "carl").await, path(&review));
    let read = async || curator.get(&format!("/api/v1{here}")).await.expect(200).json();
    let point = read().await["checklist"][0]["id"].as_str().unwrap().to_owned();
    let report = format!("{here}?tab=report");
    let html = page(&carl, &report).await;
    assert!(html.contains("name=\"tab\" value=\"report\"") && html.contains("data-keeps"), "{html}");

    let form = [("form", form_token(&carl, &report).await), (point.as_str(), "on".into())];
    let ticked = carl.request(Method::POST, &format!("{here}/checklist")).header("hx-request", "true");
    let kept = carl.send(ticked.form(&form)).await.expect(204);
    assert!(kept.body.is_empty());
    assert_eq!(read().await["checklist"][0]["ticked_by"], json!(["carl"]));
    for (to, fields) in [
        ("checklist", vec![("tab", "report")]),
        ("comments", vec![("tab", "report"), ("body", "Which proxy?")]),
        ("assignment", vec![("tab", "report"), ("way", "take")]),
    ] {
        let sent = send(&carl, &report, &format!("{here}/{to}"), &fields).await.expect(303);
        assert_eq!(sent.header("location"), report, "{to}");
    }
    assert_eq!(read().await["checklist"][0]["ticked_by"], json!([]));
    let elsewhere = [("tab", "//evil.test"), ("way", "back")];
    let sent = send(&carl, &report, &format!("{here}/assignment"), &elsewhere).await.expect(303);
    assert_eq!(sent.header("location"), here);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_the_same_bytes_elsewhere_is_said_to_curators() {
    let app = TestApp::spawn().await;
    let (token, bea, curator) =
        (app.author("alice").await, app.author("bea").await, app.curator("carl").await);
    let bytes = distinct("bad", 10);
    app.publish(&token, &curator, "alice/f", "1.0.0", &bytes).await;
    let why = json!({"reason": "It sends cookies away."});
    curator.post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &why).await.expect(200);
    let first = asked(&app, &bea, "bea/g", "1.0.0", bytes.clone()).await;
    let (carl, author) = (signed_in(&app, "carl").await, signed_in(&app, "bea").await);
    let html = page(&carl, &path(&first)).await;
    let link = "<a href=\"/filters/alice/f?version=1.0.0\">alice/f 1.0.0</a>, which is quarantined.";
    assert!(html.contains(link) && html.contains("It sends cookies away."), "{html}");
    let html = page(&author, &path(&first)).await;
    assert!(!html.contains("These bytes") && !html.contains("sends cookies"), "{html}");

    curator.vote(&first, "reject").await.expect(200);
    let second = asked(&app, &bea, "bea/g", "1.0.1", bytes).await;
    let html = page(&carl, &path(&second)).await;
    assert!(html.contains("These bytes were rejected"), "{html}");
    assert!(html.contains(&format!("<a href=\"{}\">bea/g 1.0.0</a>", path(&first))), "{html}");
    assert!(html.contains("looked at it"), "{html}");
    assert!(!page(&author, &path(&second)).await.contains("These bytes"));

    // Whoever asks to have it back, and who decides that, read why it was stopped.
    let back = token.submit("alice/f", "1.0.0", "unquarantine").await.expect(201).json();
    app.drain_jobs().await;
    for who in ["alice", "carl"] {
        let html = page(&signed_in(&app, who).await, &path(&back)).await;
        assert!(
            html.contains("This release is quarantined.") && html.contains("It sends cookies away."),
            "{html}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_review_that_is_refused_is_never_told_apart_from_one_that_is_not_there() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    app.author("otto").await;
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let otto = signed_in(&app, "otto").await;
    for more in ["", "?tab=changes&all=true", "?did=approve&done=x", "?act=approve"] {
        look(&otto, &format!("{}{more}", path(&review))).await.expect(404);
        look(&otto, &format!("/reviews/{}{more}", uuid::Uuid::nil())).await.expect(404);
    }
    let said = page(&otto, &format!("/reviews?did=approve&done={}", id(&review))).await;
    assert!(!said.contains("alice"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_of_appeals_says_who_rejected_who_asks_again_and_until_when() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    let (carl, _) = (app.curator("carl").await, app.curator("dora").await);
    let review = asked(&app, &token, "alice/f", "1.0.0", distinct("f", 10)).await;
    let (alice, dora) = (signed_in(&app, "alice").await, signed_in(&app, "dora").await);
    let link = format!("<a href=\"{}\">", path(&review));
    let none = page(&dora, "/reviews?view=appeals").await;
    assert!(none.contains("No appeal waits") && none.contains("aria-current=\"page\">Appeals"), "{none}");
    carl.vote(&review, "reject").await.expect(200);
    assert!(page(&dora, "/reviews?view=appeals").await.contains("No appeal waits"));
    assert!(page(&alice, &path(&review)).await.contains("You can appeal once."));
    send(&alice, &path(&review), &format!("{}/appeal", path(&review)), &[("note", "It <b>has</b> one.")])
        .await
        .expect(303);
    for who in [&alice, &dora] {
        let html = page(who, "/reviews?view=appeals").await;
        assert!(html.contains(&link) && html.contains("Appeals<span class=\"count\">1</span>"), "{html}");
        for said in ["carl</span>", "alice, ", "It &#60;b&#62;has&#60;/b&#62; one.", ">in 4 days<"] {
            assert!(html.contains(said), "{said}: {html}");
        }
        // It is answered on its own page: no vote is taken on what was rejected.
        assert!(!html.contains("/reviews/many"), "{html}");
    }
    assert!(page(&alice, &path(&review)).await.contains("an appeal waits for its answer"));
    assert!(page(&alice, "/my/releases/alice/f/1.0.0").await.contains("your appeal waits for its answer"));
    assert!(!page(&dora, "/reviews?view=open").await.contains(&link));
    app.clock.advance(Duration::from_secs(5 * 24 * 3600 + 3600));
    let dora = signed_in(&app, "dora").await;
    assert!(page(&dora, "/reviews?view=appeals").await.contains(" late<"));
    let from = format!("{}?act=uphold", path(&review));
    let answer = [("decision", "uphold"), ("note", "It has none.")];
    send(&dora, &from, &format!("{}/appeal/decision", path(&review)), &answer).await.expect(303);
    assert!(page(&dora, "/reviews?view=appeals").await.contains("No appeal waits"));
}
