//! The forms of a release: the same module as the manifests that its users pull. Made and stored
//! before an upload is acknowledged, named in the transaction that makes the release, gone with it.
mod bury;
pub mod documents;
mod fill;
mod pack;
pub mod solo;
mod writer;

pub use bury::{bury, objects};
pub use documents::NewManifest;
pub use fill::{copy, fill};
pub use pack::FILE;
pub use writer::insert;

use super::{blobs, name::Digest};
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    modules::{
        objects::{self, Named, Stored},
        spool::{self, Cut, Spooled},
        store::{self, Admitted},
    },
    state::State,
};
use bytes::Bytes;
use documents::{Parts, descriptor};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef};
use tamis_entities::{
    filter, registry_manifest, release, release_form,
    value::{FormKind, ReleaseState, Sha256, Slug, Version},
};
use uuid::Uuid;
use writer::Writer;

/// What was pushed, when the release came by that door.
pub struct Pushed {
    pub manifest: NewManifest,
    pub tag: String,
    /// By the repository's name below `wasm/`.
    pub wasm: bool,
}

/// Forms that are stored and not yet named; the collector keeps away from them.
pub struct Prepared {
    objects: Vec<Stored>,
    module: (Sha256, u64),
    compat: NewManifest,
    wasm: NewManifest,
}

/// How the module of the forms comes into the transaction.
pub enum Held<'a> {
    Admitted(&'a Admitted),
    /// A release names it already.
    Released,
}

/// Packs and stores; the module itself is stored by its own way.
pub async fn prepare(state: &State, module: &Spooled, name: &Slug, version: &Version) -> Result<Prepared> {
    let (layer, tar) = packed(state, module).await?;
    let image_config = small(state, documents::image_config(&tar)?).await?;
    let wasm_config = small(state, documents::wasm_config(&module.sha256)?).await?;
    let parts = Parts {
        layer: descriptor(documents::LAYER, &layer.sha256, layer.size),
        image_config: descriptor(documents::IMAGE_CONFIG, &image_config.sha256, image_config.size),
        wasm_config: descriptor(documents::WASM_CONFIG, &wasm_config.sha256, wasm_config.size),
        module: descriptor(documents::WASM_LAYER, &module.sha256, module.size),
    };
    let compat = parts.compat(name, version)?;
    let wasm = parts.wasm(name, version, &compat)?;
    let mut prepared =
        Prepared { objects: vec![], module: (module.sha256.clone(), module.size), compat, wasm };
    for spooled in [&layer, &image_config, &wasm_config] {
        match objects::keep(state, spooled).await {
            Ok(stored) => prepared.objects.push(stored),
            Err(error) => {
                prepared.end(state).await;
                return Err(error);
            }
        }
    }
    // Rows of modules are locked in one order by everybody.
    prepared.objects.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    Ok(prepared)
}

async fn packed(state: &State, module: &Spooled) -> Result<(Spooled, Sha256)> {
    let (from, to) = (module.path().to_owned(), spool::new_path(state));
    let target = to.clone();
    let tar = state.verifiers.run(move || pack::pack(&from, &target)).await?;
    let layer = spool::adopt(to).await;
    Ok((layer?, tar?))
}

async fn small(state: &State, content: Vec<u8>) -> Result<Spooled> {
    let body = futures_util::stream::iter([Ok::<_, Error>(Bytes::from(content))]);
    let taken = spool::take(state, body, u64::MAX, |_| Error::internal("no limit"), |_| {}).await;
    taken.map_err(|cut| match cut {
        Cut::Early(cause) => Error::internal(cause),
        Cut::Refused(error) => error,
    })
}

impl Prepared {
    /// Leases that are not ended lapse by themselves.
    pub async fn end(&self, state: &State) {
        for stored in &self.objects {
            objects::end_lease(state, stored.lease()).await;
        }
    }

    /// Names every object, the module among them, in the order in which everybody takes them.
    pub async fn hold(&self, state: &State, txn: &WriteTxn<'_>, module: Held<'_>) -> Result<Named> {
        let before = self.objects.partition_point(|stored| stored.sha256 < self.module.0);
        let (lower, higher) = self.objects.split_at(before);
        for stored in lower {
            if let Named::Lost = stored.name(state, txn).await? {
                return Ok(Named::Lost);
            }
        }
        let held = match module {
            Held::Admitted(module) => module.name(state, txn).await?,
            Held::Released if store::touch(state, txn, &self.module.0, None).await? => Named::Yes,
            Held::Released => Named::Lost,
        };
        if let Named::Lost = held {
            return Ok(Named::Lost);
        }
        for stored in higher {
            if let Named::Lost = stored.name(state, txn).await? {
                return Ok(Named::Lost);
            }
        }
        Ok(Named::Yes)
    }

    /// Gives the repository the forms of its new release.
    pub async fn write(
        &self,
        state: &State,
        txn: &WriteTxn<'_>,
        filter: &filter::Model,
        release: &release::Model,
        pushed: Option<&Pushed>,
    ) -> Result<()> {
        let (sha256, size) = &self.module;
        let all = self.objects.iter().map(|o| (&o.sha256, o.size)).chain([(sha256, *size)]);
        for (sha256, size) in all {
            if !blobs::name(state, txn, filter.id, &Digest::from(sha256), sha256, size).await? {
                return Err(Error::unavailable("a form of the release was collected meanwhile"));
            }
        }
        let writer = Writer { state, txn, filter, release };
        writer.tag(&self.compat, FormKind::Compat, (false, release.version.as_str())).await?;
        writer.tag(&self.wasm, FormKind::Wasm, (true, release.version.as_str())).await?;
        match pushed {
            Some(pushed) => writer.pushed(pushed).await,
            None => Ok(()),
        }
    }
}

/// The manifests by which a release can be pulled.
pub async fn of(state: &State, release: Uuid) -> Result<Vec<(FormKind, String)>> {
    let rows: Vec<(FormKind, String)> = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::Kind)
        .column(registry_manifest::Column::Digest)
        .join(JoinType::InnerJoin, manifest_of())
        .filter(release_form::Column::ReleaseId.eq(release))
        .order_by_asc(release_form::Column::Kind)
        .order_by_asc(registry_manifest::Column::Digest)
        .into_tuple()
        .all(&*state.db)
        .await?;
    Ok(rows)
}

fn manifest_of() -> RelationDef {
    release_form::Entity::belongs_to(registry_manifest::Entity)
        .from(release_form::Column::ManifestId)
        .to(registry_manifest::Column::Id)
        .into()
}

/// A draft that was there already, pushed again in another form or under another tag. Nobody has reviewed
/// that form: a release that others pull gets none.
pub async fn add(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: &filter::Model,
    release: &release::Model,
    pushed: &Pushed,
) -> Result<()> {
    if release.state != ReleaseState::Draft {
        let message = "the release is no draft any more: it keeps the forms and tags that it has";
        return Err(Error::conflict("release-exists", message));
    }
    Writer { state, txn, filter, release }.pushed(pushed).await
}
