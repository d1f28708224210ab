//! What a trusted publisher must pin down, by who signs its tokens. Compares texts; knows no token.
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use tamis_entities::value::Provider;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";

/// Checked for every token anyway, and no text that a person could pin.
const REGISTERED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

pub fn usual_issuer(provider: Provider) -> Option<&'static str> {
    match provider {
        Provider::Github => Some(GITHUB),
        Provider::Gitlab => Some(GITLAB),
        Provider::Other => None,
    }
}

/// Refuses what would trust more than its author means.
pub fn check(provider: Provider, issuer: &str, claims: &BTreeMap<String, String>) -> Result<()> {
    let name_ok = |name: &String| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:".contains(&b))
            && !REGISTERED.contains(&name.as_str())
    };
    if claims.is_empty() || claims.len() > 16 || !claims.keys().all(name_ok) {
        let why = "1 to 16 claims by name, without those that every token is checked for (iss, aud, exp, nbf, iat, jti)";
        return Err(Error::invalid("claims", why));
    }
    if claims.values().any(|v| v.is_empty() || v.len() > 500 || v.chars().any(char::is_control)) {
        return Err(Error::invalid(
            "claims",
            "each has a text of 1 to 500 characters, compared letter by letter",
        ));
    }
    if provider == Provider::Other && [GITHUB, GITLAB].contains(&issuer.trim_end_matches('/')) {
        return Err(Error::invalid(
            "provider",
            "this issuer is GitHub's or GitLab's: say `github` or `gitlab`",
        ));
    }
    let missing = |name: &str| !claims.contains_key(name);
    let numeric = |name: &str| claims.get(name).is_none_or(|v| v.bytes().all(|b| b.is_ascii_digit()));
    match provider {
        Provider::Github if missing("repository") || missing("repository_owner_id") => {
            let why = "GitHub needs `repository` and `repository_owner_id`: when an account is deleted, anybody may \
                register its name and make the same repository again; the number never comes back";
            Err(Error::invalid("claims", why))
        }
        Provider::Gitlab if missing("project_path") || missing("project_id") => {
            let why = "GitLab needs `project_path` and `project_id`: a path can be taken again by somebody else, \
                the number never comes back";
            Err(Error::invalid("claims", why))
        }
        Provider::Github if !numeric("repository_owner_id") => Err(Error::invalid(
            "claims",
            "`repository_owner_id` is a number: https://api.github.com/users/NAME shows it as `id`",
        )),
        Provider::Gitlab if !numeric("project_id") => {
            Err(Error::invalid("claims", "`project_id` is a number: the project's page shows it"))
        }
        _ => Ok(()),
    }
}

/// Every condition is met by a text that is exactly the same.
pub fn met(wanted: &BTreeMap<String, String>, have: &serde_json::Map<String, serde_json::Value>) -> bool {
    !wanted.is_empty()
        && wanted.iter().all(|(name, text)| have.get(name).and_then(|v| v.as_str()) == Some(text.as_str()))
}
