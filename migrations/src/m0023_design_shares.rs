//! Whom a Meshery design is open to besides those whom its visibility names.
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
        let columns = ["u design_id", "u subject_id", "i created_at"];
        let mut shares = table("meshery_design_shares", &columns, &["design_id", "subject_id"]);
        let name = "meshery_design_shares";
        references(&mut shares, (name, "design_id"), "meshery_designs", ForeignKeyAction::Cascade);
        references(&mut shares, (name, "subject_id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(shares).await?;
        m.create_index(index(name, &["subject_id"], false)).await
    }
}
