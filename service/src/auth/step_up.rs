//! What asks for a sign-in of the last minutes: acts that a browser left open must not do.
use super::caller::{Identity, Via};
use crate::{
    clock::Clock,
    error::{Error, Result},
};
use std::time::Duration;
use uuid::Uuid;

pub const RECENT: Duration = Duration::from_secs(10 * 60);

/// Refuses a browser session whose sign-in is older than ten minutes. A token never signed in:
/// what it may do was decided when it was made.
pub fn recent(who: &Identity, clock: &Clock) -> Result<()> {
    if !matches!(who.via, Via::Session(_)) {
        return Ok(());
    }
    match who.signed_in_at {
        Some(at) if at > clock.now().minus(RECENT) => Ok(()),
        _ => {
            let detail = "sign in again for this: at /sign-in?again=true, then repeat the request";
            Err(Error::forbidden("sign-in-again", detail))
        }
    }
}

/// The session of a person who has just signed in. Ways in are changed like this and no other way:
/// a token that could make itself another door would outlive its own revocation.
pub fn at_the_browser(who: &Identity, clock: &Clock) -> Result<Uuid> {
    match who.via {
        Via::Session(id) => recent(who, clock).map(|()| id),
        _ => Err(Error::forbidden("session-needed", "sign in with a browser for this; a token cannot do it")),
    }
}
