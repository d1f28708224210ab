//! Manifests of releases on their way into the database, with what they name.
use super::{NewManifest, Pushed};
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    registry::{push, tags},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};
use tamis_entities::{filter, registry_link, registry_manifest, release, release_form, value::FormKind};
use uuid::Uuid;

/// Writes manifests of one release.
pub struct Writer<'a> {
    pub state: &'a State,
    pub txn: &'a WriteTxn<'a>,
    pub filter: &'a filter::Model,
    pub release: &'a release::Model,
}

impl Writer<'_> {
    pub async fn tag(&self, manifest: &NewManifest, kind: FormKind, tag: (bool, &str)) -> Result<()> {
        let id = self.form(manifest, kind).await?;
        Ok(tags::put(self.state, self.txn, self.filter.id, tag, id).await?)
    }

    /// The manifest as one of the release's; the id of its row.
    pub async fn form(&self, manifest: &NewManifest, kind: FormKind) -> Result<Uuid> {
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

    pub async fn pushed(&self, pushed: &Pushed) -> Result<()> {
        // Nothing that it names has been taken out since it was looked at; from here on nothing is.
        let there = push::check_there(&**self.txn, self.filter.id, &pushed.manifest.document).await;
        there.map_err(|gone| Error::unavailable(gone.to_string()))?;
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
