//! Taking an offered filter, in one transaction: who may say so and whether there is room for
//! the name is asked again under the locks, then everything that hangs on the path moves.
use super::{end, open, receives, record, row};
use crate::{
    auth::{
        Identity, access,
        again::again,
        caller::{Via, identity},
    },
    catalog,
    db::{self, WriteTxn},
    error::{Error, Result},
    fail_here, filters, reviews,
    state::State,
    teams::rename::hold_living,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::Expr,
};
use serde_json::json;
use std::collections::HashMap;
use tamis_entities::{
    filter, former_filter, namespace, release, tombstone,
    value::{MemberRole, Sha256, Timestamp, Version},
};
use uuid::Uuid;

/// The offer, if it is open and this person may answer it.
pub async fn offered<C: ConnectionTrait>(
    db: &C,
    who: &Identity,
    id: Uuid,
    now: Timestamp,
) -> Result<row::Model> {
    let mine = row::Entity::find_by_id(id).filter(row::Column::ReceiverId.is_in(receives(who)));
    mine.filter(open::<row::Entity>(now)).one(db).await?.ok_or_else(Error::not_found)
}

/// The filter in its new place.
pub async fn accept(state: &State, who: &Identity, id: Uuid) -> Result<(namespace::Model, filter::Model)> {
    db::retrying(|| accepted(state, who, id)).await
}

async fn accepted(state: &State, who: &Identity, id: Uuid) -> Result<(namespace::Model, filter::Model)> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let offer = offered(&*txn, who, id, now).await?;
    who.in_person()?;
    let filter = access::lock_filter(&*txn, offer.filter_id).await?.ok_or_else(Error::not_found)?;
    // As everybody is now: who was removed a moment ago gives and takes nothing.
    let who = again(&*txn, who, now).await?;
    offered(&*txn, &who, id, now).await?;
    if filter.namespace_id != offer.giver_id || !still_gives(&txn, &offer).await? {
        return Err(Error::not_found());
    }
    if !end::<row::Entity>(&txn, Condition::all().add(row::Column::Id.eq(id)), now).await? {
        return Err(Error::not_found());
    }
    let receiver = hold_living(&txn, offer.receiver_id).await?;
    let giver =
        namespace::Entity::find_by_id(offer.giver_id).one(&*txn).await?.ok_or_else(Error::not_found)?;
    filters::check_name(&txn, &receiver, &filter.name, Some(filter.id)).await?;
    move_tombstones(&txn, &filter, receiver.id).await?;
    let filter = move_filter(state, &txn, filter, receiver.id).await?;
    let all = reviews::Scope::Filter(filter.id);
    reviews::supersede_open(state, &txn, all, "the filter was transferred").await?;
    filters::index(&txn, &receiver, &filter).await?;
    catalog::refresh(state, &txn, filter.id).await?;
    let (from, to) =
        (format!("{}/{}", giver.handle, filter.name), format!("{}/{}", receiver.handle, filter.name));
    record(state, &txn, &who, "accept", &to, json!({"id": id, "from": from})).await?;
    fail_here!("transfer.before-commit");
    txn.commit().await?;
    Ok((receiver, filter))
}

/// Who offered it still owns the giving namespace, and their account is not disabled.
async fn still_gives(txn: &WriteTxn<'_>, offer: &row::Model) -> Result<bool> {
    let giver = identity(&**txn, offer.created_by, Via::Operator, None).await?;
    Ok(giver.and_then(|g| g.role_in(offer.giver_id)) == Some(MemberRole::Owner))
}

/// The path that is left stays taken; the one that is entered is no former one any more.
async fn move_filter(
    state: &State,
    txn: &WriteTxn<'_>,
    mut filter: filter::Model,
    to: Uuid,
) -> Result<filter::Model> {
    let left = former_filter::Model {
        namespace_id: filter.namespace_id,
        name: filter.name.clone(),
        skeleton: filter.skeleton.clone(),
        filter_id: Some(filter.id),
        moved_at: state.clock.now(),
    };
    former_filter::Entity::delete_by_id((to, filter.name.clone())).exec(&**txn).await?;
    former_filter::Entity::insert(left.into_active_model()).exec_without_returning(&**txn).await?;
    filter.namespace_id = to;
    filter.updated_at = state.clock.now();
    filter.row_version += 1;
    let change = filter::ActiveModel {
        id: Set(filter.id),
        namespace_id: Set(filter.namespace_id),
        updated_at: Set(filter.updated_at),
        row_version: Set(filter.row_version),
        ..Default::default()
    };
    filter::Entity::update(change).exec(&**txn).await?;
    Ok(filter)
}

/// Versions that were deleted stay taken by their digest under the new path too, unless that
/// path had a filter with other bytes under one of the versions before.
async fn move_tombstones(txn: &WriteTxn<'_>, filter: &filter::Model, to: Uuid) -> Result<()> {
    let named = |namespace: Uuid| {
        Condition::all()
            .add(tombstone::Column::NamespaceId.eq(namespace))
            .add(tombstone::Column::Name.eq(filter.name.clone()))
    };
    let ours = tombstone::Entity::find().filter(named(filter.namespace_id)).all(&**txn).await?;
    let theirs = tombstone::Entity::find().filter(named(to)).all(&**txn).await?;
    let releases =
        release::Entity::find().filter(release::Column::FilterId.eq(filter.id)).all(&**txn).await?;
    let buried: HashMap<&Version, &Sha256> = theirs.iter().map(|t| (&t.version, &t.sha256)).collect();
    let mut versions = ours.iter().map(|t| (&t.version, &t.sha256));
    let live = releases.iter().map(|r| (&r.version, &r.sha256));
    if let Some((version, _)) =
        versions.by_ref().chain(live).find(|(v, sha)| buried.get(v).is_some_and(|theirs| theirs != sha))
    {
        let detail = format!(
            "a filter of this name was deleted there; its version {version} had other bytes, and a version never changes its bytes"
        );
        return Err(Error::conflict("version-retired", detail));
    }
    let twice: Vec<Uuid> = ours.iter().filter(|t| buried.contains_key(&t.version)).map(|t| t.id).collect();
    tombstone::Entity::delete_many().filter(tombstone::Column::Id.is_in(twice)).exec(&**txn).await?;
    tombstone::Entity::update_many()
        .col_expr(tombstone::Column::NamespaceId, Expr::value(to))
        .filter(named(filter.namespace_id))
        .exec(&**txn)
        .await?;
    Ok(())
}
