//! One redirect: from the answer's head to the next URL, or the reason not to go there.
//! Decides on URLs alone; addresses are checked when the next hop connects.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use crate::error::OutboundError;
use crate::weburl;

/// True where the status asks the client to go elsewhere by `Location`.
pub(crate) fn asks(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The URLs of one download, in order. `visited` starts with the first.
pub(crate) fn next(visited: &[Url], headers: &HeaderMap, limit: u8) -> Result<Url, OutboundError> {
    let Some(current) = visited.last() else {
        return Err(refuse("there is nothing to redirect from"));
    };
    if visited.len() > usize::from(limit) {
        return Err(OutboundError::TooManyRedirects { limit });
    }
    let target = target(current, headers)?;
    if current.scheme() == "https" && target.scheme() == "http" {
        return Err(refuse("it leads from https to http"));
    }
    if visited.contains(&target) {
        return Err(refuse("it leads back to where it came from"));
    }
    Ok(target)
}

fn target(current: &Url, headers: &HeaderMap) -> Result<Url, OutboundError> {
    let mut locations = headers.get_all(LOCATION).iter();
    let location = match (locations.next(), locations.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(refuse("it names no location")),
        (Some(_), Some(_)) => return Err(refuse("it names several locations")),
    };
    let text =
        std::str::from_utf8(location.as_bytes()).map_err(|_| refuse("its location is not valid UTF-8"))?;
    // The same text rules as for a URL given by a person, then relative to where we are.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(refuse("its location contains spaces, control characters or backslashes"));
    }
    let mut target =
        current.join(text).map_err(|error| refuse(format!("its location is not a URL: {error}")))?;
    // Never sent, and it must not make two equal addresses look different.
    target.set_fragment(None);
    weburl::check_parsed(&target).map_err(|error| match error {
        OutboundError::InvalidUrl { reason } => refuse(format!("its location cannot be used: {reason}")),
        other => other,
    })?;
    Ok(target)
}

fn refuse(reason: impl Into<String>) -> OutboundError {
    OutboundError::Redirect { reason: reason.into() }
}
