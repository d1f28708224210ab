//! Handles: taken, changed, and never given to anybody else once they were in use. Knows
//! what a handle leads to, not who may change it.
use crate::{
    audit::{self, Actor},
    auth::Identity,
    db::WriteTxn,
    error::{Error, Result},
    jobs::{self, Job},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use serde_json::json;
use tamis_entities::{
    catalog_entry, former_handle, namespace, team,
    value::{NamespaceKind, Slug},
};
use uuid::Uuid;

/// Each handle that was left is taken for ever, so nobody leaves many.
const MOST_FORMER: u64 = 20;

/// Refuses what is reserved, in use, was in use by another, or would be mistaken for such a one.
async fn check_free(txn: &WriteTxn<'_>, handle: &Slug, own: Option<Uuid>, kind: NamespaceKind) -> Result<()> {
    if handle.is_reserved() && kind != NamespaceKind::System {
        return Err(Error::invalid("handle", format!("`{handle}` is reserved")));
    }
    let skeleton = handle.skeleton();
    let taken =
        namespace::Entity::find().filter(namespace::Column::Skeleton.eq(&skeleton)).one(&**txn).await?;
    // Asked second: a handle that is left goes from the one table to the other.
    let was = former_handle::Entity::find().filter(former_handle::Column::Skeleton.eq(&skeleton));
    let other = match (taken, was.one(&**txn).await?) {
        (Some(now), _) => now.handle,
        (None, Some(was)) if Some(was.namespace_id) == own && was.handle == *handle => return Ok(()),
        (None, Some(was)) => was.handle,
        (None, None) => return Ok(()),
    };
    let detail = match other == *handle {
        true => format!("`{handle}` is taken"),
        false => format!("`{other}` is taken, and `{handle}` would be mistaken for it"),
    };
    Err(Error::conflict("handle-taken", detail))
}

/// Takes a handle for a user, a team or the system itself.
pub async fn take_handle(
    state: &State,
    txn: &WriteTxn<'_>,
    handle: &Slug,
    kind: NamespaceKind,
) -> Result<namespace::Model> {
    check_free(txn, handle, None, kind).await?;
    let row = namespace::Model {
        id: Uuid::now_v7(),
        handle: handle.clone(),
        skeleton: handle.skeleton(),
        kind,
        created_at: state.clock.now(),
    };
    namespace::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**txn).await?;
    Ok(row)
}

/// Gives a namespace another handle. The one that it leaves goes on leading reads to it.
pub async fn rename(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    id: Uuid,
    to: &Slug,
) -> Result<namespace::Model> {
    let mut row =
        namespace::Entity::find_by_id(id).lock_exclusive().one(&**txn).await?.ok_or_else(Error::not_found)?;
    if row.handle == *to {
        return Ok(row);
    }
    check_free(txn, to, Some(id), row.kind).await?;
    let mine = former_handle::Entity::find().filter(former_handle::Column::NamespaceId.eq(id));
    if mine.count(&**txn).await? >= MOST_FORMER {
        let detail = format!("it has had {MOST_FORMER} handles before, and each of them stays taken");
        return Err(Error::conflict("too-many-names", detail));
    }
    former_handle::Entity::delete_by_id(to.clone()).exec(&**txn).await?;
    let left = former_handle::Model {
        handle: row.handle.clone(),
        skeleton: row.skeleton.clone(),
        namespace_id: id,
        renamed_at: state.clock.now(),
    };
    former_handle::Entity::insert(left.into_active_model()).exec_without_returning(&**txn).await?;
    let from = std::mem::replace(&mut row.handle, to.clone());
    row.skeleton = to.skeleton();
    let change = namespace::ActiveModel {
        id: Set(id),
        handle: Set(row.handle.clone()),
        skeleton: Set(row.skeleton.clone()),
        ..Default::default()
    };
    namespace::Entity::update(change).exec(&**txn).await?;
    catalog_entry::Entity::update_many()
        .col_expr(catalog_entry::Column::Namespace, Expr::value(to.clone()))
        .filter(catalog_entry::Column::NamespaceId.eq(id))
        .exec(&**txn)
        .await?;
    // What search knows follows filter by filter, in transactions of its own.
    jobs::enqueue(&**txn, &state.clock, &Job::IndexNamespace { namespace: id }).await?;
    let action = format!("{}.rename", row.kind);
    let detail = json!({"from": from, "to": to});
    audit::record(&**txn, &state.clock, &Actor::from(who), &action, format!("{}:{to}", row.kind), detail)
        .await?;
    Ok(row)
}

/// Holds the namespace until the transaction ends; an error when its team is gone. A team that
/// was removed leaves its namespace behind, so that its handle is never given to another.
pub async fn hold_living(txn: &WriteTxn<'_>, id: Uuid) -> Result<namespace::Model> {
    let row = namespace::Entity::find_by_id(id).lock_shared().one(&**txn).await?;
    let row = row.ok_or_else(Error::not_found)?;
    let lives = row.kind != NamespaceKind::Team || team::Entity::find_by_id(id).one(&**txn).await?.is_some();
    if lives { Ok(row) } else { Err(Error::not_found()) }
}
