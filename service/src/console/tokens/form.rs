//! The form that makes a token, of a person or of a robot: what was ticked and typed, read into the request
//! that the API takes, and shown again when it was refused.
use crate::{
    auth::{Identity, SignedIn},
    console::refused::wants_a_page,
    error::{Error, Kind, Result},
    filters::mine,
    oauth::words::Word,
    state::State,
    teams::view::mine as teams,
    tokens::{self, TokenRequest, limit::LimitRequest, view::NewTokenView},
};
use actix_web::{HttpRequest, http::StatusCode};
use std::{collections::BTreeMap, time::Duration};
use tamis_entities::value::{Scope, Scopes, Slug, Timestamp};
use uuid::Uuid;

pub type Fields = BTreeMap<String, String>;

/// Days from now, and what they are called.
const LIVES: [(&str, &str); 5] =
    [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "a year")];
const USUAL: &str = "90";

/// How the form went, if it was sent at all.
#[derive(Default)]
pub struct Outcome {
    pub made: Option<NewTokenView>,
    pub refused: Option<Error>,
    pub fields: Fields,
}

impl Outcome {
    pub fn status(&self) -> StatusCode {
        match (&self.refused, &self.made) {
            (Some(error), _) if error.kind() == Kind::Forbidden => StatusCode::FORBIDDEN,
            (Some(_), _) => StatusCode::BAD_REQUEST,
            (None, Some(_)) => StatusCode::CREATED,
            (None, None) => StatusCode::OK,
        }
    }
}

/// The form as it is shown.
pub struct Making {
    pub name: String,
    pub limit: String,
    /// Why it was refused, and whether a new sign-in is what helps.
    refused: Option<(String, bool)>,
    scopes: Vec<Scope>,
    fields: Fields,
    /// What a token can be limited to.
    pub places: Vec<String>,
}

impl Making {
    /// With what is shown once. A machine's token carries less.
    pub async fn of(
        state: &State,
        who: &Identity,
        outcome: Outcome,
        machine: bool,
    ) -> Result<(Option<NewTokenView>, Self)> {
        let carried =
            |scope: &Scope| who.scopes.has(*scope) && (!machine || Scopes::of_machine().has(*scope));
        let Outcome { made, refused, fields } = outcome;
        let fields = if made.is_some() { Fields::new() } else { fields };
        let typed = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let making = Self {
            name: typed("name"),
            limit: typed("limit"),
            refused: refused.map(|error| (error.detail().to_owned(), error.code() == "sign-in-again")),
            scopes: Scope::ALL.into_iter().filter(carried).collect(),
            places: places(state, who).await?,
            fields,
        };
        Ok((made, making))
    }

    pub fn refused(&self) -> Option<(&str, bool)> {
        self.refused.as_ref().map(|(why, again)| (why.as_str(), *again))
    }

    /// Word, what it means, and whether it is ticked.
    pub fn scopes(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + '_ {
        self.scopes.iter().map(|scope| {
            let word = scope.as_str();
            let ticked = if self.fields.is_empty() {
                *scope == Scope::FiltersRead
            } else {
                self.fields.contains_key(word)
            };
            (word, Word::Api(*scope).in_words(), ticked)
        })
    }

    pub fn lives(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + '_ {
        let chosen = self.fields.get("days").map_or(USUAL, String::as_str);
        LIVES.into_iter().map(move |(days, words)| (days, words, days == chosen))
    }
}

/// Namespaces, then filters.
async fn places(state: &State, who: &Identity) -> Result<Vec<String>> {
    let mut places = vec![who.handle.to_string()];
    places.extend(teams(state, who).await?.into_iter().map(|team| team.handle.to_string()));
    let filters = mine::mine(state, who).await?;
    places.extend(filters.iter().map(|mine| format!("{}/{}", mine.filter.namespace, mine.filter.name)));
    Ok(places)
}

/// What was asked for. Every field but these is a scope that was ticked.
pub fn read(fields: &Fields, now: Timestamp) -> Result<TokenRequest> {
    let typed = |name: &str| fields.get(name).map(|text| text.trim()).unwrap_or_default();
    let known = ["form", "name", "limit", "days"];
    let ticked = fields.keys().filter(|name| !known.contains(&name.as_str()));
    let scopes =
        ticked.map(|name| name.parse().map_err(|_| Error::invalid("scopes", format!("`{name}` is none"))));
    let days = typed("days");
    let days = if days.is_empty() { USUAL } else { days };
    let days: u64 = days.parse().map_err(|_| Error::invalid("expires_at", "a number of days"))?;
    if days > 366 {
        return Err(Error::invalid("expires_at", "at most a year from now"));
    }
    Ok(TokenRequest {
        name: typed("name").to_owned(),
        scopes: scopes.collect::<Result<_>>()?,
        expires_at: Some(now.plus(Duration::from_secs(days * 86_400))),
        limit: limit(typed("limit"))?,
    })
}

fn limit(text: &str) -> Result<Option<LimitRequest>> {
    if text.is_empty() {
        return Ok(None);
    }
    let name = |text: &str| {
        text.parse::<Slug>()
            .map_err(|_| Error::invalid("limit", "a namespace, or namespace/filter; empty for all"))
    };
    let (namespace, filter) = match text.split_once('/') {
        Some((namespace, filter)) => (name(namespace)?, Some(name(filter)?)),
        None => (name(text)?, None),
    };
    Ok(Some(LimitRequest { namespace, filter }))
}

/// A token for the owner, or why there is none that a person could do something about.
pub async fn made(
    state: &State,
    who: &SignedIn,
    owner: Uuid,
    request: &HttpRequest,
    fields: Fields,
) -> Result<Outcome> {
    let made = async {
        let asked = read(&fields, state.clock.now())?;
        NewTokenView::of(state, tokens::issue(state, who, owner, asked).await?).await
    };
    let shown =
        |error: &Error| matches!(error.kind(), Kind::Invalid | Kind::Forbidden) && wants_a_page(request);
    match made.await {
        Ok(made) => Ok(Outcome { made: Some(made), refused: None, fields }),
        Err(error) if shown(&error) => Ok(Outcome { made: None, refused: Some(error), fields }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_asks_for_what_was_ticked_and_for_nothing_else() {
        let fields = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect::<Fields>()
        };
        let asked = read(
            &fields(&[
                ("name", " ci "),
                ("filters:read", "on"),
                ("limit", "acme/guard"),
                ("days", "7"),
                ("form", "x"),
            ]),
            Timestamp(0),
        )
        .unwrap();
        assert_eq!((asked.name.as_str(), asked.scopes), ("ci", vec![Scope::FiltersRead]));
        assert_eq!(asked.expires_at, Some(Timestamp(7 * 86_400_000_000)));
        let limit = asked.limit.unwrap();
        assert_eq!((limit.namespace.as_str(), limit.filter.unwrap().as_str()), ("acme", "guard"));
        for wrong in [[("days", "9999999999999")], [("days", "x")], [("limit", "No Name")], [("all", "on")]] {
            assert!(read(&fields(&wrong), Timestamp(0)).is_err(), "{wrong:?}");
        }
    }
}
