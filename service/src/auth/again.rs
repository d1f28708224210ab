//! The same caller, read once more: for work that outlasts the moment in which it was allowed.
use super::identity::{Identity, Via, anew};
use crate::error::{Error, Result};
use sea_orm::{ConnectionTrait, EntityTrait};
use tamis_entities::{api_token, meshery_session, oauth_grant, session, trusted_publisher, value::Timestamp};

/// The caller as they are now; an error when their credential or account has ended meanwhile.
pub async fn again<C: ConnectionTrait>(db: &C, who: &Identity, now: Timestamp) -> Result<Identity> {
    let ended = || Error::unauthenticated("this credential ended while the request was being served");
    if who.via == Via::Operator {
        return Ok(who.clone());
    }
    match is_good(db, who.via, now).await? {
        true => anew(db, who).await?.ok_or_else(ended),
        false => Err(ended()),
    }
}

async fn is_good<C: ConnectionTrait>(db: &C, via: Via, now: Timestamp) -> Result<bool> {
    let lasts = |revoked: Option<Timestamp>, expires: Timestamp| revoked.is_none() && expires > now;
    Ok(match via {
        Via::Operator => true,
        Via::Token(id) => {
            let token = api_token::Entity::find_by_id(id).one(db).await?;
            token.is_some_and(|t| lasts(t.revoked_at, t.expires_at))
        }
        // Its tokens last minutes; they end early only with it.
        Via::Publisher(id) => trusted_publisher::Entity::find_by_id(id).one(db).await?.is_some(),
        Via::Session(id) => {
            let session = session::Entity::find_by_id(id).one(db).await?;
            session.is_some_and(|s| lasts(s.revoked_at, s.expires_at))
        }
        Via::Meshery(id) => {
            let login = meshery_session::Entity::find_by_id(id).one(db).await?;
            login.is_some_and(|l| lasts(l.revoked_at, l.expires_at))
        }
        Via::OAuth(id) => {
            let grant = oauth_grant::Entity::find_by_id(id).one(db).await?;
            grant.is_some_and(|g| lasts(g.revoked_at, g.expires_at))
        }
    })
}
