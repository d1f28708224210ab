//! Grants: read or write on one filter for a user or a team.
use crate::{
    audit::{self, Actor},
    auth::{FilterAccess, access::find_namespace},
    error::{Error, Result},
    state::State,
    teams::rename::hold_living,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tamis_entities::{
    grant, namespace,
    value::{GrantLevel, NamespaceKind, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    pub level: GrantLevel,
    /// When the grant ends by itself; never when absent.
    pub expires_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct GrantView {
    /// `user:name` or `team:name`.
    pub subject: String,
    pub level: GrantLevel,
    pub expires_at: Option<Timestamp>,
    pub created_by: Slug,
    pub created_at: Timestamp,
}

/// `user:name` or `team:name`.
pub async fn subject(state: &State, text: &str) -> Result<namespace::Model> {
    let missing = Error::not_found;
    let (kind, handle) = text.split_once(':').ok_or_else(missing)?;
    let kind: NamespaceKind = kind.parse().map_err(|_| missing())?;
    let handle: Slug = handle.parse().map_err(|_| missing())?;
    let found = find_namespace(&*state.db, &handle)
        .await?
        .filter(|n| n.kind == kind && matches!(kind, NamespaceKind::User | NamespaceKind::Team));
    found.ok_or_else(missing)
}

pub async fn put(
    state: &State,
    access: &FilterAccess,
    subject: &namespace::Model,
    request: GrantRequest,
) -> Result<GrantView> {
    let who = access.who()?;
    let now = state.clock.now();
    if request.expires_at.is_some_and(|t| t <= now) {
        return Err(Error::invalid("expires_at", "in the future, or absent"));
    }
    let row = grant::Model {
        id: Uuid::now_v7(),
        filter_id: access.filter.id,
        subject_id: subject.id,
        level: request.level,
        expires_at: request.expires_at,
        created_by: who.id,
        created_at: now,
    };
    let replace = OnConflict::columns([grant::Column::FilterId, grant::Column::SubjectId])
        .update_columns([
            grant::Column::Level,
            grant::Column::ExpiresAt,
            grant::Column::CreatedBy,
            grant::Column::CreatedAt,
        ])
        .to_owned();
    let txn = state.db.begin_write().await?;
    hold_living(&txn, subject.id).await?;
    let active = grant::ActiveModel {
        id: Set(row.id),
        filter_id: Set(row.filter_id),
        subject_id: Set(row.subject_id),
        level: Set(row.level),
        expires_at: Set(row.expires_at),
        created_by: Set(row.created_by),
        created_at: Set(row.created_at),
    };
    grant::Entity::insert(active).on_conflict(replace).exec_without_returning(&*txn).await?;
    let detail = json!({"subject": name(subject), "level": row.level, "expires_at": row.expires_at});
    audit::record(
        &*txn,
        &state.clock,
        &Actor::from(who),
        "grant.set",
        format!("filter:{}", access.name()),
        detail,
    )
    .await?;
    txn.commit().await?;
    Ok(GrantView {
        subject: name(subject),
        level: row.level,
        expires_at: row.expires_at,
        created_by: who.handle.clone(),
        created_at: now,
    })
}

pub async fn remove(state: &State, access: &FilterAccess, subject: &namespace::Model) -> Result<()> {
    let who = access.who()?;
    let txn = state.db.begin_write().await?;
    let gone = grant::Entity::delete_many()
        .filter(grant::Column::FilterId.eq(access.filter.id))
        .filter(grant::Column::SubjectId.eq(subject.id))
        .exec(&*txn)
        .await?;
    if gone.rows_affected == 0 {
        return Err(Error::not_found());
    }
    let detail = json!({"subject": name(subject)});
    audit::record(
        &*txn,
        &state.clock,
        &Actor::from(who),
        "grant.remove",
        format!("filter:{}", access.name()),
        detail,
    )
    .await?;
    txn.commit().await
}

pub async fn list(state: &State, access: &FilterAccess) -> Result<Vec<GrantView>> {
    let rows = grant::Entity::find()
        .filter(grant::Column::FilterId.eq(access.filter.id))
        .order_by_asc(grant::Column::Id)
        .all(&*state.db)
        .await?;
    let ids: Vec<_> = rows.iter().flat_map(|g| [g.subject_id, g.created_by]).collect();
    let all = namespace::Entity::find().filter(namespace::Column::Id.is_in(ids)).all(&*state.db).await?;
    let find = |id: Uuid| all.iter().find(|n| n.id == id);
    let view = |g: grant::Model| GrantView {
        subject: find(g.subject_id).map_or_else(String::new, name),
        level: g.level,
        expires_at: g.expires_at,
        created_by: find(g.created_by).map_or_else(Slug::ghost, |n| n.handle.clone()),
        created_at: g.created_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

fn name(subject: &namespace::Model) -> String {
    format!("{}:{}", subject.kind, subject.handle)
}
