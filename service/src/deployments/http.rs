//! Handlers of `/api/v1/deployments` and `/api/v1/deployment-rules`.
use super::{
    plan,
    rules::{self, RuleRequest, RuleView},
    view::{
        self, AttemptView, DeploymentQuery, DeploymentRequest, DeploymentView, PlanView, RevisionView,
        StepView,
    },
};
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

/// List deployments
///
/// What is wanted of the targets that the caller looks after, and how far they are.
#[utoipa::path(tag = "deployments", operation_id = "listDeployments", params(DeploymentQuery),
    responses((status = 200, description = "A page", body = Page<DeploymentView>), Problems))]
#[get("/api/v1/deployments")]
pub async fn list_deployments(
    state: web::Data<State>,
    who: SignedIn,
    query: Query<DeploymentQuery>,
) -> Result<web::Json<Page<DeploymentView>>> {
    let page = PageQuery { after: query.0.after, limit: query.0.limit };
    let (rows, next) = super::list(&state, &who.0, query.0.target, &page).await?;
    Ok(web::Json(Page { items: view::views(&state, rows).await?, next }))
}

/// Plan a deployment
///
/// What would be done, from which digest to which, with which configuration, and what speaks against it. Nothing
/// is changed and nothing is sent.
#[utoipa::path(tag = "deployments", operation_id = "planDeployment", request_body = DeploymentRequest, params(),
    responses((status = 200, description = "The plan", body = PlanView), Problems))]
#[post("/api/v1/deployments/plan")]
pub async fn plan_deployment(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<DeploymentRequest>,
) -> Result<web::Json<PlanView>> {
    let steps = plan::plan(&state, &who.0, &body.0).await?;
    let ready = plan::approve(&steps).is_ok();
    Ok(web::Json(PlanView { ready, steps: steps.iter().map(StepView::from).collect() }))
}

/// Deploy
///
/// Says what the targets are to hold from now on. The answer comes at once; the targets are brought there in the
/// background, as often as it takes.
#[utoipa::path(tag = "deployments", operation_id = "deploy", request_body = DeploymentRequest, params(),
    responses((status = 202, description = "What is wanted now", body = Page<DeploymentView>), Problems))]
#[post("/api/v1/deployments")]
pub async fn deploy(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<DeploymentRequest>,
) -> Result<HttpResponse> {
    let rows = super::deploy(&state, &who.0, &body.0).await?;
    Ok(HttpResponse::Accepted().json(Page { items: view::views(&state, rows).await?, next: None }))
}

/// Get a deployment
#[utoipa::path(tag = "deployments", operation_id = "getDeployment", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    responses((status = 200, description = "Wanted, confirmed, reported", body = DeploymentView), Problems))]
#[get("/api/v1/deployments/{id}")]
pub async fn get_deployment(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<DeploymentView>> {
    let (row, _) = super::find(&state, &who.0, segment(&request, "id")?).await?;
    Ok(web::Json(view::one(&state, row).await?))
}

/// Take a deployment back
#[utoipa::path(tag = "deployments", operation_id = "undeploy", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    responses((status = 202, description = "Will be taken back", body = DeploymentView), Problems))]
#[delete("/api/v1/deployments/{id}")]
pub async fn undeploy(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let row = super::remove(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::Accepted().json(view::one(&state, row).await?))
}

/// Try a deployment again
///
/// At once, whatever became of it: one that was given up or refused, or one that has drifted.
#[utoipa::path(tag = "deployments", operation_id = "retryDeployment", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    responses((status = 202, description = "Will be tried", body = DeploymentView), Problems))]
#[post("/api/v1/deployments/{id}/retry")]
pub async fn retry_deployment(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let row = super::retry(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::Accepted().json(view::one(&state, row).await?))
}

/// Roll a deployment back
///
/// To the release and configuration that were confirmed before those that are wanted now.
#[utoipa::path(tag = "deployments", operation_id = "rollBackDeployment", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    responses((status = 202, description = "What is wanted now", body = DeploymentView), Problems))]
#[post("/api/v1/deployments/{id}/rollback")]
pub async fn roll_back_deployment(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let row = super::roll_back(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::Accepted().json(view::one(&state, row).await?))
}

/// List the tries of a deployment
#[utoipa::path(tag = "deployments", operation_id = "listAttempts",
    params(("id" = uuid::Uuid, Path, description = "Id of the deployment"), PageQuery),
    responses((status = 200, description = "Of the last 90 days, newest first", body = Page<AttemptView>), Problems))]
#[get("/api/v1/deployments/{id}/attempts")]
pub async fn list_attempts(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<AttemptView>>> {
    let (row, _) = super::find(&state, &who.0, segment(&request, "id")?).await?;
    let (rows, next) = super::attempts(&state, &row, &page.0).await?;
    Ok(web::Json(Page { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// List the revisions of a deployment
#[utoipa::path(tag = "deployments", operation_id = "listRevisions", params(("id" = uuid::Uuid, Path, description = "Id of the deployment")),
    responses((status = 200, description = "The last 50 wanted states, newest first", body = Page<RevisionView>), Problems))]
#[get("/api/v1/deployments/{id}/revisions")]
pub async fn list_revisions(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<Page<RevisionView>>> {
    let (row, _) = super::find(&state, &who.0, segment(&request, "id")?).await?;
    let rows = super::revisions(&state, &row).await?;
    Ok(web::Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Compare a target with what is wanted
///
/// Soon, and beside the scheduled comparisons.
#[utoipa::path(tag = "deployments", operation_id = "compareTarget", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    responses((status = 202, description = "Will be compared"), Problems))]
#[post("/api/v1/targets/{id}/comparison")]
pub async fn compare_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::compare(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// List rules
#[utoipa::path(tag = "deployments", operation_id = "listDeploymentRules", params(PageQuery),
    responses((status = 200, description = "Of the targets that the caller looks after", body = Page<RuleView>), Problems))]
#[get("/api/v1/deployment-rules")]
pub async fn list_rules(
    state: web::Data<State>,
    who: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<RuleView>>> {
    let (rows, next) = rules::list(&state, &who.0, &page.0).await?;
    Ok(web::Json(Page { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// Create a rule
///
/// The target follows what is published: each filter that the query finds, at its newest release that fits. Filters
/// that somebody deploys there by name are left to them.
#[utoipa::path(tag = "deployments", operation_id = "createDeploymentRule", request_body = RuleRequest, params(),
    responses((status = 201, description = "The rule; what it finds now is deployed in the background", body = RuleView), Problems))]
#[post("/api/v1/deployment-rules")]
pub async fn create_rule(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<RuleRequest>,
) -> Result<HttpResponse> {
    let row = rules::create(&state, &who.0, body.0).await?;
    Ok(HttpResponse::Created().json(RuleView::from(row)))
}

/// Delete a rule
#[utoipa::path(tag = "deployments", operation_id = "deleteDeploymentRule", params(("id" = uuid::Uuid, Path, description = "Id of the rule")),
    responses((status = 204, description = "What it deployed stays and follows nothing any more"), Problems))]
#[delete("/api/v1/deployment-rules/{id}")]
pub async fn delete_rule(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    rules::remove(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
