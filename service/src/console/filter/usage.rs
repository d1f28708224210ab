//! How a proxy is told to use a release: the configuration as the API renders it, with its keys marked.
use crate::{auth::FilterAccess, configuration, console::parts::escape, error::Result, state::State};
use askama::filters::Safe;
use std::fmt::Write;
use tamis_entities::{
    release,
    value::{PluginType, Version},
};
use tamis_formats::{Format, Pin, Refusal};

pub struct Usage {
    pub format: Format,
    /// The others that it can be had as.
    pub formats: Vec<Format>,
    pub text: Safe<String>,
    pub pin: Pin,
    /// What stands in the way; then there is no text.
    pub refusals: Vec<Refusal>,
    /// Besides those: nobody may fetch it without credentials, and a proxy has none.
    pub needs_url: bool,
}

/// What names it among the refusals.
const URL: &str = "capability_url";

impl Usage {
    pub fn is_there(&self) -> bool {
        self.refusals.is_empty() && !self.needs_url
    }
}

/// A name for the first capability URL of a release, in the grammar of names.
pub fn url_name(version: &Version) -> String {
    let version = version.to_string().to_ascii_lowercase();
    let parts = version.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut name = parts.fold("proxies".to_owned(), |name, part| format!("{name}-{part}"));
    name.truncate(64);
    name.trim_end_matches('-').to_owned()
}

/// For who may have the bytes.
pub async fn of(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    declared: Option<PluginType>,
    wanted: Option<&str>,
) -> Result<Usage> {
    let formats = configuration::fitting(declared.map(configuration::point));
    let wanted = wanted.and_then(|word| word.parse().ok()).filter(|format| formats.contains(format));
    let offer = configuration::offer(state, access, release, wanted.unwrap_or(Format::EnvoyFilter)).await?;
    let (text, pin, mut refusals) = match offer.rendered {
        Ok(rendered) => (coloured(&rendered.text), rendered.pin, vec![]),
        Err(refusals) => (Safe(String::new()), Pin::None, refusals),
    };
    let needs_url = refusals.iter().any(|refusal| refusal.field == URL);
    refusals.retain(|refusal| refusal.field != URL);
    Ok(Usage { format: offer.format, formats, text, pin, refusals, needs_url })
}

fn coloured(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let key = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len));
        let _ = match key {
            _ if line.starts_with('#') => writeln!(html, "<span class=\"soft\">{}</span>", escape(line)),
            Some(at) => {
                writeln!(html, "<span class=\"key\">{}</span>{}", escape(&line[..at]), escape(&line[at..]))
            }
            None => writeln!(html, "{}", escape(line)),
        };
    }
    Safe(html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tamis_entities::value::Slug;

    #[test]
    fn whatever_the_version_the_name_that_is_proposed_is_one() {
        for (version, name) in [
            ("1.0.0", "proxies-1-0-0"),
            ("1.0.0-RC.1", "proxies-1-0-0-rc-1"),
            ("1.0.0--a-", "proxies-1-0-0-a"),
        ] {
            assert_eq!(url_name(&version.parse().unwrap()), name);
        }
        let long: Version = format!("1.0.0-{}", "a-".repeat(28)).parse().unwrap();
        assert!(url_name(&long).parse::<Slug>().is_ok(), "{}", url_name(&long));
    }
}
