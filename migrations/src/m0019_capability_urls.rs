//! URLs by which a proxy fetches the module of a release that not everyone may have.
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
            "u filter_id",
            "u release_id",
            "s name",
            "u created_by",
            "i created_at",
            "i expires_at",
            "I warned_at",
        ];
        let mut urls = table("capability_urls", &columns, &["id"]);
        references(&mut urls, ("capability_urls", "filter_id"), "filters", ForeignKeyAction::Cascade);
        references(&mut urls, ("capability_urls", "release_id"), "releases", ForeignKeyAction::Cascade);
        references(&mut urls, ("capability_urls", "created_by"), "users", ForeignKeyAction::Cascade);
        m.create_table(urls).await?;
        m.create_index(index("capability_urls", &["filter_id", "name"], true)).await?;
        m.create_index(index("capability_urls", &["release_id"], false)).await?;
        m.create_index(index("capability_urls", &["created_by"], false)).await?;
        m.create_index(index("capability_urls", &["expires_at"], false)).await?;
        Ok(())
    }
}
