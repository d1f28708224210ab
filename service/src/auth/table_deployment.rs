//! The part of the table that is about targets and what is deployed to them: rows, and nothing else.
use super::table::{AnyOf, Need::*, READ, Rule, TOKENS, rule};
use tamis_entities::value::Scope;

const DEPLOY: AnyOf = Some(&[Scope::DeploymentsWrite]);

pub(super) const DEPLOYMENT: &[Rule] = &[
    rule("GET", "/deployments", READ, SignedIn),
    rule("GET", "/deployments/new", READ, SignedIn),
    rule("POST", "/deployments", DEPLOY, SignedIn),
    rule("POST", "/deployments/targets", TOKENS, SignedIn),
    rule("GET", "/deployments/targets/{id}", READ, MaintainTarget),
    rule("POST", "/deployments/targets/{id}/probe", DEPLOY, MaintainTarget),
    rule("POST", "/deployments/targets/{id}/pause", TOKENS, MaintainTarget),
    rule("POST", "/deployments/targets/{id}/removal", TOKENS, MaintainTarget),
    rule("POST", "/deployments/targets/{id}/rules", DEPLOY, MaintainTarget),
    rule("POST", "/deployments/rules/{id}/removal", DEPLOY, MaintainTarget),
    rule("GET", "/deployments/{id}", READ, MaintainTarget),
    rule("POST", "/deployments/{id}/retry", DEPLOY, MaintainTarget),
    rule("POST", "/deployments/{id}/rollback", DEPLOY, MaintainTarget),
    rule("POST", "/deployments/{id}/removal", DEPLOY, MaintainTarget),
    rule("GET", "/api/v1/targets", READ, SignedIn),
    rule("POST", "/api/v1/targets", TOKENS, SignedIn),
    rule("GET", "/api/v1/targets/{id}", READ, MaintainTarget),
    rule("PATCH", "/api/v1/targets/{id}", TOKENS, MaintainTarget),
    rule("DELETE", "/api/v1/targets/{id}", TOKENS, MaintainTarget),
    rule("POST", "/api/v1/targets/{id}/probe", DEPLOY, MaintainTarget),
    rule("POST", "/api/v1/targets/{id}/rotation", TOKENS, MaintainTarget),
    rule("POST", "/api/v1/targets/{id}/comparison", DEPLOY, MaintainTarget),
    rule("GET", "/api/v1/deployments", READ, SignedIn),
    rule("POST", "/api/v1/deployments", DEPLOY, SignedIn),
    rule("POST", "/api/v1/deployments/plan", READ, SignedIn),
    rule("GET", "/api/v1/deployments/{id}", READ, MaintainTarget),
    rule("DELETE", "/api/v1/deployments/{id}", DEPLOY, MaintainTarget),
    rule("POST", "/api/v1/deployments/{id}/retry", DEPLOY, MaintainTarget),
    rule("POST", "/api/v1/deployments/{id}/rollback", DEPLOY, MaintainTarget),
    rule("GET", "/api/v1/deployments/{id}/attempts", READ, MaintainTarget),
    rule("GET", "/api/v1/deployments/{id}/revisions", READ, MaintainTarget),
    rule("GET", "/api/v1/deployment-rules", READ, SignedIn),
    rule("POST", "/api/v1/deployment-rules", DEPLOY, SignedIn),
    rule("DELETE", "/api/v1/deployment-rules/{id}", DEPLOY, MaintainTarget),
];
