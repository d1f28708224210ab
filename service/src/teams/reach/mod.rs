//! What a person, or one of their tokens, can reach: namespaces with a role, filters by grant,
//! and the scopes that bound what may be done there.
pub mod http;

use crate::{
    auth::{Identity, identity::Limit},
    error::Result,
    filters::view::{handle_of, handles},
    http::page::{Cursors, PageQuery},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tamis_entities::{
    filter, grant,
    value::{GrantLevel, MemberRole, Role, Scope, Scopes, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A namespace with the role in it, or a filter with the grant that opens it.
#[derive(Serialize, ToSchema)]
pub struct ReachItem {
    pub namespace: Slug,
    /// In the namespace; every filter of it is within reach, or the one that the token is for.
    pub role: Option<MemberRole>,
    /// The one filter that a grant opens, or that the token is for.
    pub filter: Option<Slug>,
    pub level: Option<GrantLevel>,
    /// The team that the grant was given to.
    pub team: Option<Slug>,
    pub expires_at: Option<Timestamp>,
}

/// What can be reached, besides what is public or published.
#[derive(Serialize, ToSchema)]
pub struct ReachView {
    pub user: Slug,
    /// Of the instance: curators also read what they review, administrators all metadata.
    pub role: Role,
    /// What the credential may do where it reaches.
    pub scopes: Vec<Scope>,
    pub items: Vec<ReachItem>,
    /// Hand it back as `after` for the next page; null on the last.
    pub next: Option<String>,
}

/// Where a page ended.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Place {
    Namespaces(Uuid),
    Grants(Uuid),
}

/// `of` names the credential, so that the cursor of one does not fit another.
pub async fn view(
    state: &State,
    who: &Identity,
    scopes: &Scopes,
    of: &str,
    page: &PageQuery,
) -> Result<ReachView> {
    let limit = page.limit()?;
    let cursors = Cursors { key: &state.secret, context: format!("reach|{}|{of}", who.id) };
    let after: Option<Place> = cursors.open(page.after.as_deref())?;
    let only = match who.limit {
        Some(Limit::Filter(id)) => filter::Entity::find_by_id(id).one(&*state.db).await?,
        _ => None,
    };
    let own = match after {
        Some(Place::Grants(_)) => vec![],
        Some(Place::Namespaces(id)) => namespaces(who, only.as_ref(), id),
        None => namespaces(who, only.as_ref(), Uuid::nil()),
    };
    let from = if let Some(Place::Grants(id)) = after { id } else { Uuid::nil() };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let own: Vec<_> = own.into_iter().take(most + 1).collect();
    let room = (limit + 1).saturating_sub(own.len() as u64);
    let mut given = if room > 0 { grants(state, who, from, room).await? } else { vec![] };
    let more = own.len() + given.len() > most;
    let own = &own[..own.len().min(most)];
    given.truncate(most - own.len());
    let last = given.last().map(|g| Place::Grants(g.id)).or(own.last().map(|(id, _)| Place::Namespaces(*id)));
    let next = if more { last.map(|p| cursors.seal(&p)).transpose()? } else { None };
    let items = items(state, who.id, own, only, given).await?;
    Ok(ReachView { user: who.handle.clone(), role: who.role, scopes: scopes.iter().collect(), items, next })
}

/// In the order of ids, so that pages neither repeat nor skip.
fn namespaces(who: &Identity, only: Option<&filter::Model>, after: Uuid) -> Vec<(Uuid, MemberRole)> {
    let role = |id: Uuid| {
        let part = only.filter(|filter| filter.namespace_id == id).and_then(|filter| who.role_on(filter));
        who.role_in(id).or(part).map(|role| (id, role))
    };
    let mut all: Vec<_> =
        who.namespaces().into_iter().filter_map(role).filter(|(id, _)| *id > after).collect();
    all.sort_by_key(|(id, _)| *id);
    all
}

async fn grants(state: &State, who: &Identity, after: Uuid, limit: u64) -> Result<Vec<grant::Model>> {
    let now = state.clock.now();
    let unended =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    let within = filter::Entity::find().select_only().column(filter::Column::Id);
    let within =
        who.within().map(|part| grant::Column::FilterId.in_subquery(within.filter(part).into_query()));
    let rows = grant::Entity::find()
        .filter(Condition::all().add_option(within))
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(grant::Column::Id.gt(after))
        .filter(unended)
        .order_by_asc(grant::Column::Id)
        .limit(limit);
    Ok(rows.all(&*state.db).await?)
}

async fn items(
    state: &State,
    me: Uuid,
    own: &[(Uuid, MemberRole)],
    only: Option<filter::Model>,
    given: Vec<grant::Model>,
) -> Result<Vec<ReachItem>> {
    let ids = given.iter().map(|g| g.filter_id);
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids)).all(&*state.db).await?;
    let filters: HashMap<Uuid, filter::Model> = filters.into_iter().map(|f| (f.id, f)).collect();
    let named = own.iter().map(|(id, _)| *id);
    let named =
        named.chain(given.iter().map(|g| g.subject_id)).chain(filters.values().map(|f| f.namespace_id));
    let names = handles(&*state.db, named).await?;
    let namespace = |(id, role): &(Uuid, MemberRole)| ReachItem {
        namespace: handle_of(&names, *id),
        role: Some(*role),
        filter: only.as_ref().map(|filter| filter.name.clone()),
        level: None,
        team: None,
        expires_at: None,
    };
    let grant = |g: grant::Model| {
        let filter = filters.get(&g.filter_id)?;
        Some(ReachItem {
            namespace: handle_of(&names, filter.namespace_id),
            role: None,
            filter: Some(filter.name.clone()),
            level: Some(g.level),
            team: (g.subject_id != me).then(|| handle_of(&names, g.subject_id)),
            expires_at: g.expires_at,
        })
    };
    Ok(own.iter().map(namespace).chain(given.into_iter().filter_map(grant)).collect())
}
