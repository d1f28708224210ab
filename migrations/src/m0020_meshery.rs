//! What Meshery Servers leave here: who they are, whom they act for, and what of their objects Tamis has no
//! column of its own for.
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
            "s origin",
            "t name",
            "s state",
            "T instance_id",
            "T version",
            "T build",
            "U requested_by",
            "U decided_by",
            "i created_at",
            "I last_seen_at",
        ];
        m.create_table(table("meshery_servers", &columns, &["id"])).await?;
        m.create_index(index("meshery_servers", &["origin"], true)).await?;

        let columns = [
            "u id",
            "u user_id",
            "U server_id",
            "s origin",
            "s refresh_sha256",
            "i created_at",
            "i expires_at",
            "I revoked_at",
        ];
        let mut sessions = table("meshery_sessions", &columns, &["id"]);
        references(&mut sessions, ("meshery_sessions", "user_id"), "users", ForeignKeyAction::Cascade);
        references(
            &mut sessions,
            ("meshery_sessions", "server_id"),
            "meshery_servers",
            ForeignKeyAction::Cascade,
        );
        m.create_table(sessions).await?;
        m.create_index(index("meshery_sessions", &["refresh_sha256"], true)).await?;
        m.create_index(index("meshery_sessions", &["user_id"], false)).await?;
        m.create_index(index("meshery_sessions", &["server_id"], false)).await?;

        let columns = ["u filter_id", "T location", "T catalog_data", "T resource"];
        let mut filters = table("meshery_filters", &columns, &["filter_id"]);
        references(&mut filters, ("meshery_filters", "filter_id"), "filters", ForeignKeyAction::Cascade);
        m.create_table(filters).await?;

        let columns = [
            "u id",
            "u owner_id",
            "t name",
            "t content",
            "s visibility",
            "T location",
            "T catalog_data",
            "S request",
            "I requested_at",
            "i created_at",
            "i updated_at",
        ];
        let mut designs = table("meshery_designs", &columns, &["id"]);
        references(&mut designs, ("meshery_designs", "owner_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(designs).await?;
        m.create_index(index("meshery_designs", &["owner_id"], false)).await?;
        m.create_index(index("meshery_designs", &["visibility", "updated_at"], false)).await?;

        let columns = [
            "u id",
            "s kind",
            "u owner_id",
            "U parent_id",
            "t name",
            "t body",
            "S sha256",
            "i created_at",
            "i updated_at",
        ];
        let mut documents = table("meshery_documents", &columns, &["id"]);
        references(&mut documents, ("meshery_documents", "owner_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(documents).await?;
        m.create_index(index("meshery_documents", &["owner_id", "kind", "updated_at"], false)).await?;
        m.create_index(index("meshery_documents", &["parent_id"], false)).await?;
        m.create_index(index("meshery_documents", &["sha256"], false)).await
    }
}
