//! What a token is limited to: one namespace or one filter, asked for and shown by name.
use crate::{
    auth::{Caller, access, identity::Limit, table::Need},
    error::{Error, Kind, Result},
    filters::view::{handle_of, handles},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tamis_entities::{filter, value::Slug};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenLimitRequest, example = json!({"namespace": "acme", "filter": "header-guard"}))]
pub struct LimitRequest {
    pub namespace: Slug,
    /// Without it every filter of the namespace, those to come too.
    pub filter: Option<Slug>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenLimit)]
pub struct LimitView {
    pub namespace: Slug,
    pub filter: Option<Slug>,
}

/// By id, so that a rename does not end it. Names only what the caller may see.
pub async fn resolve(state: &State, caller: &Caller, asked: &LimitRequest) -> Result<Limit> {
    let Some(name) = &asked.filter else {
        let namespace = access::find_namespace(&*state.db, &asked.namespace).await?;
        let missing = || Error::invalid("limit.namespace", "there is no such namespace");
        return namespace.map(|n| Limit::Namespace(n.id)).ok_or_else(missing);
    };
    let missing = |error: Error| match error.kind() {
        Kind::NotFound => Error::invalid("limit.filter", "there is no such filter, or none that you may see"),
        _ => error,
    };
    let found = access::load_filter(state, caller.clone(), &asked.namespace, name).await.map_err(missing)?;
    found.check(Need::ReadFilter).map_err(missing)?;
    Ok(Limit::Filter(found.filter.id))
}

/// The names behind some limits.
pub struct Names {
    filters: HashMap<Uuid, (Uuid, Slug)>,
    handles: HashMap<Uuid, Slug>,
}

impl Names {
    pub async fn of(state: &State, limits: impl IntoIterator<Item = Limit>) -> Result<Self> {
        let (mut namespaces, mut ids) = (vec![], vec![]);
        for limit in limits {
            match limit {
                Limit::Namespace(id) => namespaces.push(id),
                Limit::Filter(id) => ids.push(id),
            }
        }
        if namespaces.is_empty() && ids.is_empty() {
            return Ok(Self { filters: HashMap::new(), handles: HashMap::new() });
        }
        let rows: Vec<(Uuid, Uuid, Slug)> = filter::Entity::find()
            .select_only()
            .columns([filter::Column::Id, filter::Column::NamespaceId, filter::Column::Name])
            .filter(filter::Column::Id.is_in(ids))
            .into_tuple()
            .all(&*state.db)
            .await?;
        namespaces.extend(rows.iter().map(|(_, namespace, _)| *namespace));
        let filters = rows.into_iter().map(|(id, namespace, name)| (id, (namespace, name))).collect();
        Ok(Self { filters, handles: handles(&*state.db, namespaces).await? })
    }

    pub fn view(&self, limit: Limit) -> Option<LimitView> {
        let (namespace, filter) = match limit {
            Limit::Namespace(id) => (id, None),
            Limit::Filter(id) => {
                self.filters.get(&id).map(|(namespace, name)| (*namespace, Some(name.clone())))?
            }
        };
        Some(LimitView { namespace: handle_of(&self.handles, namespace), filter })
    }
}
