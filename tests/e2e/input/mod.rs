//! Bad input from every side, over real HTTP: never a 5xx, always a clear refusal, and
//! nothing is changed by it.
mod bodies;
mod conditional;
mod cursors;
mod forms;
mod logs;
mod names;
mod queries;
pub mod raw;
mod uploads;
mod versions;
mod wire;

use sea_orm::{EntityTrait, PaginatorTrait};
use tamis_e2e::{app::TestApp, client::Reply};
use tamis_entities::{
    api_token, audit_entry, filter, grant, module, release, review, review_comment, review_vote, team,
    team_member,
};

/// A refusal says what is wrong in the form that clients rely on.
#[track_caller]
fn assert_clear(reply: &Reply, status: u16, code: &str, what: &str) {
    let shown: String = reply.text().chars().take(300).collect();
    assert_eq!(reply.status, status, "{what}: {shown}");
    let problem = reply.json();
    assert_eq!(problem["code"], code, "{what}: {shown}");
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{what}");
    assert_eq!(problem["instance"], reply.header("x-request-id"), "{what}");
    assert!(!shown.contains('\0'), "{what}");
}

#[track_caller]
fn assert_field(reply: &Reply, field: &str, what: &str) {
    assert_clear(reply, 400, "invalid", what);
    let fields: Vec<_> =
        reply.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert!(fields.iter().any(|f| f == field), "{what}: {fields:?} does not name {field}");
}

/// How many rows there are of everything that a request could make.
async fn rows(app: &TestApp) -> Vec<u64> {
    let db = &*app.state.db;
    macro_rules! count {
        ($($entity:ident),+) => { vec![$($entity::Entity::find().count(db).await.unwrap()),+] };
    }
    count!(
        filter,
        release,
        review,
        review_vote,
        review_comment,
        grant,
        team,
        team_member,
        api_token,
        module,
        audit_entry
    )
}

/// Files that were received and are still lying there, after a moment to clear up.
async fn spooled(app: &TestApp) -> usize {
    let spool = app.directory.path().join("spool");
    let mut left = 0;
    for _ in 0..60 {
        left = std::fs::read_dir(&spool).unwrap().count();
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    left
}
