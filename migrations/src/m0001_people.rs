//! Namespaces, users, teams, and what people sign in with.
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
        m.create_table(table(
            "namespaces",
            &["u id", "s handle", "s skeleton", "s kind", "i created_at"],
            &["id"],
        ))
        .await?;
        m.create_index(index("namespaces", &["handle"], true)).await?;
        m.create_index(index("namespaces", &["skeleton"], true)).await?;

        let mut users = table(
            "users",
            &["u id", "u meshery_id", "s role", "T email", "I disabled_at", "i created_at"],
            &["id"],
        );
        references(&mut users, ("users", "id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(users).await?;
        m.create_index(index("users", &["meshery_id"], true)).await?;

        let mut teams = table("teams", &["u id", "u meshery_id", "t title", "i created_at"], &["id"]);
        references(&mut teams, ("teams", "id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(teams).await?;
        m.create_index(index("teams", &["meshery_id"], true)).await?;

        let mut members = table(
            "team_members",
            &["u team_id", "u user_id", "s role", "i created_at"],
            &["team_id", "user_id"],
        );
        references(&mut members, ("team_members", "team_id"), "teams", ForeignKeyAction::Cascade);
        references(&mut members, ("team_members", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(members).await?;
        m.create_index(index("team_members", &["user_id"], false)).await?;

        for name in ["sign_in_links", "sessions"] {
            let ended = if name == "sessions" { "I revoked_at" } else { "I used_at" };
            let mut t = table(
                name,
                &["u id", "u user_id", "s secret_sha256", "i created_at", "i expires_at", ended],
                &["id"],
            );
            references(&mut t, (name, "user_id"), "users", ForeignKeyAction::Cascade);
            m.create_table(t).await?;
            m.create_index(index(name, &["secret_sha256"], true)).await?;
            m.create_index(index(name, &["user_id"], false)).await?;
        }

        let columns = [
            "u id",
            "u user_id",
            "t name",
            "s secret_sha256",
            "s scopes",
            "i created_at",
            "i expires_at",
            "I last_used_at",
            "I revoked_at",
        ];
        let mut tokens = table("api_tokens", &columns, &["id"]);
        references(&mut tokens, ("api_tokens", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(tokens).await?;
        m.create_index(index("api_tokens", &["secret_sha256"], true)).await?;
        m.create_index(index("api_tokens", &["user_id"], false)).await?;
        Ok(())
    }
}
