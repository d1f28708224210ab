//! Forms of releases that have none: those of a time before there were any, and clones, which take
//! the parts of what they were copied from.
use super::{Held, NewManifest, Prepared, Writer, documents};
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    jobs::lease,
    modules::{
        deliver,
        objects::Named,
        spool::{self, Cut, Spooled},
    },
    registry::{blobs, document::Descriptor, name::Digest},
    state::State,
};
use documents::Parts;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::time::Duration;
use tamis_entities::{
    filter, registry_manifest, release, release_form,
    value::{FormKind, Sha256},
};

/// Releases at a time.
const SOME: u64 = 20;

/// The periodic duty.
pub async fn fill(state: &State) -> Result<()> {
    let formed = release_form::Entity::find().select_only().column(release_form::Column::ReleaseId);
    let bare = release::Entity::find()
        .filter(release::Column::Id.not_in_subquery(formed.into_query()))
        .order_by_asc(release::Column::Id)
        .limit(SOME)
        .all(&*state.db)
        .await?;
    if bare.is_empty() || !lease::hold(state, "release-forms", Duration::from_secs(600)).await? {
        return Ok(());
    }
    for release in bare {
        if let Err(error) = make(state, &release).await {
            tracing::warn!(%error, release = %release.id, "the forms of a release could not be made");
        }
    }
    lease::end(state, "release-forms").await
}

async fn make(state: &State, release: &release::Model) -> Result<()> {
    let found = filter::Entity::find_by_id(release.filter_id).one(&*state.db).await?;
    let Some(filter) = found else { return Ok(()) };
    let module = stored(state, release).await?;
    let prepared = super::prepare(state, &module, &filter.name, &release.version).await?;
    let done = write(state, &filter, release, &prepared).await;
    if done.is_err() {
        prepared.end(state).await;
    }
    done
}

async fn write(
    state: &State,
    filter: &filter::Model,
    release: &release::Model,
    prepared: &Prepared,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let now = release::Entity::find_by_id(release.id).lock_exclusive().one(&*txn).await?;
    if now.is_none() {
        return Err(Error::not_found());
    }
    if let Named::Lost = prepared.hold(state, &txn, Held::Released).await? {
        return Err(Error::unavailable("a form was collected while it was made"));
    }
    prepared.write(state, &txn, filter, release, None).await?;
    txn.commit().await
}

/// The module of a release as a file.
async fn stored(state: &State, release: &release::Model) -> Result<Spooled> {
    let size = u64::try_from(release.size).unwrap_or_default();
    let body = deliver::stream(state, &release.sha256, size, None, 0..size).await?;
    let beyond = |_| Error::internal("a stored module is larger than its row says");
    spool::take(state, body, size, beyond, |_| {}).await.map_err(|cut| match cut {
        Cut::Early(cause) => Error::internal(cause),
        Cut::Refused(error) => error,
    })
}

/// Gives a clone the forms of its origin, under its own name. No byte is copied or packed. An origin
/// without forms leaves it to the duty above.
pub async fn copy(
    state: &State,
    txn: &WriteTxn<'_>,
    from: &release::Model,
    filter: &filter::Model,
    release: &release::Model,
) -> Result<()> {
    let (Some(compat), Some(wasm)) =
        (form(txn, from, FormKind::Compat).await?, form(txn, from, FormKind::Wasm).await?)
    else {
        return Ok(());
    };
    let Some(parts) = parts(&compat, &wasm) else { return Ok(()) };
    let mut all = [&parts.layer, &parts.image_config, &parts.wasm_config, &parts.module];
    all.sort_by(|a, b| a.digest.cmp(&b.digest));
    for part in all {
        let (Ok(digest), Ok(sha256)) = (part.digest.parse::<Digest>(), part.digest.parse::<Sha256>()) else {
            return Ok(());
        };
        if !blobs::name(state, txn, filter.id, &digest, &sha256, part.size).await? {
            return Err(Error::not_found());
        }
    }
    let compat = parts.compat(&filter.name, &release.version)?;
    let wasm = parts.wasm(&filter.name, &release.version, &compat)?;
    let writer = Writer { state, txn, filter, release };
    writer.tag(&compat, FormKind::Compat, (false, release.version.as_str())).await?;
    writer.tag(&wasm, FormKind::Wasm, (true, release.version.as_str())).await
}

async fn form(txn: &WriteTxn<'_>, release: &release::Model, kind: FormKind) -> Result<Option<NewManifest>> {
    let of = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ManifestId)
        .filter(release_form::Column::ReleaseId.eq(release.id))
        .filter(release_form::Column::Kind.eq(kind));
    let manifest = registry_manifest::Entity::find()
        .filter(registry_manifest::Column::Id.in_subquery(of.into_query()))
        .one(&**txn)
        .await?;
    Ok(manifest.and_then(|m| NewManifest::stored(m).ok()))
}

fn parts(compat: &NewManifest, wasm: &NewManifest) -> Option<Parts> {
    let only = |layers: &[Descriptor]| layers.first().cloned();
    Some(Parts {
        layer: only(&compat.document.layers)?,
        image_config: compat.document.config.clone()?,
        wasm_config: wasm.document.config.clone()?,
        module: only(&wasm.document.layers)?,
    })
}
