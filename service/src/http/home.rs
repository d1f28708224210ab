//! The start page: what is published here, and where to go next. The console will live here.
use crate::{
    auth::caller,
    catalog::{
        list,
        query::{CatalogQuery, CatalogSort},
    },
    error::Result,
    sign_in::me::sign_out_token,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:3rem auto;padding:0 1rem;color:#1c2330;background:#fff}\
a{color:#0b57d0}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #d8dee9;vertical-align:top}\
code{font:14px ui-monospace,monospace}button{font:inherit;padding:.5rem 1.25rem;border:0;border-radius:6px;background:#0b57d0;color:#fff;cursor:pointer}\
@media (prefers-color-scheme:dark){body{background:#12161d;color:#e4e9f1}a{color:#8ab4f8}td,th{border-color:#2b3340}}";

/// A small page of our own: no script, no third party.
pub fn page(title: &str, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title} · Tamis</title><style>{STYLE}</style><body>{body}</body></html>"
    );
    HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The start page
#[utoipa::path(tag = "pages", operation_id = "getHome", responses((status = 200, description = "What is published here", content_type = "text/html", body = String), super::problem::Problems), security(()))]
#[get("/")]
pub async fn get_home(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    let query = CatalogQuery { sort: Some(CatalogSort::Name), limit: Some(100), ..Default::default() };
    let entries = list::list(&state, &query).await?.items;
    let mut body = String::from(
        "<h1>Tamis</h1><p>Filters for Envoy that were verified, reviewed and published here.</p>",
    );
    if entries.is_empty() {
        body.push_str("<p>Nothing is published yet. Upload a filter, ask for its publication, and let a curator approve it.</p>");
    } else {
        body.push_str("<table><thead><tr><th>Filter<th>What it does<th>Version<th>Type</tr></thead><tbody>");
        for e in &entries {
            let name = escape(&format!("{}/{}", e.namespace, e.name));
            let kind = e.plugin_type.map_or("undeclared", |t| t.as_str());
            let _ = write!(
                body,
                "<tr><td><a href=\"/api/v1/catalog/{name}\">{name}</a><td>{}<td>{}<td>{kind}</tr>",
                escape(&e.summary),
                e.version
            );
        }
        body.push_str("</tbody></table>");
    }
    body.push_str("<p><a href=\"/docs/\">API</a> · <a href=\"/openapi.json\">OpenAPI</a></p>");
    match caller::visitor(&state, &request).await.identity() {
        Some(who) => {
            let form = sign_out_token(&state, &request)?;
            let _ = write!(
                body,
                "<form method=\"post\" action=\"/sign-out\"><input type=\"hidden\" name=\"form\" value=\"{form}\"><p>Signed in as <b>{}</b> ({}). <button>Sign out</button></p></form>",
                who.handle, who.role
            );
        }
        None => body.push_str("<p><a href=\"/sign-in\">Sign in</a></p>"),
    }
    Ok(page("Catalog", &body))
}
