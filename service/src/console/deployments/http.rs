//! Handlers of `/deployments`.
use super::{
    HERE, deployment,
    new::{self, DeployForm, PlanQuery},
    target,
};
use crate::{
    auth::{Caller, SignedIn, access::segment},
    console::{
        ask::{AskQuery, BareForm, named},
        frame::{self, see},
        own_form::OwnForm,
    },
    deployments,
    error::Result,
    http::{body::Query, many::ManyQuery, problem::Problems},
    state::State,
    targets::{
        self,
        view::{TargetChange, TargetRequest},
    },
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;
use tamis_entities::value::{TargetKind, TargetSignIn};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetForm {
    #[serde(default)]
    pub form: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    #[schema(value_type = TargetKind)]
    pub kind: String,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub provider: String,
    #[serde(default)]
    pub token: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseForm {
    #[serde(default)]
    pub form: String,
    /// `yes` or `no`.
    #[serde(default)]
    pub paused: String,
}

pub fn of_target(id: Uuid) -> HttpResponse {
    see(&format!("{HERE}/targets/{id}"))
}

fn of_deployment(id: Uuid) -> HttpResponse {
    see(&format!("{HERE}/{id}"))
}

/// Deployments
#[utoipa::path(tag = "pages", operation_id = "showDeployments", params(),
    responses((status = 200, description = "Targets, what they hold, what has drifted", content_type = "text/html", body = String), Problems))]
#[get("/deployments")]
pub async fn show_deployments(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0.clone()));
    frame::reply(StatusCode::OK, &super::page(&state, &request, &caller, &who.0).await?)
}

/// Plan a deployment by a form
#[utoipa::path(tag = "pages", operation_id = "showNewDeployment", params(PlanQuery),
    responses((status = 200, description = "The choice, and the plan if one was made", content_type = "text/html", body = String), Problems))]
#[get("/deployments/new")]
pub async fn show_new_deployment(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: ManyQuery<PlanQuery>,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &new::page(&state, &request, &who.0, query.0).await?)
}

/// Deploy by a form
#[utoipa::path(tag = "pages", operation_id = "deployByForm", request_body(content = DeployForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the overview"), Problems))]
#[post("/deployments")]
pub async fn deploy_by_form(
    state: web::Data<State>,
    who: SignedIn,
    form: OwnForm<DeployForm>,
) -> Result<HttpResponse> {
    let ids = form.0.target.split(',').filter(|id| !id.is_empty());
    let ids = ids.map(|id| named("target", id)).collect::<Result<Vec<Uuid>>>()?;
    let asked = new::request(ids, &form.0.release, &form.0.config)?;
    let made = deployments::deploy(&state, &who.0, &asked).await?;
    Ok(match made.as_slice() {
        [one] => of_deployment(one.id),
        _ => see(HERE),
    })
}

/// Add a target by a form
#[utoipa::path(tag = "pages", operation_id = "createTargetByForm", request_body(content = TargetForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "Its page, with a webhook's secret shown this once", content_type = "text/html", body = String), Problems))]
#[post("/deployments/targets")]
pub async fn create_target_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<TargetForm>,
) -> Result<HttpResponse> {
    let form = form.0;
    let given = |text: String| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let (provider, token) = (given(form.provider), given(form.token));
    let asked = TargetRequest {
        namespace: named("namespace", &form.namespace)?,
        name: named("name", &form.name)?,
        kind: named("kind", &form.kind)?,
        url: form.url.trim().to_owned(),
        sign_in: token.is_some().then_some(TargetSignIn::Token),
        provider,
        token,
        defaults: None,
    };
    let (row, secret) = targets::create(&state, &who.0, asked).await?;
    let page = target::page(&state, &request, &who.0, row.id, (None, secret)).await?;
    frame::reply(StatusCode::CREATED, &page)
}

/// A target
#[utoipa::path(tag = "pages", operation_id = "showTarget", params(("id" = uuid::Uuid, Path, description = "Id of the target"), AskQuery),
    responses((status = 200, description = "How it is and what it holds", content_type = "text/html", body = String), Problems))]
#[get("/deployments/targets/{id}")]
pub async fn show_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let page = target::page(&state, &request, &who.0, segment(&request, "id")?, (query.0.ask, None)).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Ask a target how it is, by a form
#[utoipa::path(tag = "pages", operation_id = "probeTargetByForm", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the target"), Problems))]
#[post("/deployments/targets/{id}/probe")]
pub async fn probe_target_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let id = segment(&request, "id")?;
    targets::probe::probe(&state, &who.0, id).await?;
    deployments::compare(&state, &who.0, id).await?;
    Ok(of_target(id))
}

/// Pause or resume a target by a form
#[utoipa::path(tag = "pages", operation_id = "pauseTargetByForm", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    request_body(content = PauseForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the target"), Problems))]
#[post("/deployments/targets/{id}/pause")]
pub async fn pause_target_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<PauseForm>,
) -> Result<HttpResponse> {
    let id = segment(&request, "id")?;
    let change = TargetChange { paused: Some(form.0.paused == "yes"), ..TargetChange::default() };
    targets::change(&state, &who.0, id, change).await?;
    Ok(of_target(id))
}

/// Forget a target by a form
#[utoipa::path(tag = "pages", operation_id = "removeTargetByForm", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the overview"), Problems))]
#[post("/deployments/targets/{id}/removal")]
pub async fn remove_target_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    targets::remove(&state, &who.0, segment(&request, "id")?, true).await?;
    Ok(see(HERE))
}

/// A deployment
#[utoipa::path(tag = "pages", operation_id = "showDeployment", params(("id" = uuid::Uuid, Path, description = "Id of the deployment"), AskQuery),
    responses((status = 200, description = "Wanted, confirmed, reported, and every try", content_type = "text/html", body = String), Problems))]
#[get("/deployments/{id}")]
pub async fn show_deployment(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let page = deployment::page(&state, &request, &who.0, segment(&request, "id")?, query.0.ask).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Try a deployment again by a form
#[utoipa::path(tag = "pages", operation_id = "retryByForm", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to it"), Problems))]
#[post("/deployments/{id}/retry")]
pub async fn retry_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let row = deployments::retry(&state, &who.0, segment(&request, "id")?).await?;
    Ok(of_deployment(row.id))
}

/// Roll a deployment back by a form
#[utoipa::path(tag = "pages", operation_id = "rollBackByForm", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to it"), Problems))]
#[post("/deployments/{id}/rollback")]
pub async fn roll_back_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let row = deployments::roll_back(&state, &who.0, segment(&request, "id")?).await?;
    Ok(of_deployment(row.id))
}

/// Take a deployment back by a form
#[utoipa::path(tag = "pages", operation_id = "undeployByForm", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to it"), Problems))]
#[post("/deployments/{id}/removal")]
pub async fn undeploy_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let row = deployments::remove(&state, &who.0, segment(&request, "id")?).await?;
    Ok(of_deployment(row.id))
}
