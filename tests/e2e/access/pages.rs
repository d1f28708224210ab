//! The pages for people, and what their forms send when nobody means harm: one that is let through fails
//! later, or changes nothing.
use super::{
    routes::{API, Asks, PART, READ, Route, STAGE, VOTE, WRITE, route},
    world::Target,
};
use serde_json::{Value, json};
use tamis_e2e::client::Person;

pub const PAGES: &[Route] = &[
    route("GET", "/catalog", "", Asks::Nothing),
    route("GET", "/assets/{file}", "", Asks::Nothing),
    route("POST", "/preferences", "", Asks::Nothing),
    route("GET", "/filters/{namespace}/{filter}", READ, Asks::SeeFilter),
    route("GET", "/filters/{namespace}/{filter}/badge.svg", READ, Asks::CatalogEntry),
    route("POST", "/filters/{namespace}/{filter}/clone", WRITE, Asks::Clone),
    route("POST", "/filters/{namespace}/{filter}/releases/{version}/yank", WRITE, Asks::WriteRelease),
    route("POST", "/filters/{namespace}/{filter}/releases/{version}/unyank", WRITE, Asks::WriteRelease),
    route("GET", "/filters/{namespace}/{filter}/releases/{version}/quarantine", VOTE, Asks::Quarantine),
    route("POST", "/filters/{namespace}/{filter}/releases/{version}/quarantine", VOTE, Asks::Quarantine),
    route("GET", "/my", READ, Asks::SignIn),
    route("GET", "/my/upload", READ, Asks::SignIn),
    route("POST", "/my/upload", STAGE, Asks::SignIn),
    route("POST", "/my/imports", STAGE, Asks::SignIn),
    route("GET", "/my/releases/{namespace}/{filter}/{version}", READ, Asks::WriteRelease),
    route("POST", "/my/releases/{namespace}/{filter}/{version}/description", WRITE, Asks::WriteRelease),
    route("POST", "/my/releases/{namespace}/{filter}/{version}/publication", WRITE, Asks::WriteRelease),
    route("GET", "/reviews", READ, Asks::SignIn),
    route("GET", "/reviews/{id}", READ, Asks::SeeReview),
    route("POST", "/reviews/{id}/votes", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/comments", READ, Asks::SeeReview),
    route("POST", "/reviews/{id}/withdrawal", WRITE, Asks::Withdraw),
    route("POST", "/reviews/{id}/release", WRITE, Asks::ReleaseReview),
    route("POST", "/reviews/{id}/assignment", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/checks", PART, Asks::SeeReview),
    route("POST", "/reviews/{id}/resubmission", WRITE, Asks::Withdraw),
    route("POST", "/reviews/{id}/recusal", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/escalation", PART, Asks::SeeReview),
    route("POST", "/reviews/{id}/checklist", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/appeal", WRITE, Asks::Withdraw),
    route("POST", "/reviews/{id}/appeal/decision", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/break-glass", "admin", Asks::AdminRole),
    route("POST", "/reviews/{id}/break-glass/countersignature", VOTE, Asks::JudgeReview),
];

/// The routes of the API, and the pages.
pub const ROUTES: &[Route] = &{
    let mut all = [API[0]; API.len() + PAGES.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < API.len() { API[i] } else { PAGES[i - API.len()] };
        i += 1;
    }
    all
};

pub fn with_token(token: &str) -> Value {
    json!({"token": token, "namespace": "acme", "filter": "plain"})
}

/// A file that is there, in place of `{file}`.
pub fn asset(route: &Route) -> Option<String> {
    let path = tamis::console::assets::path("console.css");
    route.path.starts_with("/assets/").then(|| path.replace("/assets/", ""))
}

/// The fields, if it is a form.
pub fn form(route: &Route, who: &Person, _target: &Target) -> Option<Vec<(&'static str, String)>> {
    if route.method != "POST" || route.path.starts_with("/api/") {
        return None;
    }
    let text = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    match route.path {
        "/preferences" => Some(text(&[("theme", "dark")])),
        "/filters/{namespace}/{filter}/clone" => {
            Some(text(&[("namespace", who.name.as_str()), ("name", "own"), ("version", "1.0.0")]))
        }
        path if path.ends_with("/yank") => Some(text(&[("reason", &"x".repeat(1001))])),
        path if path.ends_with("/unyank") => Some(vec![]),
        path if path.ends_with("/quarantine") => {
            let nothing = format!("sha256:{}", "0".repeat(64));
            Some(text(&[("digest", &nothing), ("reason", "")]))
        }
        "/my/upload" => Some(text(&[("nothing", "of what it takes")])),
        "/my/imports" => Some(text(&[
            ("namespace", "No Name"),
            ("filter", "x"),
            ("version", "1.0.0"),
            ("url", "http://a.test"),
        ])),
        path if path.ends_with("/description") => {
            Some(text(&[("summary", ""), ("type", ""), ("licence", "none of SPDX's"), ("readme", "")]))
        }
        path if path.ends_with("/publication") => Some(text(&[("note", &"x".repeat(10_001))])),
        "/reviews/{id}/votes" => {
            let nothing = format!("sha256:{}", "0".repeat(64));
            Some(text(&[("decision", "approve"), ("digest", &nothing), ("revision", &nothing)]))
        }
        "/reviews/{id}/comments" => Some(text(&[("body", " ")])),
        "/reviews/{id}/assignment" => Some(text(&[("way", "of nobody")])),
        "/reviews/{id}/checks" => Some(vec![]),
        "/reviews/{id}/resubmission" | "/reviews/{id}/appeal" => Some(text(&[("note", "n")])),
        "/reviews/{id}/recusal" => Some(text(&[("note", &"x".repeat(10_001))])),
        "/reviews/{id}/escalation" => Some(text(&[("note", "")])),
        "/reviews/{id}/checklist" => Some(text(&[("no-such-item", "on")])),
        "/reviews/{id}/appeal/decision" => Some(text(&[("decision", "uphold"), ("note", "n")])),
        "/reviews/{id}/break-glass" | "/reviews/{id}/break-glass/countersignature" => {
            let nothing = format!("sha256:{}", "0".repeat(64));
            Some(text(&[("digest", &nothing), ("note", &"x".repeat(1001))]))
        }
        "/reviews/{id}/withdrawal" | "/reviews/{id}/release" => Some(vec![]),
        _ => None,
    }
}

/// Puts the stage back that a form has moved.
pub async fn put_back(owner: &Person, path: &str, status: u16) {
    if status == 303 && path.ends_with("/unyank") {
        let path = format!("/api/v1{}", path.replace("/unyank", "/yank"));
        owner.post(&path, &json!({"reason": "the stage of this test"})).await.expect(200);
    }
}
