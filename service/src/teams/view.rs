//! How a team looks to its members, and the list of those that somebody is in.
use crate::{
    auth::Identity,
    error::{Error, Result},
    filters::view::{handle_of, handles},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use tamis_entities::{
    namespace, team, team_member,
    value::{MemberRole, Slug, Timestamp},
};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct TeamItem {
    pub handle: Slug,
    pub title: String,
    /// Yours in it.
    pub role: MemberRole,
}

#[derive(Serialize, ToSchema)]
pub struct TeamView {
    pub handle: Slug,
    pub title: String,
    pub created_at: Timestamp,
    pub members: Vec<MemberView>,
}

#[derive(Serialize, ToSchema)]
pub struct MemberView {
    pub user: Slug,
    pub role: MemberRole,
}

/// The teams of this person, as far as the credential goes.
pub async fn mine(state: &State, who: &Identity) -> Result<Vec<TeamItem>> {
    let ids = who.teams.iter().map(|(id, _)| *id).filter(|id| who.role_in(*id).is_some());
    let rows = team::Entity::find()
        .filter(team::Column::Id.is_in(ids))
        .order_by_asc(team::Column::Id)
        .all(&*state.db)
        .await?;
    let handles = handles(&*state.db, rows.iter().map(|t| t.id)).await?;
    let item = |t: team::Model| TeamItem {
        handle: handle_of(&handles, t.id),
        role: who.role_in(t.id).unwrap_or(MemberRole::Member),
        title: t.title,
    };
    Ok(rows.into_iter().map(item).collect())
}

pub async fn view(state: &State, handle: &Slug, team: team::Model) -> Result<TeamView> {
    let members =
        team_member::Entity::find().filter(team_member::Column::TeamId.eq(team.id)).all(&*state.db).await?;
    let handles = handles(&*state.db, members.iter().map(|m| m.user_id)).await?;
    let members = members
        .into_iter()
        .map(|m| MemberView { user: handle_of(&handles, m.user_id), role: m.role })
        .collect();
    Ok(TeamView { handle: handle.clone(), title: team.title, created_at: team.created_at, members })
}

/// The same, by the namespace that the team is.
pub async fn view_of(state: &State, namespace: &namespace::Model) -> Result<TeamView> {
    let team = team::Entity::find_by_id(namespace.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    view(state, &namespace.handle, team).await
}
