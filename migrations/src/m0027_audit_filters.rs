//! For looking the audit log through by who, what and which: without them a rare name reads all of it.
use crate::table::index;
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
        for column in ["actor", "object"] {
            m.create_index(index("audit_entries", &[column, "id"], false)).await?;
        }
        Ok(())
    }
}
