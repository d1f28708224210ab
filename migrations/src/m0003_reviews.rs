//! Reviews, their votes, comments and checks.
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
            "s action",
            "s state",
            "s sha256",
            "s revision",
            "J proposed",
            "u submitted_by",
            "t note",
            "i quorum",
            "U assignee",
            "I due_at",
            "i created_at",
            "i updated_at",
            "I decided_at",
        ];
        let mut reviews = table("reviews", &columns, &["id"]);
        references(&mut reviews, ("reviews", "filter_id"), "filters", ForeignKeyAction::Cascade);
        references(&mut reviews, ("reviews", "release_id"), "releases", ForeignKeyAction::Cascade);
        m.create_table(reviews).await?;
        m.create_index(index("reviews", &["state", "id"], false)).await?;
        m.create_index(index("reviews", &["release_id"], false)).await?;
        m.create_index(index("reviews", &["filter_id"], false)).await?;

        let columns = [
            "u id",
            "u review_id",
            "u user_id",
            "s decision",
            "s sha256",
            "s revision",
            "T reason",
            "T note",
            "i created_at",
        ];
        let mut votes = table("review_votes", &columns, &["id"]);
        references(&mut votes, ("review_votes", "review_id"), "reviews", ForeignKeyAction::Cascade);
        m.create_table(votes).await?;
        m.create_index(index("review_votes", &["review_id", "user_id"], true)).await?;

        let mut comments = table(
            "review_comments",
            &["u id", "u review_id", "u user_id", "t body", "i created_at"],
            &["id"],
        );
        references(&mut comments, ("review_comments", "review_id"), "reviews", ForeignKeyAction::Cascade);
        m.create_table(comments).await?;
        m.create_index(index("review_comments", &["review_id"], false)).await?;

        let columns = ["u review_id", "s check_id", "b required", "s result", "j findings", "i ran_at"];
        let mut checks = table("review_checks", &columns, &["review_id", "check_id"]);
        references(&mut checks, ("review_checks", "review_id"), "reviews", ForeignKeyAction::Cascade);
        m.create_table(checks).await?;
        Ok(())
    }
}
