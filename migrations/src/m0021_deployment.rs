//! Where releases are deployed to, what each place is wanted to hold, and how it went.
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
        targets(m).await?;
        deployments(m).await?;
        history(m).await?;
        rules(m).await
    }
}

async fn targets(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "u namespace_id",
        "s name",
        "s kind",
        "t url",
        "S provider",
        "s sign_in",
        "T secret",
        "T former_secret",
        "I former_until",
        "j defaults",
        "b paused",
        "i epoch",
        "I lease_until",
        "I due_at",
        "i failures",
        "I failing_since",
        "I retry_at",
        "T last_error",
        "I last_contact_at",
        "T version",
        "I clock_skew",
        "I read_at",
        "u created_by",
        "i created_at",
        "i updated_at",
    ];
    let mut targets = table("targets", &columns, &["id"]);
    references(&mut targets, ("targets", "namespace_id"), "namespaces", ForeignKeyAction::Cascade);
    m.create_table(targets).await?;
    m.create_index(index("targets", &["namespace_id", "name"], true)).await?;
    m.create_index(index("targets", &["due_at"], false)).await
}

/// Without a reference to the filter: what is deployed has to be taken back even if the filter is gone here.
async fn deployments(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "u target_id",
        "u filter_id",
        "s namespace",
        "s filter",
        "U rule_id",
        "U release_id",
        "S version",
        "S sha256",
        "j config",
        "j effective",
        "i revision",
        "s state",
        "u wanted_by",
        "i wanted_at",
        "i attempts",
        "I failing_since",
        "T last_error",
        "I confirmed_revision",
        "S confirmed_version",
        "S confirmed_sha256",
        "I confirmed_at",
        "J sent",
        "S reported",
        "T reported_as",
        "I reported_at",
        "I drifted_at",
    ];
    let mut deployments = table("deployments", &columns, &["id"]);
    references(&mut deployments, ("deployments", "target_id"), "targets", ForeignKeyAction::Cascade);
    m.create_table(deployments).await?;
    m.create_index(index("deployments", &["target_id", "filter_id"], true)).await?;
    m.create_index(index("deployments", &["target_id", "state", "wanted_at"], false)).await?;
    m.create_index(index("deployments", &["filter_id"], false)).await
}

async fn history(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u deployment_id",
        "i revision",
        "U release_id",
        "S version",
        "S sha256",
        "j config",
        "j effective",
        "u wanted_by",
        "i wanted_at",
        "I confirmed_at",
    ];
    let mut revisions = table("deployment_revisions", &columns, &["deployment_id", "revision"]);
    references(
        &mut revisions,
        ("deployment_revisions", "deployment_id"),
        "deployments",
        ForeignKeyAction::Cascade,
    );
    m.create_table(revisions).await?;

    let columns = [
        "u id",
        "u deployment_id",
        "u target_id",
        "i revision",
        "s act",
        "s outcome",
        "I status",
        "T error",
        "j exchanges",
        "i micros",
        "i at",
    ];
    let mut attempts = table("deployment_attempts", &columns, &["id"]);
    references(
        &mut attempts,
        ("deployment_attempts", "deployment_id"),
        "deployments",
        ForeignKeyAction::Cascade,
    );
    m.create_table(attempts).await?;
    m.create_index(index("deployment_attempts", &["deployment_id", "id"], false)).await?;
    m.create_index(index("deployment_attempts", &["target_id", "id"], false)).await?;
    m.create_index(index("deployment_attempts", &["at"], false)).await
}

async fn rules(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "u target_id",
        "s name",
        "j selector",
        "j config",
        "b enabled",
        "T last_error",
        "u created_by",
        "i created_at",
    ];
    let mut rules = table("deployment_rules", &columns, &["id"]);
    references(&mut rules, ("deployment_rules", "target_id"), "targets", ForeignKeyAction::Cascade);
    m.create_table(rules).await?;
    m.create_index(index("deployment_rules", &["target_id", "name"], true)).await
}
