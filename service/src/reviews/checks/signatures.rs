//! Signatures of a release, read from its repository as cosign leaves them there: under the tag
//! `sha256-<hex>.sig`, or as referrers of a manifest, as simple signing payloads or as Sigstore bundles with a
//! statement (sigstore/cosign, specs/SIGNATURE_SPEC.md and specs/BUNDLE_SPEC.md). What counts is a key of the
//! policy over the digest of one of the release's own manifests. Certificates and logs are not asked: it works
//! without any network.
use crate::{error::Result, modules::deliver, reviews::trust::TrustRoot, state::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde_json::Value;
use std::collections::BTreeSet;
use tamis_entities::{namespace, registry_blob, registry_manifest, registry_tag, release, release_form};
use uuid::Uuid;

const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// The statement of a bundle that says no more than "signed".
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
/// Manifests that may hold signatures, and layers of each, that are looked at.
const MOST: u64 = 50;
const MOST_LAYERS: usize = 20;
/// Of one payload or bundle.
const LARGEST: u64 = 64 * 1024;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    /// The policy has keys for this namespace.
    pub judged: bool,
    /// The names of the trust roots that have signed.
    pub by: BTreeSet<String>,
    /// Signatures over this release that no trust root has made.
    pub others: usize,
}

/// What somebody claims to have signed.
struct Claim {
    message: Vec<u8>,
    signature: Vec<u8>,
    /// Of manifests, `sha256:…`.
    digests: Vec<String>,
}

pub async fn of(state: &State, namespace: &namespace::Model, release: &release::Model) -> Result<Signatures> {
    let all = &state.policy.signatures.trust_roots;
    let roots: Vec<_> = all.iter().filter(|root| root.is_for(&namespace.handle)).collect();
    if roots.is_empty() {
        return Ok(Signatures::default());
    }
    let own = manifests(state, release).await?;
    let mut claims = vec![];
    for manifest in holders(state, release, &own).await? {
        claims.extend(claims_of(state, &manifest).await?);
    }
    Ok(judge(&roots, &own, &claims))
}

fn judge(roots: &[&TrustRoot], own: &[String], claims: &[Claim]) -> Signatures {
    let mut found = Signatures { judged: true, ..Signatures::default() };
    for claim in claims.iter().filter(|claim| claim.digests.iter().any(|d| own.contains(d))) {
        let mut by = roots.iter().filter(|root| root.verifies(&claim.message, &claim.signature)).peekable();
        match by.peek() {
            None => found.others += 1,
            Some(_) => found.by.extend(by.map(|root| root.name.clone())),
        }
    }
    found
}

/// The digests of the manifests by which the release is pulled.
async fn manifests(state: &State, release: &release::Model) -> Result<Vec<String>> {
    let forms = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ManifestId)
        .filter(release_form::Column::ReleaseId.eq(release.id));
    let rows = registry_manifest::Entity::find()
        .select_only()
        .column(registry_manifest::Column::Digest)
        .filter(registry_manifest::Column::Id.in_subquery(forms.into_query()));
    Ok(rows.into_tuple().all(&*state.db).await?)
}

/// The manifests of the repository that may hold signatures of these.
async fn holders(
    state: &State,
    release: &release::Model,
    own: &[String],
) -> Result<Vec<registry_manifest::Model>> {
    let tags = own.iter().map(|digest| format!("{}.sig", digest.replace(':', "-")));
    let tagged = registry_tag::Entity::find()
        .select_only()
        .column(registry_tag::Column::ManifestId)
        .filter(registry_tag::Column::FilterId.eq(release.filter_id))
        .filter(registry_tag::Column::Name.is_in(tags));
    let subject = registry_manifest::Column::Subject.is_in(own.iter().map(String::as_str));
    let such =
        Condition::any().add(registry_manifest::Column::Id.in_subquery(tagged.into_query())).add(subject);
    let rows = registry_manifest::Entity::find()
        .filter(registry_manifest::Column::FilterId.eq(release.filter_id))
        .filter(such)
        .order_by_desc(registry_manifest::Column::Id)
        .limit(MOST);
    Ok(rows.all(&*state.db).await?)
}

async fn claims_of(state: &State, manifest: &registry_manifest::Model) -> Result<Vec<Claim>> {
    let content: Value = serde_json::from_slice(&manifest.content).unwrap_or_default();
    let layers = content["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut claims = vec![];
    for layer in layers.iter().take(MOST_LAYERS) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, digest) = (text(&layer["mediaType"]), text(&layer["digest"]));
        let signature = STANDARD.decode(text(&layer["annotations"][SIGNATURE])).unwrap_or_default();
        let simple = kind == SIMPLE && !signature.is_empty();
        if !simple && !kind.starts_with(BUNDLE) {
            continue;
        }
        let Some(bytes) = blob(state, manifest.filter_id, &digest).await? else { continue };
        claims.extend(if simple { simple_claim(bytes, signature) } else { bundle_claim(&bytes) });
    }
    Ok(claims)
}

async fn blob(state: &State, filter: Uuid, digest: &str) -> Result<Option<Vec<u8>>> {
    let row = registry_blob::Entity::find_by_id((filter, digest.to_owned())).one(&*state.db).await?;
    let Some(row) = row else { return Ok(None) };
    let size = u64::try_from(row.size).unwrap_or(u64::MAX);
    if size > LARGEST {
        return Ok(None);
    }
    let pieces = deliver::stream(state, &row.sha256, size, None, 0..size).await?;
    let whole = pieces.try_fold(vec![], |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    Ok(Some(whole.await?))
}

/// The payload is what was signed, and names the manifest.
fn simple_claim(message: Vec<u8>, signature: Vec<u8>) -> Option<Claim> {
    let payload: Value = serde_json::from_slice(&message).ok()?;
    let critical = &payload["critical"];
    if critical["type"] != "cosign container image signature" {
        return None;
    }
    let digests = vec![critical["image"]["docker-manifest-digest"].as_str()?.to_owned()];
    Some(Claim { message, signature, digests })
}

/// The envelope's statement names the manifest; signed is the envelope's own encoding of it.
fn bundle_claim(bytes: &[u8]) -> Option<Claim> {
    let bundle: Value = serde_json::from_slice(bytes).ok()?;
    let envelope = &bundle["dsseEnvelope"];
    let kind = envelope["payloadType"].as_str()?;
    let payload = STANDARD.decode(envelope["payload"].as_str()?).ok()?;
    let signature = STANDARD.decode(envelope["signatures"][0]["sig"].as_str()?).ok()?;
    let statement: Value = serde_json::from_slice(&payload).ok()?;
    if kind != "application/vnd.in-toto+json" || statement["predicateType"] != SIGNED {
        return None;
    }
    let subjects = statement["subject"].as_array()?.iter();
    let digests = subjects.filter_map(|s| Some(format!("sha256:{}", s["digest"]["sha256"].as_str()?)));
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    Some(Claim { digests: digests.collect(), message, signature })
}
