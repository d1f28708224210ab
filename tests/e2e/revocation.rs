//! What was taken away is away at once: at every door, in pages and answers that were made
//! before, in work that was under way, and on another replica.
mod doors;
mod measured;
mod under_way;

use sea_orm::EntityTrait;
use tamis_e2e::{app::TestApp, client::Person};
use tamis_entities::{user, value::Timestamp};
use uuid::Uuid;

async fn user_id(app: &TestApp, handle: &str) -> Uuid {
    let handle = handle.parse().unwrap();
    tamis::auth::access::find_namespace(&*app.state.db, &handle).await.unwrap().unwrap().id
}

async fn set_disabled(db: &tamis::db::Db, id: Uuid, at: Option<Timestamp>) {
    use sea_orm::ActiveValue::Set;
    let change = user::ActiveModel { id: Set(id), disabled_at: Set(at), ..Default::default() };
    let txn = db.begin_write().await.unwrap();
    user::Entity::update(change).exec(&*txn).await.unwrap();
    txn.commit().await.unwrap();
}

/// The same GET with headers.
async fn get_with(who: &Person, path: &str, headers: &[(&str, &str)]) -> tamis_e2e::client::Reply {
    let request = headers.iter().fold(who.request(reqwest::Method::GET, path), |r, (n, v)| r.header(*n, *v));
    who.send(request).await
}
