//! Targets: where a namespace deploys releases to. Owns the places and their credentials; what they are to hold is
//! `deployments`' to say.
mod change;
pub mod defaults;
pub mod hidden;
pub mod http;
pub mod kinds;
pub mod lease;
pub mod line;
pub mod probe;
pub mod view;

pub use change::{change, remove, rotate};

use crate::{
    audit::{self, Actor},
    auth::{Identity, identity::Via, names},
    db::WriteTxn,
    error::{Error, Result},
    http::page::{Cursors, PageQuery},
    state::State,
    tokens, webhooks,
};
use defaults::Defaults;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter,
};
use serde_json::json;
use tamis_entities::{
    namespace, target,
    value::{MemberRole, TargetKind, TargetSignIn},
};
use tamis_outbound::parse_url;
use uuid::Uuid;
use view::TargetRequest;

/// More than anybody operates by hand.
const MOST: u64 = 500;

/// What a credential is sealed for: it opens for this target at this origin only.
pub fn place(target: &target::Model) -> String {
    let origin = parse_url(&target.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    format!("target {} at {origin}", target.id)
}

fn may(who: &Identity, namespace: Uuid) -> Result<()> {
    match who.role_in(namespace) {
        None => Err(Error::not_found()),
        Some(MemberRole::Member) => {
            Err(Error::forbidden("role", "owners and maintainers look after targets"))
        }
        Some(_) => Ok(()),
    }
}

/// The target with its namespace, if the caller looks after it.
pub async fn find<C: ConnectionTrait>(
    db: &C,
    who: &Identity,
    id: Uuid,
) -> Result<(target::Model, namespace::Model)> {
    let row = target::Entity::find_by_id(id).one(db).await?;
    // One that is not there is looked for as long as one that is somebody else's.
    let of = row.as_ref().map_or(Uuid::nil(), |t| t.namespace_id);
    let home = namespace::Entity::find_by_id(of).one(db).await?;
    let (Some(row), Some(home)) = (row, home) else { return Err(Error::not_found()) };
    may(who, home.id)?;
    Ok((row, home))
}

/// The namespaces whose targets the caller looks after.
pub fn looked_after(who: &Identity) -> Vec<Uuid> {
    who.namespaces().into_iter().filter(|id| may(who, *id).is_ok()).collect()
}

pub async fn list(
    state: &State,
    who: &Identity,
    page: &PageQuery,
) -> Result<(Vec<target::Model>, Option<String>)> {
    let cursors = Cursors { key: &state.secret, context: format!("targets|{}", who.id) };
    let rows = target::Entity::find().filter(target::Column::NamespaceId.is_in(looked_after(who)));
    cursors.by_id(&*state.db, rows, target::Column::Id, Order::Asc, page).await
}

/// A target outlasts the access token of a program that would make it.
pub fn lasting(who: &Identity) -> Result<()> {
    if matches!(who.via, Via::OAuth(_)) { Err(tokens::passing()) } else { Ok(()) }
}

fn check_url(state: &State, kind: TargetKind, text: &str) -> Result<String> {
    let url = webhooks::check_url(state, text)?;
    match kind == TargetKind::Meshery && url.contains('?') {
        true => Err(Error::invalid("url", "the address of the server, without a query")),
        false => Ok(url),
    }
}

/// A row that nothing has happened to yet.
fn fresh(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    asked: TargetRequest,
) -> Result<target::Model> {
    let now = state.clock.now();
    let defaults = asked.defaults.unwrap_or_else(|| json!({}));
    Defaults::read(defaults.clone())?;
    Ok(target::Model {
        id: Uuid::now_v7(),
        namespace_id: home.id,
        name: asked.name,
        kind: asked.kind,
        url: check_url(state, asked.kind, &asked.url)?,
        provider: asked.provider,
        sign_in: asked.sign_in.unwrap_or(TargetSignIn::Nothing),
        secret: None,
        former_secret: None,
        former_until: None,
        defaults,
        paused: false,
        epoch: 0,
        lease_until: None,
        due_at: None,
        failures: 0,
        failing_since: None,
        retry_at: None,
        last_error: None,
        last_contact_at: None,
        version: None,
        clock_skew: None,
        read_at: None,
        round_at: None,
        created_by: who.id,
        created_at: now,
        updated_at: now,
    })
}

/// With the secret that is shown this once, if the kind has one.
pub async fn create(
    state: &State,
    who: &Identity,
    asked: TargetRequest,
) -> Result<(target::Model, Option<String>)> {
    lasting(who)?;
    let (home, former) =
        names::namespace(&*state.db, &asked.namespace).await?.ok_or_else(Error::not_found)?;
    may(who, home.id)?;
    if former {
        return Err(names::renamed(home.handle));
    }
    let token = asked.token.clone();
    let mut row = fresh(state, who, &home, asked)?;
    let kind = kinds::of(row.kind);
    kind.check(&row, token.as_deref())?;
    let shown = kind.fresh_secret()?;
    if let Some(secret) = token.as_ref().or(shown.as_ref()) {
        row.secret = Some(state.sealer.seal(&place(&row), secret)?);
    }
    let txn = state.db.begin_write().await?;
    let there = || target::Entity::find().filter(target::Column::NamespaceId.eq(home.id));
    if there().filter(target::Column::Name.eq(row.name.clone())).one(&*txn).await?.is_some() {
        return Err(Error::conflict("name-taken", "the namespace has a target of this name"));
    }
    if there().count(&*txn).await? >= MOST {
        return Err(Error::invalid("name", format!("a namespace has at most {MOST} targets")));
    }
    target::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    note(state, &txn, who, "target.create", &row, &home).await?;
    txn.commit().await?;
    Ok((row, shown))
}

/// What is said of a target in the log: never its path, which may be a secret.
pub async fn note(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    action: &str,
    target: &target::Model,
    home: &namespace::Model,
) -> Result<()> {
    let host = parse_url(&target.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let detail = json!({"id": target.id, "kind": target.kind, "host": host, "paused": target.paused});
    let object = format!("target:{}/{}", home.handle, target.name);
    audit::record(&**txn, &state.clock, &Actor::from(who), action, object, detail).await
}
