//! What goes with a release: its forms, and the blobs that only they name.
use crate::{db::WriteTxn, error::Result, modules::store, registry::name::version_of, state::State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use tamis_entities::{
    registry_blob, registry_link, registry_manifest, registry_tag, release, release_form, value::Sha256,
};
use uuid::Uuid;

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

/// Takes a release's forms out of its repository: they go with it, but for what is named otherwise.
pub async fn bury(state: &State, txn: &WriteTxn<'_>, release: &release::Model) -> Result<()> {
    let forms = release_form::Entity::find().filter(release_form::Column::ReleaseId.eq(release.id));
    for form in forms.all(&**txn).await? {
        release_form::Entity::delete_by_id((form.release_id, form.manifest_id)).exec(&**txn).await?;
        let tagged = untag(txn, release, form.manifest_id).await?;
        let others =
            release_form::Entity::find().filter(release_form::Column::ManifestId.eq(form.manifest_id));
        if tagged || others.one(&**txn).await?.is_some() {
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

/// Takes the tags of the release's version off the manifest. Whether it has others: then somebody has given
/// it a name of its own.
async fn untag(txn: &WriteTxn<'_>, release: &release::Model, manifest: Uuid) -> Result<bool> {
    let tags = registry_tag::Entity::find()
        .filter(registry_tag::Column::FilterId.eq(release.filter_id))
        .filter(registry_tag::Column::ManifestId.eq(manifest));
    let mut others = false;
    for tag in tags.all(&**txn).await? {
        if version_of(&tag.name).as_ref() != Some(&release.version) {
            others = true;
            continue;
        }
        registry_tag::Entity::delete_by_id((tag.filter_id, tag.wasm, tag.name)).exec(&**txn).await?;
    }
    Ok(others)
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
