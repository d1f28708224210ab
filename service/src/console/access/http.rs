//! Handlers of `/filters/{namespace}/{filter}/access`.
use crate::{
    auth::{FilterAccess, access::relock_filter},
    console::{
        ask::{BareForm, end_of, named},
        frame::{self, see},
        own_form::OwnForm,
    },
    db,
    error::{Error, Kind, Result},
    filters::{
        self,
        change::FilterChange,
        grants::{self, GrantRequest},
        transfer,
    },
    http::{body::Query, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;
use tamis_entities::value::{GrantLevel, Slug, Visibility};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccessPageQuery {
    /// Where the page before ended.
    pub after: Option<String>,
    /// The dialog that is open.
    pub ask: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantForm {
    #[serde(default)]
    pub form: String,
    /// `user` or `team`.
    pub kind: String,
    pub name: String,
    #[schema(value_type = GrantLevel)]
    pub level: String,
    /// The last day, as `2026-12-31`; empty for none.
    #[serde(default)]
    pub until: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectForm {
    #[serde(default)]
    pub form: String,
    /// `user:name` or `team:name`.
    pub subject: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityForm {
    #[serde(default)]
    pub form: String,
    #[schema(value_type = Visibility)]
    pub visibility: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferForm {
    #[serde(default)]
    pub form: String,
    /// The user or team that shall have it.
    #[schema(value_type = Slug)]
    pub to: String,
}

pub fn back(access: &FilterAccess) -> HttpResponse {
    see(&format!("/filters/{}/access", access.name()))
}

/// Who can see a filter
#[utoipa::path(tag = "pages", operation_id = "showAccess",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), AccessPageQuery),
    responses((status = 200, description = "Who, and why; grants, visibility, transfer", content_type = "text/html", body = String), Problems))]
#[get("/filters/{namespace}/{filter}/access")]
pub async fn show_access(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
    query: Query<AccessPageQuery>,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &super::page(&state, &request, access, query.0).await?)
}

/// Give a grant by a form
#[utoipa::path(tag = "pages", operation_id = "giveGrantByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = GrantForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/filters/{namespace}/{filter}/access/grants")]
pub async fn give_grant_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<GrantForm>,
) -> Result<HttpResponse> {
    give(&state, &access, &form.0).await?;
    Ok(back(&access))
}

async fn give(state: &State, access: &FilterAccess, form: &GrantForm) -> Result<()> {
    let expires_at = match form.until.trim() {
        "" => None,
        day => Some(end_of(day).ok_or_else(|| Error::invalid("until", "a day such as 2026-12-31"))?),
    };
    let level = named("level", &form.level)?;
    let nobody = |error: Error| match error.kind() {
        Kind::NotFound => {
            Error::invalid("name", format!("there is no {} `{}` here", form.kind, form.name.trim()))
        }
        _ => error,
    };
    let subject = format!("{}:{}", form.kind, form.name.trim());
    let subject = grants::subject(state, &subject).await.map_err(nobody)?;
    grants::put(state, access, &subject, GrantRequest { level, expires_at }).await.map(drop)
}

/// Take a grant back by a form
#[utoipa::path(tag = "pages", operation_id = "takeGrantByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = SubjectForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/filters/{namespace}/{filter}/access/grants/removal")]
pub async fn take_grant_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<SubjectForm>,
) -> Result<HttpResponse> {
    let subject = grants::subject(&state, &form.0.subject).await?;
    grants::remove(&state, &access, &subject).await?;
    Ok(back(&access))
}

/// Set the visibility by a form
#[utoipa::path(tag = "pages", operation_id = "setVisibilityByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = VisibilityForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/filters/{namespace}/{filter}/access/visibility")]
pub async fn set_visibility_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<VisibilityForm>,
) -> Result<HttpResponse> {
    let visibility = named("visibility", &form.0.visibility)?;
    db::retrying(|| show(&state, &access, visibility)).await?;
    Ok(back(&access))
}

async fn show(state: &State, access: &FilterAccess, visibility: Visibility) -> Result<()> {
    let change = FilterChange { visibility: Some(visibility), ..Default::default() };
    let txn = state.db.begin_write().await?;
    let filter = relock_filter(&*txn, &access.filter).await?;
    filters::apply(state, &txn, access.who()?, &access.namespace, filter, change).await?;
    txn.commit().await
}

/// Offer a filter to another namespace by a form
#[utoipa::path(tag = "pages", operation_id = "offerTransferByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = TransferForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/filters/{namespace}/{filter}/access/transfer")]
pub async fn offer_transfer_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<TransferForm>,
) -> Result<HttpResponse> {
    transfer::offer(&state, &access, &named("to", &form.0.to)?).await?;
    Ok(back(&access))
}

/// Withdraw the offer of a filter by a form
#[utoipa::path(tag = "pages", operation_id = "withdrawTransferByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/filters/{namespace}/{filter}/access/transfer/withdrawal")]
pub async fn withdraw_transfer_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    transfer::withdraw(&state, &access).await?;
    Ok(back(&access))
}
