//! A person's own work: their filters and requests, uploads and what came of them. Knows forms and pages; every
//! act is a use case of another slice.
pub mod http;
pub mod inbox;
mod receive;
pub mod release;
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
    reviews::{
        queue::{self, ReviewQuery},
        view::ReviewItem,
    },
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use std::cmp::Reverse;
use tamis_entities::value::Timestamp;
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
        .service(http::ask_by_form);
}

#[derive(Template)]
#[template(path = "console/my.html")]
pub struct Page {
    frame: Frame,
    filters: Vec<Mine>,
    requests: Vec<ReviewItem>,
    unread: u64,
    now: Timestamp,
}

pub async fn page(state: &State, request: &HttpRequest, caller: &Caller, who: &Identity) -> Result<Page> {
    let query = ReviewQuery { mine: Some(true), limit: Some(100), ..Default::default() };
    let mut requests = queue::list(state, who, query).await?.items;
    requests.sort_by_key(|review| (!review.state.is_open(), Reverse(review.updated_at)));
    requests.truncate(20);
    Ok(Page {
        frame: Frame::of(state, request, caller, "my", "My work")?,
        filters: mine::mine(state, who).await?,
        requests,
        unread: told::unread(state, caller).await?,
        now: state.clock.now(),
    })
}
