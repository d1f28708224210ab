//! People who log in from a Meshery Server on their own machine.
use super::wire::{Dialect, Server};
use crate::oauth::flow::Browser;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tamis_e2e::app::TestApp;
use url::Url;

pub const SOURCE: &str = "http://localhost:9081/api/user/token";

pub fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Where a generation sends people to log in.
pub fn login_path(dialect: Dialect, source: &str) -> String {
    let source = encoded(source);
    match dialect {
        Dialect::V06 => format!("/?source={source}&provider_version=v0.6.0"),
        Dialect::V07 => format!(
            "/login?meshery_version=v0.7.130&provider_version=v0.7.130&ref={}&source={source}",
            encoded("/user/login?provider=Tamis")
        ),
        Dialect::V2026 => format!("/login?source={source}"),
    }
}

pub fn given(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// Logs in as a person at a browser does; where they are sent, with the token.
pub async fn log_in_from(app: &TestApp, handle: &str, dialect: Dialect, source: &str) -> Url {
    let browser = Browser::sign_in(app, handle).await;
    let reply = browser.get(&login_path(dialect, source)).await.expect(302);
    reply.header("location").parse().unwrap()
}

/// The Meshery Server of somebody who has just logged in.
pub async fn server(app: &TestApp, handle: &str, dialect: Dialect) -> Server {
    let back = log_in_from(app, handle, dialect, SOURCE).await;
    Server::new(app, dialect, &given(&back, "token"))
}

/// The body of a save, in the words of the generation.
pub fn saving(dialect: Dialect, filter: Value) -> String {
    let key = if dialect == Dialect::V2026 { "filterData" } else { "filter_data" };
    json!({key: filter, "save": true}).to_string()
}

pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
