//! How a token looks from outside. The secret is in one answer only.
use super::limit::{LimitView, Names};
use crate::{
    auth::identity::Limit,
    error::{Error, Result},
    state::State,
};
use serde::Serialize;
use tamis_entities::{
    api_token,
    value::{Scope, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct TokenView {
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the hour.
    pub last_used_at: Option<Timestamp>,
    /// What it is good for; null for all that its owner has.
    pub limit: Option<LimitView>,
}

/// A new token; the secret is never shown again.
#[derive(Serialize, ToSchema)]
pub struct NewTokenView {
    #[serde(flatten)]
    pub token: TokenView,
    pub secret: String,
}

/// Tokens as they are shown, with the names of what they are limited to.
pub async fn views(state: &State, tokens: Vec<api_token::Model>) -> Result<Vec<TokenView>> {
    let names = Names::of(state, tokens.iter().filter_map(Limit::of)).await?;
    let view = |t: api_token::Model| TokenView {
        limit: Limit::of(&t).and_then(|limit| names.view(limit)),
        id: t.id,
        name: t.name,
        scopes: t.scopes.iter().collect(),
        created_at: t.created_at,
        expires_at: t.expires_at,
        last_used_at: t.last_used_at,
    };
    Ok(tokens.into_iter().map(view).collect())
}

impl NewTokenView {
    pub async fn of(state: &State, made: (api_token::Model, String)) -> Result<Self> {
        let (row, secret) = made;
        let token = views(state, vec![row]).await?.pop().ok_or_else(Error::not_found)?;
        Ok(Self { token, secret })
    }
}
