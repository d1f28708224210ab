//! The rules on the page of a target: what it follows by itself, and the forms that add and end one.
use super::{HERE, http::of_target};
use crate::{
    auth::{SignedIn, access::segment},
    console::{
        ask::{Ask, BareForm, named},
        own_form::OwnForm,
    },
    deployments::rules::{self, RuleRequest, RuleView, Selector},
    error::{Error, Result},
    http::problem::Problems,
    state::State,
    targets,
};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    #[serde(default)]
    pub form: String,
    #[serde(default)]
    pub name: String,
    /// As the catalog's address has it, or that address itself.
    #[serde(default)]
    pub query: String,
    /// Which versions, e.g. `^1.2`; empty: every one that is no pre-release.
    #[serde(default)]
    pub version: String,
    /// A JSON object; empty adds nothing to the defaults.
    #[serde(default)]
    pub config: String,
}

/// A rule as a line of the page.
pub struct Line {
    pub rule: RuleView,
    pub query: String,
    pub version: Option<String>,
}

impl Line {
    pub fn of(row: tamis_entities::deployment_rule::Model) -> Result<Self> {
        let selector: Selector = serde_json::from_value(row.selector.clone())?;
        Ok(Self { rule: row.into(), query: selector.query, version: selector.version })
    }

    pub fn ask(&self) -> Ask {
        Ask {
            id: format!("rule-{}", self.rule.name),
            title: format!("End the rule {}", self.rule.name),
            consequence: "What it has deployed stays, and follows nothing any more.".into(),
            verb: "End",
            busy: "Ending…",
            to: format!("{HERE}/rules/{}/removal", self.rule.id),
            fields: vec![],
        }
    }
}

pub async fn lines(state: &State, target: Uuid) -> Result<Vec<Line>> {
    rules::of(state, target).await?.into_iter().map(Line::of).collect()
}

fn asked(target: Uuid, form: &RuleForm) -> Result<RuleRequest> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let config = given(&form.config).map(|text| serde_json::from_str(&text));
    let config = config.transpose().map_err(|e| Error::invalid("config", format!("a JSON object ({e})")))?;
    // Whoever copies the address of the catalog page means what is behind its question mark.
    let query = form.query.trim();
    let query = query.split_once('?').map_or(query, |(_, query)| query).to_owned();
    let selector = Selector { query, version: given(&form.version) };
    Ok(RuleRequest { target, name: named("name", &form.name)?, selector, config })
}

/// Add a rule by a form
#[utoipa::path(tag = "pages", operation_id = "createRuleByForm", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    request_body(content = RuleForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the target"), Problems))]
#[post("/deployments/targets/{id}/rules")]
pub async fn create_rule_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<RuleForm>,
) -> Result<HttpResponse> {
    let id = segment(&request, "id")?;
    targets::find(&*state.db, &who.0, id).await?;
    rules::create(&state, &who.0, asked(id, &form.0)?).await?;
    Ok(of_target(id))
}

/// End a rule by a form
#[utoipa::path(tag = "pages", operation_id = "removeRuleByForm", params(("id" = uuid::Uuid, Path, description = "Id of the rule")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its target"), Problems))]
#[post("/deployments/rules/{id}/removal")]
pub async fn remove_rule_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let target = rules::remove(&state, &who.0, segment(&request, "id")?).await?;
    Ok(of_target(target.id))
}
