//! Who somebody is: account, handle and teams, read in one statement together with the
//! credential that names them, and what that credential is good for. Knows no HTTP.
use crate::error::{Error, Result};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IdenStatic, Iterable, QueryResult,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, Value},
};
use tamis_entities::{
    api_token, filter, namespace, team_member, user,
    value::{MemberRole, Role, Scope, Scopes, Slug, Timestamp},
};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Token(Uuid),
    /// A token that trusted publishing gave out: the publisher's id.
    Publisher(Uuid),
    Session(Uuid),
    /// An access token of this OAuth grant.
    OAuth(Uuid),
    /// A login from a Meshery Server.
    Meshery(Uuid),
    /// An operator command or the system itself.
    Operator,
}

/// The part of the caller's own that a token is good for. To everything else it is an outsider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Namespace(Uuid),
    Filter(Uuid),
}

impl Limit {
    pub fn of(token: &api_token::Model) -> Option<Self> {
        token.limit_filter_id.map(Self::Filter).or(token.limit_namespace_id.map(Self::Namespace))
    }
}

#[derive(Clone, Debug)]
pub struct Identity {
    pub id: Uuid,
    pub handle: Slug,
    /// `user` for robots and limited tokens, whatever else their owner is.
    pub role: Role,
    pub scopes: Scopes,
    pub teams: Vec<(Uuid, MemberRole)>,
    pub via: Via,
    pub limit: Option<Limit>,
    /// Works for a team; has no namespace to own anything in.
    pub robot: bool,
    /// When they last proved who they are; known of browser sessions only.
    pub signed_in_at: Option<Timestamp>,
    /// When the credential ends by itself; known of tokens only.
    pub ends_at: Option<Timestamp>,
}

impl Identity {
    pub fn is_curator(&self) -> bool {
        self.role >= Role::Curator
    }

    /// Acts as an administrator: has the role, and came with a credential that carries it.
    pub fn administers(&self) -> bool {
        self.role == Role::Admin && self.scopes.has(Scope::Admin)
    }

    /// Decides about people and ownership; credentials that are good for a part do not.
    pub fn in_person(&self) -> Result<()> {
        match self.robot || self.limit.is_some() {
            true => Err(Error::forbidden(
                "person-needed",
                "robots and tokens for a part do not decide about this",
            )),
            false => Ok(()),
        }
    }

    /// The namespaces this person belongs to, their own and their teams', whatever the limit.
    pub fn namespaces(&self) -> Vec<Uuid> {
        let own = (!self.robot).then_some(self.id);
        own.into_iter().chain(self.teams.iter().map(|(team, _)| *team)).collect()
    }

    fn membership(&self, namespace: Uuid) -> Option<MemberRole> {
        if namespace == self.id && !self.robot {
            return Some(MemberRole::Owner);
        }
        self.teams.iter().find(|(team, _)| *team == namespace).map(|(_, role)| *role)
    }

    /// The role in a namespace as a whole.
    pub fn role_in(&self, namespace: Uuid) -> Option<MemberRole> {
        match self.limit {
            None => self.membership(namespace),
            Some(Limit::Namespace(only)) if only == namespace => self.membership(namespace),
            Some(_) => None,
        }
    }

    /// The role in a filter's namespace, as far as this filter goes.
    pub fn role_on(&self, filter: &filter::Model) -> Option<MemberRole> {
        if self.covers(filter) { self.membership(filter.namespace_id) } else { None }
    }

    /// Whether the credential is good for more than an outsider's view of the filter.
    pub fn covers(&self, filter: &filter::Model) -> bool {
        match self.limit {
            None => true,
            Some(Limit::Namespace(only)) => filter.namespace_id == only,
            Some(Limit::Filter(only)) => filter.id == only,
        }
    }

    /// The same for lists: the rows of `filters` that a limited credential covers.
    pub fn within(&self) -> Option<Condition> {
        self.limit.map(|limit| match limit {
            Limit::Namespace(only) => Condition::all().add(filter::Column::NamespaceId.eq(only)),
            Limit::Filter(only) => Condition::all().add(filter::Column::Id.eq(only)),
        })
    }
}

/// An account with handle and teams; what a credential makes of it is decided by `with`.
pub struct Found {
    user: user::Model,
    handle: Slug,
    teams: Vec<(Uuid, MemberRole)>,
}

impl Found {
    /// None when the account may not come this way. Scopes are never more than the account allows now.
    pub fn with(self, via: Via, given: Option<&Scopes>, limit: Option<Limit>) -> Option<Identity> {
        let Self { user, handle, teams } = self;
        let robot = user.robot_of.is_some();
        if user.disabled_at.is_some() || (robot && matches!(via, Via::Session(_))) {
            return None;
        }
        let mut scopes = Scopes::of_role(user.role);
        if robot || limit.is_some() {
            scopes = scopes.within(&Scopes::of_machine());
        }
        if let Some(given) = given {
            scopes = scopes.within(given);
        }
        let role = if robot || limit.is_some() { Role::User } else { user.role };
        let (signed_in_at, ends_at) = (None, None);
        Some(Identity { id: user.id, handle, role, scopes, teams, via, limit, robot, signed_in_at, ends_at })
    }
}

/// Every column of an entity, named so that its model can be read back with the same prefix.
fn columns<E: EntityTrait>(select: &mut SelectStatement, prefix: &str) {
    for column in E::Column::iter() {
        let name = Alias::new(format!("{prefix}{}", column.as_str()));
        select.expr_as(Expr::col((E::default(), column)), name);
    }
}

/// The rest of the statement: whose it is. A row for each of their teams.
fn people(mut select: SelectStatement) -> SelectStatement {
    columns::<user::Entity>(&mut select, "u_");
    columns::<namespace::Entity>(&mut select, "n_");
    columns::<team_member::Entity>(&mut select, "m_");
    let user = (user::Entity, user::Column::Id);
    select
        .inner_join(namespace::Entity, Expr::col((namespace::Entity, namespace::Column::Id)).equals(user))
        .left_join(
            team_member::Entity,
            Expr::col((team_member::Entity, team_member::Column::UserId)).equals(user),
        )
        .take()
}

async fn read<C: ConnectionTrait>(db: &C, select: &SelectStatement) -> Result<Option<(Found, QueryResult)>> {
    let rows = db.query_all(select).await?;
    let team = |row| team_member::Model::from_query_result_optional(row, "m_");
    let mut teams = vec![];
    for row in &rows {
        teams.extend(team(row)?.map(|m| (m.team_id, m.role)));
    }
    let Some(first) = rows.into_iter().next() else { return Ok(None) };
    let user = user::Model::from_query_result(&first, "u_")?;
    let handle = namespace::Model::from_query_result(&first, "n_")?.handle;
    Ok(Some((Found { user, handle, teams }, first)))
}

/// A credential by what is unique of it (the hash of its secret, its id), and whose it is: one
/// statement, by one index.
pub async fn by_credential<C: ConnectionTrait, E: EntityTrait>(
    db: &C,
    unique: E::Column,
    value: impl Into<Value>,
    owner: E::Column,
) -> Result<Option<(E::Model, Found)>> {
    let mut select = Query::select();
    columns::<E>(&mut select, "c_");
    let owns = Expr::col((user::Entity, user::Column::Id)).equals((E::default(), owner));
    select.from(E::default()).inner_join(user::Entity, owns);
    select.and_where(Expr::col((E::default(), unique)).eq(value.into()));
    let Some((found, row)) = read(db, &people(select.take())).await? else { return Ok(None) };
    Ok(Some((E::Model::from_query_result(&row, "c_")?, found)))
}

/// A user by id, in one statement. None when the user is gone or disabled.
pub async fn identity<C: ConnectionTrait>(
    db: &C,
    id: Uuid,
    via: Via,
    scopes: Option<&Scopes>,
) -> Result<Option<Identity>> {
    Ok(found(db, id).await?.and_then(|found| found.with(via, scopes, None)))
}

/// The same caller as they are now: never more than they were.
pub async fn anew<C: ConnectionTrait>(db: &C, who: &Identity) -> Result<Option<Identity>> {
    let now = found(db, who.id).await?.and_then(|found| found.with(who.via, Some(&who.scopes), who.limit));
    Ok(now.map(|now| Identity { signed_in_at: who.signed_in_at, ends_at: who.ends_at, ..now }))
}

async fn found<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<Option<Found>> {
    let mut select = Query::select();
    select.from(user::Entity).and_where(Expr::col((user::Entity, user::Column::Id)).eq(id));
    Ok(read(db, &people(select)).await?.map(|(found, _)| found))
}
