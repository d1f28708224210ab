//! The same act on several lines of the queue, by one form, and the page that says what became of each.
use super::{after, known_view};
use crate::{
    auth::{Caller, SignedIn},
    console::{
        frame::{self, Frame, see},
        own_form::OwnForm,
        parts::*,
    },
    error::{Error, Result},
    http::problem::Problems,
    reviews::many::{self, Looked, ManyAct, ManyOutcome, ManyRequest},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, web};
use askama::Template;
use utoipa::ToSchema;

/// `item` is there once for each review: its id, digest and revision, as the page showed them, with `/` between.
#[derive(ToSchema)]
#[allow(dead_code, reason = "what the document says of the form, which is read as pairs")]
pub struct ManyForm {
    pub form: String,
    pub item: Vec<String>,
    /// `take`, `put_back`, `comment`, `request_changes`, `reject` or `approve`.
    pub act: String,
    /// A code of the catalogue of reasons.
    pub reason: Option<String>,
    pub note: Option<String>,
    /// The view to come back to.
    pub view: Option<String>,
}

#[derive(Template)]
#[template(path = "console/reviews_many.html")]
struct Done {
    frame: Frame,
    outcomes: Vec<ManyOutcome>,
    done: usize,
    view: &'static str,
}

fn act(word: &str) -> Result<ManyAct> {
    Ok(match word {
        "take" => ManyAct::Take,
        "put_back" => ManyAct::PutBack,
        "comment" => ManyAct::Comment,
        "request_changes" => ManyAct::RequestChanges,
        "reject" => ManyAct::Reject,
        "approve" => ManyAct::Approve,
        _ => return Err(Error::invalid("act", "choose what is to be done")),
    })
}

fn looked(item: &str) -> Result<Looked> {
    let wrong = || Error::invalid("item", "open the queue again");
    let mut parts = item.split('/');
    let looked = Looked {
        id: parts.next().and_then(|id| id.parse().ok()).ok_or_else(wrong)?,
        digest: parts.next().and_then(|digest| digest.parse().ok()).ok_or_else(wrong)?,
        revision: parts.next().and_then(|revision| revision.parse().ok()).ok_or_else(wrong)?,
    };
    if parts.next().is_none() { Ok(looked) } else { Err(wrong()) }
}

fn read(fields: &[(String, String)]) -> Result<ManyRequest> {
    let mut all: Vec<(&str, &str)> = vec![];
    for (name, value) in fields {
        let known = ["form", "item", "act", "reason", "note", "view"].contains(&name.as_str());
        if !known || (name != "item" && all.iter().any(|(other, _)| other == name)) {
            return Err(Error::invalid("body", "a field is unknown, or there twice"));
        }
        all.push((name, value.trim()));
    }
    let of = |wanted: &str| all.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| *value);
    let some = |wanted: &str| Some(of(wanted).to_owned()).filter(|text| !text.is_empty());
    let items = all.iter().filter(|(name, _)| *name == "item").map(|(_, item)| looked(item));
    Ok(ManyRequest {
        act: act(of("act"))?,
        items: items.collect::<Result<_>>()?,
        reason: some("reason"),
        note: some("note"),
    })
}

/// Act on several reviews by a form
#[utoipa::path(tag = "pages", operation_id = "actOnReviewsByForm",
    request_body(content = ManyForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "All done: back to the queue"), (status = 200, description = "What became of each", content_type = "text/html", body = String), Problems))]
#[post("/reviews/many")]
pub async fn act_on_reviews_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<Vec<(String, String)>>,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0));
    let of = |wanted: &str| form.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
    let (view, act) = (known_view(of("view")), of("act").unwrap_or_default());
    let outcomes = many::act(&state, &caller, read(&form.0)?).await?;
    let done = outcomes.iter().filter(|one| one.done).count();
    if done == outcomes.len() {
        let told = after::told(act, outcomes.iter().map(|one| one.id));
        return Ok(see(&format!("/reviews?view={view}&{told}")));
    }
    let frame = Frame::of(&state, &request, &caller, "reviews", "Not all were done")?;
    frame::reply(StatusCode::OK, &Done { frame, outcomes, done, view })
}
