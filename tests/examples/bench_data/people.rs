//! Namespaces of users and teams, and what the reader belongs to.
use anyhow::{Context, Result};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use tamis::db::WriteTxn;
use tamis_entities::{
    namespace, team, team_member, user,
    value::{MemberRole, NamespaceKind, Role, Slug, Timestamp},
};
use uuid::Uuid;

pub struct Home {
    pub id: Uuid,
    pub handle: Slug,
}

pub async fn reader(txn: &WriteTxn<'_>, handle: &str) -> Result<Home> {
    let handle: Slug = handle.parse()?;
    let row = namespace::Entity::find().filter(namespace::Column::Handle.eq(handle.clone())).one(&**txn);
    let id = row.await?.context("make the reader first: tamis user create")?.id;
    // A curator sees the whole queue of reviews; lists of filters are the same for them.
    let curator = user::ActiveModel { id: Set(id), role: Set(Role::Curator), ..Default::default() };
    user::Entity::update(curator).exec(&**txn).await?;
    Ok(Home { id, handle })
}

pub async fn users(txn: &WriteTxn<'_>, count: u64, now: Timestamp) -> Result<Vec<Home>> {
    let homes = namespaces(txn, "ns", count, NamespaceKind::User, now).await?;
    for some in homes.chunks(500) {
        let row = |home: &Home| user::ActiveModel {
            id: Set(home.id),
            meshery_id: Set(Uuid::new_v4()),
            role: Set(Role::User),
            created_at: Set(now),
            ..Default::default()
        };
        user::Entity::insert_many(some.iter().map(row)).exec_without_returning(&**txn).await?;
    }
    Ok(homes)
}

/// Teams that the reader is in.
pub async fn teams(txn: &WriteTxn<'_>, reader: &Home, count: u64, now: Timestamp) -> Result<Vec<Home>> {
    let homes = namespaces(txn, "team", count, NamespaceKind::Team, now).await?;
    for home in &homes {
        let row = team::ActiveModel {
            id: Set(home.id),
            meshery_id: Set(Uuid::new_v4()),
            title: Set(home.handle.to_string()),
            created_at: Set(now),
        };
        team::Entity::insert(row).exec_without_returning(&**txn).await?;
        let row = team_member::ActiveModel {
            team_id: Set(home.id),
            user_id: Set(reader.id),
            role: Set(MemberRole::Member),
            created_at: Set(now),
            source: Set(None),
        };
        team_member::Entity::insert(row).exec_without_returning(&**txn).await?;
    }
    Ok(homes)
}

async fn namespaces(
    txn: &WriteTxn<'_>,
    prefix: &str,
    count: u64,
    kind: NamespaceKind,
    now: Timestamp,
) -> Result<Vec<Home>> {
    let mut homes = vec![];
    for n in 0..count {
        homes.push(Home { id: Uuid::now_v7(), handle: format!("{prefix}{n}").parse()? });
    }
    for some in homes.chunks(500) {
        let row = |home: &Home| namespace::ActiveModel {
            id: Set(home.id),
            handle: Set(home.handle.clone()),
            skeleton: Set(home.handle.skeleton()),
            kind: Set(kind),
            created_at: Set(now),
        };
        namespace::Entity::insert_many(some.iter().map(row)).exec_without_returning(&**txn).await?;
    }
    Ok(homes)
}
