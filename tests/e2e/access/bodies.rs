//! What is sent to the acts on a review: each body means no harm, and is refused, or changes
//! nothing, once it is past authorisation.
use serde_json::{Value, json};

/// By the last segment of the route.
pub fn of_review(act: &str) -> Option<Value> {
    let digest = format!("sha256:{}", "0".repeat(64));
    Some(match act {
        "votes" => json!({"decision": "approve", "digest": digest}),
        "comments" => json!({"body": " "}),
        "assignment" => json!({"assignee": "nobody-of-this-name"}),
        "break-glass" => json!({"reason": "x".repeat(1001), "digest": digest}),
        "countersignature" => json!({"digest": digest}),
        "escalation" => json!({"note": ""}),
        // Nothing was rejected, and no changes were asked for.
        "appeal" | "resubmission" => json!({"note": "n"}),
        "decision" => json!({"decision": "uphold", "note": "n"}),
        "checklist" => json!({"ticked": ["no-such-item"]}),
        "recusal" => json!({"note": "x".repeat(10_001)}),
        _ => return None,
    })
}
