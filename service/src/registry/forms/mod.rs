//! The forms of a release: the same module as the manifests that its users pull. Made and stored
//! before an upload is acknowledged, named in the transaction that makes the release, gone with it.
pub mod documents;
mod fill;
mod pack;
pub mod solo;

pub use documents::NewManifest;
pub use fill::{copy, fill};
pub use pack::FILE;

use super::{blobs, name::Digest, tags};
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
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef, sea_query::OnConflict,
};
use tamis_entities::{
    filter, registry_blob, registry_link, registry_manifest, release, release_form,
    value::{FormKind, Sha256, Slug, Version},
};
use uuid::Uuid;

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

/// A release that was there already, pushed again in another form or under another tag.
pub async fn add(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: &filter::Model,
    release: &release::Model,
    pushed: &Pushed,
) -> Result<()> {
    Writer { state, txn, filter, release }.pushed(pushed).await
}

/// Writes manifests of one release.
struct Writer<'a> {
    state: &'a State,
    txn: &'a WriteTxn<'a>,
    filter: &'a filter::Model,
    release: &'a release::Model,
}

impl Writer<'_> {
    async fn tag(&self, manifest: &NewManifest, kind: FormKind, tag: (bool, &str)) -> Result<()> {
        let id = self.form(manifest, kind).await?;
        Ok(tags::put(self.state, self.txn, self.filter.id, tag, id).await?)
    }

    /// The manifest as one of the release's; the id of its row.
    async fn form(&self, manifest: &NewManifest, kind: FormKind) -> Result<Uuid> {
        let id = insert(self.state, self.txn, self.filter.id, self.release.created_by, manifest).await?;
        let row = release_form::ActiveModel {
            release_id: Set(self.release.id),
            manifest_id: Set(id),
            kind: Set(kind),
        };
        // What was pushed may be, byte for byte, what is made here.
        use release_form::Column::{ManifestId, ReleaseId};
        let same = OnConflict::columns([ReleaseId, ManifestId]).do_nothing().to_owned();
        release_form::Entity::insert(row).on_conflict(same).exec_without_returning(&**self.txn).await?;
        Ok(id)
    }

    async fn pushed(&self, pushed: &Pushed) -> Result<()> {
        self.tag(&pushed.manifest, FormKind::Pushed, (pushed.wasm, &pushed.tag)).await
    }
}

/// Writes a manifest and what it names; the id of the row, which may have been there.
pub async fn insert(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: Uuid,
    by: Uuid,
    manifest: &NewManifest,
) -> Result<Uuid> {
    use registry_manifest::Column;
    let named = Column::Digest.eq(manifest.digest.as_str());
    let row = registry_manifest::ActiveModel {
        id: Set(Uuid::now_v7()),
        filter_id: Set(filter),
        digest: Set(manifest.digest.to_string()),
        media_type: Set(manifest.media_type.clone()),
        artifact_type: Set(manifest.document.shown_type().map(str::to_owned)),
        subject: Set(manifest.document.subject.as_ref().map(|s| s.digest.clone())),
        annotations: Set(manifest.document.annotations.clone()),
        size: Set(i64::try_from(manifest.content.len()).unwrap_or(i64::MAX)),
        content: Set(manifest.content.clone()),
        created_by: Set(by),
        created_at: Set(state.clock.now()),
    };
    let same = OnConflict::columns([Column::FilterId, Column::Digest]).do_nothing().to_owned();
    registry_manifest::Entity::insert(row).on_conflict(same).exec_without_returning(&**txn).await?;
    let id: Option<Uuid> = registry_manifest::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::FilterId.eq(filter))
        .filter(named)
        .into_tuple()
        .one(&**txn)
        .await?;
    let id = id.ok_or_else(|| Error::internal("a manifest vanished while it was written"))?;
    let d = &manifest.document;
    let mut links: Vec<&str> =
        d.config.iter().chain(&d.layers).chain(&d.manifests).map(|d| d.digest.as_str()).collect();
    links.sort_unstable();
    links.dedup();
    let rows = links
        .into_iter()
        .map(|digest| registry_link::ActiveModel { manifest_id: Set(id), digest: Set(digest.to_owned()) });
    use registry_link::Column as Link;
    for some in rows.collect::<Vec<_>>().chunks(500) {
        let same = OnConflict::columns([Link::ManifestId, Link::Digest]).do_nothing().to_owned();
        let insert = registry_link::Entity::insert_many(some.to_vec()).on_conflict(same);
        insert.exec_without_returning(&**txn).await?;
    }
    Ok(id)
}

/// What a release is made of: its module and the parts of its forms.
pub async fn objects(txn: &WriteTxn<'_>, release: &release::Model) -> Result<Vec<Sha256>> {
    let forms = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ManifestId)
        .filter(release_form::Column::ReleaseId.eq(release.id));
    let parts = registry_link::Entity::find()
        .select_only()
        .column(registry_link::Column::Digest)
        .filter(registry_link::Column::ManifestId.in_subquery(forms.into_query()));
    let blobs = registry_blob::Entity::find()
        .select_only()
        .column(registry_blob::Column::Sha256)
        .filter(registry_blob::Column::FilterId.eq(release.filter_id))
        .filter(registry_blob::Column::Digest.in_subquery(parts.into_query()));
    let mut all: Vec<Sha256> = blobs.into_tuple().all(&**txn).await?;
    all.push(release.sha256.clone());
    Ok(all)
}

/// Takes a release's forms out of its repository: they go with it.
pub async fn bury(state: &State, txn: &WriteTxn<'_>, release: &release::Model) -> Result<()> {
    let forms = release_form::Entity::find().filter(release_form::Column::ReleaseId.eq(release.id));
    for form in forms.all(&**txn).await? {
        release_form::Entity::delete_by_id((form.release_id, form.manifest_id)).exec(&**txn).await?;
        let others =
            release_form::Entity::find().filter(release_form::Column::ManifestId.eq(form.manifest_id));
        if others.one(&**txn).await?.is_some() {
            continue;
        }
        let links = registry_link::Entity::find()
            .filter(registry_link::Column::ManifestId.eq(form.manifest_id))
            .all(&**txn)
            .await?;
        registry_manifest::Entity::delete_by_id(form.manifest_id).exec(&**txn).await?;
        for link in links {
            forget(state, txn, release.filter_id, &link.digest).await?;
        }
    }
    Ok(())
}

/// Takes a blob out that no manifest of the repository names any more.
async fn forget(state: &State, txn: &WriteTxn<'_>, filter: Uuid, digest: &str) -> Result<()> {
    let Some(blob) = registry_blob::Entity::find_by_id((filter, digest.to_owned())).one(&**txn).await? else {
        return Ok(());
    };
    let here = registry_manifest::Entity::find()
        .select_only()
        .column(registry_manifest::Column::Id)
        .filter(registry_manifest::Column::FilterId.eq(filter));
    let naming = registry_link::Entity::find()
        .filter(registry_link::Column::ManifestId.in_subquery(here.into_query()))
        .filter(registry_link::Column::Digest.eq(digest));
    if naming.one(&**txn).await?.is_some() {
        return Ok(());
    }
    store::touch(state, txn, &blob.sha256, None).await?;
    registry_blob::Entity::delete_by_id((filter, digest.to_owned())).exec(&**txn).await?;
    Ok(())
}
