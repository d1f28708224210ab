//! What the queue of reviews is read by: open ones in its order, those that wait for votes in the
//! same order, and the last decisions.
use crate::table::index;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
    sea_query::IndexOrder,
};

#[derive(DeriveMigrationName)]
pub struct Step;

/// Kept by the database, so that no server can forget it, not one of the version before either.
fn is_open(backend: DbBackend) -> String {
    let kept = if backend == DbBackend::Postgres { "STORED" } else { "VIRTUAL" };
    let states = "'checking', 'blocked_by_checks', 'in_review', 'changes_requested', 'approved'";
    format!("ALTER TABLE reviews ADD COLUMN is_open boolean GENERATED ALWAYS AS (state IN ({states})) {kept}")
}

fn in_order(index: &mut IndexCreateStatement) -> IndexCreateStatement {
    index.col("due_at").col(("risk", IndexOrder::Desc)).col("id").take()
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let c = m.get_connection();
        c.execute_unprepared(&is_open(c.get_database_backend())).await?;
        let mut open = Index::create();
        open.name("ix_reviews_open").table("reviews").col("is_open");
        m.create_index(in_order(&mut open)).await?;
        let mut of_state = Index::create();
        of_state.name("ix_reviews_state_in_order").table("reviews").col("state");
        m.create_index(in_order(&mut of_state)).await?;
        // The new one begins as this one did.
        m.drop_index(Index::drop().name("ix_reviews_state_due_at").table("reviews").to_owned()).await?;
        m.create_index(index("reviews", &["decided_at"], false)).await
    }
}
