//! The pages for people, and what their forms send when nobody means harm: one that is let through fails
//! later, or changes nothing.
use super::{
    meshery::MESHERY,
    registry::REGISTRY,
    routes::{API, Asks, DEPLOY, PART, READ, Route, STAGE, TOKENS, VOTE, WRITE, route},
    world::Target,
};
use serde_json::{Value, json};
use tamis_e2e::client::{Person, Reply};

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
    route("POST", "/reviews/many", VOTE, Asks::SignIn),
    route("GET", "/my/inbox", READ, Asks::SignIn),
    route("POST", "/my/inbox/read", READ, Asks::SignIn),
    route("POST", "/my/inbox/mail", READ, Asks::SignIn),
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
    route("POST", "/reviews/{id}/appeal/withdrawal", WRITE, Asks::Withdraw),
    route("POST", "/reviews/{id}/appeal/decision", VOTE, Asks::JudgeReview),
    route("POST", "/reviews/{id}/break-glass", "admin", Asks::AdminRole),
    route("POST", "/reviews/{id}/break-glass/countersignature", VOTE, Asks::JudgeReview),
];

/// Of the account, of teams, of access to filters, and of the instance.
const MORE: &[Route] = &[
    route("GET", "/my/tokens", TOKENS, Asks::SignIn),
    route("POST", "/my/tokens", TOKENS, Asks::SignIn),
    route("POST", "/my/password", TOKENS, Asks::Browser),
    route("POST", "/my/tokens/{id}/revocation", TOKENS, Asks::OwnToken),
    route("POST", "/my/sessions/{id}/end", TOKENS, Asks::OwnSession),
    route("POST", "/my/sessions/end", TOKENS, Asks::SignIn),
    route("POST", "/my/applications/{id}/end", TOKENS, Asks::OwnGrant),
    route("POST", "/my/invitations/{id}/accept", TEAMS, Asks::SomebodyElses),
    route("POST", "/my/invitations/{id}/decline", TEAMS, Asks::SomebodyElses),
    route("POST", "/my/transfers/{id}/accept", WRITE, Asks::SomebodyElses),
    route("POST", "/my/transfers/{id}/decline", WRITE, Asks::SomebodyElses),
    route("GET", "/teams", READ, Asks::SignIn),
    route("POST", "/teams", TEAMS, Asks::SignIn),
    route("GET", "/teams/{team}", READ, Asks::SeeTeam),
    route("POST", "/teams/{team}/members/{user}", TEAMS, Asks::OwnTeam),
    route("POST", "/teams/{team}/members/{user}/removal", TEAMS, Asks::OwnTeam),
    route("POST", "/teams/{team}/invitations", TEAMS, Asks::OwnTeam),
    route("POST", "/teams/{team}/invitations/{id}/withdrawal", TEAMS, Asks::OwnTeam),
    route("POST", "/teams/{team}/robots", TEAMS, Asks::MaintainTeam),
    route("GET", "/teams/{team}/robots/{robot}", TOKENS, Asks::MaintainTeam),
    route("POST", "/teams/{team}/robots/{robot}/removal", TEAMS, Asks::MaintainTeam),
    route("POST", "/teams/{team}/robots/{robot}/tokens", TOKENS, Asks::MaintainTeam),
    route("POST", "/teams/{team}/robots/{robot}/tokens/{id}/revocation", TOKENS, Asks::MaintainTeam),
    route("GET", "/namespaces/{namespace}/webhooks", TOKENS, Asks::MaintainTeam),
    route("POST", "/namespaces/{namespace}/webhooks", TOKENS, Asks::MaintainTeam),
    route("GET", "/namespaces/{namespace}/webhooks/{id}", TOKENS, Asks::MaintainTeam),
    route("POST", "/namespaces/{namespace}/webhooks/{id}", TOKENS, Asks::MaintainTeam),
    route(
        "POST",
        "/namespaces/{namespace}/webhooks/{id}/deliveries/{delivery}/redelivery",
        TOKENS,
        Asks::MaintainTeam,
    ),
    route("GET", "/filters/{namespace}/{filter}/access", READ, Asks::ManageFilter),
    route("POST", "/filters/{namespace}/{filter}/access/grants", WRITE, Asks::ManageFilter),
    route("POST", "/filters/{namespace}/{filter}/access/grants/removal", WRITE, Asks::ManageFilter),
    route("POST", "/filters/{namespace}/{filter}/access/visibility", WRITE, Asks::WriteFilter),
    route("POST", "/filters/{namespace}/{filter}/access/capability-urls", TOKENS, Asks::ManageFilter),
    route("POST", "/filters/{namespace}/{filter}/access/capability-urls/{id}", TOKENS, Asks::ManageFilter),
    route("POST", "/filters/{namespace}/{filter}/access/transfer", WRITE, Asks::OwnFilter),
    route("POST", "/filters/{namespace}/{filter}/access/transfer/withdrawal", WRITE, Asks::OwnFilter),
    route("GET", "/admin/audit", "admin", Asks::AdminRole),
    route("GET", "/admin/policy", READ, Asks::SignIn),
    route("GET", "/admin/health", "admin", Asks::AdminRole),
    route("GET", "/admin/people", "admin", Asks::AdminRole),
    route("POST", "/admin/people", "admin", Asks::AdminAtTheBrowser),
    route("POST", "/admin/people/{user}", "admin", Asks::AdminAtTheBrowser),
    route("GET", "/admin/meshery", "admin", Asks::AdminRole),
    route("POST", "/admin/meshery/{id}", "admin", Asks::AdminRole),
    route("GET", "/deployments", READ, Asks::SignIn),
    route("GET", "/deployments/new", READ, Asks::SignIn),
    route("POST", "/deployments", DEPLOY, Asks::SignIn),
    route("POST", "/deployments/targets", TOKENS, Asks::SignIn),
    route("GET", "/deployments/targets/{id}", READ, Asks::MaintainTeam),
    route("POST", "/deployments/targets/{id}/probe", DEPLOY, Asks::MaintainTeam),
    route("POST", "/deployments/targets/{id}/pause", TOKENS, Asks::MaintainTeam),
    route("POST", "/deployments/targets/{id}/removal", TOKENS, Asks::MaintainTeam),
    route("POST", "/deployments/targets/{id}/rules", DEPLOY, Asks::MaintainTeam),
    route("POST", "/deployments/rules/{id}/removal", DEPLOY, Asks::MaintainTeam),
    route("GET", "/deployments/{id}", READ, Asks::MaintainTeam),
    route("POST", "/deployments/{id}/retry", DEPLOY, Asks::MaintainTeam),
    route("POST", "/deployments/{id}/rollback", DEPLOY, Asks::MaintainTeam),
    route("POST", "/deployments/{id}/removal", DEPLOY, Asks::MaintainTeam),
];
pub const TEAMS: &str = "teams:write";

const fn joined<const N: usize>(lists: [&[Route]; 5]) -> [Route; N] {
    let mut all = [API[0]; N];
    let (mut list, mut at, mut i) = (0, 0, 0);
    while i < N {
        if at == lists[list].len() {
            (list, at) = (list + 1, 0);
        }
        all[i] = lists[list][at];
        (at, i) = (at + 1, i + 1);
    }
    all
}

const ALL: usize = API.len() + PAGES.len() + MORE.len() + REGISTRY.len() + MESHERY.len();

/// The routes of the API, the pages, and those of other people's protocols.
pub const ROUTES: &[Route] = &joined::<ALL>([API, PAGES, MORE, REGISTRY, MESHERY]);

/// The route of the API whose act a form does: what that one uses up, the form does, too.
pub fn like(route: &Route) -> (&'static str, &'static str) {
    match (route.method, route.path) {
        ("POST", "/my/tokens/{id}/revocation") => ("DELETE", "/api/v1/tokens/{id}"),
        ("POST", "/my/applications/{id}/end") => ("DELETE", "/api/v1/me/grants/{id}"),
        ("POST", "/teams/{team}/members/{user}/removal") => ("DELETE", "/api/v1/teams/{team}/members/{user}"),
        ("POST", "/teams/{team}/invitations/{id}/withdrawal") => {
            ("DELETE", "/api/v1/teams/{team}/invitations/{id}")
        }
        ("POST", "/teams/{team}/robots/{robot}/removal") => ("DELETE", "/api/v1/teams/{team}/robots/{robot}"),
        ("POST", "/teams/{team}/robots/{robot}/tokens/{id}/revocation") => {
            ("DELETE", "/api/v1/teams/{team}/robots/{robot}/tokens/{id}")
        }
        ("POST", "/filters/{namespace}/{filter}/access/grants/removal") => {
            ("DELETE", "/api/v1/filters/{namespace}/{filter}/grants/{subject}")
        }
        ("POST", "/filters/{namespace}/{filter}/access/transfer/withdrawal") => {
            ("DELETE", "/api/v1/filters/{namespace}/{filter}/transfer")
        }
        itself => itself,
    }
}

/// What a form of the later pages sends.
fn more(path: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match path {
        "/my/password" => &[("password", "short")],
        "/my/tokens" | "/teams/{team}/robots/{robot}/tokens" => &[("name", "probe")],
        "/teams" => &[("handle", "admin"), ("title", "")],
        "/teams/{team}/members/{user}" => &[("role", "member")],
        "/teams/{team}/invitations" => &[("name", "nobody-of-this-name"), ("role", "member")],
        "/teams/{team}/robots" => &[("name", "admin"), ("role", "member")],
        "/admin/people" => &[("handle", "No Name"), ("role", "user")],
        "/admin/people/{user}" => &[("act", "of nobody")],
        "/admin/meshery/{id}" | "/namespaces/{namespace}/webhooks/{id}" => &[("act", "of nobody")],
        "/namespaces/{namespace}/webhooks" => &[("url", "http://nowhere.example/")],
        "/deployments" => &[("release", "none of these")],
        "/deployments/targets" => &[("namespace", "No Name")],
        "/deployments/targets/{id}/rules" => &[("name", "No Name")],
        "/deployments/targets/{id}/pause" => &[("paused", "yes")],
        path if path.ends_with("/access/grants") => {
            &[("kind", "user"), ("name", "vic"), ("level", "read"), ("until", "2001-01-01")]
        }
        path if path.ends_with("/access/grants/removal") => &[("subject", "user:vic")],
        path if path.ends_with("/access/visibility") => &[("visibility", "of nobody")],
        path if path.ends_with("/access/capability-urls") => &[("name", "probe"), ("version", "9.9.9")],
        path if path.ends_with("/capability-urls/{id}") => &[("act", "of nobody")],
        path if path.ends_with("/access/transfer") => &[("to", "nobody-of-this-name")],
        path if MORE.iter().any(|route| route.path == path) => &[],
        _ => return None,
    })
}

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
    if route.method != "POST" || route.path.starts_with("/api/") || route.path.starts_with("/v2/") {
        return None;
    }
    let text = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    if let Some(pairs) = more(route.path) {
        return Some(text(pairs));
    }
    match route.path {
        "/preferences" => Some(text(&[("theme", "dark")])),
        // Where it leads is for who has come in.
        "/sign-in/{secret}" => Some(vec![]),
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
        "/my/inbox/read" => Some(vec![]),
        "/my/inbox/mail" => Some(text(&[("mail", "maybe")])),
        "/reviews/many" => Some(text(&[("act", "take")])),
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
        "/reviews/{id}/withdrawal" | "/reviews/{id}/release" | "/reviews/{id}/appeal/withdrawal" => {
            Some(vec![])
        }
        _ => None,
    }
}

/// Sends the form and stays there: where it leads is a page with rules of its own. The owner puts the stage back
/// that it has moved.
pub async fn send(owner: &Person, who: &Person, path: &str, form: &[(&'static str, String)]) -> Reply {
    let http = tamis_e2e::client::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let who = Person { http, ..who.clone() };
    let request = who.request(reqwest::Method::POST, path).header("sec-fetch-site", "same-origin");
    let reply = who.send(request.form(form)).await;
    if reply.status == 303 && path.ends_with("/unyank") {
        let path = format!("/api/v1{}", path.replace("/unyank", "/yank"));
        owner.post(&path, &json!({"reason": "the stage of this test"})).await.expect(200);
    }
    reply
}
