//! What people say of each: all of what an approval covers besides the bytes.
use super::{Group, Kind, Row, Sides, Whole, group};
use crate::{
    console::figures,
    releases::diff::{
        Words,
        view::{LineChange, MetadataChanges, ReadmeChange, SchemaProperty},
    },
};
use serde_json::Value;
use std::fmt::Write;
use tamis_entities::value::{Metadata, PluginType};
use tamis_verification::TextChange;

pub fn groups(sides: &Sides<'_>) -> Vec<Group> {
    let said = sides.said;
    let of = |title, rows| group(title, Whole::Words, rows);
    let both = |text: fn(&Metadata) -> String| {
        let old = sides.old.as_ref().map(|words| text(words.metadata)).unwrap_or_default();
        ReadmeChange::of(&old, &text(sides.new.metadata))
    };
    let as_written = |title, text| {
        let found = both(text);
        of(title, lines(&found)).without(found.left_out, false)
    };
    let mut words = metadata(said);
    words.extend(icon(sides.old.as_ref(), &sides.new));
    vec![
        of("What is said of it", words),
        of("Configuration schema", schema(said)).without(0, said.config_schema.cut),
        // What is demanded of a value is in no property's line.
        as_written("Configuration schema as written", |said| pretty(said.config_schema.as_ref())),
        as_written("Sample configuration", |said| pretty(said.config_sample.as_ref())),
        as_written("Examples", examples),
        of("README", lines(&said.readme)).without(said.readme.left_out, false),
    ]
}

fn pretty(value: Option<&Value>) -> String {
    value.and_then(|value| serde_json::to_string_pretty(value).ok()).unwrap_or_default()
}

fn examples(said: &Metadata) -> String {
    let mut text = String::new();
    for example in &said.examples {
        let _ = writeln!(text, "{}\n{}", example.title, example.body);
    }
    text
}

fn lines(found: &ReadmeChange) -> Vec<Row> {
    let line = |change: LineChange, text: &String| match change {
        LineChange::Same => Row::same(text),
        LineChange::Added => Row::added(text),
        LineChange::Removed => Row::removed(text),
        LineChange::Gap => Row::same(&format!("… {text} lines that both have")),
    };
    found.lines.iter().map(|l| line(l.change, &l.text)).collect()
}

fn schema(said: &MetadataChanges) -> Vec<Row> {
    let line = |p: &SchemaProperty| {
        let required = if p.required { ", required" } else { "" };
        format!("{}: {}{required}", p.path, p.kind)
    };
    let found = &said.config_schema;
    let mut rows: Vec<_> = found.added.iter().map(|p| Row::added(line(p))).collect();
    rows.extend(found.removed.iter().map(|p| Row::removed(line(p))));
    rows.extend(found.altered.iter().map(|p| {
        let rules = if p.rules_changed { ", by other rules" } else { "" };
        Row::text(Kind::Changed, Some(line(&p.old)), Some(format!("{}{rules}", line(&p.new))))
    }));
    rows
}

fn metadata(said: &MetadataChanges) -> Vec<Row> {
    let mut rows = vec![];
    let mut line = |name: &str, change: &TextChange| {
        let side = |text: &Option<String>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| format!("{name}: {text}"))
        };
        rows.extend(Row::pair(side(&change.old), side(&change.new)).filter(Row::is_changed));
    };
    let kind = |kind: Option<PluginType>| kind.map(|k| k.as_str().to_owned());
    let types = TextChange { old: kind(said.plugin_type.old), new: kind(said.plugin_type.new) };
    line("Summary", &said.summary);
    line("Type", &types);
    line("Licence", &said.licence);
    line("Root id", &said.root_id);
    line("Source commit", &said.source_commit);
    rows.extend(said.environment_keys.added.iter().map(|k| Row::added(format!("Environment: {k}"))));
    rows.extend(said.environment_keys.removed.iter().map(|k| Row::removed(format!("Environment: {k}"))));
    rows
}

/// As a picture, with its kind and size.
fn icon(old: Option<&Words<'_>>, new: &Words<'_>) -> Option<Row> {
    let (old, new) = (old.and_then(|words| words.icon), new.icon);
    if old == new {
        return None;
    }
    let told = |uri: Option<&str>| {
        let uri = uri?;
        let kind = uri.trim_start_matches("data:").split(';').next().unwrap_or_default();
        Some(format!("Icon: {kind}, {} as text", figures::size(uri.len() as u64)))
    };
    let row = Row::pair(told(old), told(new))?;
    // Two pictures of one kind and size are still two.
    let kind = if row.kind == Kind::Same { Kind::Changed } else { row.kind };
    Some(Row { kind, pictures: (old.map(str::to_owned), new.map(str::to_owned)), ..row })
}
