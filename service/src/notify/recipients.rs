//! Who is told of an event: one table by kind, and the people behind its words as they are now.
//! Whether somebody may still see it is asked again when they look.
use crate::{db::WriteTxn, error::Result, reviews::acts::holder};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use std::collections::BTreeSet;
use tamis_entities::{
    event, filter, grant, namespace, release, review, review_recusal, team_member, user,
    value::{GrantLevel, MemberRole, NamespaceKind, NoticeKind, Role, Timestamp},
};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Those who may write the filter, and who asked.
    Authors,
    /// The curator who has taken the review.
    Holder,
    /// The same; while nobody has taken it, every curator who may decide it.
    Next,
    /// Every curator who may decide it.
    Deciders,
    Admins,
}
use Who::*;

pub fn audience(kind: NoticeKind) -> &'static [Who] {
    use NoticeKind::*;
    match kind {
        ReviewSubmit | ReviewResubmit => &[Authors],
        // The curators' turn.
        ReviewChecksPass | ReviewReopen => &[Authors, Next],
        // Takes somebody else than the holder.
        ReviewAppeal | ReviewWithdrawAppeal | ReviewAskBreakGlass => &[Authors, Deciders],
        ReviewEscalate => &[Authors, Holder, Admins],
        ReviewChecksBlock | ReviewAssign | ReviewComment | ReviewRequestChanges | ReviewReconsider
        | ReviewApprove | ReviewReject | ReviewUphold | ReviewWithdraw | ReviewExpire | ReviewSupersede => {
            &[Authors, Holder]
        }
        ReleasePublish | ReleaseUnpublish | ReleaseUpdate | ReleaseYank | ReleaseUnyank
        | ReleaseQuarantine | ReleaseUnquarantine | CapabilityUrlEnding => &[Authors],
    }
}

/// A remark that curators make among themselves.
pub fn is_internal(event: &event::Model) -> bool {
    event.payload["internal"] == true
}

pub async fn of(
    txn: &WriteTxn<'_>,
    kind: NoticeKind,
    event: &event::Model,
    filter: &filter::Model,
    now: Timestamp,
) -> Result<Vec<Uuid>> {
    let writers = writers(txn, filter, now).await?;
    let review = match event.review_id {
        Some(id) => review::Entity::find_by_id(id).one(&**txn).await?,
        None => None,
    };
    let held = review.as_ref().and_then(|review| holder(review, now));
    let mut told = BTreeSet::new();
    for who in audience(kind) {
        match (who, &review) {
            (Authors, _) if is_internal(event) => {}
            (Authors, _) => {
                told.extend(&writers);
                told.extend(review.as_ref().map(|review| review.submitted_by));
            }
            (Holder, _) => told.extend(held),
            (Next, Some(_)) if held.is_some() => told.extend(held),
            (Next | Deciders, Some(review)) => told.extend(&deciders(txn, review).await? - &writers),
            (Next | Deciders, None) => {}
            (Admins, _) => told.extend(ids(txn, with_role(&[Role::Admin])).await?),
        }
    }
    if let Some(actor) = event.actor_id {
        told.remove(&actor);
    }
    let told = people().filter(user::Column::Id.is_in(told));
    Ok(ids(txn, told).await?.into_iter().collect())
}

/// Accounts of people who can come in; robots and the system read no inbox.
fn people() -> Select<user::Entity> {
    let persons = namespace::Entity::find()
        .select_only()
        .column(namespace::Column::Id)
        .filter(namespace::Column::Kind.eq(NamespaceKind::User));
    user::Entity::find()
        .filter(user::Column::DisabledAt.is_null())
        .filter(user::Column::RobotOf.is_null())
        .filter(user::Column::Id.in_subquery(persons.into_query()))
}

fn with_role(roles: &[Role]) -> Select<user::Entity> {
    people().filter(user::Column::Role.is_in(roles.iter().copied()))
}

async fn ids(txn: &WriteTxn<'_>, users: Select<user::Entity>) -> Result<BTreeSet<Uuid>> {
    let ids = users.select_only().column(user::Column::Id).into_tuple::<Uuid>().all(&**txn).await?;
    Ok(ids.into_iter().collect())
}

/// Curators who did not ask, did not upload and have not recused themselves.
async fn deciders(txn: &WriteTxn<'_>, review: &review::Model) -> Result<BTreeSet<Uuid>> {
    let uploader = release::Entity::find()
        .select_only()
        .column(release::Column::CreatedBy)
        .filter(release::Column::Id.eq(review.release_id));
    let recused = review_recusal::Entity::find()
        .select_only()
        .column(review_recusal::Column::UserId)
        .filter(review_recusal::Column::ReviewId.eq(review.id));
    let able = with_role(&[Role::Curator, Role::Admin])
        .filter(user::Column::Id.ne(review.submitted_by))
        .filter(user::Column::Id.not_in_subquery(uploader.into_query()))
        .filter(user::Column::Id.not_in_subquery(recused.into_query()));
    ids(txn, able).await
}

/// As `Relation::writes` has it, asked the other way round.
async fn writers(txn: &WriteTxn<'_>, filter: &filter::Model, now: Timestamp) -> Result<BTreeSet<Uuid>> {
    let unended =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    let granted: Vec<Uuid> = grant::Entity::find()
        .select_only()
        .column(grant::Column::SubjectId)
        .filter(grant::Column::FilterId.eq(filter.id))
        .filter(grant::Column::Level.eq(GrantLevel::Write))
        .filter(unended)
        .into_tuple()
        .all(&**txn)
        .await?;
    let of_home = Condition::all()
        .add(team_member::Column::TeamId.eq(filter.namespace_id))
        .add(team_member::Column::Role.is_in([MemberRole::Maintainer, MemberRole::Owner]));
    let members = team_member::Entity::find()
        .select_only()
        .column(team_member::Column::UserId)
        .filter(Condition::any().add(of_home).add(team_member::Column::TeamId.is_in(granted.clone())))
        .into_tuple::<Uuid>()
        .all(&**txn)
        .await?;
    // A user's namespace has the user's id; teams among these are no accounts.
    Ok(members.into_iter().chain(granted).chain([filter.namespace_id]).collect())
}
