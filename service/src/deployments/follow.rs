//! What rules bring about: the job that looks for what each finds and makes the target want it. Knows nothing of how
//! a rule is written, nor of how a deployment gets to its target.
use super::{
    check, leftovers, rules,
    want::{self, Wish},
};
use crate::{
    audit::{self, Actor},
    auth::Identity,
    auth::identity::{Via, identity},
    catalog::query::{CatalogQuery, Narrow},
    db::WriteTxn,
    error::{Error, Kind, Result},
    jobs::{self, Job},
    search::{self, Corpus},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use tamis_entities::{
    catalog_entry, deployment, deployment_rule, filter, release, target,
    value::{DeploymentState, MemberRole, ReleaseState, Version},
};
use uuid::Uuid;

/// Filters that one rule follows.
const MOST_FILTERS: u64 = 200;
/// Characters of what is said of a rule.
const MOST_WORDS: usize = 1000;

/// Something of a filter became public or stopped being so; in the caller's transaction.
pub async fn announce(state: &State, txn: &WriteTxn<'_>, filter: Uuid) -> Result<()> {
    let enabled = deployment_rule::Entity::find().filter(deployment_rule::Column::Enabled.eq(true));
    if enabled.count(&**txn).await? == 0 {
        return Ok(());
    }
    jobs::enqueue(&**txn, &state.clock, &Job::FollowRules { filter: Some(filter), rule: None }).await
}

/// The job: one rule for all filters, or all rules for one filter.
pub async fn follow(state: &State, filter: Option<Uuid>, rule: Option<Uuid>) -> Result<()> {
    let rules = deployment_rule::Entity::find()
        .filter(deployment_rule::Column::Enabled.eq(true))
        .filter(Condition::all().add_option(rule.map(|id| deployment_rule::Column::Id.eq(id))))
        .order_by_asc(deployment_rule::Column::Id);
    let mut held_up = Ok(());
    for rule in rules.all(&*state.db).await? {
        // One that met trouble is gone through whole: what is said of it is then what is so.
        let only = filter.filter(|_| rule.last_error.is_none());
        let error = match follow_one(state, &rule, only).await {
            Ok(trouble) => trouble,
            Err(error) if matches!(error.kind(), Kind::Invalid | Kind::NotFound | Kind::Forbidden) => {
                Some(error.detail().to_owned())
            }
            // No fault of the rule: the job comes again, once the others had their turn.
            Err(error) => {
                held_up = Err(error);
                continue;
            }
        };
        if error != rule.last_error {
            let txn = state.db.begin_write().await?;
            let change = deployment_rule::ActiveModel { last_error: Set(error), ..Default::default() };
            let this = deployment_rule::Entity::update_many().set(change);
            this.filter(deployment_rule::Column::Id.eq(rule.id)).exec(&*txn).await?;
            txn.commit().await?;
        }
    }
    held_up
}

/// Filters of the catalog that the query finds; one more than are followed, if there are more.
async fn found(state: &State, query: &CatalogQuery, only: Option<Uuid>) -> Result<Vec<Uuid>> {
    let narrow = Narrow::of(state, query).await?;
    let within = narrow.everything(state, query).await?;
    let within =
        Condition::all().add(within).add_option(only.map(|id| catalog_entry::Column::FilterId.eq(id)));
    match query.words() {
        Some(words) => {
            let mut hits =
                search::find(&*state.db, Corpus::Catalog, words, Some(within), MOST_FILTERS + 1).await?;
            hits.retain(|id| only.is_none_or(|only| only == *id));
            Ok(hits)
        }
        None => {
            let ids = catalog_entry::Entity::find().select_only().column(catalog_entry::Column::FilterId);
            let ids = ids.filter(within).order_by_asc(catalog_entry::Column::FilterId);
            Ok(ids.limit(MOST_FILTERS + 1).into_tuple().all(&*state.db).await?)
        }
    }
}

/// Of each filter the newest published release that fits.
async fn newest(
    state: &State,
    ids: &[Uuid],
    fits: &semver::VersionReq,
) -> Result<HashMap<Uuid, release::Model>> {
    use release::Column::{FilterId, Id, State as Is, Version as Named};
    let published = || release::Entity::find().filter(Is.eq(ReleaseState::Published));
    let all = published().select_only().columns([Id, FilterId, Named]);
    let all = all.filter(FilterId.is_in(ids.iter().copied())).into_tuple::<(Uuid, Uuid, Version)>();
    let mut newest: HashMap<Uuid, (semver::Version, Uuid)> = HashMap::new();
    for (id, filter, version) in all.all(&*state.db).await? {
        let version = version.semver();
        if fits.matches(&version) && newest.get(&filter).is_none_or(|(known, _)| *known < version) {
            newest.insert(filter, (version, id));
        }
    }
    let chosen = published().filter(Id.is_in(newest.into_values().map(|(_, id)| id)));
    Ok(chosen.all(&*state.db).await?.into_iter().map(|release| (release.filter_id, release)).collect())
}

/// Why something of it was not done, if so.
async fn follow_one(
    state: &State,
    rule: &deployment_rule::Model,
    only: Option<Uuid>,
) -> Result<Option<String>> {
    let Some(who) = identity(&*state.db, rule.created_by, Via::Operator, None).await? else {
        return Ok(Some("whoever made the rule has no account any more; make it anew".into()));
    };
    let target =
        target::Entity::find_by_id(rule.target_id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    if who.role_in(target.namespace_id) < Some(MemberRole::Maintainer) {
        return Ok(Some(format!(
            "{} does not look after this target any more; make the rule anew",
            who.handle
        )));
    }
    let reading = serde_json::from_value::<rules::Selector>(rule.selector.clone())?.read()?;
    let mut ids = found(state, &reading.query, only).await?;
    let mut trouble = vec![];
    if ids.len() > MOST_FILTERS as usize {
        ids.truncate(MOST_FILTERS as usize);
        trouble.push(format!("the query finds more than {MOST_FILTERS} filters, and no more are followed"));
    }
    let mut releases = newest(state, &ids, &reading.version).await?;
    let followed: HashSet<_> = releases.keys().copied().collect();
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids));
    for filter in filters.order_by_asc(filter::Column::Id).all(&*state.db).await? {
        let Some(release) = releases.remove(&filter.id) else { continue };
        let name = format!("{}@{}", filter.name, release.version);
        let subject = match check::of(state, &who, filter, release).await {
            Err(error) if error.kind() == Kind::NotFound => {
                trouble.push(format!("{name}: {} may not see it", who.handle));
                continue;
            }
            subject => subject?,
        };
        let (effective, fits) = subject.effective(state, &target, &rule.config);
        let checks: Vec<_> = subject.checks.iter().cloned().chain([fits]).collect();
        match check::against(&checks) {
            Some(why) => trouble.push(format!("{}/{name}: {}", subject.namespace.handle, why.message)),
            None => wish(state, &who, rule, &subject, effective).await?,
        }
    }
    trouble.extend(leftovers::settle(state, &who, rule, only, &followed).await?);
    let words: String = trouble.join("; ").chars().take(MOST_WORDS).collect();
    Ok(Some(words).filter(|words| !words.is_empty()))
}

async fn wish(
    state: &State,
    who: &Identity,
    rule: &deployment_rule::Model,
    subject: &check::Subject,
    effective: Value,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let Some(target) = want::hold(&txn, [rule.target_id].into()).await?.pop() else { return Ok(()) };
    if deployment_rule::Entity::find_by_id(rule.id).one(&*txn).await?.is_none() {
        return Ok(());
    }
    let before = want::find(&txn, target.id, subject.filter.id).await?;
    let wish = Wish {
        release: Some(&subject.release),
        config: rule.config.clone(),
        effective: effective.clone(),
        rule: Some(rule.id),
    };
    let row = match before {
        None => want::begin(&txn, who.id, state.clock.now(), (&target, subject), wish).await?,
        Some(before) if !is_free(&txn, rule, &before).await? => return Ok(()),
        Some(before)
            if before.rule_id == Some(rule.id)
                && before.release_id == Some(subject.release.id)
                && before.effective == effective =>
        {
            return match before.state {
                DeploymentState::Blocked | DeploymentState::Dead => {
                    want::again(state, &txn, who.id, before).await?;
                    want::rouse(state, &txn, &target).await?;
                    txn.commit().await?;
                    state.deploying.wake();
                    Ok(())
                }
                _ => Ok(()),
            };
        }
        Some(before) => want::revise(state, &txn, who.id, &before, wish).await?,
    };
    want::rouse(state, &txn, &target).await?;
    note(state, &txn, who, rule, (&row, &target)).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(())
}

/// Whether the rule may have it: nobody asked for it by name or took it back, and no other rule keeps it.
async fn is_free(txn: &WriteTxn<'_>, rule: &deployment_rule::Model, row: &deployment::Model) -> Result<bool> {
    match row.rule_id {
        None => Ok(false),
        Some(id) if id == rule.id => Ok(true),
        Some(id) => Ok(deployment_rule::Entity::find_by_id(id).one(&**txn).await?.is_none()),
    }
}

pub async fn note(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    rule: &deployment_rule::Model,
    (row, target): (&deployment::Model, &target::Model),
) -> Result<()> {
    let object = format!("deployment:{}/{}", row.namespace, row.filter);
    let detail = json!({"rule": rule.name, "target": target.name, "version": row.version, "digest": row.sha256, "revision": row.revision});
    let actor = Actor::rule(rule.id, who);
    audit::record(&**txn, &state.clock, &actor, "deployment.follow", object, detail).await
}
