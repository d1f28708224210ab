//! Identities of other issuers, local passwords, sign-ins under way; when, how and from where
//! a session began; which memberships and roles came from the groups of an issuer.
use crate::table::{column, index, references, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Step;

/// SQLite adds one column with each statement.
const COLUMNS: &[(&str, char, &str)] = &[
    ("sessions", 'I', "signed_in_at"),
    ("sessions", 'S', "method"),
    ("sessions", 'I', "last_seen_at"),
    ("sessions", 'T', "user_agent"),
    ("team_members", 'S', "source"),
    ("users", 'S', "role_source"),
    ("users", 'S', "role_before"),
];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for (name, kind, added) in COLUMNS {
            m.alter_table(Table::alter().table(*name).add_column(column(*kind, added)).take()).await?;
        }

        let columns = [
            "u id",
            "u user_id",
            "s provider",
            "s issuer",
            "s subject",
            "t label",
            "T email",
            "i created_at",
            "i last_used_at",
        ];
        let mut identities = table("external_identities", &columns, &["id"]);
        references(&mut identities, ("external_identities", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(identities).await?;
        m.create_index(index("external_identities", &["issuer", "subject"], true)).await?;
        m.create_index(index("external_identities", &["user_id"], false)).await?;

        let mut passwords = table("local_passwords", &["u user_id", "t hash", "i changed_at"], &["user_id"]);
        references(&mut passwords, ("local_passwords", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(passwords).await?;

        let columns = [
            "u id",
            "s state_sha256",
            "s browser_sha256",
            "s provider",
            "t next_path",
            "U link_session_id",
            "i created_at",
            "i expires_at",
            "I used_at",
        ];
        m.create_table(table("sign_in_attempts", &columns, &["id"])).await?;
        m.create_index(index("sign_in_attempts", &["state_sha256"], true)).await?;
        m.create_index(index("sign_in_attempts", &["expires_at"], false)).await?;
        Ok(())
    }
}
