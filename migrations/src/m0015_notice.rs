//! Who is told of an event, and how: the inbox, mail, webhooks.
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
        let mut events = Table::alter();
        m.alter_table(events.table("events").add_column(column('U', "actor_id")).take()).await?;

        let columns = ["u user_id", "u event_id", "I read_at", "I mailed_at"];
        let mut items = table("inbox_items", &columns, &["user_id", "event_id"]);
        references(&mut items, ("inbox_items", "user_id"), "users", ForeignKeyAction::Cascade);
        references(&mut items, ("inbox_items", "event_id"), "events", ForeignKeyAction::Cascade);
        m.create_table(items).await?;
        m.create_index(index("inbox_items", &["event_id"], false)).await?;

        let columns = ["u user_id", "b wanted", "I due_at", "I sent_at"];
        let mut mail = table("mail_settings", &columns, &["user_id"]);
        references(&mut mail, ("mail_settings", "user_id"), "users", ForeignKeyAction::Cascade);
        m.create_table(mail).await?;

        let columns = [
            "u id",
            "u namespace_id",
            "t url",
            "j kinds",
            "b enabled",
            "t secret",
            "T former_secret",
            "I former_until",
            "u created_by",
            "i created_at",
        ];
        let mut hooks = table("webhooks", &columns, &["id"]);
        references(&mut hooks, ("webhooks", "namespace_id"), "namespaces", ForeignKeyAction::Cascade);
        m.create_table(hooks).await?;
        m.create_index(index("webhooks", &["namespace_id"], false)).await?;

        let columns = [
            "u id",
            "u webhook_id",
            "U event_id",
            "s kind",
            "t body",
            "s state",
            "i attempts",
            "I next_at",
            "I last_status",
            "T last_error",
            "i created_at",
            "I delivered_at",
        ];
        let mut deliveries = table("webhook_deliveries", &columns, &["id"]);
        references(
            &mut deliveries,
            ("webhook_deliveries", "webhook_id"),
            "webhooks",
            ForeignKeyAction::Cascade,
        );
        references(&mut deliveries, ("webhook_deliveries", "event_id"), "events", ForeignKeyAction::Cascade);
        m.create_table(deliveries).await?;
        m.create_index(index("webhook_deliveries", &["webhook_id", "id"], false)).await?;
        m.create_index(index("webhook_deliveries", &["webhook_id", "event_id"], true)).await?;
        m.create_index(index("webhook_deliveries", &["event_id"], false)).await?;
        m.create_index(index("webhook_deliveries", &["created_at"], false)).await?;
        let newest =
            "CREATE INDEX ix_releases_published ON releases (published_at, id) WHERE state = 'published'";
        m.get_connection().execute_unprepared(newest).await?;
        Ok(())
    }
}
