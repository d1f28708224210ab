//! When the comparison of a target with what is wanted of it was begun, apart from when one ended.
use crate::table::column;
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
        let mut targets = Table::alter();
        m.alter_table(targets.table("targets").add_column(column('I', "round_at")).take()).await
    }
}
