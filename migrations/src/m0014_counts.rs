//! How often releases are used, and the order of lists by it.
use crate::table::{column, references, table};
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
        let columns = ["u release_id", "i day", "s kind", "i count"];
        let mut counts = table("release_counts", &columns, &["release_id", "day", "kind"]);
        references(&mut counts, ("release_counts", "release_id"), "releases", ForeignKeyAction::Cascade);
        m.create_table(counts).await?;
        let mut filters = Table::alter();
        filters.table("filters").add_column(column('i', "downloads").default(0).take());
        m.alter_table(filters).await?;
        m.get_connection().execute_unprepared(BOTH).await?;
        Ok(())
    }
}

const BOTH: &str = "
CREATE INDEX ix_filters_published_downloads ON filters (visibility, downloads, id) WHERE published_releases > 0;
CREATE INDEX ix_filters_public_downloads ON filters (downloads, id) WHERE visibility = 'public';
CREATE INDEX ix_filters_namespace_id_downloads ON filters (namespace_id, downloads, id);
CREATE INDEX ix_catalog_entries_downloads ON catalog_entries (downloads, filter_id);
CREATE INDEX ix_catalog_entries_namespace_downloads ON catalog_entries (namespace, downloads, filter_id);
CREATE INDEX ix_catalog_entries_plugin_type_downloads ON catalog_entries (plugin_type, downloads, filter_id);
CREATE INDEX ix_catalog_entries_abi_version_downloads ON catalog_entries (abi_version, downloads, filter_id);
CREATE INDEX ix_catalog_entries_licence_downloads ON catalog_entries (licence, downloads, filter_id);
";
