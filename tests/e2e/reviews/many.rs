//! Acting on several reviews at once: bounded, each judged by itself, approvals only of what is alike.
use super::{in_review, read};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};
use tamis_entities::{review, value::ReviewState};

fn looked(review: &Value) -> Value {
    json!({"id": review["id"], "digest": review["digest"], "revision": review["revision"]})
}

async fn act(who: &Person, act: &str, reviews: &[&Value], more: Value) -> Vec<Value> {
    let mut body = json!({"act": act, "items": reviews.iter().map(|r| looked(r)).collect::<Vec<_>>()});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    who.post("/api/v1/reviews/many", &body).await.expect(200).json()["items"].as_array().unwrap().clone()
}

fn codes(outcomes: &[Value]) -> Vec<&str> {
    outcomes.iter().map(|one| one["code"].as_str().unwrap_or("done")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_holds_up_no_other_and_each_is_recorded() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let one = in_review(&app, &alice, "alice/one", distinct("one", 10)).await;
    let two = in_review(&app, &alice, "alice/two", distinct("two", 10)).await;
    let own = in_review(&app, &carl, "carl/own", distinct("own", 10)).await;

    assert_eq!(
        codes(&act(&carl, "take", &[&one, &two, &own], json!({})).await),
        ["done", "done", "own-work"]
    );
    assert_eq!(read(&carl, &two).await["assignee"], "carl");
    assert_eq!(read(&carl, &own).await["assignee"], Value::Null, "it would be hidden from who can decide it");
    assert_eq!(codes(&act(&carl, "put_back", &[&one], json!({})).await), ["done"]);
    assert_eq!(read(&carl, &one).await["assignee"], Value::Null);
    act(&carl, "comment", &[&one, &two], json!({"note": "Which proxy did you try?"})).await;
    assert_eq!(read(&alice, &one).await["comments"][0]["body"], "Which proxy did you try?");

    // Nobody votes on their own work, and what was replaced meanwhile is not what was looked at.
    let mut stale = two.clone();
    stale["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    let outcomes = act(&carl, "request_changes", &[&own, &stale, &one], json!({"reason": "licence"})).await;
    assert_eq!(codes(&outcomes), ["own-work", "stale", "done"]);
    assert_eq!(outcomes[2]["filter"], "one");
    let changed = read(&alice, &one).await;
    assert_eq!(changed["state"], "changes_requested");
    assert_eq!(changed["votes"][0]["reason"], "licence");
    assert_eq!(read(&alice, &two).await["state"], "in_review");

    // What is not there is said of that one alone; who does not vote at all is told so at once.
    let nothing = json!({"id": uuid::Uuid::nil(), "digest": one["digest"], "revision": one["revision"]});
    let outcomes = act(&carl, "comment", &[&nothing, &two], json!({"note": "hello"})).await;
    assert_eq!(codes(&outcomes), ["not-found", "done"]);
    assert_eq!(outcomes[0]["filter"], Value::Null);
    let body = json!({"act": "comment", "note": "hello", "items": [looked(&two)]});
    let refused = alice.post("/api/v1/reviews/many", &body).await.expect(403);
    assert_eq!(refused.json()["code"], "insufficient-scope");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_go_together_only_where_nothing_tells_them_apart() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let first = in_review(&app, &alice, "alice/first", distinct("first", 10)).await;
    assert_eq!(codes(&act(&carl, "approve", &[&first], json!({})).await), ["first-publication"]);
    carl.vote(&first, "approve").await.expect(200);
    carl.release(&first).await.expect(200);

    let mut alike = vec![];
    for name in ["two", "three"] {
        alike.push(in_review(&app, &alice, &format!("alice/{name}"), distinct(name, 10)).await);
    }
    let bob = app.author("bob").await;
    let other = in_review(&app, &bob, "bob/other", distinct("other", 10)).await;
    let items: Vec<_> = [&alike[0], &other].map(looked).to_vec();
    let refused = carl.post("/api/v1/reviews/many", &json!({"act": "approve", "items": items})).await;
    assert_eq!(refused.expect(409).json()["code"], "not-alike");

    let outcomes = act(&carl, "approve", &[&alike[0], &alike[1]], json!({})).await;
    assert_eq!(codes(&outcomes), ["done", "done"], "{outcomes:?}");
    for review in &alike {
        assert_eq!(read(&alice, review).await["state"], "approved");
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn few_at_a_time_and_each_once() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let one = looked(&in_review(&app, &alice, "alice/one", distinct("one", 10)).await);
    let many = vec![one.clone(); 21];
    for (items, more) in [
        (vec![], json!({})),
        (vec![one.clone(), one.clone()], json!({})),
        (many, json!({})),
        (vec![one.clone()], json!({"act": "comment"})),
        (vec![one.clone()], json!({"act": "publish"})),
        (vec![one], json!({"unknown": 1})),
    ] {
        let mut body = json!({"act": "take", "items": items});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        carl.post("/api/v1/reviews/many", &body).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_being_checked_is_approved_with_nothing_else() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let first = in_review(&app, &alice, "alice/first", distinct("first", 10)).await;
    carl.vote(&first, "approve").await.expect(200);
    carl.release(&first).await.expect(200);
    let next = in_review(&app, &alice, "alice/next", distinct("next", 10)).await;
    // As it is before its job has run.
    review::Entity::update_many()
        .col_expr(review::Column::State, Expr::value(ReviewState::Checking))
        .filter(review::Column::Id.eq(next["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap()))
        .exec(&*app.state.db)
        .await
        .unwrap();
    assert_eq!(codes(&act(&carl, "approve", &[&next], json!({})).await), ["review-state"]);
    assert_eq!(read(&carl, &next).await["votes"], json!([]));
}
