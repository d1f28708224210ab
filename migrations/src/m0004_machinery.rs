//! Jobs, leases, the audit log, settings.
use crate::table::{index, table};
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
            "s kind",
            "j payload",
            "s state",
            "i attempts",
            "i run_at",
            "U leased_by",
            "I lease_until",
            "T last_error",
            "i created_at",
        ];
        m.create_table(table("jobs", &columns, &["id"])).await?;
        m.create_index(index("jobs", &["state", "run_at"], false)).await?;

        m.create_table(table(
            "audit_entries",
            &["u id", "i at", "t actor", "s action", "t object", "j detail", "I seq", "S hash"],
            &["id"],
        ))
        .await?;
        m.create_index(index("audit_entries", &["seq"], true)).await?;

        m.create_table(table("leases", &["s name", "u holder", "i until", "i epoch"], &["name"])).await?;
        m.create_table(table("settings", &["s key", "t value"], &["key"])).await?;
        Ok(())
    }
}
