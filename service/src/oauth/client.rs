//! A client as the protocol sees it: a registered row, or the one that is built in for the
//! command line, which needs no registration.
use super::{redirect, words::Words};
use crate::error::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use tamis_entities::{oauth_client, team, user, value::OauthGrantType};
use uuid::Uuid;

/// The built-in public client.
pub const COMMAND_LINE: &str = "tamis-cli";

pub struct Client {
    pub id: String,
    pub name: String,
    /// None: a public client, which cannot keep a secret.
    pub secret_sha256: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<OauthGrantType>,
    pub words: Words,
    pub audiences: Vec<String>,
    pub trusted: bool,
    /// Who it acts as by itself: only a client of one person's own namespace does.
    pub acts_as: Option<Uuid>,
}

impl From<oauth_client::Model> for Client {
    fn from(row: oauth_client::Model) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            secret_sha256: row.secret_sha256,
            redirect_uris: row.redirect_uris.0,
            grant_types: row.grant_types.0.iter().filter_map(|text| text.parse().ok()).collect(),
            words: Words::read(&row.scopes),
            audiences: row.audiences.0,
            trusted: row.trusted,
            acts_as: (row.owner_id == row.created_by).then_some(row.owner_id),
        }
    }
}

impl Client {
    fn command_line() -> Self {
        use OauthGrantType::{AuthorizationCode, DeviceCode, RefreshToken};
        Self {
            id: COMMAND_LINE.to_owned(),
            name: "Tamis command line".to_owned(),
            secret_sha256: None,
            redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback"].map(str::to_owned).into(),
            grant_types: vec![AuthorizationCode, DeviceCode, RefreshToken],
            words: Words::everything(),
            audiences: vec![],
            trusted: false,
            acts_as: None,
        }
    }

    pub fn is_public(&self) -> bool {
        self.secret_sha256.is_none()
    }

    pub fn uses(&self, kind: OauthGrantType) -> bool {
        self.grant_types.contains(&kind)
    }

    pub fn answers_at(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect::matches(registered, redirect_uri))
    }
}

/// None when it is not known or disabled.
pub async fn find<C: ConnectionTrait>(db: &C, id: &str) -> Result<Option<Client>> {
    if id == COMMAND_LINE {
        return Ok(Some(Client::command_line()));
    }
    // Written as we write it, so that one client has one name.
    let Some(known) = id.parse::<Uuid>().ok().filter(|uuid| uuid.to_string() == id) else { return Ok(None) };
    let row = oauth_client::Entity::find_by_id(known).one(db).await?;
    let Some(row) = row.filter(|row| row.disabled_at.is_none()) else { return Ok(None) };
    Ok(if has_owner(db, row.owner_id).await? { Some(Client::from(row)) } else { None })
}

/// A client ends with whoever answers for it.
async fn has_owner<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<bool> {
    match user::Entity::find_by_id(id).one(db).await? {
        Some(person) => Ok(person.disabled_at.is_none()),
        None => Ok(team::Entity::find_by_id(id).one(db).await?.is_some()),
    }
}

/// What to call clients in a list, by id; those that are gone have no name any more.
pub async fn names<C: ConnectionTrait>(
    db: &C,
    ids: impl Iterator<Item = &str>,
) -> Result<HashMap<String, String>> {
    let known = ids.filter_map(|id| id.parse::<Uuid>().ok());
    let rows = oauth_client::Entity::find().filter(oauth_client::Column::Id.is_in(known)).all(db).await?;
    let built_in = (COMMAND_LINE.to_owned(), Client::command_line().name);
    Ok(rows.into_iter().map(|row| (row.id.to_string(), row.name)).chain([built_in]).collect())
}
