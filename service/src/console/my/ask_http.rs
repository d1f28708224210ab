//! Asking curators for something on the page of a release: its publication, a change of what is said of it, or
//! its end.
use super::http::{DescriptionForm, back, describe, of_release, shown};
use crate::{
    auth::{ReleaseAccess, ReviewAccess},
    console::{frame::see, own_form::OwnForm},
    error::{Error, Result},
    filters::change::MetadataChange,
    http::problem::Problems,
    reviews::submit::{self, ReviewRequest},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use tamis_entities::{
    review,
    value::{ReleaseState, ReviewAction, revision},
};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationForm {
    #[serde(default)]
    pub form: String,
    /// `publish`, `update`, `unpublish` or `unquarantine`; `publish` if nothing is said.
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub note: String,
    /// With it and the four after it the description of a draft is kept first, as the other button of the form does.
    pub summary: Option<String>,
    /// With it and the two after it an `update` says what is to be in force.
    #[serde(rename = "type")]
    pub plugin_type: Option<String>,
    pub licence: Option<String>,
    pub readme: Option<String>,
    pub source: Option<String>,
}

impl PublicationForm {
    fn description(&mut self) -> DescriptionForm {
        DescriptionForm {
            form: String::new(),
            summary: self.summary.take().unwrap_or_default(),
            plugin_type: self.plugin_type.take().unwrap_or_default(),
            licence: self.licence.take().unwrap_or_default(),
            source: self.source.take().unwrap_or_default(),
            readme: self.readme.take().unwrap_or_default(),
            note: self.note.clone(),
        }
    }

    fn action(&self) -> Result<ReviewAction> {
        match self.action.as_str() {
            "" => Ok(ReviewAction::Publish),
            word => {
                let wrong = |_| Error::invalid("action", "publish, update, unpublish or unquarantine");
                word.parse().map_err(wrong)
            }
        }
    }
}

/// Ask for publication by a form
///
/// A request for it that was sent back goes to the curators once more.
#[utoipa::path(tag = "pages", operation_id = "askByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = PublicationForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/my/releases/{namespace}/{filter}/{version}/publication")]
pub async fn ask_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    form: OwnForm<PublicationForm>,
) -> Result<HttpResponse> {
    let mut form = form.0;
    let action = form.action()?;
    if action == ReviewAction::Update && form.readme.is_some() {
        let said = form.description();
        return match propose(&state, &found, &said).await {
            Ok(()) => Ok(see(&back(&found))),
            Err(error) => shown(&state, &request, found, said, error).await,
        };
    }
    if found.release.state == ReleaseState::Draft && form.summary.is_some() {
        let said = form.description();
        if let Err(error) = describe(&state, &found, &said).await {
            return shown(&state, &request, found, said, error).await;
        }
    }
    let here = back(&found);
    match submit::sent_back(&state, found.release.id).await? {
        Some(review) if action == ReviewAction::Publish => again(&state, found, review, form.note).await?,
        _ => ask(&state, &found, action, form.note, None).await?,
    }
    Ok(see(&here))
}

/// Of a request that was sent back: the same one goes to the curators once more.
async fn again(state: &State, found: ReleaseAccess, review: review::Model, note: String) -> Result<()> {
    let ReleaseAccess { access, release } = found;
    let note = Some(note).filter(|note| !note.is_empty());
    submit::resubmit(state, &ReviewAccess { access, review, release }, note).await
}

async fn ask(
    state: &State,
    found: &ReleaseAccess,
    action: ReviewAction,
    note: String,
    metadata: Option<MetadataChange>,
) -> Result<()> {
    let asked = ReviewRequest {
        namespace: found.access.namespace.handle.clone(),
        filter: found.access.filter.name.clone(),
        version: found.release.version.clone(),
        action,
        note,
        metadata,
    };
    submit::submit(state, found.access.caller.clone(), asked).await?;
    Ok(())
}

/// Asks to put in force what the form says of the release, if that is anything else than what is in force.
async fn propose(state: &State, found: &ReleaseAccess, said: &DescriptionForm) -> Result<()> {
    let (filter, release) = (&found.access.filter, &found.release);
    let change = of_release(said)?;
    let mut after = release.metadata.clone();
    change.clone().apply(&mut after)?;
    let after = revision(&after, &filter.summary, filter.icon.as_deref());
    if release.approved.as_ref().is_some_and(|approved| approved.revision == after) {
        return Err(Error::invalid("body", "nothing here differs from what is published"));
    }
    ask(state, found, ReviewAction::Update, said.note.clone(), Some(change)).await
}
