//! The queue: what each view holds, in which order, for whom, and what it counts.
use super::{act, in_review, read, reject};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};
use tamis_entities::value::Timestamp;

async fn names(who: &Person, query: &str) -> Vec<String> {
    let page = who.get(&format!("/api/v1/reviews{query}")).await.expect(200).json();
    let name = |r: &Value| r["filter"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

async fn count(who: &Person, view: &str) -> i64 {
    who.get("/api/v1/reviews/summary").await.expect(200).json()[view].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_view_holds_what_it_says_and_the_summary_counts_the_same() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let (carl, dora) = (app.curator("carl").await, app.curator("dora").await);
    let mut reviews = vec![];
    for name in ["one", "two", "three"] {
        reviews.push(in_review(&app, &alice, &format!("alice/{name}"), distinct(name, 10)).await);
    }
    in_review(&app, &bob, "bob/four", distinct("four", 10)).await;
    in_review(&app, &carl, "carl/five", distinct("five", 10)).await;
    act(&carl, &reviews[0], "assignment", json!({"assignee": "carl"})).await.expect(200);
    carl.vote(&reviews[1], "request_changes").await.expect(200);
    act(&dora, &reviews[2], "recusal", json!({})).await.expect(200);

    for (who, view, expected) in [
        (&carl, "needs_me", &["one", "three", "four"][..]),
        (&dora, "needs_me", &["four", "five"]),
        (&alice, "needs_me", &["two"]),
        (&carl, "mine", &["one", "five"]),
        (&dora, "mine", &[]),
        (&dora, "unassigned", &["three", "four", "five"]),
        (&dora, "first_publication", &["one", "two", "three", "four", "five"]),
        (&dora, "needs_second", &[]),
        (&dora, "overdue", &[]),
        (&bob, "unassigned", &["four"]),
    ] {
        assert_eq!(names(who, &format!("?{view}=true")).await, expected, "{} {view}", who.name);
        assert_eq!(count(who, view).await, expected.len() as i64, "{} {view}", who.name);
    }
    assert_eq!(names(&dora, "?namespace=alice&unassigned=true").await, ["three"]);
    assert_eq!(names(&dora, "?state=changes_requested").await, ["two"]);
    assert_eq!(names(&dora, "?action=unpublish").await, Vec::<String>::new());
    assert_eq!(names(&dora, "?namespace=nobody").await, Vec::<String>::new());
    let summary = dora.get("/api/v1/reviews/summary").await.expect(200).json();
    assert_eq!(summary["open"], 5);
    assert_eq!(summary["by_age"], json!([5, 0, 0, 0, 0, 0, 0]));
    assert_eq!(count(&bob, "open").await, 1, "others count what they see");
    app.clock.advance(std::time::Duration::from_secs(3 * 24 * 3600 + 60));
    let dora = app.token("dora", None).await;
    let summary = dora.get("/api/v1/reviews/summary").await.expect(200).json();
    assert_eq!(summary["by_age"], json!([0, 0, 0, 5, 0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_first_comes_first_then_what_is_riskier_page_by_page() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let mut made = vec![];
    for i in 0..7 {
        made.push(in_review(&app, &alice, &format!("alice/f{i}x"), distinct(&format!("{i}"), 10)).await);
    }
    let base = app.clock.now().0;
    // Two due at once, of which the later one is riskier; one due before all.
    for (i, due, risk) in [(0, 20, 1), (1, 20, 5), (2, 10, 0), (3, 30, 9), (4, 30, 9), (5, 40, 0), (6, 50, 0)]
    {
        let id: uuid::Uuid = made[i]["id"].as_str().unwrap().parse().unwrap();
        let literal = match app.state.db.is_sqlite() {
            true => format!("x'{}'", id.simple()),
            false => format!("'{id}'"),
        };
        let at = base + 3_600_000_000 * due;
        let sql = format!("UPDATE reviews SET due_at = {at}, risk = {risk} WHERE id = {literal}");
        let backend = app.state.db.backend();
        app.state.db.execute_raw(Statement::from_string(backend, sql)).await.unwrap();
    }
    let mut seen = vec![];
    let mut after = String::new();
    loop {
        let page = carl.get(&format!("/api/v1/reviews?limit=2{after}")).await.expect(200).json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|r| r["filter"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["f2x", "f1x", "f0x", "f3x", "f4x", "f5x", "f6x"]);
    let mine = read(&alice, &made[2]).await;
    assert_eq!(mine["position"], 1, "the author sees the place in the queue");
    assert!(mine["due_at"].is_string());
    assert_eq!(read(&alice, &made[6]).await["position"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_queue_shows_checks_votes_and_why_it_is_risky() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    in_review(&app, &alice, "alice/f", distinct("f", 10)).await;
    let page = carl.get("/api/v1/reviews").await.expect(200).json();
    let line = &page["items"][0];
    let counts = &line["check_counts"];
    let all: i64 = ["pass", "warn", "fail", "error", "not_applicable"]
        .iter()
        .map(|result| counts[result].as_i64().unwrap())
        .sum();
    assert_eq!(all, 11, "{counts}");
    assert_eq!((line["approvals"].as_i64(), line["quorum"].as_i64()), (Some(0), Some(1)));
    let ids: Vec<_> =
        line["risk"]["addends"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["new-publisher", "no-source"]);
    assert_eq!(line["risk"]["total"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn appeals_that_wait_are_a_view_of_their_own_in_the_order_in_which_they_are_due() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let (carl, dora) = (app.curator("carl").await, app.curator("dora").await);
    let mut reviews = vec![];
    for (who, name) in [(&alice, "alice/one"), (&alice, "alice/two"), (&bob, "bob/three"), (&bob, "bob/four")]
    {
        let review = in_review(&app, who, name, distinct(name, 10)).await;
        reject(&carl, &review, "licence").await.expect(200);
        reviews.push(review);
    }
    assert_eq!(names(&dora, "?appealed=true").await, [""; 0], "a rejection alone asks for nothing");
    // Not in the order in which they were asked for; the fourth is not appealed against.
    let long = format!("It has\na licence. {}", "é".repeat(400));
    for (who, review, note) in
        [(&bob, &reviews[2], long.as_str()), (&alice, &reviews[0], "one"), (&alice, &reviews[1], "two")]
    {
        act(who, review, "appeal", json!({"note": note})).await.expect(200);
        app.clock.advance(std::time::Duration::from_secs(60));
    }
    assert_eq!(names(&dora, "?appealed=true").await, ["three", "one", "two"]);
    assert_eq!(names(&alice, "?appealed=true").await, ["one", "two"], "others see what is theirs");
    assert_eq!(names(&dora, "?appealed=true&namespace=bob").await, ["three"]);
    assert_eq!(names(&dora, "?appealed=true&open=true").await, [""; 0]);
    assert_eq!((count(&dora, "appealed").await, count(&alice, "appealed").await), (3, 2));
    assert_eq!(count(&dora, "open").await, 0);
    let first = dora.get("/api/v1/reviews?appealed=true&limit=2").await.expect(200).json();
    let rest = format!("?appealed=true&limit=2&after={}", first["next"].as_str().unwrap());
    assert_eq!(names(&dora, &rest).await, ["two"]);
    let line = &first["items"][0];
    let appeal = &line["open_appeal"];
    assert_eq!((appeal["by"].as_str(), &appeal["rejected_by"]), (Some("bob"), &json!(["carl"])), "{appeal}");
    let note = appeal["note"].as_str().unwrap();
    assert!(note.starts_with("It has a licence. éé") && note.ends_with("é…"), "{note}");
    assert_eq!(note.chars().count(), 241);
    let at = |time: &Value| serde_json::from_value::<Timestamp>(time.clone()).unwrap();
    assert_eq!(at(&line["due_at"]), at(&appeal["at"]).plus(app.state.policy.due()), "{line}");
    assert!(first["items"][1]["open_appeal"]["note"] == "one", "{first}");
    // Whatever the answer, it waits no more.
    act(&dora, &reviews[2], "appeal/decision", json!({"decision": "uphold", "note": "n"})).await.expect(200);
    act(&dora, &reviews[0], "appeal/decision", json!({"decision": "reopen", "note": "y"})).await.expect(200);
    assert_eq!(names(&dora, "?appealed=true").await, ["two"]);
    for review in &reviews[..1] {
        assert!(read(&dora, review).await["open_appeal"].is_null());
    }
    assert_eq!(count(&dora, "appealed").await, 1);
}
