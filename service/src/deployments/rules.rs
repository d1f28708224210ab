//! Rules: a target follows what is published. Each filter that the rule's catalog query finds is wanted there at its
//! newest published release that fits; what somebody asked for by name is left alone. Here are the rules as people
//! write them; what they bring about is `follow`.
use super::want;
use crate::{
    audit::{self, Actor},
    auth::Identity,
    catalog::query::{CatalogQuery, Narrow},
    error::{Error, Result},
    http::{
        many::ManyQuery,
        page::{Cursors, PageQuery},
    },
    jobs::{self, Job},
    state::State,
    targets,
};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_entities::{
    deployment_rule, target,
    value::{Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Of one target.
const MOST: u64 = 50;

#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleSelector)]
pub struct Selector {
    /// As the address of the catalog page has it, e.g. `namespace=acme&type=http&label=edge`; empty: everything.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub query: String,
    /// Which versions, e.g. `^1.2`; without it every one that is no pre-release.
    #[schema(max_length = 100)]
    pub version: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"target": "0197a1c2-0000-7000-8000-000000000000", "name": "edge",
    "selector": {"query": "namespace=acme&label=edge", "version": "^1.2"}}))]
pub struct RuleRequest {
    pub target: Uuid,
    #[schema(value_type = String)]
    pub name: Slug,
    pub selector: Selector,
    /// What every deployment of this rule adds to the defaults.
    #[schema(value_type = Object)]
    pub config: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct RuleView {
    pub id: Uuid,
    pub target: Uuid,
    #[schema(value_type = String)]
    pub name: Slug,
    #[schema(value_type = Selector)]
    pub selector: Value,
    #[schema(value_type = Object)]
    pub config: Value,
    /// Why something was not followed the last time.
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

impl From<deployment_rule::Model> for RuleView {
    fn from(r: deployment_rule::Model) -> Self {
        Self {
            id: r.id,
            target: r.target_id,
            name: r.name,
            selector: r.selector,
            config: r.config,
            last_error: r.last_error,
            created_at: r.created_at,
        }
    }
}

/// Read once, when it is written.
pub struct Reading {
    pub query: CatalogQuery,
    pub version: semver::VersionReq,
}

impl Selector {
    pub fn read(&self) -> Result<Reading> {
        let wrong = |field: &str, why: String| Error::invalid(&format!("selector.{field}"), why);
        if self.query.len() > 1000 {
            return Err(wrong("query", "at most 1000 bytes".into()));
        }
        let query = ManyQuery::<CatalogQuery>::parse(self.query.trim_start_matches('?'));
        let query = query.map_err(|e| wrong("query", e.detail().to_owned()))?.0;
        let text = self.version.as_deref().unwrap_or("*");
        let version = semver::VersionReq::parse(text).map_err(|e| wrong("version", e.to_string()))?;
        Ok(Reading { query, version })
    }
}

pub async fn list(
    state: &State,
    who: &Identity,
    page: &PageQuery,
) -> Result<(Vec<deployment_rule::Model>, Option<String>)> {
    let cursors = Cursors { key: &state.secret, context: format!("rules|{}", who.id) };
    let mine = target::Entity::find()
        .select_only()
        .column(target::Column::Id)
        .filter(target::Column::NamespaceId.is_in(targets::looked_after(who)));
    let rows = deployment_rule::Entity::find()
        .filter(deployment_rule::Column::TargetId.in_subquery(mine.into_query()));
    cursors.by_id(&*state.db, rows, deployment_rule::Column::Id, Order::Asc, page).await
}

/// All of a target that the caller has found already.
pub async fn of(state: &State, target: Uuid) -> Result<Vec<deployment_rule::Model>> {
    let rows = deployment_rule::Entity::find().filter(deployment_rule::Column::TargetId.eq(target));
    Ok(rows.order_by_asc(deployment_rule::Column::Name).limit(MOST).all(&*state.db).await?)
}

/// A rule acts for whoever made it until somebody ends it, as the person that they are.
fn lasting(who: &Identity) -> Result<()> {
    targets::lasting(who)?;
    match who.limit {
        Some(_) => Err(Error::forbidden(
            "passing-credential",
            "a token for a part makes no rule, which would go on as all that its owner is; sign in, or use a \
             token for everything",
        )),
        None => Ok(()),
    }
}

pub async fn create(state: &State, who: &Identity, asked: RuleRequest) -> Result<deployment_rule::Model> {
    lasting(who)?;
    let unknown = |_| Error::invalid("target", "no target that you look after");
    let (target, home) = targets::find(&*state.db, who, asked.target).await.map_err(unknown)?;
    let reading = asked.selector.read()?;
    Narrow::of(state, &reading.query).await?;
    let config = asked.config.unwrap_or_else(|| json!({}));
    if let Some(wrong) = super::plan::wrong_config(&config) {
        return Err(Error::invalid("config", wrong));
    }
    let row = deployment_rule::Model {
        id: Uuid::now_v7(),
        target_id: target.id,
        name: asked.name,
        selector: serde_json::to_value(&asked.selector)?,
        config,
        enabled: true,
        last_error: None,
        created_by: who.id,
        created_at: state.clock.now(),
    };
    let txn = state.db.begin_write().await?;
    want::hold(&txn, [target.id].into()).await?;
    let there = || deployment_rule::Entity::find().filter(deployment_rule::Column::TargetId.eq(target.id));
    if there().filter(deployment_rule::Column::Name.eq(row.name.clone())).one(&*txn).await?.is_some() {
        return Err(Error::conflict("name-taken", "the target has a rule of this name"));
    }
    if there().count(&*txn).await? >= MOST {
        return Err(Error::invalid("name", format!("a target has at most {MOST} rules")));
    }
    deployment_rule::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let object = format!("target:{}/{}", home.handle, target.name);
    let detail = json!({"rule": row.name, "selector": row.selector});
    audit::record(&*txn, &state.clock, &Actor::from(who), "deployment-rule.create", object, detail).await?;
    jobs::enqueue(&*txn, &state.clock, &Job::FollowRules { filter: None, rule: Some(row.id) }).await?;
    txn.commit().await?;
    state.jobs.wake();
    Ok(row)
}

/// What it has deployed stays, and follows nothing any more.
pub async fn remove(state: &State, who: &Identity, id: Uuid) -> Result<target::Model> {
    let row = deployment_rule::Entity::find_by_id(id).one(&*state.db).await?;
    let of = row.as_ref().map_or(Uuid::nil(), |r| r.target_id);
    let (target, home) = targets::find(&*state.db, who, of).await?;
    let row = row.ok_or_else(Error::not_found)?;
    let txn = state.db.begin_write().await?;
    want::hold(&txn, [target.id].into()).await?;
    // Its deployments keep its id: nobody named them, so another rule may take them.
    deployment_rule::Entity::delete_by_id(id).exec(&*txn).await?;
    let object = format!("target:{}/{}", home.handle, target.name);
    let detail = json!({"rule": row.name});
    audit::record(&*txn, &state.clock, &Actor::from(who), "deployment-rule.delete", object, detail).await?;
    txn.commit().await?;
    Ok(target)
}
