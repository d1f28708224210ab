//! The JSON of a release's forms: configurations that follow from the module alone, and manifests that
//! add the filter's name and the version. Made once and stored; never made again.
use crate::error::{Error, Result};
use crate::registry::{
    document::{self, Descriptor, Document, IMAGE},
    name::{Algorithm, Digest},
};
use serde_json::{Value, json};
use tamis_entities::{
    registry_manifest,
    value::{Sha256, Slug, Version},
};

pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub const WASM_LAYER: &str = "application/wasm";
pub const SOLO_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
pub const SOLO_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// A manifest on its way into a repository.
pub struct NewManifest {
    pub digest: Digest,
    pub media_type: String,
    pub content: Vec<u8>,
    pub document: Document,
}

impl NewManifest {
    /// One that is stored, read again.
    pub fn stored(row: registry_manifest::Model) -> Result<Self> {
        let document =
            document::read(&row.content, &row.media_type).map_err(|fault| Error::internal(fault.0))?;
        let digest = row.digest.parse().map_err(|()| Error::internal("a stored digest is none"))?;
        Ok(Self { digest, media_type: row.media_type, content: row.content, document })
    }

    fn made(value: &Value) -> Result<Self> {
        let content = serde_json::to_vec(value)?;
        let document = document::read(&content, IMAGE).map_err(|fault| Error::internal(fault.0))?;
        let digest = Digest::of(Algorithm::Sha256, &content);
        Ok(Self { digest, media_type: IMAGE.to_owned(), content, document })
    }
}

pub fn descriptor(media_type: &str, sha256: &Sha256, size: u64) -> Descriptor {
    Descriptor { media_type: media_type.to_owned(), digest: sha256.digest(), size }
}

fn shown(d: &Descriptor) -> Value {
    json!({"mediaType": d.media_type, "digest": d.digest, "size": d.size})
}

/// What image tools read: a Linux image with one layer. They ask for a platform, wasm has none.
pub fn image_config(tar: &Sha256) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [tar.digest()]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "tamis"}]
    }))?)
}

/// What wasm tools read. It must say a time; the same module says the same.
pub fn wasm_config(module: &Sha256) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip1",
        "layerDigests": [module.digest()]
    }))?)
}

/// What readers of Solo's form find beside the module: which proxy it is for, and under which root id it runs.
pub fn solo_config(abi: Option<&str>, root: Option<&str>) -> Result<Vec<u8>> {
    let versions: Vec<_> = abi.iter().map(|abi| format!("v{abi}")).collect();
    Ok(serde_json::to_vec(&json!({
        "type": "envoy_proxy",
        "abiVersions": versions,
        "config": {"rootIds": [root.unwrap_or_default()]}
    }))?)
}

/// Two layers, the configuration and the module as it is. What stands as the image's configuration nobody
/// reads; the same object serves.
pub fn solo(parts: &(Descriptor, Descriptor), name: &Slug, version: &Version) -> Result<NewManifest> {
    let (config, module) = parts;
    NewManifest::made(&json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": shown(config),
        "layers": [shown(config), shown(module)],
        "annotations": {
            "org.opencontainers.image.title": name.as_str(),
            "org.opencontainers.image.version": version.as_str()
        }
    }))
}

/// The parts of which a release's manifests are made.
pub struct Parts {
    pub layer: Descriptor,
    pub image_config: Descriptor,
    pub wasm_config: Descriptor,
    pub module: Descriptor,
}

impl Parts {
    pub fn compat(&self, name: &Slug, version: &Version) -> Result<NewManifest> {
        NewManifest::made(&json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": shown(&self.image_config),
            "layers": [shown(&self.layer)],
            "annotations": {
                "module.wasm.image/variant": "compat",
                "org.opencontainers.image.title": name.as_str(),
                "org.opencontainers.image.version": version.as_str()
            }
        }))
    }

    /// The same release for wasm tools; it refers to the other.
    pub fn wasm(&self, name: &Slug, version: &Version, compat: &NewManifest) -> Result<NewManifest> {
        let subject = Descriptor {
            media_type: IMAGE.to_owned(),
            digest: compat.digest.to_string(),
            size: compat.content.len() as u64,
        };
        NewManifest::made(&json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": shown(&self.wasm_config),
            "layers": [shown(&self.module)],
            "subject": shown(&subject),
            "annotations": {
                "org.opencontainers.image.title": name.as_str(),
                "org.opencontainers.image.version": version.as_str()
            }
        }))
    }
}
