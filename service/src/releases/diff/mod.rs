//! What changed from one release of a filter to another: the modules' facts, compared by
//! `tamis_verification`, and what people say of each. Knows nothing of who may ask.
pub mod http;
mod lines;
mod schema;
pub mod view;

use super::shown_metadata;
use crate::{
    error::Result,
    modules::{store, texts},
    state::State,
};
use tamis_entities::{
    filter, release,
    value::{Metadata, ReleaseState},
};
use tamis_verification::{LeftOut, ModuleChanges, Report, TextChange, Texts};
use view::{MetadataChanges, ReadmeChange, ReleaseDiff, ReleaseSide, TypeChange};

/// `insider`: sees what is being worked on, not only what was approved.
pub async fn diff(
    state: &State,
    filter: &filter::Model,
    (from, to): (&release::Model, &release::Model),
    insider: bool,
) -> Result<ReleaseDiff> {
    let (old, new) = (words(filter, from, insider), words(filter, to, insider));
    Ok(ReleaseDiff {
        from: ReleaseSide::from(from),
        to: ReleaseSide::from(to),
        same_bytes: from.sha256 == to.sha256,
        module: modules(state, Some(from), to, insider).await?,
        metadata: metadata(Some(&old), &new),
    })
}

/// The release beside nothing: all that it has is added.
pub async fn with_nothing(
    state: &State,
    filter: &filter::Model,
    release: &release::Model,
    insider: bool,
) -> Result<(ModuleChanges, MetadataChanges)> {
    let module = modules(state, None, release, insider).await?;
    Ok((module, metadata(None, &words(filter, release, insider))))
}

/// What is said of a release. Summary and icon belong to the filter; a release has its own once it is approved.
pub struct Words<'r> {
    pub metadata: &'r Metadata,
    pub summary: &'r str,
    pub icon: Option<&'r str>,
}

pub fn words<'r>(filter: &'r filter::Model, release: &'r release::Model, insider: bool) -> Words<'r> {
    let metadata = shown_metadata(release, insider);
    match &release.approved {
        Some(approved) if !insider || release.state != ReleaseState::Draft => {
            Words { metadata, summary: &approved.summary, icon: approved.icon.as_deref() }
        }
        _ => Words { metadata, summary: &filter.summary, icon: filter.icon.as_deref() },
    }
}

async fn modules(
    state: &State,
    from: Option<&release::Model>,
    to: &release::Model,
    insider: bool,
) -> Result<ModuleChanges> {
    let report = async |release: &release::Model| {
        store::report_of(state, &release.sha256, shown_metadata(release, insider).plugin_type).await
    };
    let (new, new_texts) = (report(to).await?, texts::of(state, &to.sha256).await?);
    let (old, old_texts) = match from {
        Some(from) => (report(from).await?, texts::of(state, &from.sha256).await?),
        None => (without_anything(new.clone()), Texts::default()),
    };
    Ok(tamis_verification::changes((&old, &old_texts), (&new, &new_texts)))
}

/// Only what is compared is taken away.
fn without_anything(report: Report) -> Report {
    Report {
        size: 0,
        abi_version: None,
        toolchain: None,
        capabilities: vec![],
        imports: vec![],
        exports: vec![],
        sections: vec![],
        left_out: LeftOut::default(),
        ..report
    }
}

fn metadata(old: Option<&Words<'_>>, new: &Words<'_>) -> MetadataChanges {
    let nothing = Metadata::default();
    let (was, is) = (old.map_or(&nothing, |words| words.metadata), new.metadata);
    let text = |old: &Option<String>, new: &Option<String>| TextChange { old: old.clone(), new: new.clone() };
    let readme = |text: &Option<String>| text.clone().unwrap_or_default();
    MetadataChanges {
        plugin_type: TypeChange { old: was.plugin_type, new: is.plugin_type },
        root_id: text(&was.root_id, &is.root_id),
        licence: text(&was.licence, &is.licence),
        source_commit: text(&was.source_commit, &is.source_commit),
        summary: text(&old.map(|words| words.summary.to_owned()), &Some(new.summary.to_owned())),
        readme: ReadmeChange::of(&readme(&was.readme), &readme(&is.readme)),
        config_schema: schema::changes(was.config_schema.as_ref(), is.config_schema.as_ref()),
        config_sample_changed: was.config_sample != is.config_sample,
        environment_keys: view::KeyChanges::of(&was.environment_keys, &is.environment_keys),
    }
}
