//! The same act on several reviews at once: few at a time, each judged anew and recorded by itself, so
//! that one that is refused holds up no other. Approvals go together only where there is nothing to tell
//! them apart.
use super::{
    acts,
    checks::CheckFinding,
    decide::{self, VoteRequest},
    words,
};
use crate::{
    auth::{self, Caller, ReviewAccess, access::load_review, table::Need},
    error::{Error, Kind, Result},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use tamis_entities::{
    review, review_check,
    value::{CheckResult, Decision, ReviewState, Sha256, Slug, Version},
};
use utoipa::ToSchema;
use uuid::Uuid;

pub const MOST: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManyAct {
    Take,
    PutBack,
    Comment,
    RequestChanges,
    Reject,
    /// Only what has the same addends of risk and the same remarks of required checks, and is no first
    /// publication.
    Approve,
}

/// A review as it was looked at.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    pub id: Uuid,
    pub digest: Sha256,
    pub revision: Sha256,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManyRequest {
    pub act: ManyAct,
    #[schema(min_items = 1, max_items = 20)]
    pub items: Vec<Looked>,
    /// A code of the catalogue of reasons.
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    /// What is told the authors; the text of a comment.
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
pub struct ManyOutcome {
    pub id: Uuid,
    /// Null where there is none that you may see.
    pub namespace: Option<Slug>,
    pub filter: Option<Slug>,
    pub version: Option<Version>,
    pub done: bool,
    /// The stable code of the error, if it was not done.
    pub code: Option<&'static str>,
    pub detail: Option<String>,
}

pub async fn act(state: &State, caller: &Caller, request: ManyRequest) -> Result<Vec<ManyOutcome>> {
    let ids: HashSet<_> = request.items.iter().map(|item| item.id).collect();
    if request.items.is_empty() || request.items.len() > MOST || ids.len() < request.items.len() {
        return Err(Error::invalid("items", format!("1 to {MOST} reviews, each once")));
    }
    if request.act == ManyAct::Comment && request.note.as_deref().is_none_or(|note| note.trim().is_empty()) {
        return Err(Error::invalid("note", "what to say, 1 to 10000 bytes"));
    }
    let votes = matches!(request.act, ManyAct::Approve | ManyAct::Reject | ManyAct::RequestChanges);
    let who = caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))?;
    if votes {
        auth::recent(who, &state.clock)?;
    }
    let need = if votes { Need::VoteReview } else { Need::ReadReview };
    let mut found = vec![];
    for item in &request.items {
        found.push(load_review(state, caller.clone(), item.id, need).await);
    }
    if request.act == ManyAct::Approve {
        let reviews: Vec<_> = found.iter().flatten().map(|found| &found.review).collect();
        alike(&reviews, &remarks(state, &reviews).await?)?;
    }
    let mut outcomes = vec![];
    for (item, found) in request.items.iter().zip(found) {
        let done = match &found {
            Ok(found) => one(state, found, item, &request).await,
            Err(_) => Ok(()),
        };
        let (found, error) = match found {
            Ok(found) => (Some(found), done.err()),
            Err(error) => (None, Some(error)),
        };
        outcomes.push(outcome(item.id, found, error)?);
    }
    Ok(outcomes)
}

fn outcome(id: Uuid, found: Option<ReviewAccess>, error: Option<Error>) -> Result<ManyOutcome> {
    if let Some(error) = error.as_ref().filter(|e| matches!(e.kind(), Kind::Internal | Kind::Unavailable)) {
        tracing::warn!(review = %id, %error, "one of several reviews could not be acted on");
    }
    Ok(ManyOutcome {
        id,
        namespace: found.as_ref().map(|f| f.access.namespace.handle.clone()),
        filter: found.as_ref().map(|f| f.access.filter.name.clone()),
        version: found.map(|f| f.release.version),
        done: error.is_none(),
        code: error.as_ref().map(Error::code),
        detail: error.map(|e| e.detail().to_owned()),
    })
}

/// What required checks say of each besides that they passed: the check, and what it found.
type Remarks = HashMap<Uuid, BTreeSet<String>>;

/// Of one class of risk: what makes one of them worth a closer look makes all of them.
fn alike(reviews: &[&review::Model], remarks: &Remarks) -> Result<()> {
    let class = |r: &review::Model| {
        let addends = r.addends.iter().flat_map(|all| all.0.iter());
        let addends: BTreeSet<_> = addends.map(|a| (a.id.clone(), a.points)).collect();
        (r.action, addends, remarks.get(&r.id).cloned())
    };
    if reviews.windows(2).all(|two| class(two[0]) == class(two[1])) {
        return Ok(());
    }
    let detail = "approve together only what has the same addends of risk and the same remarks of required checks; open the others one by one";
    Err(Error::conflict("not-alike", detail))
}

async fn remarks(state: &State, reviews: &[&review::Model]) -> Result<Remarks> {
    use review_check::Column::{Required, Result as Outcome, ReviewId};
    let rows = review_check::Entity::find()
        .filter(ReviewId.is_in(reviews.iter().map(|r| r.id)))
        .filter(Required.eq(true))
        .filter(Outcome.ne(CheckResult::Pass));
    let mut all = Remarks::new();
    for row in rows.all(&*state.db).await? {
        let found: Vec<CheckFinding> = serde_json::from_value(row.findings)?;
        let found = found.iter().map(|f| format!("{}: {}: {}", row.check_id, row.result, f.message));
        all.entry(row.review_id).or_default().extend(found);
    }
    Ok(all)
}

async fn one(state: &State, found: &ReviewAccess, item: &Looked, request: &ManyRequest) -> Result<()> {
    let decision = match request.act {
        ManyAct::Take => return acts::assign(state, found, Some(found.access.who()?.id)).await,
        ManyAct::PutBack => return acts::assign(state, found, None).await,
        ManyAct::Comment => {
            return acts::comment(state, found, request.note.as_deref().unwrap_or_default(), false).await;
        }
        ManyAct::RequestChanges => Decision::RequestChanges,
        ManyAct::Reject => Decision::Reject,
        ManyAct::Approve if found.review.first_publication => {
            return Err(Error::conflict(
                "first-publication",
                "a first publication is approved on its own page",
            ));
        }
        // Of what is still being checked nobody knows what class it is of.
        ManyAct::Approve if found.review.state != ReviewState::InReview => {
            let is = words::is(found.review.state);
            let detail = format!("this review is {is}; only what is in review is approved with others");
            return Err(Error::conflict("review-state", detail));
        }
        ManyAct::Approve => Decision::Approve,
    };
    let vote = VoteRequest {
        decision,
        digest: item.digest.clone(),
        revision: Some(item.revision.clone()),
        // What made them alike is what was found then.
        evidence: found.review.evidence.clone().filter(|_| request.act == ManyAct::Approve),
        reason: request.reason.clone(),
        note: request.note.clone(),
    };
    decide::vote(state, found, vote).await
}
