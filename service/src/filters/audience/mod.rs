//! Who can see a filter, and why: every reason a line, for those who manage it. Reads what
//! `auth::access` decides by; decides nothing itself.
pub mod http;

use super::view::{handle_of, handles};
use crate::{
    auth::FilterAccess,
    capability_urls,
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, Order, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tamis_entities::{
    grant, namespace, review, team_member, user,
    value::{GrantLevel, MemberRole, NamespaceKind, Slug, Timestamp, Visibility},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Why somebody can see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Something of it is published: that is for everyone.
    Published,
    /// Its visibility is `public`: everyone signed in reads it.
    Public,
    /// Administrators see metadata, not bytes.
    Admin,
    /// Curators read what they are asked to review.
    Review,
    /// The namespace is theirs, or they are in the team that it belongs to.
    Member,
    /// A grant to them, or to a team that they are in.
    Grant,
    /// They know the URL: it opens the bytes of one release to whoever does.
    CapabilityUrl,
}

/// One reason of one person, or of everyone of a kind.
#[derive(Serialize, ToSchema)]
pub struct AccessItem {
    /// `user:name`, `role:admin`, `role:curator`, `signed-in`, `everyone`, or `capability-url:name` for whoever
    /// knows that URL.
    #[schema(example = "user:alice")]
    pub principal: String,
    pub because: Because,
    /// In the namespace.
    pub role: Option<MemberRole>,
    /// Of the grant.
    pub level: Option<GrantLevel>,
    /// The team that the grant was given to, when it reaches them that way.
    pub team: Option<Slug>,
    /// When the grant, or the URL, ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Where a page ended: among the members, or among the grants and their teams' members.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Place {
    Members(Uuid),
    Grants(Uuid, Option<Uuid>),
}

/// A reason that names its person by id.
struct Line {
    at: Place,
    user: Uuid,
    because: Because,
    role: Option<MemberRole>,
    level: Option<GrantLevel>,
    team: Option<Uuid>,
    expires_at: Option<Timestamp>,
}

pub async fn list(state: &State, access: &FilterAccess, page: &PageQuery) -> Result<Page<AccessItem>> {
    let limit = page.limit()?;
    let context = format!("access|{}|{}", access.caller.key(), access.filter.id);
    let cursors = Cursors { key: &state.secret, context };
    let after: Option<Place> = cursors.open(page.after.as_deref())?;
    let mut items = if after.is_none() { general(state, access).await? } else { vec![] };
    let mut lines = match after {
        Some(Place::Grants(..)) => vec![],
        Some(Place::Members(after)) => members(state, &access.namespace, after, limit + 1).await?,
        None => members(state, &access.namespace, Uuid::nil(), limit + 1).await?,
    };
    let room = (limit + 1).saturating_sub(lines.len() as u64);
    if room > 0 {
        let from = match after {
            Some(Place::Grants(grant, user)) => (grant, user),
            _ => (Uuid::nil(), None),
        };
        lines.extend(grants(state, access, from, room).await?);
    }
    let more = lines.len() as u64 > limit;
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { lines.last().map(|l| cursors.seal(&l.at)).transpose()? } else { None };
    items.extend(named(state, lines).await?);
    Ok(Page { items, next })
}

fn everyone(principal: &str, because: Because) -> AccessItem {
    let principal = principal.to_owned();
    AccessItem { principal, because, role: None, level: None, team: None, expires_at: None }
}

/// The reasons that hold for many at once; on the first page only.
async fn general(state: &State, access: &FilterAccess) -> Result<Vec<AccessItem>> {
    let mut items = vec![];
    if access.filter.published_releases > 0 {
        items.push(everyone("everyone", Because::Published));
    }
    if access.filter.visibility == Visibility::Public {
        items.push(everyone("signed-in", Because::Public));
    }
    items.push(everyone("role:admin", Because::Admin));
    let of = review::Entity::find().filter(review::Column::FilterId.eq(access.filter.id));
    if of.limit(1).count(&*state.db).await? > 0 {
        items.push(everyone("role:curator", Because::Review));
    }
    // There are few of them for one filter.
    for url in capability_urls::living(state, access.filter.id).await? {
        let principal = format!("capability-url:{}", url.name);
        let line = everyone(&principal, Because::CapabilityUrl);
        items.push(AccessItem { expires_at: Some(url.expires_at), ..line });
    }
    Ok(items)
}

async fn members(state: &State, of: &namespace::Model, after: Uuid, limit: u64) -> Result<Vec<Line>> {
    let line = |user: Uuid, role: MemberRole| Line {
        at: Place::Members(user),
        user,
        because: Because::Member,
        role: Some(role),
        level: None,
        team: None,
        expires_at: None,
    };
    if of.kind != NamespaceKind::Team {
        return Ok((of.id > after).then(|| line(of.id, MemberRole::Owner)).into_iter().collect());
    }
    let rows = team_member::Entity::find()
        .filter(team_member::Column::TeamId.eq(of.id))
        .filter(team_member::Column::UserId.gt(after))
        .order_by_asc(team_member::Column::UserId)
        .limit(limit)
        .all(&*state.db)
        .await?;
    Ok(rows.into_iter().map(|m| line(m.user_id, m.role)).collect())
}

/// Grants that have not ended, each with the user that it was given to, or with the members of
/// its team: one statement, whatever the teams.
async fn grants(
    state: &State,
    access: &FilterAccess,
    (after, user): (Uuid, Option<Uuid>),
    limit: u64,
) -> Result<Vec<Line>> {
    use grant::{Column, Entity};
    let member = |c: team_member::Column| Expr::col((team_member::Entity, c));
    let of = |c: Column| Expr::col((Entity, c));
    let mut rest = Condition::any().add(of(Column::Id).gt(after));
    if let Some(user) = user {
        let same = Condition::all().add(of(Column::Id).eq(after));
        rest = rest.add(same.add(member(team_member::Column::UserId).gt(user)));
    }
    let select = Query::select()
        .columns([Column::Id, Column::SubjectId, Column::Level, Column::ExpiresAt].map(|c| (Entity, c)))
        .expr_as(member(team_member::Column::UserId), "member_id")
        .from(Entity)
        .left_join(
            team_member::Entity,
            member(team_member::Column::TeamId).equals((Entity, Column::SubjectId)),
        )
        .cond_where(of(Column::FilterId).eq(access.filter.id))
        .cond_where(
            Condition::any()
                .add(of(Column::ExpiresAt).is_null())
                .add(of(Column::ExpiresAt).gt(state.clock.now())),
        )
        .cond_where(rest)
        .order_by((Entity, Column::Id), Order::Asc)
        .order_by((team_member::Entity, team_member::Column::UserId), Order::Asc)
        .limit(limit)
        .to_owned();
    let mut lines = vec![];
    for row in state.db.query_all(&select).await? {
        let (id, subject): (Uuid, Uuid) = (row.try_get("", "id")?, row.try_get("", "subject_id")?);
        let member: Option<Uuid> = row.try_get("", "member_id")?;
        lines.push(Line {
            at: Place::Grants(id, member),
            user: member.unwrap_or(subject),
            because: Because::Grant,
            role: None,
            level: Some(row.try_get("", "level")?),
            team: member.map(|_| subject),
            expires_at: row.try_get("", "expires_at")?,
        });
    }
    Ok(lines)
}

/// With names; who is disabled sees nothing and is left out.
async fn named(state: &State, lines: Vec<Line>) -> Result<Vec<AccessItem>> {
    let names = handles(&*state.db, lines.iter().flat_map(|l| [Some(l.user), l.team]).flatten()).await?;
    let enabled = user::Entity::find()
        .filter(user::Column::Id.is_in(lines.iter().map(|l| l.user)))
        .filter(user::Column::DisabledAt.is_null())
        .all(&*state.db)
        .await?;
    let enabled: HashSet<Uuid> = enabled.into_iter().map(|u| u.id).collect();
    let item = |l: Line| AccessItem {
        principal: format!("user:{}", handle_of(&names, l.user)),
        because: l.because,
        role: l.role,
        level: l.level,
        team: l.team.map(|team| handle_of(&names, team)),
        expires_at: l.expires_at,
    };
    Ok(lines.into_iter().filter(|l| enabled.contains(&l.user)).map(item).collect())
}
