//! The one function through which anything happens to a review: rows locked, the move looked up,
//! the doer judged, the row changed, and history, audit log and event written, all in the
//! caller's transaction. Nothing else in Tamis writes the table of reviews.
use super::{
    history::{self, record},
    moves::{self, By, Move},
    words,
};
use crate::{
    audit::Actor,
    auth::{Identity, access, access::Relation},
    db::WriteTxn,
    error::{Error, Result},
    releases::publication,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::Value;
use std::time::Duration;
use tamis_entities::{
    filter, namespace, release, review, review_event, review_recusal,
    value::{ReviewAct, ReviewState, Timestamp},
};
use uuid::Uuid;

/// A review with what it speaks of, as they are in this transaction.
pub struct Current {
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub release: release::Model,
    pub review: review::Model,
}

/// The rows, locked in the order filter, review, release (SQLite, with its one writer, has no
/// use for the locks and leaves them out).
pub async fn current(txn: &WriteTxn<'_>, id: Uuid) -> Result<Current> {
    // A review never moves to another filter, so this one may be read before it is locked.
    let missing = Error::not_found;
    let review = review::Entity::find_by_id(id).one(&**txn).await?.ok_or_else(missing)?;
    let filter = access::lock_filter(&**txn, review.filter_id).await?.ok_or_else(missing)?;
    let review = review::Entity::find_by_id(id).lock_exclusive().one(&**txn).await?.ok_or_else(missing)?;
    let release = release::Entity::find_by_id(review.release_id).lock_exclusive().one(&**txn).await?;
    let namespace = namespace::Entity::find_by_id(filter.namespace_id).one(&**txn).await?;
    match (release, namespace) {
        (Some(release), Some(namespace)) => Ok(Current { namespace, filter, release, review }),
        _ => Err(missing()),
    }
}

impl Current {
    /// The review still speaks of what is there.
    pub fn is_fresh(&self) -> bool {
        self.review.sha256 == self.release.sha256
            && self.review.revision
                == publication::current_revision(&self.filter, &self.release, &self.review)
    }

    pub fn object(&self) -> String {
        format!("release:{}/{}@{}", self.namespace.handle, self.filter.name, self.release.version)
    }
}

/// Who does it.
#[derive(Clone, Copy)]
pub enum Doer<'a> {
    System(&'static str),
    Person(&'a Identity),
}

impl Doer<'_> {
    pub fn actor(self) -> Actor {
        match self {
            Self::System(part) => Actor::system(part),
            Self::Person(who) => Actor::from(who),
        }
    }

    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::System(_) => None,
            Self::Person(who) => Some(who.id),
        }
    }
}

/// What is done, and why.
#[derive(Default)]
pub struct Why {
    pub reason: Option<String>,
    pub note: Option<String>,
    /// Words that stand elsewhere in the history and are told with this act: those of a vote.
    pub told: Option<String>,
    /// More for the audit log and the event.
    pub detail: Value,
}

/// What somebody is to a review now: the roles of the table of moves.
pub async fn standing<C: ConnectionTrait>(
    db: &C,
    who: &Identity,
    (filter, release, review): (&filter::Model, &release::Model, &review::Model),
    at: Timestamp,
) -> Result<Vec<By>> {
    let relation = Relation::of(db, who, filter, at).await?;
    let submitted = review.submitted_by == who.id && relation.is_insider();
    let own = review.submitted_by == who.id || release.created_by == who.id || relation.writes();
    let mut roles = vec![];
    if submitted || relation.writes() {
        roles.push(By::Author);
    }
    if who.is_curator() {
        roles.push(By::Curator);
        if !own && !has_asked(db, review.id, who.id).await? && !has_recused(db, review.id, who.id).await? {
            roles.push(By::Decider);
            if who.administers() {
                roles.push(By::Admin);
            }
        }
    }
    Ok(roles)
}

/// Whether somebody brought it before the curators, in any round: it is their work, whatever they may write now.
async fn has_asked<C: ConnectionTrait>(db: &C, review: Uuid, who: Uuid) -> Result<bool> {
    let asked = review_event::Entity::find()
        .filter(review_event::Column::ReviewId.eq(review))
        .filter(review_event::Column::ActorId.eq(who))
        .filter(review_event::Column::Act.is_in([ReviewAct::Submit, ReviewAct::Resubmit]));
    Ok(asked.count(db).await? > 0)
}

pub async fn has_recused<C: ConnectionTrait>(db: &C, review: Uuid, who: Uuid) -> Result<bool> {
    Ok(review_recusal::Entity::find_by_id((review, who)).count(db).await? > 0)
}

async fn judge(state: &State, txn: &WriteTxn<'_>, now: &Current, doer: Doer<'_>, row: &Move) -> Result<()> {
    let roles = match doer {
        Doer::System(_) => vec![By::System],
        Doer::Person(who) => {
            let about = (&now.filter, &now.release, &now.review);
            standing(&**txn, who, about, state.clock.now()).await?
        }
    };
    if row.by.iter().any(|b| roles.contains(b)) {
        return Ok(());
    }
    let deciding = row.by.iter().any(|b| matches!(b, By::Decider | By::Admin));
    let Doer::Person(who) = doer else { return Err(Error::internal("the system may not do this")) };
    if deciding && roles.contains(&By::Curator) && has_recused(&**txn, now.review.id, who.id).await? {
        return Err(Error::forbidden("recused", "you have recused yourself from this review"));
    }
    if deciding && roles.contains(&By::Curator) && !roles.contains(&By::Decider) {
        let detail = "who submitted, uploaded or may write a filter does not decide on it";
        return Err(Error::forbidden("own-work", detail));
    }
    let detail = match row.by {
        [By::Author] => "the submitter, or who may write the filter, can do this",
        [By::Curator] | [By::Decider] | [By::Decider, By::System] => "only curators do this",
        [By::Admin] => "only administrators do this",
        _ => "the submitter, who may write the filter, or a curator can do this",
    };
    Err(Error::forbidden("role", detail))
}

/// Refused as the state of the review wants it said.
fn illegal(act: ReviewAct, from: ReviewState) -> Error {
    match act {
        ReviewAct::Release => Error::conflict(
            "not-approved",
            format!("this review is {}; only an approved one can be released", words::is(from)),
        ),
        _ if !from.is_open() => {
            Error::conflict("review-closed", format!("this review is {}; it has ended", words::is(from)))
        }
        _ => Error::conflict(
            "review-state",
            format!("this review is {}; it cannot be {} now", words::is(from), words::done(act)),
        ),
    }
}

/// Whether the doer may do this, and the review is where it starts from.
pub async fn check(
    state: &State,
    txn: &WriteTxn<'_>,
    now: &Current,
    doer: Doer<'_>,
    act: ReviewAct,
) -> Result<&'static Move> {
    let row = moves::row(act).ok_or_else(|| Error::internal(format!("no move is called {act}")))?;
    judge(state, txn, now, doer, row).await?;
    match row.from.contains(&now.review.state) {
        true => Ok(row),
        false => Err(illegal(act, now.review.state)),
    }
}

/// Does one act. `also` changes further columns of the row with it, never the state.
pub async fn make(
    state: &State,
    txn: &WriteTxn<'_>,
    now: &mut Current,
    doer: Doer<'_>,
    act: ReviewAct,
    why: Why,
    also: impl FnOnce(&mut review::ActiveModel),
) -> Result<()> {
    let row = check(state, txn, now, doer, act).await?;
    let from = now.review.state;
    let (to, at) = (row.to.unwrap_or(from), state.clock.now());
    let mut change = review::ActiveModel { ..Default::default() };
    also(&mut change);
    keep_time(&mut change, &now.review, to, at);
    change.state = Set(to);
    change.updated_at = Set(at);
    let done = review::Entity::update_many()
        .set(change)
        .filter(review::Column::Id.eq(now.review.id))
        .filter(review::Column::State.eq(from))
        .exec(&**txn)
        .await?;
    if done.rows_affected == 0 {
        return Err(Error::conflict("conflict", "somebody else moved the review at the same moment"));
    }
    now.review = review::Entity::find_by_id(now.review.id).one(&**txn).await?.ok_or_else(Error::not_found)?;
    record(state, txn, now, doer, act, from, why).await
}

/// Due times stand still while the author has the review; a decision has its moment.
fn keep_time(change: &mut review::ActiveModel, was: &review::Model, to: ReviewState, at: Timestamp) {
    use ReviewState::*;
    match (was.paused_at, to) {
        (None, ChangesRequested) => change.paused_at = Set(Some(at)),
        (Some(since), to) if to != ChangesRequested => {
            let stood = Duration::from_micros(u64::try_from(at.0.saturating_sub(since.0)).unwrap_or(0));
            change.paused_at = Set(None);
            change.due_at = Set(was.due_at.map(|due| due.plus(stood)));
        }
        _ => {}
    }
    match to {
        Approved | Rejected if was.state != to => change.decided_at = Set(Some(at)),
        Checking | InReview | ChangesRequested => change.decided_at = Set(None),
        _ => {}
    }
}

/// Makes the row of a new request; the rows that it speaks of are locked by the caller, who has
/// checked that the submitter may write the filter.
pub async fn open(state: &State, txn: &WriteTxn<'_>, who: &Identity, now: &Current) -> Result<()> {
    review::Entity::insert(now.review.clone().into_active_model()).exec_without_returning(&**txn).await?;
    let from = now.review.state;
    record(state, txn, now, Doer::Person(who), ReviewAct::Submit, from, Why::default()).await
}

/// Ends many at once, without their rows being read one by one.
pub async fn supersede(
    state: &State,
    txn: &WriteTxn<'_>,
    of: impl sea_orm::sea_query::IntoCondition,
    states: &[ReviewState],
    reason: &'static str,
) -> Result<()> {
    let legal = moves::row(ReviewAct::Supersede).map_or(&[][..], |row| row.from);
    let found = review::Entity::find()
        .filter(of)
        .filter(review::Column::State.is_in(states.iter().copied().filter(|s| legal.contains(s))))
        .lock_exclusive()
        .all(&**txn)
        .await?;
    let at = state.clock.now();
    for some in found.chunks(200) {
        review::Entity::update_many()
            .col_expr(review::Column::State, Expr::value(ReviewState::Superseded))
            .col_expr(review::Column::UpdatedAt, Expr::value(at))
            .filter(review::Column::Id.is_in(some.iter().map(|r| r.id)))
            .exec(&**txn)
            .await?;
        history::record_superseded(state, txn, some, reason).await?;
    }
    Ok(())
}

/// A sign of life of who holds the review: their lease is as long as new.
pub async fn renew(txn: &WriteTxn<'_>, review: Uuid, holder: Uuid, until: Timestamp) -> Result<bool> {
    let update = review::Entity::update_many()
        .col_expr(review::Column::LeaseUntil, Expr::value(until))
        .filter(review::Column::Id.eq(review))
        .filter(review::Column::Assignee.eq(holder))
        .filter(review::Column::LeaseUntil.is_not_null());
    Ok(update.exec(&**txn).await?.rows_affected > 0)
}
