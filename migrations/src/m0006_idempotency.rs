//! Answers kept for clients that repeat a request because they never saw the answer.
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
        let columns = ["u user_id", "s key", "s fingerprint", "I status", "T body", "i created_at"];
        let mut keys = table("idempotency_keys", &columns, &["user_id", "key"]);
        references(&mut keys, ("idempotency_keys", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(keys).await?;
        m.create_index(index("idempotency_keys", &["created_at"], false)).await?;
        Ok(())
    }
}
