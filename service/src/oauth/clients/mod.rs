//! Registered clients: made and managed by the owners of the namespace that they belong to. Only an
//! administrator may say that a client is trusted; of others' clients they change nothing else but
//! whether it is disabled.
pub mod http;

use super::{
    grant, redirect,
    words::{Word, Words},
};
use crate::{
    audit::{self, Actor},
    auth::{Identity, identity::Via, recent, secret},
    error::{Error, Field, Result},
    state::State,
    text::is_plain_line,
};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::json;
use std::collections::BTreeSet;
use tamis_entities::{
    oauth_client,
    value::{MemberRole, OauthGrantType, Scope, Strings},
};
use url::Url;
use uuid::Uuid;

const MOST: usize = 16;

/// What somebody wants to register.
pub struct Draft {
    pub name: String,
    pub public: bool,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<OauthGrantType>,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub owner: Uuid,
}

/// What of a client may change later.
#[derive(Default)]
pub struct Change {
    pub name: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    pub audiences: Option<Vec<String>>,
    pub trusted: Option<bool>,
    pub disabled: Option<bool>,
}

fn is_owner(who: &Identity, client: &oauth_client::Model) -> bool {
    who.role_in(client.owner_id) == Some(MemberRole::Owner)
}

/// The client, for those who may manage it.
pub async fn find<C: ConnectionTrait>(db: &C, who: &Identity, id: Uuid) -> Result<oauth_client::Model> {
    let row = oauth_client::Entity::find_by_id(id).one(db).await?;
    row.filter(|row| is_owner(who, row) || who.administers()).ok_or_else(Error::not_found)
}

/// Everything that is wrong with a client, by field.
fn check(row: &oauth_client::Model) -> Result<()> {
    let mut wrong = vec![];
    let mut say = |field: &str, message: &str| {
        wrong.push(Field { field: field.to_owned(), message: message.to_owned() });
    };
    let name = row.name.trim();
    if name.is_empty() || row.name.len() > 100 || !is_plain_line(name) {
        say("name", "1 to 100 characters that people know the program by");
    }
    for uri in &row.redirect_uris.0 {
        if let Err(how) = redirect::check(uri) {
            say("redirect_uris", how);
        }
    }
    let uses = |kind: OauthGrantType| row.grant_types.0.iter().any(|text| text == kind.as_str());
    if uses(OauthGrantType::AuthorizationCode) && row.redirect_uris.0.is_empty() {
        say("redirect_uris", "at least one, for authorization codes");
    }
    let kinds: BTreeSet<_> = row.grant_types.0.iter().collect();
    if kinds.is_empty() || kinds.len() < row.grant_types.0.len() {
        say("grant_types", "at least one, each once");
    }
    if uses(OauthGrantType::ClientCredentials) && row.secret_sha256.is_none() {
        say("grant_types", "a public client does not act by itself");
    }
    if uses(OauthGrantType::ClientCredentials) && row.owner_id != row.created_by {
        say("grant_types", "only a client of your own namespace acts by itself: it acts as you");
    }
    let absolute =
        |text: &String| Url::parse(text).is_ok_and(|u| u.fragment().is_none()) && text.len() <= 2000;
    if !row.audiences.0.iter().all(absolute) {
        say("audiences", "absolute URIs without a fragment");
    }
    for (field, list) in [("redirect_uris", &row.redirect_uris.0), ("audiences", &row.audiences.0)] {
        if list.len() > MOST {
            say(field, "at most 16");
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields(wrong)) }
}

/// The scopes as stored. A client that acts by itself gets no more than the credential that made it.
fn scopes(who: &Identity, grant_types: &[String], given: &[String]) -> Result<String> {
    let words = Words::read(&given.join(" "));
    let known = |text: &str| Word::all().any(|word| word.as_str() == text);
    if let Some(unknown) = given.iter().find(|text| !known(text)) {
        return Err(Error::invalid("scopes", format!("`{unknown}` is no scope")));
    }
    if words.is_empty() {
        return Err(Error::invalid("scopes", "at least one"));
    }
    let alone = grant_types.iter().any(|kind| kind == OauthGrantType::ClientCredentials.as_str());
    match words.scopes().iter().find(|scope| !who.scopes.has(*scope)) {
        Some(scope) if alone => Err(Error::forbidden(
            "scope-beyond-credential",
            format!("your credential does not carry `{scope}` itself"),
        )),
        _ => Ok(words.to_string()),
    }
}

/// Other services believe tokens that name them, so not everybody names them.
fn check_audiences(state: &State, who: &Identity, audiences: &[String]) -> Result<()> {
    if audiences.iter().any(|audience| *audience == state.public_url) {
        return Err(Error::invalid("audiences", "tokens for Tamis itself need no audience"));
    }
    match audiences.is_empty() || who.administers() {
        true => Ok(()),
        false => Err(Error::forbidden("role", "only an administrator names other audiences")),
    }
}

/// A client that acts by itself and votes is as good as a token that votes, and as hard to make.
fn check_recent(state: &State, who: &Identity, row: &oauth_client::Model) -> Result<()> {
    let alone = row.grant_types.0.iter().any(|kind| kind == OauthGrantType::ClientCredentials.as_str());
    match alone && Words::read(&row.scopes).scopes().has(Scope::ReviewsVote) {
        true => recent(who, &state.clock),
        false => Ok(()),
    }
}

/// The row, and the secret that is shown once.
pub async fn create(
    state: &State,
    who: &Identity,
    draft: Draft,
) -> Result<(oauth_client::Model, Option<String>)> {
    let grant_types: Vec<_> = draft.grant_types.iter().map(ToString::to_string).collect();
    let fresh = if draft.public { None } else { Some(secret::fresh("")?) };
    let row = oauth_client::Model {
        id: Uuid::now_v7(),
        name: draft.name,
        secret_sha256: fresh.as_ref().map(|fresh| fresh.sha256.clone()),
        redirect_uris: Strings(draft.redirect_uris),
        scopes: scopes(who, &grant_types, &draft.scopes)?,
        grant_types: Strings(grant_types),
        audiences: Strings(draft.audiences),
        owner_id: draft.owner,
        created_by: who.id,
        trusted: false,
        created_at: state.clock.now(),
        disabled_at: None,
    };
    check(&row)?;
    check_audiences(state, who, &row.audiences.0)?;
    check_recent(state, who, &row)?;
    if matches!(who.via, Via::OAuth(_)) {
        return Err(crate::tokens::passing());
    }
    let txn = state.db.begin_write().await?;
    oauth_client::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let detail = json!({"name": row.name, "redirect_uris": row.redirect_uris, "grant_types": row.grant_types, "scopes": row.scopes});
    let object = format!("client:{}", row.id);
    audit::record(&*txn, &state.clock, &Actor::from(who), "client.create", object, detail).await?;
    txn.commit().await?;
    Ok((row, fresh.map(|fresh| fresh.text)))
}

fn apply(
    state: &State,
    who: &Identity,
    mut row: oauth_client::Model,
    change: Change,
) -> Result<oauth_client::Model> {
    if change.trusted.is_some() && !who.administers() {
        return Err(Error::forbidden("role", "only an administrator says that a client is trusted"));
    }
    let Change { name, redirect_uris, scopes: words, audiences, trusted, disabled } = change;
    let own = name.is_some() || redirect_uris.is_some() || words.is_some() || audiences.is_some();
    if own && !is_owner(who, &row) {
        return Err(Error::forbidden("role", "only its owners change what a client is"));
    }
    if own && !who.administers() {
        // Trust was in what the client was.
        row.trusted = false;
    }
    if let Some(words) = words {
        row.scopes = scopes(who, &row.grant_types.0, &words)?;
        check_recent(state, who, &row)?;
    }
    if let Some(audiences) = &audiences {
        check_audiences(state, who, audiences)?;
    }
    row.name = name.unwrap_or(row.name);
    row.redirect_uris = redirect_uris.map_or(row.redirect_uris, Strings);
    row.audiences = audiences.map_or(row.audiences, Strings);
    row.trusted = trusted.unwrap_or(row.trusted);
    if let Some(disabled) = disabled {
        row.disabled_at = disabled.then(|| row.disabled_at.unwrap_or_else(|| state.clock.now()));
    }
    check(&row)?;
    Ok(row)
}

pub async fn change(state: &State, who: &Identity, id: Uuid, change: Change) -> Result<oauth_client::Model> {
    let txn = state.db.begin_write().await?;
    let before = find(&*txn, who, id).await?;
    let row = apply(state, who, before, change)?;
    oauth_client::Entity::update(row.clone().into_active_model().reset_all()).exec(&*txn).await?;
    if row.disabled_at.is_some() {
        grant::end_all_of(state, &txn, &id.to_string()).await?;
    }
    let detail = json!({"name": row.name, "redirect_uris": row.redirect_uris, "scopes": row.scopes,
        "audiences": row.audiences, "trusted": row.trusted, "disabled": row.disabled_at.is_some()});
    audit::record(&*txn, &state.clock, &Actor::from(who), "client.change", format!("client:{id}"), detail)
        .await?;
    txn.commit().await?;
    Ok(row)
}

/// Every token that it holds ends with it.
pub async fn remove(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let row = find(&*txn, who, id).await?;
    grant::end_all_of(state, &txn, &id.to_string()).await?;
    oauth_client::Entity::delete_by_id(id).exec(&*txn).await?;
    let detail = json!({"name": row.name});
    audit::record(&*txn, &state.clock, &Actor::from(who), "client.delete", format!("client:{id}"), detail)
        .await?;
    txn.commit().await
}
