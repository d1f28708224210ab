//! Dialogs: what cannot be taken back is said again, with what it means, before it is done. They open without
//! a script as well. Pure.
use super::parts::{escape, icon};
use crate::error::{Error, Result};
use askama::filters::Safe;
use serde::Deserialize;
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

/// A form that says no more than that it is ours.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BareForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AskQuery {
    /// The dialog that is open.
    pub ask: Option<String>,
}

pub struct Ask {
    /// Of the dialog, in the page and in its address.
    pub id: String,
    pub title: String,
    pub consequence: String,
    pub verb: &'static str,
    pub busy: &'static str,
    /// Where the form goes.
    pub to: String,
    pub fields: Vec<(&'static str, String)>,
}

impl Ask {
    /// What opens it, on the page that has this path.
    pub fn opener(&self, here: &str) -> Safe<String> {
        let (here, id, title) = (escape(here), escape(&self.id), escape(&self.title));
        let query = url::form_urlencoded::byte_serialize(self.id.as_bytes()).collect::<String>();
        Safe(format!(
            "<a class=\"button small danger\" href=\"{here}?ask={query}\" data-dialog=\"ask-{id}\" aria-label=\"{title}\">{}</a>",
            self.verb
        ))
    }

    pub fn is_open(&self, asked: Option<&String>) -> bool {
        asked == Some(&self.id)
    }
}

/// A button that does its one thing at once, because it can be done again or undone.
pub fn button(
    to: impl AsRef<str>,
    form: &str,
    verb: &str,
    label: impl AsRef<str>,
    symbol: &str,
) -> Safe<String> {
    let symbol = if symbol.is_empty() { String::new() } else { icon(symbol).0 };
    Safe(format!(
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"form\" value=\"{}\"><button class=\"button small\" aria-label=\"{}\">{symbol}{}</button></form>",
        escape(to.as_ref()),
        escape(form),
        escape(label.as_ref()),
        escape(verb)
    ))
}

/// A field of a form as a value.
pub fn named<T: FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T> {
    text.trim().parse().map_err(|e: T::Err| Error::invalid(field, e.to_string()))
}

/// An end of the day that a form names as `2026-12-31`.
pub fn end_of(day: &str) -> Option<tamis_entities::value::Timestamp> {
    serde_json::from_value(serde_json::Value::String(format!("{day}T23:59:59Z"))).ok()
}

/// `2026-12-31`.
pub fn day(at: &tamis_entities::value::Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_second_and_what_is_none_has_no_end() {
        let end = end_of("2026-12-31").unwrap();
        assert_eq!((end.to_string().as_str(), day(&end).as_str()), ("2026-12-31T23:59:59Z", "2026-12-31"));
        assert_eq!(["", "tomorrow", "2026-02-30", "2026-1-1"].map(|d| end_of(d).is_none()), [true; 4]);
    }
}
