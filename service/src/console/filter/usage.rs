//! How a proxy is told to use a release: the configuration as the API renders it, with its keys marked.
use crate::{auth::FilterAccess, configuration, console::parts::escape, error::Result, state::State};
use askama::filters::Safe;
use std::fmt::Write;
use tamis_entities::{release, value::PluginType};
use tamis_formats::{Format, Pin, Refusal};

pub struct Usage {
    pub format: Format,
    /// The others that it can be had as.
    pub formats: Vec<Format>,
    pub text: Safe<String>,
    pub pin: Pin,
    /// What stands in the way; then there is no text.
    pub refusals: Vec<Refusal>,
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
    let (text, pin, refusals) = match offer.rendered {
        Ok(rendered) => (coloured(&rendered.text), rendered.pin, vec![]),
        Err(refusals) => (Safe(String::new()), Pin::None, refusals),
    };
    Ok(Usage { format: offer.format, formats, text, pin, refusals })
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
