//! The appeals that wait for an answer, found without a walk through all that was ever rejected.
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.get_connection().execute_unprepared(WAITING).await.map(drop)
    }
}

const WAITING: &str =
    "CREATE INDEX ix_review_appeals_waiting ON review_appeals (review_id) WHERE decided_at IS NULL";
