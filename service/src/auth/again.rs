//! The same caller, read once more: for work that outlasts the moment in which it was allowed.
use super::caller::{Identity, Via, identity};
use crate::error::{Error, Result};
use sea_orm::{ConnectionTrait, EntityTrait};
use tamis_entities::{api_token, oauth_grant, session, value::Timestamp};

/// The caller as they are now; an error when their credential or account has ended meanwhile.
pub async fn again<C: ConnectionTrait>(db: &C, who: &Identity, now: Timestamp) -> Result<Identity> {
    let ended = || Error::unauthenticated("this credential ended while the request was being served");
    let scopes = match who.via {
        Via::Operator => return Ok(who.clone()),
        Via::Token(id) => {
            let token = api_token::Entity::find_by_id(id).one(db).await?.ok_or_else(ended)?;
            if token.revoked_at.is_some() || token.expires_at <= now {
                return Err(ended());
            }
            Some(token.scopes)
        }
        Via::Session(id) => {
            let session = session::Entity::find_by_id(id).one(db).await?.ok_or_else(ended)?;
            if session.revoked_at.is_some() || session.expires_at <= now {
                return Err(ended());
            }
            None
        }
        Via::OAuth(id) => {
            let grant = oauth_grant::Entity::find_by_id(id).one(db).await?.ok_or_else(ended)?;
            if grant.revoked_at.is_some() || grant.expires_at <= now {
                return Err(ended());
            }
            // The token may carry less than the grant.
            Some(who.scopes.clone())
        }
    };
    identity(db, who.id, who.via, scopes.as_ref()).await?.ok_or_else(ended)
}
