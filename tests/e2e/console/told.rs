//! What the pages tell people of their requests and releases: where a request stands and why, who vouched for a
//! release, what became of one that was stopped, and where the news is.
use super::{
    admin::{page, send},
    pages::{assert_tight, look, signed_in},
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::distinct,
};
use tamis_entities::value::Role;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn asked(app: &TestApp, author: &Person, filter: &str) -> Value {
    author.upload(filter, "1.0.0", distinct(filter, 10)).await.expect(201);
    let review = author.submit(filter, "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    review
}

async fn act(who: &Person, review: &Value, act: &str, body: Value) -> Reply {
    who.post(&format!("/api/v1/reviews/{}/{act}", review["id"].as_str().unwrap()), &body).await
}

async fn vote(curator: &Person, review: &Value, decision: &str, note: &str) {
    let body = json!({"decision": decision, "digest": review["digest"], "note": note});
    act(curator, review, "votes", body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_says_where_it_waits_what_failed_and_what_was_said() {
    let policy = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(policy.path(), "[checks]\nrequired = [\"verification\", \"hosts\", \"licence\"]").unwrap();
    let app = TestApp::spawn_with(&["--policy", policy.path().to_str().unwrap()]).await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    for name in ["waits", "back"] {
        let licensed = json!({"defaults": {"licence": "MIT"}});
        token.put(&format!("/api/v1/filters/alice/{name}"), &licensed).await.expect(201);
    }
    for name in ["blocked", "waits"] {
        asked(&app, &token, &format!("alice/{name}")).await;
    }
    let back = asked(&app, &token, "alice/back").await;
    vote(&carl, &back, "request_changes", "Say where it calls.\nAnd how often.").await;
    let alice = signed_in(&app, "alice").await;
    let html = page(&alice, "/my").await;
    for part in [
        "publish, 1 check failed: Licence",
        "publish, next in line, due in ",
        "publish, waits for a change",
        "“Say where it calls.”",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("And how often"), "{html}");
    // A change takes back what waits for a decision, and is just what the others wait for.
    for (name, says, takes_back) in [
        ("blocked", "1 check failed: Licence. See why", false),
        ("waits", "In review.", true),
        ("back", "A curator asks for a change: Say where it calls.<", false),
    ] {
        let html = page(&alice, &format!("/my/releases/alice/{name}/1.0.0")).await;
        assert!(html.contains(says), "{name}: {html}");
        assert_eq!(html.contains("A change takes back the request"), takes_back, "{name}: {html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_ended_says_why_on_the_page_of_its_draft() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    let rejected = asked(&app, &token, "alice/rejected").await;
    vote(&carl, &rejected, "reject", "It copies another.").await;
    let withdrawn = asked(&app, &token, "alice/withdrawn").await;
    act(&token, &withdrawn, "withdrawal", json!({})).await.expect(200);
    asked(&app, &token, "alice/changed").await;
    let draft = "/api/v1/filters/alice/changed/releases/1.0.0";
    token.patch(draft, &json!({"readme": "other"})).await.expect(200);
    asked(&app, &token, "alice/expired").await;
    app.clock.advance(400 * DAY);
    tamis::reviews::times::run(&app.state).await.unwrap();
    app.drain_jobs().await;
    let alice = signed_in(&app, "alice").await;
    for (name, says) in [
        ("rejected", "publication was rejected: It copies another. A rejection can be appealed once"),
        ("withdrawn", "publication was taken back by alice. You can ask again."),
        ("changed", "publication ended: what is said of the release has changed. You can ask again."),
        ("expired", "publication expired: nobody decided in time. You can ask again."),
    ] {
        let html = page(&alice, &format!("/my/releases/alice/{name}/1.0.0")).await;
        assert!(html.contains(says), "{name}: {html}");
        assert!(html.contains("Save and ask for"), "{name}: {html}");
    }
    let html = page(&alice, "/my").await;
    assert!(html.contains("“It copies another.”") && html.contains("“nobody decided in time”"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_on_my_work_however_much_has_ended_before() {
    let app = TestApp::spawn().await;
    let token = app.author("alice").await;
    token.upload("alice/old", "1.0.0", distinct("old", 10)).await.expect(201);
    for _ in 0..101 {
        let review = token.submit("alice/old", "1.0.0", "publish").await.expect(201).json();
        act(&token, &review, "withdrawal", json!({})).await.expect(200);
    }
    asked(&app, &token, "alice/new").await;
    let alice = signed_in(&app, "alice").await;
    let html = page(&alice, "/my").await;
    let (_, requests) = html.split_once("id=\"requests\"").unwrap();
    let (new, old) = (requests.find("<b>new</b>").expect("the open one"), requests.find("<b>old</b>"));
    assert!(old.is_some_and(|old| new < old), "{requests}");
    assert_eq!(requests.matches("<li>").count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_release_is_described_anew_by_a_request() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&token, &carl, "alice/f", "1.0.0", &distinct("f", 10)).await;
    let alice = signed_in(&app, "alice").await;
    let (here, to) = ("/my/releases/alice/f/1.0.0", "/my/releases/alice/f/1.0.0/publication");
    assert!(page(&alice, here).await.contains("Ask for this description</button>"));
    let said = |licence: &'static str, readme: &'static str| {
        [
            ("action", "update"),
            ("type", "http"),
            ("licence", licence),
            ("readme", readme),
            ("note", "as said"),
        ]
    };
    let wrong = send(&alice, here, to, &said("Apache 2", "long words")).await.expect(400);
    assert_tight(&wrong);
    let html = wrong.text();
    for part in ["Nothing was saved.", "value=\"Apache 2\"", "long words", "as said"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    send(&alice, here, to, &said("MIT", "long words")).await.expect(303);
    app.drain_jobs().await;
    let html = page(&alice, here).await;
    assert!(html.contains("In review.") && !html.contains("Ask for this description"), "{html}");
    let review = token.get("/api/v1/reviews?action=update").await.expect(200).json()["items"][0].clone();
    carl.vote(&review, "approve").await.expect(200);
    token.release(&review).await.expect(200);
    let shown = app.anonymous().get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert_eq!(
        (&shown["metadata"]["licence"], &shown["metadata"]["readme"]),
        (&json!("MIT"), &json!("long words"))
    );
    // What is in force already is nothing to ask for.
    let same = send(&alice, here, to, &said("MIT", "long words")).await.expect(400);
    assert!(same.text().contains("nothing here differs from what is published"), "{}", same.text());
    send(&alice, here, to, &said("MIT", "worse words")).await.expect(303);
    app.drain_jobs().await;
    let review = token.get("/api/v1/reviews?open=true").await.expect(200).json()["items"][0].clone();
    vote(&carl, &review, "reject", "The old ones are better.").await;
    let html = page(&alice, here).await;
    assert!(html.contains("It is published. Its bytes never change."), "{html}");
    assert!(html.contains("a change of what is said was rejected: The old ones are better."), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_says_who_approved_it_and_what_went_live_without_votes() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let ada = app.user("ada", Role::Admin).await;
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    let hot = asked(&app, &alice, "alice/hot").await;
    let why = json!({"reason": "the fix for an attack", "digest": hot["digest"]});
    act(&ada, &hot, "break-glass", why).await.expect(200);
    let second = json!({"digest": hot["digest"]});
    act(&carl, &hot, "break-glass/countersignature", second).await.expect(200);
    app.clock.advance(2 * DAY);
    let visitor = app.anonymous();
    let html = page(&visitor, "/filters/alice/guard").await;
    assert!(html.contains("Approved by carl, 2 days ago") && html.contains("Published 2 days ago"), "{html}");
    assert!(!html.contains("without votes"), "{html}");
    for tab in ["overview", "releases"] {
        let html = page(&visitor, &format!("/filters/alice/hot?tab={tab}")).await;
        let times = html.matches("Published without votes").count();
        assert_eq!(times, if tab == "releases" { 2 } else { 1 }, "{html}");
        assert!(!html.contains("Approved by"), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_target_is_led_from_a_release_to_the_plan_of_its_deployment() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&token, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    let (alice, carl) = (signed_in(&app, "alice").await, signed_in(&app, "carl").await);
    let link = "/deployments/new?release=alice%2Fguard%401.0.0";
    assert!(!page(&alice, "/filters/alice/guard").await.contains(link), "there is nowhere to deploy to");
    let target =
        json!({"namespace": "alice", "name": "prod", "kind": "meshery", "url": "https://example.org/"});
    token.post("/api/v1/targets", &target).await.expect(201);
    assert!(page(&alice, "/filters/alice/guard").await.contains(&format!("href=\"{link}\"")));
    assert!(page(&alice, link).await.contains("alice/guard@1.0.0"));
    for person in [&carl, &app.anonymous()] {
        assert!(!page(person, "/filters/alice/guard").await.contains("/deployments/new"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_and_the_page_of_a_namespace_lead_to_their_feeds() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    let visitor = app.anonymous();
    for (path, feed) in [
        ("/", "/feed.atom"),
        ("/catalog?q=guard&view=table", "/feed.atom"),
        ("/catalog?namespace=alice", "/filters/alice/feed.atom"),
        // There is no feed of nobody.
        ("/catalog?namespace=nobody", "/feed.atom"),
    ] {
        let html = page(&visitor, path).await;
        let (head, body) = html.split_once("</head>").unwrap();
        assert!(head.contains("<link rel=\"alternate\" type=\"application/atom+xml\""), "{path}: {head}");
        for part in [head, body] {
            assert!(part.contains(&format!("href=\"{feed}\"")), "{path}: {part}");
        }
        let xml = visitor.get(feed).await.expect(200);
        assert!(xml.header("content-type").starts_with("application/atom+xml"), "{feed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_what_was_quarantined_says_since_when_why_and_what_to_use_instead() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for version in ["1.0.0", "1.1.0"] {
        app.publish(&alice, &carl, "alice/guard", version, &distinct(version, 10)).await;
    }
    alice.upload("alice/guard", "2.0.0", distinct("2.0.0", 10)).await.expect(201);
    let reason = json!({"reason": "A crafted cookie <b> gets through."});
    for version in ["1.1.0", "2.0.0"] {
        let path = format!("/api/v1/filters/alice/guard/releases/{version}/quarantine");
        carl.post(&path, &reason).await.expect(200);
    }
    app.clock.advance(2 * DAY);
    let (visitor, link) = (app.anonymous(), "/filters/alice/guard?version=1.1.0");
    let told = look(&visitor, link).await.expect(403);
    assert_tight(&told);
    let html = told.text();
    for part in [
        "<h1>guard 1.1.0 is quarantined</h1>",
        "stopped it 2 days ago",
        "A crafted cookie &#60;b&#62; gets through.",
        "href=\"/filters/alice/guard?version=1.0.0\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    visitor.get(link).await.expect_problem(403, "quarantined");
    // A draft was nobody's to know of, and still is.
    let draft = look(&visitor, "/filters/alice/guard?version=2.0.0").await.expect(404).text();
    assert!(!draft.contains("quarantine") && !draft.contains("cookie"), "{draft}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_of_the_inbox_is_read_by_itself_and_by_nobody_else() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    for name in ["one", "two"] {
        let review = asked(&app, &token, &format!("alice/{name}")).await;
        carl.vote(&review, "request_changes").await.expect(200);
    }
    app.drain_jobs().await;
    let (alice, other) = (signed_in(&app, "alice").await, signed_in(&app, "carl").await);
    let unread = async || token.get("/api/v1/me/inbox/unread").await.expect(200).json()["unread"].clone();
    let before = unread().await.as_i64().unwrap();
    assert!(before > 1);
    let html = page(&alice, "/my/inbox").await;
    let item = super::admin::path_after(&html, "name=\"item\" value=\"").to_owned();
    let read = [("item", item.as_str())];
    send(&other, "/my/inbox", "/my/inbox/read", &read).await.expect(404);
    assert_eq!(unread().await, json!(before));
    send(&alice, "/my/inbox", "/my/inbox/read", &read).await.expect(303);
    assert_eq!(unread().await, json!(before - 1));
    assert!(!page(&alice, "/my/inbox").await.contains(&item), "what is read has no button");
    send(&alice, "/my/inbox", "/my/inbox/read", &[]).await.expect(303);
    assert_eq!(unread().await, json!(0));
}
