//! Indexes that lists walk in their order, whatever they are narrowed by. Those that go
//! tempted a planner to sort, or to walk past everything that the caller may not see.
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
        m.get_connection().execute_unprepared(BOTH).await?;
        Ok(())
    }
}

const BOTH: &str = "
DROP INDEX ix_filters_name_id;
DROP INDEX ix_filters_updated_at_id;
DROP INDEX ix_filters_visibility;
DROP INDEX ix_releases_sha256;
CREATE INDEX ix_filters_published_name ON filters (visibility, name, id) WHERE published_releases > 0;
CREATE INDEX ix_filters_published_updated_at ON filters (visibility, updated_at, id) WHERE published_releases > 0;
CREATE INDEX ix_filters_public_name ON filters (name, id) WHERE visibility = 'public';
CREATE INDEX ix_filters_public_updated_at ON filters (updated_at, id) WHERE visibility = 'public';
CREATE INDEX ix_filters_namespace_id_name ON filters (namespace_id, name, id);
CREATE INDEX ix_releases_sha256_state ON releases (sha256, state);
CREATE INDEX ix_releases_abi_version ON releases (abi_version, filter_id);
CREATE INDEX ix_releases_plugin_type ON releases (plugin_type, filter_id);
CREATE INDEX ix_catalog_entries_namespace_published_at ON catalog_entries (namespace, published_at, filter_id);
CREATE INDEX ix_catalog_entries_namespace_name ON catalog_entries (namespace, name, filter_id);
CREATE INDEX ix_catalog_entries_plugin_type_published_at ON catalog_entries (plugin_type, published_at, filter_id);
CREATE INDEX ix_catalog_entries_plugin_type_name ON catalog_entries (plugin_type, name, filter_id);
CREATE INDEX ix_catalog_entries_abi_version_published_at ON catalog_entries (abi_version, published_at, filter_id);
CREATE INDEX ix_catalog_entries_abi_version_name ON catalog_entries (abi_version, name, filter_id);
CREATE INDEX ix_catalog_entries_licence_published_at ON catalog_entries (licence, published_at, filter_id);
CREATE INDEX ix_catalog_entries_licence_name ON catalog_entries (licence, name, filter_id);
";
