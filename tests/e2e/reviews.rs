//! The life of a review besides its vote: the acts, the checks, the policy, the queue.
mod acts;
mod broken;
mod many;
mod model;
mod parts;
mod policy;
mod queue;
mod rejection;
mod signatures;

use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
};

/// An act on a review.
pub async fn act(who: &Person, review: &Value, act: &str, body: Value) -> Reply {
    who.post(&format!("/api/v1/reviews/{}/{act}", review["id"].as_str().unwrap()), &body).await
}

/// The review as somebody sees it.
pub async fn read(who: &Person, review: &Value) -> Value {
    who.get(&format!("/api/v1/reviews/{}", review["id"].as_str().unwrap())).await.expect(200).json()
}

/// A new filter of the author with one release, whose checks have ended.
pub async fn in_review(app: &TestApp, author: &Person, filter: &str, bytes: Vec<u8>) -> Value {
    author.upload(filter, "1.0.0", bytes).await.expect(201);
    let review = author.submit(filter, "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    read(author, &review).await
}

/// The acts in the history of a review, in order.
pub fn history(review: &Value) -> Vec<&str> {
    review["history"].as_array().unwrap().iter().map(|e| e["act"].as_str().unwrap()).collect()
}

pub async fn reject(curator: &Person, review: &Value, reason: &str) -> Reply {
    let body = json!({"decision": "reject", "digest": review["digest"], "reason": reason});
    act(curator, review, "votes", body).await
}
