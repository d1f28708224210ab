//! What a rule brought to its target and does not find any more. What nobody may have any more is taken back; what
//! is only not found, or yanked, stays. Either way the rule says so.
use super::{
    follow,
    want::{self, Wish},
};
use crate::{auth::Identity, error::Result, state::State};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{HashMap, HashSet};
use tamis_entities::{deployment, deployment_rule, release, value::ReleaseState};
use uuid::Uuid;

/// Besides what the rule follows now; what is to be said of each.
pub async fn settle(
    state: &State,
    who: &Identity,
    rule: &deployment_rule::Model,
    only: Option<Uuid>,
    followed: &HashSet<Uuid>,
) -> Result<Vec<String>> {
    let rows = deployment::Entity::find()
        .filter(deployment::Column::TargetId.eq(rule.target_id))
        .filter(deployment::Column::RuleId.eq(rule.id))
        .filter(Condition::all().add_option(only.map(|id| deployment::Column::FilterId.eq(id))))
        .order_by_asc(deployment::Column::Id);
    let mut rows = rows.all(&*state.db).await?;
    rows.retain(|row| !followed.contains(&row.filter_id));
    let ids = rows.iter().filter_map(|row| row.release_id);
    let releases = release::Entity::find().filter(release::Column::Id.is_in(ids)).all(&*state.db).await?;
    let states: HashMap<_, _> = releases.into_iter().map(|r| (r.id, r.state)).collect();
    let mut words = vec![];
    for row in &rows {
        let standing = row.release_id.and_then(|id| states.get(&id));
        let so = match standing {
            Some(ReleaseState::Published) => "the query does not find it any more; it stays there",
            Some(ReleaseState::Yanked) => "it was yanked, and nothing else fits; it stays there",
            Some(ReleaseState::Quarantined | ReleaseState::Draft) | None => {
                if row.release_id.is_some() {
                    take_back(state, who, rule, row).await?;
                }
                "no published release fits any more; it is taken back"
            }
        };
        words.push(format!("{}/{}: {so}", row.namespace, row.filter));
    }
    Ok(words)
}

async fn take_back(
    state: &State,
    who: &Identity,
    rule: &deployment_rule::Model,
    seen: &deployment::Model,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let Some(target) = want::hold(&txn, [rule.target_id].into()).await?.pop() else { return Ok(()) };
    let before = want::find(&txn, target.id, seen.filter_id).await?;
    // Whatever is wanted since then is not this rule's.
    let Some(before) = before.filter(|b| b.revision == seen.revision && b.rule_id == Some(rule.id)) else {
        return Ok(());
    };
    let (config, effective) = (before.config.clone(), before.effective.clone());
    let wish = Wish { release: None, config, effective, rule: Some(rule.id) };
    let row = want::revise(state, &txn, who.id, &before, wish).await?;
    want::rouse(state, &txn, &target).await?;
    follow::note(state, &txn, who, rule, (&row, &target)).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(())
}
