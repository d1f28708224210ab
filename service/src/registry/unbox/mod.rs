//! The module inside a manifest: the forms that wasm travels in, and how it is taken out. A proxy takes it
//! out by rules of its own; what two readers could take differently is no release.
mod archive;
#[cfg(test)]
mod tests;

pub use archive::{Opened, open};

use super::{
    document::{DOCKER, Descriptor, Document, IMAGE},
    forms::documents::{LAYER, SOLO_LAYER, WASM_LAYER},
    refusal::{Refusal, Result},
};

const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// How a layer holds the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Box {
    /// The layer is the module.
    Raw,
    /// The layer is a gzip of a tar with `plugin.wasm`, if it holds one.
    Archive,
}

/// The layer with the module, if the manifest is of a form that has one. Readers try one form after the
/// other until one fits, each in its own order: with two forms in it they would run two modules.
pub fn layer<'a>(media_type: &str, document: &'a Document) -> Result<Option<(Box, &'a Descriptor)>> {
    if !matches!(media_type, DOCKER | IMAGE) {
        return Ok(None);
    }
    let layers = &document.layers;
    let raw: Vec<_> = layers.iter().filter(|l| [WASM_LAYER, SOLO_LAYER].contains(&&*l.media_type)).collect();
    if raw.len() > 1 {
        return Err(Refusal::manifest_invalid(
            "more than one layer is a module: readers differ in which they take",
        ));
    }
    if !raw.is_empty() && layers.iter().any(|l| is_archive(&l.media_type)) {
        return Err(Refusal::manifest_invalid(
            "one layer is a module and another an archive: readers differ in which they look into",
        ));
    }
    let archive = |kind: &str| layers.last().filter(|l| l.media_type == kind).map(|l| (Box::Archive, l));
    Ok(match media_type {
        DOCKER => archive(DOCKER_LAYER),
        _ => archive(LAYER).or_else(|| {
            let of = |kind: &str| raw.first().copied().filter(|l| l.media_type == kind);
            let found = match layers.len() {
                1 => of(WASM_LAYER),
                2 => of(SOLO_LAYER),
                _ => None,
            };
            found.map(|l| (Box::Raw, l))
        }),
    })
}

/// Layers of file systems, packed in whatever way.
fn is_archive(media_type: &str) -> bool {
    media_type == DOCKER_LAYER || media_type.contains(".tar") || media_type.contains("+tar")
}
