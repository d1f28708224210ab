//! What an OCI registry keeps for each filter: blobs, manifests, tags, uploads on their way, and
//! which manifests are forms of a release.
use crate::table::{index, references, table};
use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        use ForeignKeyAction::Cascade;
        let columns = ["u filter_id", "s digest", "s sha256", "i size", "i created_at"];
        let mut blobs = table("registry_blobs", &columns, &["filter_id", "digest"]);
        references(&mut blobs, ("registry_blobs", "filter_id"), "filters", Cascade);
        m.create_table(blobs).await?;
        m.create_index(index("registry_blobs", &["sha256"], false)).await?;
        m.create_index(index("registry_blobs", &["digest"], false)).await?;

        let columns = [
            "u id",
            "u filter_id",
            "s digest",
            "t media_type",
            "T artifact_type",
            "S subject",
            "J annotations",
            "i size",
            "u created_by",
            "i created_at",
        ];
        let mut manifests = table("registry_manifests", &columns, &["id"]);
        manifests.col(ColumnDef::new("content").blob().not_null());
        references(&mut manifests, ("registry_manifests", "filter_id"), "filters", Cascade);
        m.create_table(manifests).await?;
        m.create_index(index("registry_manifests", &["filter_id", "digest"], true)).await?;
        m.create_index(index("registry_manifests", &["filter_id", "subject"], false)).await?;

        let mut links = table("registry_links", &["u manifest_id", "s digest"], &["manifest_id", "digest"]);
        references(&mut links, ("registry_links", "manifest_id"), "registry_manifests", Cascade);
        m.create_table(links).await?;
        m.create_index(index("registry_links", &["digest"], false)).await?;

        let columns = ["u filter_id", "b wasm", "s name", "u manifest_id", "i updated_at"];
        let mut tags = table("registry_tags", &columns, &["filter_id", "wasm", "name"]);
        references(&mut tags, ("registry_tags", "filter_id"), "filters", Cascade);
        references(&mut tags, ("registry_tags", "manifest_id"), "registry_manifests", Cascade);
        m.create_table(tags).await?;
        m.create_index(index("registry_tags", &["manifest_id"], false)).await?;
        // The specification wants the order of ASCII, whatever the language of the database.
        if m.get_database_backend() == DbBackend::Postgres {
            let order = r#"ALTER TABLE registry_tags ALTER COLUMN name TYPE varchar COLLATE "C""#;
            m.get_connection().execute_unprepared(order).await?;
        }

        let columns = ["u release_id", "u manifest_id", "s kind"];
        let mut forms = table("release_forms", &columns, &["release_id", "manifest_id"]);
        references(&mut forms, ("release_forms", "release_id"), "releases", Cascade);
        references(&mut forms, ("release_forms", "manifest_id"), "registry_manifests", Cascade);
        m.create_table(forms).await?;
        m.create_index(index("release_forms", &["manifest_id"], false)).await?;

        let columns = ["u id", "u filter_id", "u user_id", "i received", "i created_at", "i used_at"];
        let mut uploads = table("registry_uploads", &columns, &["id"]);
        references(&mut uploads, ("registry_uploads", "filter_id"), "filters", Cascade);
        m.create_table(uploads).await?;
        m.create_index(index("registry_uploads", &["used_at"], false)).await?;

        let columns = ["u upload_id", "i start", "i size", "s sha256", "s sha512"];
        let mut parts = table("registry_parts", &columns, &["upload_id", "start"]);
        references(&mut parts, ("registry_parts", "upload_id"), "registry_uploads", Cascade);
        m.create_table(parts).await?;
        m.create_index(index("registry_parts", &["sha256"], false)).await
    }
}
