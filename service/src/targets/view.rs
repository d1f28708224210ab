//! How targets look from outside. Credentials go in and never come out.
use crate::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tamis_entities::{
    namespace, target,
    value::{Slug, TargetKind, TargetSignIn, Timestamp},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"namespace": "acme", "name": "prod-eu", "kind": "meshery", "url": "https://mesh-eu.example.org",
    "provider": "Tamis", "sign_in": "token", "token": "eyJhY2Nlc3NfdG9rZW4i"}))]
pub struct TargetRequest {
    /// A user or team whose filters, and everyone's, are deployed there.
    #[schema(value_type = String)]
    pub namespace: Slug,
    #[schema(value_type = String)]
    pub name: Slug,
    pub kind: TargetKind,
    /// An https URL, reached over the public network unless the operator allows another.
    #[schema(max_length = 2048)]
    pub url: String,
    /// The name of the provider that the Meshery Server is used with.
    #[schema(max_length = 200)]
    pub provider: Option<String>,
    /// How Tamis signs in at a Meshery Server; `none` without it.
    pub sign_in: Option<TargetSignIn>,
    /// The value of Meshery's cookie `token`. Kept sealed, sent to this URL's origin only, never shown.
    #[schema(max_length = 8192)]
    pub token: Option<String>,
    /// Plugin configuration that this target adds: by `*`, `namespace/*` or `namespace/filter`.
    #[schema(value_type = Object)]
    pub defaults: Option<Value>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetChange {
    /// A token goes with the origin that it was stored for: another origin needs it again.
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    #[schema(max_length = 200)]
    pub provider: Option<String>,
    pub sign_in: Option<TargetSignIn>,
    #[schema(max_length = 8192)]
    pub token: Option<String>,
    #[schema(value_type = Object)]
    pub defaults: Option<Value>,
    /// Nothing is sent to a paused target.
    pub paused: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Abandon {
    /// Leave what it holds where it is.
    pub abandon: Option<bool>,
}

/// How a target is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetStanding {
    Ready,
    /// The last tries failed; the next is at `retry_at`.
    NoAnswer,
    Paused,
}

#[derive(Serialize, ToSchema)]
pub struct TargetView {
    pub id: Uuid,
    #[schema(value_type = String)]
    pub namespace: Slug,
    #[schema(value_type = String)]
    pub name: Slug,
    pub kind: TargetKind,
    pub url: String,
    pub provider: Option<String>,
    pub sign_in: TargetSignIn,
    /// Whether a credential is stored.
    pub has_secret: bool,
    pub former_secret_until: Option<Timestamp>,
    #[schema(value_type = Object)]
    pub defaults: Value,
    pub standing: TargetStanding,
    pub paused: bool,
    /// Tries in a row that did not succeed.
    pub failures: i64,
    pub retry_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub last_contact_at: Option<Timestamp>,
    pub version: Option<String>,
    pub clock_skew_seconds: Option<i64>,
    /// The last comparison of what it lists with what is wanted.
    pub compared_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

pub fn standing(target: &target::Model) -> TargetStanding {
    match (target.paused, target.failures) {
        (true, _) => TargetStanding::Paused,
        (false, 0) => TargetStanding::Ready,
        _ => TargetStanding::NoAnswer,
    }
}

pub fn view(target: target::Model, home: &namespace::Model) -> TargetView {
    TargetView {
        standing: standing(&target),
        id: target.id,
        namespace: home.handle.clone(),
        name: target.name,
        kind: target.kind,
        url: target.url,
        provider: target.provider,
        sign_in: target.sign_in,
        has_secret: target.secret.is_some(),
        former_secret_until: target.former_until,
        defaults: target.defaults,
        paused: target.paused,
        failures: target.failures,
        retry_at: target.retry_at,
        last_error: target.last_error,
        last_contact_at: target.last_contact_at,
        version: target.version,
        clock_skew_seconds: target.clock_skew,
        compared_at: target.read_at,
        created_at: target.created_at,
    }
}

pub async fn views(state: &State, targets: Vec<target::Model>) -> crate::error::Result<Vec<TargetView>> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let ids: Vec<_> = targets.iter().map(|t| t.namespace_id).collect();
    let homes = namespace::Entity::find().filter(namespace::Column::Id.is_in(ids)).all(&*state.db).await?;
    let of = |target: target::Model| {
        let home = homes.iter().find(|h| h.id == target.namespace_id)?;
        Some(view(target, home))
    };
    Ok(targets.into_iter().filter_map(of).collect())
}

#[derive(Serialize, ToSchema)]
pub struct NewTargetView {
    #[serde(flatten)]
    pub target: TargetView,
    /// Of a webhook: `whsec_` and the key in base64; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}
