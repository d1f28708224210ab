//! The readable texts of modules, and what filters of the catalog have in common.
use crate::table::{column, index, table};
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
        let columns = ["s sha256", "s reader", "j texts", "i created_at"];
        let mut texts = table("module_texts", &columns, &["sha256"]);
        texts.foreign_key(
            ForeignKey::create()
                .from("module_texts", "sha256")
                .to("modules", "sha256")
                .on_delete(ForeignKeyAction::Cascade),
        );
        m.create_table(texts).await?;

        m.create_table(table("catalog_facets", &["s id", "j facets"], &["id"])).await?;
        let mut entries = Table::alter();
        entries.table("catalog_entries").add_column(column('S', "facets"));
        m.alter_table(entries).await?;
        // What is counted is read from these two alone.
        m.create_index(index("catalog_entries", &["facets", "licence"], false)).await?;
        m.create_index(index("catalog_entries", &["namespace", "facets", "licence"], false)).await
    }
}
