//! Who holds given bytes: the targets that run a module or are to, and the rules that keep it there. For the pages
//! that stop a release and those that lead away from it. Reads only. Whoever does not look after a target learns of
//! it no more than that it is one of so many.
use crate::{auth::Identity, error::Result, state::State, targets};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::SelectStatement,
};
use tamis_entities::{deployment, deployment_rule, release, target, value::Sha256};

/// Deployments that are named one by one.
pub const MOST: u64 = 20;

/// How many hold them, whoever looks after them.
pub struct Counted {
    pub targets: u64,
    /// Of these, the ones that the caller does not look after.
    pub others: u64,
    /// That keep them on some of these targets.
    pub rules: u64,
}

/// Wanted or confirmed there: one that is being taken back still runs. By way of the filters that have these bytes,
/// for which there is an index.
fn holding(sha256: &Sha256) -> Select<deployment::Entity> {
    let filters = release::Entity::find().select_only().column(release::Column::FilterId);
    let filters = filters.filter(release::Column::Sha256.eq(sha256.clone())).into_query();
    let holds = Condition::any()
        .add(deployment::Column::Sha256.eq(sha256.clone()))
        .add(deployment::Column::ConfirmedSha256.eq(sha256.clone()));
    deployment::Entity::find().filter(deployment::Column::FilterId.in_subquery(filters)).filter(holds)
}

fn only(column: deployment::Column, sha256: &Sha256) -> SelectStatement {
    holding(sha256).select_only().column(column).into_query()
}

/// In three queries.
pub async fn counted(state: &State, who: &Identity, sha256: &Sha256) -> Result<Counted> {
    let db = &*state.db;
    let of = || {
        target::Entity::find()
            .filter(target::Column::Id.in_subquery(only(deployment::Column::TargetId, sha256)))
    };
    let own = of().filter(target::Column::NamespaceId.is_in(targets::looked_after(who)));
    let rules = deployment_rule::Entity::find()
        .filter(deployment_rule::Column::Id.in_subquery(only(deployment::Column::RuleId, sha256)));
    let (targets, own) = (of().count(db).await?, own.count(db).await?);
    Ok(Counted { targets, others: targets.saturating_sub(own), rules: rules.count(db).await? })
}

/// Those on targets that the caller looks after; one more than are named, if there are more.
pub async fn own(state: &State, who: &Identity, sha256: &Sha256) -> Result<Vec<deployment::Model>> {
    let mine = target::Entity::find().select_only().column(target::Column::Id);
    let mine = mine.filter(target::Column::NamespaceId.is_in(targets::looked_after(who))).into_query();
    let rows = holding(sha256).filter(deployment::Column::TargetId.in_subquery(mine));
    Ok(rows.order_by_asc(deployment::Column::Id).limit(MOST + 1).all(&*state.db).await?)
}
