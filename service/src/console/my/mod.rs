//! A person's own work: their filters and requests, uploads and what came of them. Knows forms and pages; every
//! act is a use case of another slice.
pub mod ask_http;
pub mod http;
pub mod inbox;
mod receive;
pub mod release;
mod standing;
pub mod upload;

use super::{figures, frame::Frame, grain, parts::*};
use crate::{
    auth::{Caller, Identity},
    error::Result,
    filters::{
        mine::{self, Mine},
        view::ShownVisibility,
    },
    notify::inbox as told,
    reviews::queue,
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use standing::Request;
use tamis_entities::value::{ReleaseState, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_my_work)
        .service(inbox::show_inbox)
        .service(inbox::read_inbox_by_form)
        .service(inbox::choose_mail_by_form)
        .service(http::show_upload)
        .service(http::upload_by_form)
        .service(http::import_by_form)
        .service(http::show_my_release)
        .service(http::describe_by_form)
        .service(ask_http::ask_by_form);
}

/// Requests that are looked at; whoever has more open ones than that finds them in the queue.
const REQUESTS: u64 = 100;
/// With those that have ended, the list has as many as this.
const ENDED: usize = 20;

#[derive(Template)]
#[template(path = "console/my.html")]
pub struct Page {
    frame: Frame,
    filters: Vec<Mine>,
    requests: Vec<Request>,
    unread: u64,
    now: Timestamp,
}

pub async fn page(state: &State, request: &HttpRequest, caller: &Caller, who: &Identity) -> Result<Page> {
    let mut requests = queue::work_of(state, who, REQUESTS).await?;
    let open = requests.iter().filter(|request| request.state.is_open()).count();
    requests.truncate(open.max(ENDED));
    Ok(Page {
        frame: Frame::of(state, request, caller, "my", "My work")?,
        filters: mine::mine(state, who).await?,
        requests: standing::of(state, requests).await?,
        unread: told::unread(state, caller).await?,
        now: state.clock.now(),
    })
}
