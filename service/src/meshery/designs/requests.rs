//! Designs that are to be in the catalog. There is no module in them to verify, so there is no review: a
//! curator other than the owner says yes or no.
use super::{find, given::catalog_data, own, who, write};
use crate::{
    audit::{self, Actor},
    auth::{Caller, Identity},
    error::{Error, Result},
    meshery::{
        profile,
        requests::request,
        wire::{both, shown, stored},
    },
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use tamis_entities::{
    meshery_design as design,
    value::{MesheryRequest as Status, MesheryVisibility as Seen},
};
use uuid::Uuid;

async fn view(state: &State, designs: Vec<design::Model>) -> Result<Vec<Value>> {
    let people = profile::people(state, designs.iter().map(|d| d.owner_id)).await?;
    let one = |d: design::Model| {
        let id = shown(d.id);
        let content = ("pattern", id, d.name.as_str());
        let status = d.request.unwrap_or(Status::Denied);
        let mut object = request(id, content, people.get(&d.owner_id), status);
        object["created_at"] = json!(d.requested_at.unwrap_or(d.created_at));
        object["updated_at"] = json!(d.updated_at);
        both(object)
    };
    Ok(designs.into_iter().map(one).collect())
}

async fn one(state: &State, design: design::Model) -> Result<Value> {
    view(state, vec![design]).await?.pop().ok_or_else(Error::not_found)
}

pub async fn publish(state: &State, caller: &Caller, id: Uuid, data: Option<Value>) -> Result<Value> {
    let design = own(state, caller, id).await?;
    let txn = state.db.begin_write().await?;
    let design = design::Entity::find_by_id(design.id).lock_exclusive().one(&*txn).await?;
    let design = design.ok_or_else(Error::not_found)?;
    if design.request == Some(Status::Pending) || design.visibility == Seen::Published {
        return Err(Error::conflict("review-open", "this design is in the catalog, or was asked to be"));
    }
    let now = state.clock.now();
    let row = design::ActiveModel {
        id: Set(design.id),
        request: Set(Some(Status::Pending)),
        requested_at: Set(Some(now)),
        catalog_data: Set(catalog_data(&design, data)),
        updated_at: Set(now),
        ..Default::default()
    };
    let design = design::Entity::update(row).exec(&*txn).await?;
    txn.commit().await?;
    one(state, design).await
}

pub async fn unpublish(state: &State, caller: &Caller, id: Uuid) -> Result<Value> {
    let design = find(state, caller, id).await?;
    if who(caller)?.id != design.owner_id && !who(caller)?.is_curator() {
        return Err(Error::forbidden("role", "only its owner and curators take a design out of the catalog"));
    }
    if design.request.is_none_or(|r| r == Status::Denied) {
        return Err(Error::conflict("not-published", "this design is not in the catalog, nor asked to be"));
    }
    let row = design::ActiveModel {
        id: Set(design.id),
        request: Set(Some(Status::Denied)),
        visibility: Set(if design.visibility == Seen::Published { Seen::Public } else { design.visibility }),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    one(state, write(state, row).await?).await
}

/// Requests that this person sees: their own, and all of them if they are a curator.
pub async fn requested(state: &State, who: &Identity, wanted: &[Status]) -> Result<Vec<Value>> {
    let mut all = design::Entity::find().filter(design::Column::Request.is_not_null());
    if !wanted.is_empty() {
        all = all.filter(design::Column::Request.is_in(wanted.iter().copied()));
    }
    if !who.is_curator() {
        all = all.filter(design::Column::OwnerId.eq(who.id));
    }
    let rows = all.order_by_desc(design::Column::RequestedAt).limit(1000).all(&*state.db).await?;
    view(state, rows).await
}

/// Yes or no; nothing if it is no design's request.
pub async fn decide(state: &State, caller: &Caller, id: Uuid, yes: bool) -> Result<Option<Value>> {
    let Some(found) = design::Entity::find_by_id(stored(id)).one(&*state.db).await? else { return Ok(None) };
    let who = who(caller)?;
    match (who.is_curator(), found.owner_id == who.id, found.request) {
        (false, false, _) | (_, _, None) => return Err(Error::not_found()),
        (false, true, _) => return Err(Error::forbidden("role", "only curators decide")),
        (true, true, _) => return Err(Error::forbidden("own-work", "somebody else decides about yours")),
        (true, false, Some(Status::Pending)) => {}
        (true, false, Some(status)) => {
            return Err(Error::conflict("wrong-state", format!("this request is {status} already")));
        }
    }
    let (status, seen) = match yes {
        true => (Status::Approved, Seen::Published),
        false => (Status::Denied, found.visibility),
    };
    let txn = state.db.begin_write().await?;
    let done = design::Entity::update_many()
        .set(design::ActiveModel {
            request: Set(Some(status)),
            visibility: Set(seen),
            updated_at: Set(state.clock.now()),
            ..Default::default()
        })
        .filter(design::Column::Id.eq(found.id))
        .filter(design::Column::Request.eq(Status::Pending))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Err(Error::conflict("wrong-state", "somebody else decided at the same moment"));
    }
    let (action, object) = (format!("meshery.design.{status}"), format!("design:{id}"));
    audit::record(&*txn, &state.clock, &Actor::from(who), &action, object, json!({})).await?;
    txn.commit().await?;
    let now = design::Entity::find_by_id(found.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    one(state, now).await.map(Some)
}
