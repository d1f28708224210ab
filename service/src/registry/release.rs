//! A push that is a release: the module is taken out of the manifest and goes the way of every upload.
//! The tag names exactly what was pushed; the other forms are made beside it.
use super::{
    access::Repository,
    document::Descriptor,
    forms::{self, NewManifest, Pushed},
    name::version_of,
    push::{check_there, names_it, taken, target},
    refusal::{Refusal, Result},
    tags,
    unbox::{self, Box, Opened},
};
use crate::{
    auth::access::{find_release, relock_filter},
    error::Error,
    modules::{
        deliver,
        spool::{self, Cut, Spooled},
    },
    releases,
    state::State,
};
use sea_orm::EntityTrait;
use tamis_entities::{registry_blob, value::Version};

/// Makes releases of the manifest under those of its tags that are versions. False: it is plain content.
pub async fn make(
    state: &State,
    repository: &Repository,
    manifest: &NewManifest,
    tags: &[String],
) -> Result<bool> {
    let versions: Vec<(&String, Version)> =
        tags.iter().filter_map(|tag| version_of(tag).map(|version| (tag, version))).collect();
    if versions.is_empty() {
        return Ok(false);
    }
    let Some((kind, layer)) = unbox::layer(&manifest.media_type, &manifest.document)? else {
        return Ok(false);
    };
    if versions.len() < tags.len() {
        return Err(Refusal::manifest_invalid("a release is pushed under its version alone"));
    }
    let mut module = None;
    for (tag, version) in versions {
        if find_release(&*state.db, repository.filter.id, &version).await?.is_some()
            && names_it(&*state.db, repository, tag, manifest).await?
        {
            continue;
        }
        // One push gives one version in all but the oddest case; each takes the file with it.
        let file = match module.take() {
            Some(file) => file,
            None => match take_out(state, repository, kind, layer).await? {
                Some(file) => file,
                None => return Ok(false),
            },
        };
        one(state, repository, manifest, tag, &version, file).await?;
    }
    Ok(true)
}

async fn one(
    state: &State,
    repository: &Repository,
    manifest: &NewManifest,
    tag: &str,
    version: &Version,
    module: Spooled,
) -> Result<()> {
    let content = NewManifest {
        digest: manifest.digest.clone(),
        media_type: manifest.media_type.clone(),
        content: manifest.content.clone(),
        document: manifest.document.clone(),
    };
    let pushed = Pushed { manifest: content, tag: tag.to_owned(), wasm: repository.name.wasm };
    let uploaded = releases::upload_pushed(state, target(repository), version, module, &pushed).await;
    let uploaded = uploaded.map_err(|error| match error.code() {
        "release-exists" => taken(tag),
        _ => repository.refused(state, error),
    })?;
    if uploaded.created {
        return Ok(());
    }
    let txn = state.db.begin_write().await?;
    let filter = relock_filter(&*txn, &repository.filter).await?;
    repository.writes_still(state, &txn).await?;
    let release = find_release(&*txn, filter.id, version).await?.ok_or_else(Error::not_found)?;
    if tags::is_of_release(&txn, repository, tag).await? {
        return Err(taken(tag));
    }
    check_there(&*txn, filter.id, &pushed.manifest.document).await?;
    forms::add(state, &txn, &filter, &release, &pushed).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(())
}

/// The module of the layer as a file; `None` when the layer holds none.
async fn take_out(
    state: &State,
    repository: &Repository,
    kind: Box,
    layer: &Descriptor,
) -> Result<Option<Spooled>> {
    let key = (repository.filter.id, layer.digest.clone());
    let blob = registry_blob::Entity::find_by_id(key).one(&*state.db).await?;
    let blob = blob.ok_or_else(Refusal::blob_unknown)?;
    let most = state.serve.max_module_bytes;
    let size = u64::try_from(blob.size).unwrap_or_default();
    // Packed it is no larger than unpacked, but for a header.
    let bound = if kind == Box::Raw { most } else { most.saturating_add(64 * 1024) };
    if size > bound {
        return match kind {
            Box::Raw => Err(spool::too_large(most).into()),
            // A large image under such a tag is somebody's plain content.
            Box::Archive => Ok(None),
        };
    }
    let body = deliver::stream_once(state, &blob.sha256, 0..size).await?;
    let fetched = spool::take(state, body, bound, spool::too_large, |_| {}).await;
    let fetched = fetched.map_err(|cut| match cut {
        Cut::Early(cause) => Error::internal(cause),
        Cut::Refused(error) => error,
    })?;
    match kind {
        Box::Raw => Ok(Some(fetched)),
        Box::Archive => unpacked(state, fetched).await,
    }
}

/// Removes the file if it is not taken over.
struct Temporary(Option<std::path::PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn unpacked(state: &State, layer: Spooled) -> Result<Option<Spooled>> {
    let path = spool::new_path(state);
    let mut file = Temporary(Some(path.clone()));
    let (to, most) = (path.clone(), state.serve.max_module_bytes);
    let work = move || unbox::open(layer.path(), &to, most);
    let opened = state.verifiers.run(work).await?.map_err(Error::from)?;
    match opened {
        Opened::Module => {
            file.0 = None;
            Ok(Some(spool::adopt(path).await?))
        }
        Opened::Nothing => Ok(None),
        Opened::Ambiguous(why) => Err(Refusal::manifest_invalid(format!(
            "readers of the layer would not all take the same module: {why}"
        ))),
        Opened::TooLarge => {
            let limit = spool::too_large(most);
            Err(Refusal::manifest_invalid(format!("unpacked, the layer is too large: {}", limit.detail())))
        }
    }
}
