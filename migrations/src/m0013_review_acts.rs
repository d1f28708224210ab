//! The history of reviews and what the acts on them leave: recusals, ticks, presence, appeals,
//! break-glass; what checks cost; risk; and the events that other parts act on.
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
        grow(m).await?;
        history(m).await?;
        acts(m).await
    }
}

/// New columns, each empty or with a default: servers of the version before go on writing.
async fn grow(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (table, columns) in [
        (
            "reviews",
            &[
                "S evidence",
                "S policy",
                "J addends",
                "I lease_until",
                "I paused_at",
                "I escalated_at",
                "I expires_at",
            ][..],
        ),
        ("reviews", &["i risk", "i round", "b first_publication", "b break_glass"]),
        ("review_votes", &["i round"]),
        ("review_comments", &["b internal"]),
        ("review_checks", &["i duration_ms", "s version"]),
        ("releases", &["b break_glass"]),
    ] {
        for spec in columns {
            let (kind, name) = spec.split_at(1);
            let (kind, name) = (kind.chars().next().unwrap_or('t'), name.trim_start());
            let mut new = column(kind, name);
            match (kind, name) {
                ('i', "round") => new.default(1),
                ('i', _) => new.default(0),
                ('b', _) => new.default(false),
                ('s', _) => new.default("1"),
                _ => &mut new,
            };
            m.alter_table(Table::alter().table(table).add_column(new).take()).await?;
        }
    }
    m.create_index(index("reviews", &["state", "due_at"], false)).await?;
    m.create_index(index("filters", &["skeleton"], false)).await
}

async fn history(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "u review_id",
        "s act",
        "S from_state",
        "s to_state",
        "s actor",
        "U actor_id",
        "T reason",
        "T note",
        "S evidence",
        "i created_at",
    ];
    let mut past = table("review_events", &columns, &["id"]);
    references(&mut past, ("review_events", "review_id"), "reviews", ForeignKeyAction::Cascade);
    m.create_table(past).await?;
    m.create_index(index("review_events", &["review_id"], false)).await?;

    // What happened, for whoever tells people or machines of it; outlives what it speaks of.
    let columns =
        ["u id", "s kind", "U review_id", "U filter_id", "U namespace_id", "j payload", "i created_at"];
    m.create_table(table("events", &columns, &["id"])).await?;
    m.create_index(index("events", &["created_at"], false)).await
}

async fn acts(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, columns, key) in [
        (
            "review_recusals",
            &["u review_id", "u user_id", "T note", "i created_at"][..],
            &["review_id", "user_id"][..],
        ),
        (
            "review_ticks",
            &["u review_id", "u user_id", "s item", "i created_at"],
            &["review_id", "user_id", "item"],
        ),
        ("review_presences", &["u review_id", "u user_id", "i seen_at"], &["review_id", "user_id"]),
        (
            "review_appeals",
            &[
                "u event_id",
                "u review_id",
                "u submitted_by",
                "t note",
                "i created_at",
                "U decided_by",
                "S decision",
                "T answer",
                "I decided_at",
            ],
            // The rejection: each is appealed against once.
            &["event_id"],
        ),
        (
            "break_glass_requests",
            &["u review_id", "s sha256", "s revision", "u requested_by", "t reason", "i created_at"],
            &["review_id"],
        ),
    ] {
        let mut made = table(name, columns, key);
        references(&mut made, (name, "review_id"), "reviews", ForeignKeyAction::Cascade);
        m.create_table(made).await?;
    }
    m.create_index(index("review_appeals", &["review_id"], false)).await
}
