//! Filters, modules, releases, and the catalog’s rows.
use crate::table::{index, references, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            "u id",
            "u meshery_id",
            "u namespace_id",
            "s name",
            "s skeleton",
            "t title",
            "t summary",
            "s visibility",
            "T source_repository",
            "T icon",
            "j defaults",
            "i published_releases",
            "i row_version",
            "u created_by",
            "i created_at",
            "i updated_at",
        ];
        let mut filters = table("filters", &columns, &["id"]);
        references(&mut filters, ("filters", "namespace_id"), "namespaces", ForeignKeyAction::Restrict);
        m.create_table(filters).await?;
        m.create_index(index("filters", &["meshery_id"], true)).await?;
        m.create_index(index("filters", &["namespace_id", "skeleton"], true)).await?;
        m.create_index(index("filters", &["name", "id"], false)).await?;
        m.create_index(index("filters", &["updated_at", "id"], false)).await?;
        m.create_index(index("filters", &["visibility"], false)).await?;

        let mut labels =
            table("filter_labels", &["u filter_id", "s kind", "s value"], &["filter_id", "kind", "value"]);
        references(&mut labels, ("filter_labels", "filter_id"), "filters", ForeignKeyAction::Cascade);
        m.create_table(labels).await?;
        m.create_index(index("filter_labels", &["kind", "value", "filter_id"], false)).await?;

        let columns = [
            "u id",
            "u filter_id",
            "u subject_id",
            "s level",
            "I expires_at",
            "u created_by",
            "i created_at",
        ];
        let mut grants = table("grants", &columns, &["id"]);
        references(&mut grants, ("grants", "filter_id"), "filters", ForeignKeyAction::Cascade);
        references(&mut grants, ("grants", "subject_id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(grants).await?;
        m.create_index(index("grants", &["filter_id", "subject_id"], true)).await?;
        m.create_index(index("grants", &["subject_id"], false)).await?;

        let columns =
            ["s sha256", "i size", "i generation", "s state", "I condemned_at", "i created_at", "i used_at"];
        m.create_table(table("modules", &columns, &["sha256"])).await?;

        let columns = ["s sha256", "s declared", "s verdict", "s verifier", "j report", "i created_at"];
        let mut reports = table("reports", &columns, &["sha256", "declared"]);
        reports.foreign_key(
            ForeignKey::create()
                .from("reports", "sha256")
                .to("modules", "sha256")
                .on_delete(ForeignKeyAction::Cascade),
        );
        m.create_table(reports).await?;
        m.create_index(index("modules", &["state", "condemned_at"], false)).await?;
        m.create_table(table("module_leases", &["u id", "s sha256", "i until"], &["id"])).await?;
        m.create_index(index("module_leases", &["sha256"], false)).await?;

        let columns = [
            "u id",
            "u filter_id",
            "s version",
            "s artifact_kind",
            "s state",
            "s sha256",
            "i size",
            "s verdict",
            "S plugin_type",
            "S abi_version",
            "j metadata",
            "J approved",
            "J lineage",
            "T state_reason",
            "S prior_state",
            "I published_at",
            "u created_by",
            "i created_at",
        ];
        let mut releases = table("releases", &columns, &["id"]);
        references(&mut releases, ("releases", "filter_id"), "filters", ForeignKeyAction::Restrict);
        releases.foreign_key(
            ForeignKey::create()
                .from("releases", "sha256")
                .to("modules", "sha256")
                .on_delete(ForeignKeyAction::Restrict),
        );
        m.create_table(releases).await?;
        m.create_index(index("releases", &["filter_id", "version"], true)).await?;
        m.create_index(index("releases", &["sha256"], false)).await?;

        let columns =
            ["u id", "u namespace_id", "s name", "s version", "s sha256", "u deleted_by", "i deleted_at"];
        m.create_table(table("tombstones", &columns, &["id"])).await?;
        m.create_index(index("tombstones", &["namespace_id", "name", "version"], true)).await?;

        let columns = [
            "u filter_id",
            "u release_id",
            "u namespace_id",
            "s namespace",
            "s name",
            "t title",
            "t summary",
            "s version",
            "s sha256",
            "S plugin_type",
            "S abi_version",
            "T licence",
            "j labels",
            "j categories",
            "j capabilities",
            "i downloads",
            "i published_at",
        ];
        let mut entries = table("catalog_entries", &columns, &["filter_id"]);
        references(&mut entries, ("catalog_entries", "filter_id"), "filters", ForeignKeyAction::Cascade);
        m.create_table(entries).await?;
        m.create_index(index("catalog_entries", &["published_at", "filter_id"], false)).await?;
        m.create_index(index("catalog_entries", &["name", "filter_id"], false)).await?;
        m.create_index(index("catalog_entries", &["namespace_id"], false)).await?;
        Ok(())
    }
}
