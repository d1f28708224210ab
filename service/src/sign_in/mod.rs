//! How people come in: one-time links, local passwords, OpenID Connect issuers and GitHub; the
//! sessions that follow; and which account an outside identity stands for. Knows nothing of
//! tokens, nor of what somebody may do once they are in.
pub mod account;
pub mod attempt;
pub mod browser;
pub mod fetch;
pub mod github;
pub mod http;
pub mod identities;
pub mod link;
pub mod local;
pub mod mapping;
pub mod me;
pub mod next;
pub mod oidc;
pub mod page;
pub mod password;
pub mod session;
pub mod settings;
pub mod throttle;

use crate::error::{Error, Result};
use std::path::Path;
use tamis_entities::value::Timestamp;

/// What sign-in needs beside the database; one per process.
pub struct SignIn {
    pub settings: settings::Settings,
    pub fetch: fetch::Fetch,
    pub issuers: oidc::Issuers,
    pub passwords: password::Passwords,
    pub throttle: throttle::Throttle,
}

impl SignIn {
    pub fn open(file: Option<&Path>, cores: usize) -> Result<Self> {
        Ok(Self {
            settings: settings::Settings::load(file)?,
            fetch: fetch::Fetch::new()?,
            issuers: oidc::Issuers::default(),
            passwords: password::Passwords::new(cores),
            throttle: throttle::Throttle::default(),
        })
    }
}

/// What a provider says of somebody who has just proved to it who they are.
#[derive(Clone, Debug)]
pub struct Profile {
    /// As sessions and memberships name it: `oidc:acme`, `github`.
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    pub username: Option<String>,
    pub email: Option<Email>,
    pub groups: Vec<String>,
    /// When they proved it, if the provider says.
    pub proved_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Email {
    pub address: String,
    pub verified: bool,
}

impl Profile {
    /// Whom people recognise them by.
    pub fn label(&self) -> String {
        let name = self.username.as_deref().or(self.email.as_ref().map(|e| e.address.as_str()));
        let name = name.unwrap_or(&self.subject);
        name.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    pub fn verified_email(&self) -> Option<&str> {
        let email = self.email.as_ref().filter(|e| e.verified)?;
        let plain = email.address.len() <= 320 && !email.address.chars().any(char::is_control);
        plain.then_some(email.address.as_str())
    }

    /// Databases refuse NUL, and OpenID Connect Core section 2 bounds a subject to 255 characters.
    pub fn check(&self) -> Result<()> {
        let fits = !self.subject.is_empty() && self.subject.len() <= 255;
        match fits && !self.subject.chars().any(char::is_control) {
            true => Ok(()),
            false => Err(answer("the subject is empty, longer than 255 characters, or not text")),
        }
    }
}

/// What a provider sent cannot be used; the log has the reason, the person a code.
pub fn answer(why: impl std::fmt::Display) -> Error {
    tracing::warn!(%why, "a provider's answer was refused");
    let detail = "the provider's answer does not fit the sign-in that began here; start again";
    Error::forbidden("provider-answer", detail)
}

/// The provider does not answer, or not as it should.
pub fn away(why: impl std::fmt::Display) -> Error {
    tracing::warn!(%why, "a provider could not be reached");
    let detail = "the provider does not answer as it should; try again in a moment, or sign in another way";
    Error::new(crate::error::Kind::Upstream, "provider-away", detail)
}
