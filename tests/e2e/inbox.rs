//! Who is told of what, and that nobody goes on reading what is no longer for them.
mod mail;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};
use tamis_entities::{namespace, user, value::Role};

const INBOX: &str = "/api/v1/me/inbox";

/// Kind and version of each item, newest first.
async fn items(who: &Person) -> Vec<(String, String)> {
    let page = who.get(&format!("{INBOX}?limit=100")).await.expect(200).json();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items.map(|i| (text(&i["kind"]), text(&i["about"]["version"]))).collect()
}

async fn kinds(who: &Person) -> Vec<String> {
    items(who).await.into_iter().map(|(kind, _)| kind).collect()
}

async fn unread(who: &Person) -> i64 {
    who.get(&format!("{INBOX}/unread")).await.expect(200).json()["unread"].as_i64().unwrap()
}

async fn assign(who: &Person, review: &Value, to: &str) {
    let path = format!("/api/v1/reviews/{}/assignment", review["id"].as_str().unwrap());
    who.post(&path, &json!({"assignee": to})).await.expect(200);
}

async fn comment(who: &Person, review: &Value, internal: bool) {
    let path = format!("/api/v1/reviews/{}/comments", review["id"].as_str().unwrap());
    who.post(&path, &json!({"body": "a remark", "internal": internal})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_concerned_are_told_and_nobody_else() {
    let app = TestApp::spawn().await;
    let (olga, mia, mel) = (app.author("olga").await, app.author("mia").await, app.author("mel").await);
    let (walt, rita, otto) = (app.author("walt").await, app.author("rita").await, app.author("otto").await);
    let (carl, cora) = (app.curator("carl").await, app.curator("cora").await);
    let robot = json!({"handle": "acme-bot", "role": "maintainer"});
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    olga.post("/api/v1/teams/acme/robots", &robot).await.expect(201);
    for (user, role) in [("mia", "maintainer"), ("mel", "member"), ("cora", "maintainer")] {
        olga.put(&format!("/api/v1/teams/acme/members/{user}"), &json!({"role": role})).await.expect(200);
    }
    mia.upload("acme/f", "1.0.0", distinct("inbox", 10)).await.expect(201);
    for (user, level) in [("rita", "read"), ("walt", "write")] {
        let grant = format!("/api/v1/filters/acme/f/grants/user:{user}");
        olga.put(&grant, &json!({"level": level})).await.expect(200);
    }
    let review = mia.submit("acme/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    assert_eq!(kinds(&carl).await, ["review.checks_pass"], "may decide it");
    assert_eq!(kinds(&mia).await, ["review.checks_pass"], "did the rest");
    for who in [&olga, &walt, &cora] {
        assert_eq!(kinds(who).await, ["review.checks_pass", "review.submit"], "{}", who.name);
    }
    carl.vote(&review, "approve").await.expect(200);
    mia.release(&review).await.expect(200);
    app.drain_jobs().await;
    assert_eq!(kinds(&mia).await, ["review.approve", "review.checks_pass"]);
    for who in [&olga, &walt, &cora] {
        assert_eq!(kinds(who).await[..2], ["release.publish", "review.approve"], "{}", who.name);
    }
    olga.post("/api/v1/filters/acme/f/releases/1.0.0/yank", &json!({"reason": "leaks"})).await.expect(200);
    app.drain_jobs().await;
    let page = mia.get(INBOX).await.expect(200).json();
    let first = &page["items"][0];
    assert_eq!((&first["kind"], &first["about"]["reason"]), (&json!("release.yank"), &json!("leaks")));
    assert_eq!(page["items"][1]["about"]["review"], review["id"]);
    assert_eq!(kinds(&olga).await.len(), 4, "who did it knows");
    for who in [&mel, &rita, &otto] {
        assert!(kinds(who).await.is_empty(), "{}", who.name);
    }
    assert_eq!(kinds(&carl).await.len(), 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_taken_a_review_is_told_what_its_author_does_and_the_author_what_they_do() {
    let app = TestApp::spawn().await;
    let (alice, carl, dora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("dora").await);
    let ada = app.user("ada", Role::Admin).await;
    alice.upload("alice/f", "1.0.0", distinct("held", 10)).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    assert_eq!((kinds(&carl).await.len(), kinds(&dora).await.len()), (1, 1), "it is anybody's");
    assign(&ada, &review, "carl").await;
    comment(&alice, &review, false).await;
    comment(&dora, &review, true).await;
    app.drain_jobs().await;
    let told = ["review.comment", "review.comment", "review.assign", "review.checks_pass"];
    assert_eq!(kinds(&carl).await, told);
    assert_eq!(kinds(&alice).await, ["review.assign", "review.checks_pass"], "the remark was not for her");
    carl.vote(&review, "request_changes").await.expect(200);
    let again = format!("/api/v1/reviews/{}/resubmission", review["id"].as_str().unwrap());
    alice.post(&again, &json!({"note": "done"})).await.expect(200);
    app.drain_jobs().await;
    assert_eq!(kinds(&carl).await[0], "review.checks_pass", "comes back to who has it");
    assert_eq!(kinds(&alice).await[..2], ["review.checks_pass", "review.request_changes"]);
    let escalation = format!("/api/v1/reviews/{}/escalation", review["id"].as_str().unwrap());
    alice.post(&escalation, &json!({"note": "it is urgent"})).await.expect(200);
    let withdrawal = format!("/api/v1/reviews/{}/withdrawal", review["id"].as_str().unwrap());
    alice.post(&withdrawal, &json!({})).await.expect(200);
    app.drain_jobs().await;
    assert_eq!(kinds(&carl).await[..2], ["review.withdraw", "review.escalate"]);
    assert_eq!(kinds(&ada).await, ["review.escalate", "review.checks_pass"]);
    assert_eq!(kinds(&dora).await, ["review.checks_pass"], "somebody else has it");
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_that_a_change_ends_tell_who_asked() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    alice.upload("alice/f", "1.0.0", distinct("ended", 10)).await.expect(201);
    alice.submit("alice/f", "1.0.0", "publish").await.expect(201);
    app.drain_jobs().await;
    carl.post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &json!({"reason": "r"})).await.expect(200);
    app.drain_jobs().await;
    let told = ["release.quarantine", "review.supersede", "review.checks_pass"];
    assert_eq!(kinds(&alice).await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_marked_as_read_one_by_one_or_all_at_once_by_their_owner_alone() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for version in ["1.0.0", "2.0.0"] {
        app.publish(&alice, &carl, "alice/f", version, &distinct(version, 10)).await;
    }
    app.drain_jobs().await;
    assert_eq!((unread(&alice).await, unread(&carl).await), (4, 2));
    let mut seen = vec![];
    let mut after = String::new();
    loop {
        let page = alice.get(&format!("{INBOX}?limit=3{after}")).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    let path = |of: &Value| format!("{INBOX}/{}/read", of["id"].as_str().unwrap());
    assert_eq!(seen[0]["kind"], "review.approve");
    let one = path(&seen[0]);
    carl.post(&one, &json!({})).await.expect(404);
    alice.post(&one, &json!({})).await.expect(204);
    alice.post(&one, &json!({})).await.expect(204);
    assert_eq!(unread(&alice).await, 3);
    let left = alice.get(&format!("{INBOX}?unread=true")).await.expect(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 3);
    alice.post(&format!("{INBOX}/read"), &json!({})).await.expect(204);
    assert_eq!((unread(&alice).await, unread(&carl).await), (0, 2));
    // What both were told of, each has read or not.
    carl.post(&path(&seen[1]), &json!({})).await.expect(204);
    assert_eq!(unread(&carl).await, 1);
    let read = alice.get(&format!("{INBOX}?unread=false")).await.expect(200).json();
    assert_eq!(read["items"].as_array().unwrap().len(), 4);
    app.anonymous().get(INBOX).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_may_no_longer_see_leaves_their_inbox() {
    let app = TestApp::spawn().await;
    let (olga, mia, carl) = (app.author("olga").await, app.author("mia").await, app.curator("carl").await);
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    olga.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    mia.upload("acme/f", "1.0.0", distinct("left", 10)).await.expect(201);
    let review = mia.submit("acme/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "request_changes").await.expect(200);
    app.drain_jobs().await;
    assert_eq!(kinds(&mia).await, ["review.request_changes", "review.checks_pass"]);
    let page = mia.get(INBOX).await.expect(200).json();
    let one = format!("{INBOX}/{}/read", page["items"][0]["id"].as_str().unwrap());
    olga.delete("/api/v1/teams/acme/members/mia").await.expect(204);
    assert!(kinds(&mia).await.is_empty());
    assert_eq!(unread(&mia).await, 0);
    mia.post(&one, &json!({})).await.expect(404);
    assert_eq!(kinds(&olga).await.len(), 3);
    // Of a filter that everyone may see its reviews are still for those who take part.
    olga.put("/api/v1/filters/acme/f", &json!({"visibility": "public"})).await.expect(200);
    assert!(kinds(&mia).await.is_empty());
    assert_eq!(kinds(&carl).await, ["review.checks_pass"]);
    let home = namespace::Entity::find().filter(namespace::Column::Handle.eq("carl"));
    let id = Set(home.one(&*app.state.db).await.unwrap().unwrap().id);
    let change = user::ActiveModel { id, role: Set(Role::User), ..Default::default() };
    user::Entity::update(change).exec(&*app.state.db).await.unwrap();
    assert!(kinds(&carl).await.is_empty(), "no curator any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_does_not_happen_tells_nobody() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("once", 10)).await;
    app.drain_jobs().await;
    let before = (kinds(&alice).await, kinds(&carl).await);
    alice.submit("alice/f", "1.0.0", "publish").await.expect(409);
    alice.post("/api/v1/filters/alice/f/releases/1.0.0/unyank", &json!({})).await.expect(409);
    app.drain_jobs().await;
    assert_eq!((kinds(&alice).await, kinds(&carl).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_forgets_after_ninety_days() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("old", 10)).await;
    app.drain_jobs().await;
    assert_eq!(kinds(&alice).await.len(), 2);
    app.clock.advance(std::time::Duration::from_secs(91 * 86_400));
    tamis::notify::forget_expired(&app.state).await.unwrap();
    let alice = app.token("alice", None).await;
    assert!(kinds(&alice).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_wanted_until_somebody_says_otherwise() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let settings = "/api/v1/me/notifications";
    assert_eq!(alice.get(settings).await.expect(200).json(), json!({"mail": true}));
    assert_eq!(alice.put(settings, &json!({"mail": false})).await.expect(200).json(), json!({"mail": false}));
    assert_eq!(alice.get(settings).await.expect(200).json(), json!({"mail": false}));
    alice.put(settings, &json!({"mail": "no"})).await.expect_problem(400, "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_told_with_its_reason() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let decide = async |version: &str, body: Value| {
        alice.upload("alice/f", version, distinct(version, 10)).await.expect(201);
        let review = alice.submit("alice/f", version, "publish").await.expect(201).json();
        app.drain_jobs().await;
        let mut body = body;
        body["digest"] = review["digest"].clone();
        carl.post(&format!("/api/v1/reviews/{}/votes", review["id"].as_str().unwrap()), &body)
            .await
            .expect(200);
        app.drain_jobs().await;
        (alice.get(INBOX).await.expect(200).json()["items"][0].take(), review["id"].clone())
    };
    let (item, _) = decide("1.0.0", json!({"decision": "request_changes", "reason": "licence"})).await;
    assert_eq!(
        (&item["kind"], &item["about"]["reason"]),
        (&json!("review.request_changes"), &json!("licence"))
    );
    assert!(item["about"]["note"].as_str().unwrap().contains("SPDX"), "{item}");
    let long = "No. ".repeat(500);
    let (item, review) = decide("1.0.1", json!({"decision": "reject", "note": long})).await;
    let told = item["about"]["note"].as_str().unwrap();
    assert!(told.starts_with("No. No.") && told.ends_with('…') && told.chars().count() <= 602, "{told}");
    // In the history the words stand once, with the vote.
    let view = alice.get(&format!("/api/v1/reviews/{}", review.as_str().unwrap())).await.expect(200).json();
    let notes = view["history"].as_array().unwrap().iter().filter(|e| e["note"] == long.as_str());
    assert_eq!(notes.count(), 1, "{view}");
}
