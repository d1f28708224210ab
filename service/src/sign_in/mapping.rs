//! What the groups of a provider give here: memberships and roles. Read anew at each sign-in,
//! added and taken away. What a person gave by hand is never touched, and a team keeps an owner.
use super::settings::Rules;
use crate::{
    audit::{self, Actor},
    db::WriteTxn,
    error::Result,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tamis_entities::{
    namespace, team, team_member, user,
    value::{MemberRole, NamespaceKind, Role, Slug},
};
use uuid::Uuid;

/// One person's groups at one provider, being applied.
struct Applying<'a> {
    state: &'a State,
    txn: &'a WriteTxn<'a>,
    user: user::Model,
    handle: Slug,
    provider: &'a str,
}

pub async fn apply(
    state: &State,
    txn: &WriteTxn<'_>,
    user: Uuid,
    provider: &str,
    rules: &Rules,
    groups: &[String],
) -> Result<()> {
    let Some((user, handle)) = with_handle(txn, user).await? else { return Ok(()) };
    let this = Applying { state, txn, user, handle, provider };
    let role = rules.roles.iter().filter(|(g, _)| groups.contains(g)).map(|(_, role)| *role).max();
    this.role(role).await?;
    let mut wanted = this.teams(rules, groups).await?;
    let theirs = team_member::Entity::find()
        .filter(team_member::Column::UserId.eq(this.user.id))
        .filter(team_member::Column::Source.eq(provider))
        .all(&**txn)
        .await?;
    for member in theirs {
        wanted.entry(member.team_id).or_insert(None);
    }
    // In the order of their ids, so that two sign-ins never wait for each other in a circle.
    for (team, role) in wanted {
        this.membership(team, role).await?;
    }
    Ok(())
}

async fn with_handle(txn: &WriteTxn<'_>, user: Uuid) -> Result<Option<(user::Model, Slug)>> {
    let Some(user) = user::Entity::find_by_id(user).one(&**txn).await? else { return Ok(None) };
    let namespace = namespace::Entity::find_by_id(user.id).one(&**txn).await?;
    Ok(namespace.map(|n| (user, n.handle)))
}

impl Applying<'_> {
    async fn record(&self, action: &str, object: String, detail: Value) -> Result<()> {
        let actor = Actor::system("sign-in");
        audit::record(&**self.txn, &self.state.clock, &actor, action, object, detail).await
    }

    /// The teams that the groups stand for, with the highest role of each.
    async fn teams(&self, rules: &Rules, groups: &[String]) -> Result<BTreeMap<Uuid, Option<MemberRole>>> {
        let mut wanted = BTreeMap::new();
        for (_, team, role) in rules.teams.iter().filter(|(group, _, _)| groups.contains(group)) {
            let found = namespace::Entity::find()
                .filter(namespace::Column::Handle.eq(team.clone()))
                .filter(namespace::Column::Kind.eq(NamespaceKind::Team))
                .one(&**self.txn)
                .await?;
            match found {
                Some(found) => {
                    let best = wanted.entry(found.id).or_insert(None);
                    *best = (*best).max(Some(*role));
                }
                None => tracing::warn!(%team, provider = self.provider, "a mapped team does not exist"),
            }
        }
        Ok(wanted)
    }

    async fn membership(&self, team: Uuid, wanted: Option<MemberRole>) -> Result<()> {
        // Whoever changes members takes this lock first.
        team::Entity::find_by_id(team).lock_exclusive().one(&**self.txn).await?;
        let members = team_member::Entity::find().filter(team_member::Column::TeamId.eq(team));
        let members = members.all(&**self.txn).await?;
        let mine = members.iter().find(|m| m.user_id == self.user.id);
        let given = mine.is_some_and(|m| m.source.as_deref() == Some(self.provider));
        let role = mine.map(|m| m.role);
        if role == wanted || (mine.is_some() && !given) {
            return Ok(());
        }
        let others_own = members.iter().any(|m| m.role == MemberRole::Owner && m.user_id != self.user.id);
        if role == Some(MemberRole::Owner) && !others_own {
            tracing::warn!(user = %self.handle, "the last owner of a team stays in it, though no group says so");
            return Ok(());
        }
        self.put_member(team, wanted, mine.is_some()).await
    }

    async fn put_member(&self, team: Uuid, wanted: Option<MemberRole>, is_in: bool) -> Result<()> {
        let key = (team, self.user.id);
        match wanted {
            None => {
                team_member::Entity::delete_by_id(key).exec(&**self.txn).await?;
            }
            Some(role) if is_in => {
                team_member::Entity::update_many()
                    .col_expr(team_member::Column::Role, Expr::value(role))
                    .filter(team_member::Column::TeamId.eq(team))
                    .filter(team_member::Column::UserId.eq(self.user.id))
                    .exec(&**self.txn)
                    .await?;
            }
            Some(role) => {
                let row = team_member::ActiveModel {
                    team_id: Set(team),
                    user_id: Set(self.user.id),
                    role: Set(role),
                    created_at: Set(self.state.clock.now()),
                    source: Set(Some(self.provider.to_owned())),
                };
                team_member::Entity::insert(row).exec_without_returning(&**self.txn).await?;
            }
        }
        let named = namespace::Entity::find_by_id(team).one(&**self.txn).await?;
        let object = format!("team:{}", named.map_or_else(|| team.to_string(), |n| n.handle.to_string()));
        let action = if wanted.is_some() { "team.member.set" } else { "team.member.remove" };
        let detail = json!({"user": self.handle, "role": wanted, "by": self.provider});
        self.record(action, object, detail).await
    }

    /// Raises the role, or gives back the one that was before.
    async fn role(&self, wanted: Option<Role>) -> Result<()> {
        let given = self.user.role_source.as_deref() == Some(self.provider);
        if self.user.role_source.is_some() && !given {
            return Ok(());
        }
        let own = if given { self.user.role_before.unwrap_or(Role::User) } else { self.user.role };
        let raised = wanted.filter(|role| *role > own);
        let role = raised.unwrap_or(own);
        if role == self.user.role && raised.is_some() == given {
            return Ok(());
        }
        let mut row = self.user.clone().into_active_model();
        row.role = Set(role);
        row.role_source = Set(raised.map(|_| self.provider.to_owned()));
        row.role_before = Set(raised.map(|_| own));
        user::Entity::update(row).exec(&**self.txn).await?;
        let detail = json!({"role": role, "by": self.provider});
        self.record("user.role", format!("user:{}", self.handle), detail).await
    }
}
