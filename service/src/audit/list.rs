//! Reading the log: newest first, narrowed by who, what and to what.
use crate::{
    error::{Error, Result},
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, Order, QueryFilter,
    sea_query::{Expr, LikeExpr},
};
use serde::{Deserialize, Serialize};
use tamis_entities::{audit_entry, value::Timestamp};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const LONGEST: usize = 300;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Who did it: `user:alice`, `robot:acme-ci`, `system:gc`.
    #[param(max_length = 300)]
    pub actor: Option<String>,
    /// What was done, with everything below it: `team` finds `team.member.set`.
    #[param(max_length = 300)]
    pub action: Option<String>,
    /// To what: `filter:alice/guard`, `team:acme`.
    #[param(max_length = 300)]
    pub object: Option<String>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct AuditView {
    pub id: Uuid,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub object: String,
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// Its place in the chain; null for about a second.
    pub seq: Option<i64>,
    pub hash: Option<String>,
}

fn below(action: &str) -> Condition {
    let word = action.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let column = || Expr::col(audit_entry::Column::Action);
    Condition::any()
        .add(column().eq(action))
        .add(column().like(LikeExpr::new(format!("{word}.%")).escape('\\')))
}

pub async fn list(state: &State, query: &AuditQuery) -> Result<Page<AuditView>> {
    let AuditQuery { actor, action, object, .. } = query;
    for (field, text) in [("actor", actor), ("action", action), ("object", object)] {
        if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
            return Err(Error::invalid(field, format!("at most {LONGEST} bytes")));
        }
    }
    let rows = audit_entry::Entity::find().filter(
        Condition::all()
            .add_option(actor.as_ref().map(|actor| audit_entry::Column::Actor.eq(actor)))
            .add_option(action.as_deref().map(below))
            .add_option(object.as_ref().map(|object| audit_entry::Column::Object.eq(object))),
    );
    let context = format!("audit|{}", serde_json::json!([actor, action, object]));
    let cursors = Cursors { key: &state.secret, context };
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let (rows, next) = cursors.by_id(&*state.db, rows, audit_entry::Column::Id, Order::Desc, &page).await?;
    let view = |e: audit_entry::Model| AuditView {
        id: e.id,
        at: e.at,
        actor: e.actor,
        action: e.action,
        object: e.object,
        detail: e.detail,
        seq: e.seq,
        hash: e.hash,
    };
    Ok(Page { items: rows.into_iter().map(view).collect(), next })
}
