//! Tamis as an OAuth 2.0 authorization server for programs that people let act for them: RFC 6749 with
//! PKCE (7636), device grant (8628), revocation (7009), introspection (7662), metadata (8414), access
//! tokens as JWT (9068), and enough of OpenID Connect to sign in with. Knows no filter and no release.
pub mod access;
pub mod apps;
pub mod authorize;
pub mod client;
pub mod clients;
pub mod code;
pub mod consent;
pub mod credentials;
pub mod device;
pub mod form;
pub mod grant;
pub mod http;
pub mod introspection;
pub mod metadata;
pub mod pages;
pub mod redirect;
pub mod refusal;
pub mod words;

use crate::{
    error::Result,
    signing_keys::{self, Es256, Keys},
    state::State,
};
use governor::{DefaultKeyedRateLimiter, Quota};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::{num::NonZeroU32, time::Duration};
use tamis_entities::{oauth_code, oauth_device_code, oauth_grant};
use uuid::Uuid;

pub const ACCESS_LIFE: Duration = Duration::from_secs(10 * 60);
pub const CODE_LIFE: Duration = Duration::from_secs(60);
pub const DEVICE_LIFE: Duration = Duration::from_secs(10 * 60);
/// A refresh token that is not used for so long is over.
pub const REFRESH_IDLE: Duration = Duration::from_secs(30 * 86_400);
/// After that the person is asked again, however often the tokens were renewed.
pub const GRANT_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// Wrong device codes that one person may type at once; another each fifteen seconds.
const GUESSES: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

/// What this process keeps between requests.
pub struct Kept {
    pub keys: Keys<Es256>,
    pub guesses: DefaultKeyedRateLimiter<Uuid>,
}

impl Default for Kept {
    fn default() -> Self {
        let quota = Quota::per_minute(NonZeroU32::MIN.saturating_add(3)).allow_burst(GUESSES);
        Self { keys: Keys::new(ACCESS_LIFE), guesses: DefaultKeyedRateLimiter::keyed(quota) }
    }
}

/// Removes what ended a day ago. Until then a code that comes back is still known as used.
pub async fn forget_expired(state: &State) -> Result<()> {
    state.oauth.guesses.retain_recent();
    let before = state.clock.now().minus(Duration::from_secs(86_400));
    let txn = state.db.begin_write().await?;
    oauth_code::Entity::delete_many().filter(oauth_code::Column::ExpiresAt.lt(before)).exec(&*txn).await?;
    let devices = oauth_device_code::Entity::delete_many();
    devices.filter(oauth_device_code::Column::ExpiresAt.lt(before)).exec(&*txn).await?;
    // Their refresh tokens go with them.
    oauth_grant::Entity::delete_many().filter(oauth_grant::Column::ExpiresAt.lt(before)).exec(&*txn).await?;
    signing_keys::forget(state, &txn).await?;
    txn.commit().await
}
