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
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tamis_entities::{
    filter, registry_manifest, release, release_form,
    value::{FormKind, Sha256},
};
use uuid::Uuid;

/// Releases that are looked at in one question, and such questions of one turn.
const PAGE: u64 = 500;
const PAGES: usize = 20;
/// Releases that are made forms for in one turn: each is unpacked work.
const SOME: usize = 20;

/// Up to where the last turn looked. What cannot be made is passed over, and tried again when all others
/// have had their turn; after a start it begins anew.
static LOOKED: Mutex<Option<Uuid>> = Mutex::new(None);

/// The periodic duty: walks the releases in the order of their ids, round and round.
pub async fn fill(state: &State) -> Result<()> {
    if !lease::hold(state, "release-forms", Duration::from_secs(600)).await? {
        return Ok(());
    }
    let from = *LOOKED.lock().unwrap_or_else(PoisonError::into_inner);
    let done = turn(state, from).await;
    if let Ok(at) = done {
        *LOOKED.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
    lease::end(state, "release-forms").await?;
    done.map(drop)
}

/// One turn from there on, over the end and back at most to where it began; where it stopped.
async fn turn(state: &State, from: Option<Uuid>) -> Result<Option<Uuid>> {
    let (mut at, mut around, mut left) = (from, from.is_none(), SOME);
    for _ in 0..PAGES {
        let page = page(state, at).await?;
        let Some(last) = page.last().copied() else {
            if std::mem::replace(&mut around, true) {
                return Ok(None);
            }
            at = None;
            continue;
        };
        for id in bare(state, &page).await? {
            if left == 0 {
                return Ok(at);
            }
            left -= 1;
            at = Some(id);
            attempt(state, id).await?;
        }
        at = Some(last);
        if around && from.is_some_and(|from| last >= from) {
            return Ok(at);
        }
    }
    Ok(at)
}

async fn page(state: &State, after: Option<Uuid>) -> Result<Vec<Uuid>> {
    let mut next = release::Entity::find().select_only().column(release::Column::Id);
    if let Some(after) = after {
        next = next.filter(release::Column::Id.gt(after));
    }
    Ok(next.order_by_asc(release::Column::Id).limit(PAGE).into_tuple().all(&*state.db).await?)
}

/// Those that have no form, in the same order.
async fn bare(state: &State, page: &[Uuid]) -> Result<Vec<Uuid>> {
    use release_form::Column::ReleaseId;
    let formed: Vec<Uuid> = release_form::Entity::find()
        .select_only()
        .column(ReleaseId)
        .distinct()
        .filter(ReleaseId.is_in(page.iter().copied()))
        .into_tuple()
        .all(&*state.db)
        .await?;
    let formed: HashSet<Uuid> = formed.into_iter().collect();
    Ok(page.iter().filter(|id| !formed.contains(id)).copied().collect())
}

async fn attempt(state: &State, id: Uuid) -> Result<()> {
    let Some(release) = release::Entity::find_by_id(id).one(&*state.db).await? else { return Ok(()) };
    if let Err(error) = make(state, &release).await {
        tracing::warn!(%error, release = %id, "the forms of a release could not be made");
    }
    Ok(())
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
    let body = deliver::stream_once(state, &release.sha256, 0..size).await?;
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
