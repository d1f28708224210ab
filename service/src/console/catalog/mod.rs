//! The catalog's page: what is published, as cards or as a table. Everything that chooses is in the URL.
mod browse;
mod facets;
mod tile;

use super::{
    frame::{self, Frame},
    parts::*,
    preferences,
};
use crate::{
    auth::caller,
    catalog::{list, recent},
    error::{Error, Result},
    http::{many::ManyQuery, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web};
use askama::Template;
use browse::{Browse, BrowseQuery};
use facets::Facet;
use tile::Tile;

#[derive(Template)]
#[template(path = "console/catalog.html")]
struct Page {
    frame: Frame,
    browse: Browse,
    facets: Vec<Facet>,
    tiles: Vec<Tile>,
    next: Option<String>,
    table: bool,
    /// None of what is shown has all of the words.
    some: bool,
    /// Filters that fit, of how many.
    total: u64,
    all: u64,
}

impl Page {
    /// The one namespace that is shown: this is its page, then.
    fn home(&self) -> Option<&str> {
        self.browse.namespace().filter(|_| !self.tiles.is_empty())
    }

    /// What is published next, for a reader of feeds.
    fn feed(&self) -> String {
        self.home().map_or_else(|| "/feed.atom".into(), |home| format!("/filters/{home}/feed.atom"))
    }

    fn feed_title(&self) -> String {
        match self.home() {
            Some(home) => format!("Filters of {home}, newest first"),
            None => "Published filters, newest first".into(),
        }
    }

    /// What is found, in words.
    fn sum(&self) -> String {
        let filters = if self.all == 1 { "filter" } else { "filters" };
        match self.total == self.all {
            true => format!("{} {filters}", self.all),
            false => format!("{} of {} {filters}", self.total, self.all),
        }
    }
}

/// The start page: the catalog
#[utoipa::path(tag = "pages", operation_id = "getHome", params(BrowseQuery),
    responses((status = 200, description = "What is published here", content_type = "text/html", body = String), Problems), security(()))]
#[get("/")]
pub async fn show_home(
    state: web::Data<State>,
    request: HttpRequest,
    query: ManyQuery<BrowseQuery>,
) -> Result<HttpResponse> {
    show(&state, &request, query.0).await
}

/// The catalog
#[utoipa::path(tag = "pages", operation_id = "showCatalog", params(BrowseQuery),
    responses((status = 200, description = "What is published here", content_type = "text/html", body = String), Problems), security(()))]
#[get("/catalog")]
pub async fn show_catalog(
    state: web::Data<State>,
    request: HttpRequest,
    query: ManyQuery<BrowseQuery>,
) -> Result<HttpResponse> {
    show(&state, &request, query.0).await
}

async fn show(state: &State, request: &HttpRequest, query: BrowseQuery) -> Result<HttpResponse> {
    let caller = caller::visitor(state, request).await;
    let chosen = query.table();
    let table = chosen.unwrap_or_else(|| preferences::prefers_table(request));
    let browse = Browse::new(query);
    let asked = browse.asked()?;
    let (found, counts) = (list::list(state, &asked).await?, recent::facets(state, &asked).await?);
    let tiles = tile::tiles(state, found.items, &browse.words()).await?;
    let page = Page {
        frame: Frame::of(state, request, &caller, "catalog", "Catalog")?,
        facets: facets::of(&browse, &counts.facets),
        total: counts.total,
        all: counts.all,
        some: found.some_words,
        next: found.next.map(|after| browse.with("after", Some(&after))),
        browse,
        tiles,
        table,
    };
    let mut reply = frame::reply(StatusCode::OK, &page)?;
    if let Some(table) = chosen {
        let cookie = preferences::view_cookie(state, table);
        reply.add_cookie(&cookie).map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(reply)
}
