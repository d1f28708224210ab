//! The inbox as a page: what happened to what somebody works on or has to judge, newest first.
use crate::{
    auth::{Caller, SignedIn},
    console::{
        ask, figures,
        frame::{self, Frame, see},
        own_form::OwnForm,
        parts::*,
    },
    error::{Error, Result},
    http::{body::Query, problem::Problems},
    notify::{
        inbox::{self, Which},
        view::{InboxItem, InboxQuery},
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use askama::Template;
use serde::Deserialize;
use tamis_entities::value::{NoticeKind, Timestamp};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InboxPageQuery {
    /// Where the page before ended.
    pub after: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadForm {
    #[serde(default)]
    pub form: String,
    /// The one that was read; else all of them were.
    pub item: Option<Uuid>,
    /// Where the page before the one that shows it ended.
    pub after: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailForm {
    #[serde(default)]
    pub form: String,
    /// `yes` or `no`.
    pub mail: String,
}

#[derive(Template)]
#[template(path = "console/inbox.html")]
struct Page {
    frame: Frame,
    items: Vec<InboxItem>,
    unread: u64,
    /// None where this server sends no mail.
    mail: Option<bool>,
    next: Option<String>,
    after: Option<String>,
    now: Timestamp,
}

impl Page {
    fn says(&self, item: &InboxItem) -> &'static str {
        match item.kind {
            NoticeKind::ReviewSubmit => "Publication is asked for",
            NoticeKind::ReviewChecksPass => "Checks passed; curators decide next",
            NoticeKind::ReviewChecksBlock => "Checks have blocked it",
            NoticeKind::ReviewAssign => "Given to a curator",
            NoticeKind::ReviewComment => "Somebody commented",
            NoticeKind::ReviewRequestChanges => "Changes are asked for",
            NoticeKind::ReviewResubmit => "Submitted again",
            NoticeKind::ReviewReconsider => "Open to votes again",
            NoticeKind::ReviewApprove => "Approved; it can be released",
            NoticeKind::ReviewReject => "Rejected",
            NoticeKind::ReviewAppeal => "An appeal against its rejection",
            NoticeKind::ReviewWithdrawAppeal => "The appeal was withdrawn",
            NoticeKind::ReviewReopen => "Reopened on appeal",
            NoticeKind::ReviewUphold => "The rejection stands",
            NoticeKind::ReviewEscalate => "Somebody calls for attention",
            NoticeKind::ReviewAskBreakGlass => "Publication without quorum is asked for",
            NoticeKind::ReviewWithdraw => "Withdrawn",
            NoticeKind::ReviewExpire => "Expired without a decision",
            NoticeKind::ReviewSupersede => "Overtaken by a change",
            NoticeKind::ReleasePublish => "Published",
            NoticeKind::ReleaseUnpublish => "Taken out of the catalog",
            NoticeKind::ReleaseUpdate => "Its description was changed",
            NoticeKind::ReleaseYank => "Yanked",
            NoticeKind::ReleaseUnyank => "No longer yanked",
            NoticeKind::ReleaseQuarantine => "Quarantined: nobody can load it",
            NoticeKind::ReleaseUnquarantine => "Out of quarantine",
            NoticeKind::CapabilityUrlEnding => "A capability URL ends soon; renew it",
        }
    }

    fn look(&self, item: &InboxItem) -> (&'static str, &'static str) {
        match item.kind {
            NoticeKind::ReviewApprove | NoticeKind::ReleasePublish | NoticeKind::ReviewChecksPass => {
                ("pass", "check")
            }
            NoticeKind::ReviewReject | NoticeKind::ReviewChecksBlock | NoticeKind::ReleaseQuarantine => {
                ("fail", "warn")
            }
            NoticeKind::ReviewRequestChanges
            | NoticeKind::ReviewEscalate
            | NoticeKind::ReviewAskBreakGlass => ("warn", "warn"),
            NoticeKind::CapabilityUrlEnding => ("warn", "clock"),
            _ => ("outline", "clock"),
        }
    }

    fn link(&self, item: &InboxItem) -> String {
        match item.about.review {
            Some(review) => format!("/reviews/{review}"),
            None => format!(
                "/filters/{}/{}?version={}",
                item.about.namespace, item.about.filter, item.about.version
            ),
        }
    }
}

fn here(after: Option<&str>) -> String {
    let Some(after) = after.filter(|text| !text.is_empty()) else { return "/my/inbox".into() };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", after).finish();
    format!("/my/inbox?{query}")
}

/// Your inbox
#[utoipa::path(tag = "pages", operation_id = "showInbox", params(InboxPageQuery),
    responses((status = 200, description = "What happened", content_type = "text/html", body = String), Problems))]
#[get("/my/inbox")]
pub async fn show_inbox(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<InboxPageQuery>,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0));
    let asked = InboxQuery { after: query.0.after.clone(), limit: Some(50), unread: None };
    let found = inbox::list(&state, &caller, &asked).await?;
    let mail = match &state.mail {
        Some(_) => Some(inbox::wants_mail(&state, &caller).await?),
        None => None,
    };
    let page = Page {
        frame: Frame::of(&state, &request, &caller, "my", "Inbox")?,
        items: found.items,
        unread: inbox::unread(&state, &caller).await?,
        mail,
        next: found.next.map(|after| here(Some(&after))),
        after: query.0.after,
        now: state.clock.now(),
    };
    frame::reply(StatusCode::OK, &page)
}

/// Mark one or all as read by a form
#[utoipa::path(tag = "pages", operation_id = "readInboxByForm", request_body(content = ReadForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to it"), Problems))]
#[post("/my/inbox/read")]
pub async fn read_inbox_by_form(
    state: web::Data<State>,
    who: SignedIn,
    form: OwnForm<ReadForm>,
) -> Result<HttpResponse> {
    let which = form.0.item.map_or(Which::All, Which::One);
    inbox::read(&state, &Caller(Some(who.0)), which).await?;
    Ok(see(&here(form.0.after.as_deref())))
}

/// Choose by a form whether mail tells you
#[utoipa::path(tag = "pages", operation_id = "chooseMailByForm", request_body(content = MailForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the inbox"), Problems))]
#[post("/my/inbox/mail")]
pub async fn choose_mail_by_form(
    state: web::Data<State>,
    who: SignedIn,
    form: OwnForm<MailForm>,
) -> Result<HttpResponse> {
    let wanted = match form.0.mail.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Error::invalid("mail", "yes or no")),
    };
    inbox::want_mail(&state, &Caller(Some(who.0)), wanted).await?;
    Ok(see("/my/inbox"))
}
