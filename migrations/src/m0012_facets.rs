//! The readable texts of modules.
use crate::table::table;
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
        m.create_table(texts).await
    }
}
