//! Names that something had before, invitations to teams, offers of filters, and what a kept
//! answer rests on.
use crate::table::{column, index, references, table};
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
        let columns = ["s handle", "s skeleton", "u namespace_id", "i renamed_at"];
        let mut handles = table("former_handles", &columns, &["handle"]);
        references(&mut handles, ("former_handles", "namespace_id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(handles).await?;
        m.create_index(index("former_handles", &["skeleton"], true)).await?;
        m.create_index(index("former_handles", &["namespace_id"], false)).await?;

        let columns = ["u namespace_id", "s name", "s skeleton", "U filter_id", "i moved_at"];
        let mut filters = table("former_filters", &columns, &["namespace_id", "name"]);
        references(&mut filters, ("former_filters", "namespace_id"), "namespaces", ForeignKeyAction::Cascade);
        references(&mut filters, ("former_filters", "filter_id"), "filters", ForeignKeyAction::SetNull);
        m.create_table(filters).await?;
        m.create_index(index("former_filters", &["namespace_id", "skeleton"], true)).await?;
        m.create_index(index("former_filters", &["filter_id"], false)).await?;

        let columns = [
            "u id",
            "u team_id",
            "u user_id",
            "s role",
            "u created_by",
            "i created_at",
            "i expires_at",
            "I ended_at",
        ];
        let mut invitations = table("team_invitations", &columns, &["id"]);
        references(&mut invitations, ("team_invitations", "team_id"), "teams", ForeignKeyAction::Cascade);
        references(&mut invitations, ("team_invitations", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(invitations).await?;
        for key in ["team_id", "user_id"] {
            m.create_index(index("team_invitations", &[key], false)).await?;
        }

        let columns = [
            "u id",
            "u filter_id",
            "u giver_id",
            "u receiver_id",
            "u created_by",
            "i created_at",
            "i expires_at",
            "I ended_at",
        ];
        let mut transfers = table("filter_transfers", &columns, &["id"]);
        references(&mut transfers, ("filter_transfers", "filter_id"), "filters", ForeignKeyAction::Cascade);
        for key in ["giver_id", "receiver_id"] {
            references(&mut transfers, ("filter_transfers", key), "namespaces", ForeignKeyAction::Cascade);
        }
        m.create_table(transfers).await?;
        for key in ["filter_id", "giver_id", "receiver_id"] {
            m.create_index(index("filter_transfers", &[key], false)).await?;
        }

        let mut keys = Table::alter();
        keys.table("idempotency_keys").add_column(column('T', "standing"));
        m.alter_table(keys).await
    }
}
