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
use tamis_entities::{filter, release, value::ReleaseState};
use tamis_verification::{ModuleChanges, TextChange};
use view::{MetadataChanges, ReadmeChange, ReleaseDiff, ReleaseSide, TypeChange};

/// `insider`: sees what is being worked on, not only what was approved.
pub async fn diff(
    state: &State,
    filter: &filter::Model,
    (from, to): (&release::Model, &release::Model),
    insider: bool,
) -> Result<ReleaseDiff> {
    Ok(ReleaseDiff {
        from: ReleaseSide::from(from),
        to: ReleaseSide::from(to),
        same_bytes: from.sha256 == to.sha256,
        module: modules(state, from, to, insider).await?,
        metadata: metadata(filter, (from, to), insider),
    })
}

async fn modules(
    state: &State,
    from: &release::Model,
    to: &release::Model,
    insider: bool,
) -> Result<ModuleChanges> {
    let report = async |release: &release::Model| {
        store::report_of(state, &release.sha256, shown_metadata(release, insider).plugin_type).await
    };
    let (old, new) = (report(from).await?, report(to).await?);
    let (old_texts, new_texts) = (texts::of(state, &from.sha256).await?, texts::of(state, &to.sha256).await?);
    Ok(tamis_verification::changes((&old, &old_texts), (&new, &new_texts)))
}

/// The summary belongs to the filter; a release has one of its own once it is approved.
fn summary(filter: &filter::Model, release: &release::Model, insider: bool) -> String {
    match &release.approved {
        Some(approved) if !insider || release.state != ReleaseState::Draft => approved.summary.clone(),
        _ => filter.summary.clone(),
    }
}

fn metadata(
    filter: &filter::Model,
    (from, to): (&release::Model, &release::Model),
    insider: bool,
) -> MetadataChanges {
    let (old, new) = (shown_metadata(from, insider), shown_metadata(to, insider));
    let text = |old: &Option<String>, new: &Option<String>| TextChange { old: old.clone(), new: new.clone() };
    let readme = |text: &Option<String>| text.clone().unwrap_or_default();
    MetadataChanges {
        plugin_type: TypeChange { old: old.plugin_type, new: new.plugin_type },
        root_id: text(&old.root_id, &new.root_id),
        licence: text(&old.licence, &new.licence),
        source_commit: text(&old.source_commit, &new.source_commit),
        summary: text(&Some(summary(filter, from, insider)), &Some(summary(filter, to, insider))),
        readme: ReadmeChange::of(&readme(&old.readme), &readme(&new.readme)),
        config_schema: schema::changes(old.config_schema.as_ref(), new.config_schema.as_ref()),
        config_sample_changed: old.config_sample != new.config_sample,
        environment_keys: view::KeyChanges::of(&old.environment_keys, &new.environment_keys),
    }
}
