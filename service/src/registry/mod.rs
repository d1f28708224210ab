//! An OCI registry (Distribution 1.1) over the filters: each is a repository, each release a manifest
//! in several forms. Decides nothing about publication: a push is an upload by another door.
pub mod access;
mod blobs;
mod document;
pub mod forms;
pub mod http;
pub mod known;
mod manifests;
mod name;
mod opening;
mod push;
mod reading;
mod receiving;
mod referrers;
pub mod refusal;
mod release;
mod sessions;
mod tags;
mod token;
mod unbox;
pub mod uploads;

/// Whether a stored manifest is what its digest says.
pub fn is_whole(manifest: &tamis_entities::registry_manifest::Model) -> bool {
    let digest = manifest.digest.parse::<name::Digest>();
    digest.is_ok_and(|digest| name::Digest::of(digest.algorithm(), &manifest.content) == digest)
}
