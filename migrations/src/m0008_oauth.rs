//! Tamis as an OAuth authorization server: its signing keys, its clients, and what people let them do.
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
        let columns = ["s kid", "s alg", "t private_key", "j public_jwk", "i created_at", "I not_after"];
        m.create_table(table("signing_keys", &columns, &["kid"])).await?;
        clients(m).await?;
        grants(m).await?;
        codes(m).await
    }
}

async fn clients(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "t name",
        "S secret_sha256",
        "j redirect_uris",
        "j grant_types",
        "t scopes",
        "j audiences",
        "u owner_id",
        "u created_by",
        "b trusted",
        "i created_at",
        "I disabled_at",
    ];
    let mut clients = table("oauth_clients", &columns, &["id"]);
    references(&mut clients, ("oauth_clients", "owner_id"), "namespaces", ForeignKeyAction::Cascade);
    m.create_table(clients).await?;
    m.create_index(index("oauth_clients", &["owner_id"], false)).await?;

    let columns = ["u user_id", "s client_id", "t scopes", "i created_at"];
    let mut consents = table("oauth_consents", &columns, &["user_id", "client_id"]);
    references(&mut consents, ("oauth_consents", "user_id"), "users", ForeignKeyAction::Cascade);
    m.create_table(consents).await
}

async fn grants(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "u user_id",
        "s client_id",
        "s kind",
        "t scopes",
        "t audience",
        "i auth_time",
        "i created_at",
        "i expires_at",
        "I revoked_at",
    ];
    let mut grants = table("oauth_grants", &columns, &["id"]);
    references(&mut grants, ("oauth_grants", "user_id"), "users", ForeignKeyAction::Cascade);
    m.create_table(grants).await?;
    m.create_index(index("oauth_grants", &["user_id"], false)).await?;
    m.create_index(index("oauth_grants", &["client_id"], false)).await?;
    m.create_index(index("oauth_grants", &["expires_at"], false)).await?;

    let columns = ["u id", "u grant_id", "s secret_sha256", "i created_at", "i expires_at", "I used_at"];
    let mut tokens = table("oauth_refresh_tokens", &columns, &["id"]);
    references(&mut tokens, ("oauth_refresh_tokens", "grant_id"), "oauth_grants", ForeignKeyAction::Cascade);
    m.create_table(tokens).await?;
    m.create_index(index("oauth_refresh_tokens", &["secret_sha256"], true)).await?;
    m.create_index(index("oauth_refresh_tokens", &["grant_id"], false)).await
}

async fn codes(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        "u id",
        "s secret_sha256",
        "u user_id",
        "s client_id",
        "t redirect_uri",
        "t scopes",
        "t audience",
        "s challenge",
        "T nonce",
        "i auth_time",
        "u grant_id",
        "i created_at",
        "i expires_at",
        "I used_at",
    ];
    let mut codes = table("oauth_codes", &columns, &["id"]);
    references(&mut codes, ("oauth_codes", "user_id"), "users", ForeignKeyAction::Cascade);
    m.create_table(codes).await?;
    m.create_index(index("oauth_codes", &["secret_sha256"], true)).await?;
    m.create_index(index("oauth_codes", &["expires_at"], false)).await?;

    let columns = [
        "u id",
        "s secret_sha256",
        "s user_code_sha256",
        "s client_id",
        "t scopes",
        "t audience",
        "i poll_seconds",
        "I polled_at",
        "U user_id",
        "I approved_at",
        "I denied_at",
        "I auth_time",
        "u grant_id",
        "i created_at",
        "i expires_at",
        "I used_at",
    ];
    let mut devices = table("oauth_device_codes", &columns, &["id"]);
    references(&mut devices, ("oauth_device_codes", "user_id"), "users", ForeignKeyAction::Cascade);
    m.create_table(devices).await?;
    m.create_index(index("oauth_device_codes", &["secret_sha256"], true)).await?;
    m.create_index(index("oauth_device_codes", &["user_code_sha256"], true)).await?;
    m.create_index(index("oauth_device_codes", &["expires_at"], false)).await
}
