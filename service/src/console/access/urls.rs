//! Capability URLs by forms: for a proxy that is to fetch what not everyone may. Shows no URL itself: whoever
//! manages the filter finds it in the release's configuration, where it is used.
use crate::{
    auth::{FilterAccess, access::segment},
    capability_urls::{
        self,
        view::{CapabilityUrlRequest, RenewalRequest},
    },
    console::{ask::named, frame::see, own_form::OwnForm},
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use tamis_entities::value::{Slug, Version};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityUrlForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    #[schema(value_type = Slug)]
    pub name: String,
    /// The release whose bytes it hands out.
    #[schema(value_type = Version)]
    pub version: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityUrlActForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    /// `renew` for a year from now, or `revoke`
    #[serde(default)]
    pub act: String,
}

/// Where the configuration of the release has it.
pub fn used_at(filter: &str, version: &Version) -> String {
    format!("/filters/{filter}?version={version}#use")
}

/// Make a capability URL by a form
///
/// It lasts a year.
#[utoipa::path(tag = "pages", operation_id = "createCapabilityUrlByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = CapabilityUrlForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the release, whose configuration has it now"), Problems))]
#[post("/filters/{namespace}/{filter}/access/capability-urls")]
pub async fn create_capability_url_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<CapabilityUrlForm>,
) -> Result<HttpResponse> {
    let version: Version = named("version", &form.0.version)?;
    let asked = CapabilityUrlRequest {
        name: named("name", &form.0.name)?,
        version: version.clone(),
        expires_at: None,
    };
    capability_urls::create(&state, &access, asked).await?;
    Ok(see(&used_at(&access.name(), &version)))
}

/// Renew or revoke a capability URL by a form
#[utoipa::path(tag = "pages", operation_id = "changeCapabilityUrlByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("id" = uuid::Uuid, Path, description = "Id of the capability URL")),
    request_body(content = CapabilityUrlActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page of access"), Problems))]
#[post("/filters/{namespace}/{filter}/access/capability-urls/{id}")]
pub async fn change_capability_url_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
    form: OwnForm<CapabilityUrlActForm>,
) -> Result<HttpResponse> {
    let id = segment(&request, "id")?;
    match form.0.act.as_str() {
        "renew" => capability_urls::renew(&state, &access, id, RenewalRequest::default()).await.map(drop)?,
        "revoke" => capability_urls::revoke(&state, &access, id).await?,
        _ => return Err(Error::invalid("act", "`renew` or `revoke`")),
    }
    Ok(super::http::back(&access))
}
