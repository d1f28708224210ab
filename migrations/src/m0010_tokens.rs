//! Limits of tokens, robots, and who may publish without a stored secret.
use crate::table::{index, references, table};
use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Step;

/// A nullable reference on a table that is there already. Written out: SQLite takes a foreign key
/// of a new column only in the column's own definition, which the builder cannot say.
async fn add_reference(m: &SchemaManager<'_>, table: &str, column: &str, to: &str) -> Result<(), DbErr> {
    let kind = if m.get_database_backend() == DbBackend::Sqlite { "uuid_text" } else { "uuid" };
    let sql =
        format!("ALTER TABLE {table} ADD COLUMN {column} {kind} REFERENCES {to} (id) ON DELETE CASCADE");
    m.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut publishers = table(
            "trusted_publishers",
            &[
                "u id",
                "u filter_id",
                "s provider",
                "t issuer",
                "t audience",
                "j claims",
                "u created_by",
                "i created_at",
                "I last_used_at",
            ],
            &["id"],
        );
        let key = ("trusted_publishers", "filter_id");
        references(&mut publishers, key, "filters", ForeignKeyAction::Cascade);
        let key = ("trusted_publishers", "created_by");
        references(&mut publishers, key, "users", ForeignKeyAction::Cascade);
        m.create_table(publishers).await?;
        m.create_index(index("trusted_publishers", &["filter_id"], false)).await?;
        m.create_index(index("trusted_publishers", &["issuer"], false)).await?;
        m.create_index(index("trusted_publishers", &["created_by"], false)).await?;

        m.create_table(table("used_jtis", &["t issuer", "t jti", "i expires_at"], &["issuer", "jti"]))
            .await?;
        m.create_index(index("used_jtis", &["expires_at"], false)).await?;

        add_reference(m, "api_tokens", "limit_namespace_id", "namespaces").await?;
        add_reference(m, "api_tokens", "limit_filter_id", "filters").await?;
        add_reference(m, "api_tokens", "publisher_id", "trusted_publishers").await?;
        m.create_index(index("api_tokens", &["limit_namespace_id"], false)).await?;
        m.create_index(index("api_tokens", &["limit_filter_id"], false)).await?;
        m.create_index(index("api_tokens", &["publisher_id"], false)).await?;

        add_reference(m, "users", "robot_of", "teams").await?;
        m.create_index(index("users", &["robot_of"], false)).await?;
        Ok(())
    }
}
