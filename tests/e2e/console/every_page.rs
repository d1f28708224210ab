//! Every page that answers somebody: where it is, who looks at it, and in how many ways the browser judges it. A route
//! that answers with a page and has no line here fails a test, so that none is for some people only.
#![cfg_attr(not(feature = "engines"), allow(dead_code, reason = "nothing but a browser looks at them"))]
use std::collections::{BTreeSet, HashMap};
use tamis::auth::table::{Door, RULES};

/// One look at one page.
pub struct Look {
    /// The route of the table.
    pub route: &'static str,
    /// Of its picture.
    pub name: &'static str,
    /// Who looks; nobody if it is empty.
    pub who: &'static str,
    /// With `{words}` in place of what only the stage knows.
    path: &'static str,
    pub status: u16,
    /// In both themes wide and narrow; else once in each theme, as of pages that are built of the parts of others.
    pub whole: bool,
}

const fn whole(who: &'static str, route: &'static str, name: &'static str, path: &'static str) -> Look {
    Look { route, name, who, path, status: 200, whole: true }
}

const fn brief(who: &'static str, route: &'static str, name: &'static str, path: &'static str) -> Look {
    Look { route, name, who, path, status: 200, whole: false }
}

const FILTER: &str = "/filters/{namespace}/{filter}";
const REVIEW: &str = "/reviews/{id}";
const STOP: &str = "/filters/{namespace}/{filter}/releases/{version}/quarantine";

/// In the order of who looks: each signs in once.
pub const LOOKS: &[Look] = &[
    brief("", "/", "home", "/"),
    brief("", "/sign-in", "sign-in", "/sign-in"),
    brief("", "/sign-in/{secret}", "sign-in-link", "/sign-in/{link}"),
    brief("", "/problems/{code}", "problem", "/problems/not-found"),
    brief("", "/device", "device", "/device"),
    brief("", FILTER, "filter-visited", "/filters/alice/correlation-id"),
    Look { status: 403, ..brief("", FILTER, "filter-barred", "/filters/alice/correlation-id?version=1.2.0") },
    // First, since what they ask about lapses in ten minutes.
    brief("carl", "/device", "device-asks", "/device?user_code={device}"),
    brief("carl", "/oauth2/authorize", "authorize", "{authorize}"),
    whole("carl", "/catalog", "catalog", "/catalog?view=grid"),
    whole("carl", "/catalog", "catalog-table", "/catalog?q=header&view=table"),
    whole("carl", "/catalog", "catalog-empty", "/catalog?q=zzzzzz&view=grid"),
    whole("carl", FILTER, "filter", "/filters/alice/correlation-id"),
    whole("carl", FILTER, "filter-evidence", "/filters/alice/correlation-id?tab=evidence"),
    whole("carl", FILTER, "filter-capabilities", "/filters/alice/correlation-id?tab=capabilities"),
    whole("carl", FILTER, "filter-releases", "/filters/alice/correlation-id?tab=releases"),
    whole("carl", FILTER, "filter-stopped", "/filters/alice/correlation-id?version=1.2.0"),
    Look { status: 404, ..whole("carl", FILTER, "absent", "/filters/alice/absent") },
    whole("carl", STOP, "quarantine", "/filters/alice/correlation-id/releases/1.1.0/quarantine"),
    whole("carl", "/my", "my", "/my"),
    whole("carl", "/my/inbox", "inbox", "/my/inbox"),
    whole("carl", "/my/upload", "upload", "/my/upload"),
    whole("carl", "/my/tokens", "tokens", "/my/tokens"),
    whole("carl", "/reviews", "reviews", "/reviews"),
    whole("carl", REVIEW, "review", "/reviews/{review}"),
    brief("carl", REVIEW, "review-capabilities", "/reviews/{review}?tab=capabilities"),
    brief("carl", REVIEW, "review-compatibility", "/reviews/{review}?tab=compatibility"),
    brief("carl", REVIEW, "review-report", "/reviews/{review}?tab=report"),
    brief("carl", REVIEW, "review-readme", "/reviews/{review}?tab=readme"),
    brief("carl", REVIEW, "review-history", "/reviews/{review}?tab=history"),
    brief("carl", REVIEW, "review-approve", "/reviews/{review}?act=approve"),
    brief("carl", REVIEW, "review-request-changes", "/reviews/{review}?act=request-changes"),
    whole("carl", "/teams", "teams", "/teams"),
    whole("carl", "/teams/{team}", "team", "/teams/edge"),
    whole("carl", "/teams/{team}", "team-ask", "/teams/edge?ask=member-mira-k"),
    whole("carl", "/teams/{team}/robots/{robot}", "robot", "/teams/edge/robots/edge-ci"),
    whole("carl", "/filters/{namespace}/{filter}/access", "access", "/filters/edge/shared/access"),
    whole("carl", "/admin/policy", "policy", "/admin/policy"),
    whole("carl", "/namespaces/{namespace}/webhooks", "webhooks", "/namespaces/edge/webhooks"),
    whole("carl", "/namespaces/{namespace}/webhooks/{id}", "webhook", "{hook}"),
    whole("carl", "/deployments", "deployments", "/deployments"),
    brief("carl", "/deployments/new", "deployment-new", "/deployments/new"),
    whole(
        "carl",
        "/deployments/new",
        "deployment-plan",
        "/deployments/new?target={target}&release=alice/correlation-id@1.1.0",
    ),
    whole("carl", "/deployments/targets/{id}", "target", "/deployments/targets/{target}"),
    whole("carl", "/deployments/{id}", "deployment-stopped", "/deployments/{deployment}"),
    whole("ada", "/teams", "teams-invited", "/teams"),
    whole("ada", "/admin/audit", "audit", "/admin/audit"),
    whole("ada", "/admin/health", "health", "/admin/health"),
    whole("ada", "/admin/people", "people", "/admin/people"),
    brief("ada", "/admin/meshery", "meshery", "/admin/meshery"),
    // Nobody is let in by it before somebody has answered.
    Look { status: 403, ..brief("ada", "/login", "login", "{login}") },
    brief("alice", "/my", "my-author", "/my"),
    brief(
        "alice",
        "/my/releases/{namespace}/{filter}/{version}",
        "draft",
        "/my/releases/alice/correlation-id/1.1.0",
    ),
];

impl Look {
    /// What the stage knows comes in place of its words.
    pub fn at(&self, stage: &HashMap<&str, String>) -> String {
        let put = |path: String, (word, text): (&&str, &String)| path.replace(&format!("{{{word}}}"), text);
        stage.iter().fold(self.path.to_owned(), put)
    }
}

/// What answers to GET and is no page.
const NO_PAGES: &[&str] = &[
    "/assets/{file}",
    "/filters/{namespace}/{filter}/badge.svg",
    "/feed.atom",
    "/filters/{namespace}/feed.atom",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/modules/sha256/{file}",
    "/modules/private/{file}",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/oauth2/userinfo",
    // They send on, to a provider or away from one.
    "/sign-in/oidc/{id}",
    "/sign-in/oidc/{id}/callback",
    "/sign-in/github",
    "/sign-in/github/callback",
    // Swagger UI, as its makers send it.
    "/docs",
    "/docs/{_:.*}",
];

/// By the table: what is not known to be something else is a page.
fn pages() -> BTreeSet<&'static str> {
    let other = |path: &str| path.starts_with("/api/") || path.starts_with("/v2") || NO_PAGES.contains(&path);
    let gets = RULES.iter().filter(|rule| rule.method == "GET" && !other(rule.path));
    // Of Meshery's paths people see only the one on which they sign in.
    gets.filter(|rule| rule.door == Door::Native || rule.path == "/login").map(|rule| rule.path).collect()
}

#[test]
fn every_page_of_the_table_is_looked_at_and_nothing_else() {
    let looked_at: BTreeSet<_> = LOOKS.iter().map(|look| look.route).collect();
    assert_eq!(pages(), looked_at, "left: pages of the table; right: those in the list of looks");
    for path in NO_PAGES {
        assert!(RULES.iter().any(|rule| rule.path == *path), "{path} is no route any more");
    }
    let names: BTreeSet<_> = LOOKS.iter().map(|look| look.name).collect();
    assert_eq!(names.len(), LOOKS.len(), "each picture has a name of its own");
}

/// What was called no page is none by the document, either.
#[test]
fn what_the_document_calls_a_page_is_looked_at() {
    let document: serde_json::Value = serde_json::from_str(&tamis::http::document::json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let is_page = |get: &serde_json::Value| get["responses"]["200"]["content"].get("text/html").is_some();
    let said: Vec<_> = paths.iter().filter(|(_, item)| is_page(&item["get"])).map(|(path, _)| path).collect();
    assert!(said.len() > 20, "{said:?}");
    for path in said {
        assert!(LOOKS.iter().any(|look| look.route == path), "{path} is a page that nobody looks at");
    }
}
