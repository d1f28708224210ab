//! Authorisation as data: every route, the token scope it asks for, and what the caller
//! must be to the object. A route without a row is refused, and fails a test.
use super::{table_deployment::DEPLOYMENT, table_meshery::MESHERY, table_pages::PAGES};
use std::{collections::HashMap, sync::LazyLock};
use tamis_entities::value::Scope;

/// What the caller must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anyone; the handler shows each caller what they may see.
    Anyone,
    SignedIn,
    /// With a browser, and signed in within the last minutes.
    AtTheBrowser,
    Curator,
    Admin,
    /// May read the filter in the path.
    ReadFilter,
    /// May make releases: namespace owner or maintainer, or a write grant. The filter may not exist yet.
    WriteFilter,
    /// May say who else may: owner or maintainer of the namespace.
    ManageFilter,
    /// May give it away: owner of the namespace.
    OwnFilter,
    /// May see the release's metadata.
    ReadRelease,
    /// May have the release's bytes.
    ReadBytes,
    /// Submitter, writer of the filter, or curator.
    ReadReview,
    /// Curator without write on the filter, who did not submit it. The use case checks again in its transaction.
    VoteReview,
    /// Owner or maintainer of the namespace in the path.
    MaintainNamespace,
    /// May pull from the repository in the path.
    Pull,
    /// May push to the repository in the path, or remove from it.
    Push,
    /// Owner or maintainer of the namespace whose target, or deployment to a target, is in the path.
    MaintainTarget,
    /// Member of the team in the path.
    ReadTeam,
    /// Owner or maintainer of the team in the path.
    MaintainTeam,
    /// Owner of the team in the path.
    ManageTeam,
}

/// Whose protocol the route speaks: which credentials it takes, and in whose words it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Native,
    Meshery,
}

#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub method: &'static str,
    pub path: &'static str,
    /// What a token must carry, one of these; a browser session carries all that its user may.
    pub scopes: AnyOf,
    pub need: Need,
    pub door: Door,
}

pub(super) type AnyOf = Option<&'static [Scope]>;

pub(super) const fn rule(method: &'static str, path: &'static str, scopes: AnyOf, need: Need) -> Rule {
    Rule { method, path, scopes, need, door: Door::Native }
}

use Need::*;
pub(super) const READ: AnyOf = Some(&[Scope::FiltersRead]);
pub(super) const WRITE: AnyOf = Some(&[Scope::FiltersWrite]);
pub(super) const STAGE: AnyOf = Some(&[Scope::FiltersWrite, Scope::ReleasesStage]);
pub(super) const VOTE: AnyOf = Some(&[Scope::ReviewsVote]);
/// Author or curator.
pub(super) const PART: AnyOf = Some(&[Scope::FiltersWrite, Scope::ReviewsVote]);
pub(super) const TEAMS: AnyOf = Some(&[Scope::TeamsWrite]);
pub(super) const TOKENS: AnyOf = Some(&[Scope::TokensWrite]);
pub(super) const ADMIN: AnyOf = Some(&[Scope::Admin]);

const NATIVE: &[Rule] = &[
    rule("GET", "/health/live", None, Anyone),
    rule("GET", "/health/ready", None, Anyone),
    rule("GET", "/metrics", None, Anyone),
    rule("GET", "/openapi.json", None, Anyone),
    rule("GET", "/problems/{code}", None, Anyone),
    rule("GET", "/docs", None, Anyone),
    rule("GET", "/docs/{_:.*}", None, Anyone),
    rule("GET", "/sign-in", None, Anyone),
    rule("GET", "/sign-in/oidc/{id}", None, Anyone),
    rule("GET", "/sign-in/oidc/{id}/callback", None, Anyone),
    rule("GET", "/sign-in/github", None, Anyone),
    rule("GET", "/sign-in/github/callback", None, Anyone),
    rule("POST", "/sign-in/local", None, Anyone),
    rule("GET", "/sign-in/{secret}", None, Anyone),
    rule("POST", "/sign-in/{secret}", None, Anyone),
    rule("POST", "/sign-out", None, Anyone),
    rule("GET", "/modules/sha256/{file}", READ, Anyone),
    // The registry reads its own credentials and refuses in its own form (`registry/access.rs`).
    rule("GET", "/v2", None, Anyone),
    rule("GET", "/v2/", None, Anyone),
    rule("GET", "/v2/token", None, Anyone),
    rule("POST", "/v2/token", None, Anyone),
    rule("GET", "/v2/{namespace}/{filter}/tags/list", READ, Pull),
    rule("GET", "/v2/{namespace}/{filter}/referrers/{digest}", READ, Pull),
    rule("GET", "/v2/{namespace}/{filter}/manifests/{reference}", READ, Pull),
    rule("PUT", "/v2/{namespace}/{filter}/manifests/{reference}", STAGE, Push),
    rule("DELETE", "/v2/{namespace}/{filter}/manifests/{reference}", WRITE, Push),
    rule("POST", "/v2/{namespace}/{filter}/blobs/uploads/", STAGE, Push),
    rule("GET", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("PATCH", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("PUT", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("DELETE", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("GET", "/v2/{namespace}/{filter}/blobs/{digest}", READ, Pull),
    rule("DELETE", "/v2/{namespace}/{filter}/blobs/{digest}", WRITE, Push),
    rule("GET", "/v2/wasm/{namespace}/{filter}/tags/list", READ, Pull),
    rule("GET", "/v2/wasm/{namespace}/{filter}/referrers/{digest}", READ, Pull),
    rule("GET", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", READ, Pull),
    rule("PUT", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", STAGE, Push),
    rule("DELETE", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", WRITE, Push),
    rule("POST", "/v2/wasm/{namespace}/{filter}/blobs/uploads/", STAGE, Push),
    rule("GET", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("PATCH", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("PUT", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("DELETE", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Push),
    rule("GET", "/v2/wasm/{namespace}/{filter}/blobs/{digest}", READ, Pull),
    rule("DELETE", "/v2/wasm/{namespace}/{filter}/blobs/{digest}", WRITE, Push),
    // The URL is the credential.
    rule("GET", "/modules/private/{file}", READ, Anyone),
    rule("GET", "/api/v1/me", None, SignedIn),
    rule("GET", "/api/v1/me/identities", TOKENS, SignedIn),
    rule("POST", "/api/v1/me/identities/link", TOKENS, AtTheBrowser),
    rule("DELETE", "/api/v1/me/identities/{id}", TOKENS, AtTheBrowser),
    rule("GET", "/api/v1/me/sessions", TOKENS, SignedIn),
    rule("DELETE", "/api/v1/me/sessions", TOKENS, SignedIn),
    rule("DELETE", "/api/v1/me/sessions/{id}", TOKENS, SignedIn),
    rule("POST", "/api/v1/me/password", TOKENS, AtTheBrowser),
    rule("GET", "/api/v1/users", ADMIN, Admin),
    rule("POST", "/api/v1/users", ADMIN, Admin),
    rule("POST", "/api/v1/users/{user}/disable", ADMIN, Admin),
    rule("POST", "/api/v1/users/{user}/enable", ADMIN, Admin),
    rule("GET", "/api/v1/capabilities", None, Anyone),
    rule("GET", "/api/v1/catalog", READ, Anyone),
    rule("GET", "/api/v1/catalog/facets", READ, Anyone),
    rule("GET", "/api/v1/catalog/{namespace}/{filter}", READ, Anyone),
    rule("GET", "/feed.atom", READ, Anyone),
    rule("GET", "/filters/{namespace}/feed.atom", READ, Anyone),
    rule("GET", "/api/v1/filters", READ, Anyone),
    rule("GET", "/api/v1/filters/{namespace}/{filter}", READ, ReadFilter),
    rule("PUT", "/api/v1/filters/{namespace}/{filter}", WRITE, WriteFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}", WRITE, ManageFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/clone", WRITE, ReadFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/counts", READ, ReadFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/grants", READ, ManageFilter),
    rule("PUT", "/api/v1/filters/{namespace}/{filter}/grants/{subject}", WRITE, ManageFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}/grants/{subject}", WRITE, ManageFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/access", READ, ManageFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/capability-urls", READ, ManageFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/capability-urls", TOKENS, ManageFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/capability-urls/{id}/renewal", TOKENS, ManageFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}/capability-urls/{id}", TOKENS, ManageFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/transfer", READ, ManageFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/transfer", WRITE, OwnFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}/transfer", WRITE, OwnFilter),
    rule("GET", "/api/v1/me/inbox", READ, SignedIn),
    rule("GET", "/api/v1/me/inbox/unread", READ, SignedIn),
    rule("POST", "/api/v1/me/inbox/read", READ, SignedIn),
    rule("POST", "/api/v1/me/inbox/{id}/read", READ, SignedIn),
    rule("GET", "/api/v1/me/notifications", READ, SignedIn),
    rule("PUT", "/api/v1/me/notifications", TOKENS, SignedIn),
    rule("GET", "/api/v1/me/transfers", READ, SignedIn),
    rule("POST", "/api/v1/me/transfers/{id}/accept", WRITE, SignedIn),
    rule("POST", "/api/v1/me/transfers/{id}/decline", WRITE, SignedIn),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases", READ, ReadFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/releases", STAGE, WriteFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}", READ, ReadRelease),
    rule("PUT", "/api/v1/filters/{namespace}/{filter}/releases/{version}", STAGE, WriteFilter),
    rule("PATCH", "/api/v1/filters/{namespace}/{filter}/releases/{version}", WRITE, WriteFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}/releases/{version}", WRITE, WriteFilter),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/report", READ, ReadRelease),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/module", READ, ReadBytes),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/diff/{other}", READ, ReadBytes),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/meshery/design", READ, ReadBytes),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/config", READ, ReadBytes),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/config/{format}", READ, ReadBytes),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/releases/{version}/config/{format}", READ, ReadBytes),
    rule("PUT", "/api/v1/filters/{namespace}/{filter}/releases/{version}/forms/oci-solo", WRITE, WriteFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/releases/{version}/yank", WRITE, WriteFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/releases/{version}/unyank", WRITE, WriteFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/releases/{version}/quarantine", VOTE, Curator),
    rule("POST", "/api/v1/imports", STAGE, SignedIn),
    rule("GET", "/api/v1/reviews", READ, SignedIn),
    rule("POST", "/api/v1/reviews", WRITE, SignedIn),
    rule("GET", "/api/v1/reviews/{id}", READ, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/votes", VOTE, VoteReview),
    rule("POST", "/api/v1/reviews/{id}/comments", READ, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/assignment", VOTE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/withdrawal", WRITE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/release", WRITE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/checks", PART, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/resubmission", WRITE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/recusal", VOTE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/escalation", PART, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/presence", READ, ReadReview),
    rule("PUT", "/api/v1/reviews/{id}/checklist", VOTE, VoteReview),
    rule("POST", "/api/v1/reviews/{id}/appeal", WRITE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/appeal/withdrawal", WRITE, ReadReview),
    rule("POST", "/api/v1/reviews/{id}/appeal/decision", VOTE, VoteReview),
    rule("POST", "/api/v1/reviews/{id}/break-glass", ADMIN, VoteReview),
    rule("POST", "/api/v1/reviews/{id}/break-glass/countersignature", VOTE, VoteReview),
    rule("GET", "/api/v1/reviews/summary", READ, SignedIn),
    rule("POST", "/api/v1/reviews/many", VOTE, SignedIn),
    rule("GET", "/api/v1/review-reasons", READ, SignedIn),
    rule("GET", "/api/v1/policy", READ, SignedIn),
    rule("GET", "/api/v1/teams", READ, SignedIn),
    rule("POST", "/api/v1/teams", TEAMS, SignedIn),
    rule("GET", "/api/v1/teams/{team}", READ, ReadTeam),
    rule("PATCH", "/api/v1/teams/{team}", TEAMS, ManageTeam),
    rule("DELETE", "/api/v1/teams/{team}", TEAMS, ManageTeam),
    rule("PUT", "/api/v1/teams/{team}/members/{user}", TEAMS, ManageTeam),
    rule("DELETE", "/api/v1/teams/{team}/members/{user}", TEAMS, ReadTeam),
    rule("GET", "/api/v1/teams/{team}/invitations", READ, ManageTeam),
    rule("POST", "/api/v1/teams/{team}/invitations", TEAMS, ManageTeam),
    rule("DELETE", "/api/v1/teams/{team}/invitations/{id}", TEAMS, ManageTeam),
    rule("GET", "/api/v1/me/invitations", READ, SignedIn),
    rule("POST", "/api/v1/me/invitations/{id}/accept", TEAMS, SignedIn),
    rule("POST", "/api/v1/me/invitations/{id}/decline", TEAMS, SignedIn),
    rule("PATCH", "/api/v1/me", TEAMS, SignedIn),
    rule("GET", "/api/v1/me/reach", READ, SignedIn),
    rule("GET", "/api/v1/tokens/{id}/reach", TOKENS, SignedIn),
    rule("GET", "/api/v1/tokens", TOKENS, SignedIn),
    rule("POST", "/api/v1/tokens", TOKENS, SignedIn),
    rule("DELETE", "/api/v1/tokens/{id}", TOKENS, SignedIn),
    rule("GET", "/api/v1/teams/{team}/robots", READ, ReadTeam),
    rule("POST", "/api/v1/teams/{team}/robots", TEAMS, MaintainTeam),
    rule("DELETE", "/api/v1/teams/{team}/robots/{robot}", TEAMS, MaintainTeam),
    rule("GET", "/api/v1/teams/{team}/robots/{robot}/tokens", TOKENS, MaintainTeam),
    rule("POST", "/api/v1/teams/{team}/robots/{robot}/tokens", TOKENS, MaintainTeam),
    rule("DELETE", "/api/v1/teams/{team}/robots/{robot}/tokens/{id}", TOKENS, MaintainTeam),
    rule("GET", "/api/v1/namespaces/{namespace}/webhooks", TOKENS, MaintainNamespace),
    rule("POST", "/api/v1/namespaces/{namespace}/webhooks", TOKENS, MaintainNamespace),
    rule("GET", "/api/v1/namespaces/{namespace}/webhooks/{id}", TOKENS, MaintainNamespace),
    rule("PATCH", "/api/v1/namespaces/{namespace}/webhooks/{id}", TOKENS, MaintainNamespace),
    rule("DELETE", "/api/v1/namespaces/{namespace}/webhooks/{id}", TOKENS, MaintainNamespace),
    rule("POST", "/api/v1/namespaces/{namespace}/webhooks/{id}/rotation", TOKENS, MaintainNamespace),
    rule("POST", "/api/v1/namespaces/{namespace}/webhooks/{id}/ping", TOKENS, MaintainNamespace),
    rule("GET", "/api/v1/namespaces/{namespace}/webhooks/{id}/deliveries", TOKENS, MaintainNamespace),
    rule(
        "POST",
        "/api/v1/namespaces/{namespace}/webhooks/{id}/deliveries/{delivery}/redelivery",
        TOKENS,
        MaintainNamespace,
    ),
    rule("GET", "/api/v1/filters/{namespace}/{filter}/trusted-publishers", READ, ManageFilter),
    rule("POST", "/api/v1/filters/{namespace}/{filter}/trusted-publishers", TOKENS, ManageFilter),
    rule("DELETE", "/api/v1/filters/{namespace}/{filter}/trusted-publishers/{id}", TOKENS, ManageFilter),
    rule("POST", "/api/v1/trusted-publishing/token", None, Anyone),
    rule("GET", "/api/v1/audit", ADMIN, Admin),
    rule("GET", "/.well-known/jwks.json", None, Anyone),
    rule("GET", "/.well-known/oauth-authorization-server", None, Anyone),
    rule("GET", "/.well-known/openid-configuration", None, Anyone),
    // The pages ask for a session, the endpoints for the client's own credentials.
    rule("GET", "/oauth2/authorize", None, Anyone),
    rule("POST", "/oauth2/authorize", None, Anyone),
    rule("GET", "/device", None, Anyone),
    rule("POST", "/device", None, Anyone),
    rule("POST", "/oauth2/token", None, Anyone),
    rule("POST", "/oauth2/device_authorization", None, Anyone),
    rule("POST", "/oauth2/revoke", None, Anyone),
    rule("POST", "/oauth2/introspect", None, Anyone),
    rule("GET", "/oauth2/userinfo", None, SignedIn),
    rule("GET", "/api/v1/me/grants", TOKENS, SignedIn),
    rule("DELETE", "/api/v1/me/grants/{id}", TOKENS, SignedIn),
    rule("GET", "/api/v1/oauth-clients", TOKENS, SignedIn),
    rule("POST", "/api/v1/oauth-clients", TOKENS, SignedIn),
    rule("GET", "/api/v1/oauth-clients/{id}", TOKENS, SignedIn),
    rule("PATCH", "/api/v1/oauth-clients/{id}", TOKENS, SignedIn),
    rule("DELETE", "/api/v1/oauth-clients/{id}", TOKENS, SignedIn),
];

const fn joined<const N: usize>(lists: [&[Rule]; 4]) -> [Rule; N] {
    let mut all = [NATIVE[0]; N];
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

/// Every row, whatever the door.
pub const RULES: &[Rule] = &joined::<{ PAGES.len() + NATIVE.len() + DEPLOYMENT.len() + MESHERY.len() }>([
    PAGES, NATIVE, DEPLOYMENT, MESHERY,
]);

pub fn find(method: &str, path: &str) -> Option<&'static Rule> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), &Rule>> =
        LazyLock::new(|| RULES.iter().map(|rule| ((rule.method, rule.path), rule)).collect());
    BY_ROUTE.get(&(method, path)).copied()
}

/// The path itself if it can be read, or else the nearest above it that can: where a page that answered a form is found
/// again.
pub fn readable(path: &str) -> &str {
    // Where an id stands, a word such as `targets` is none.
    let stands = |word: &str, part: &str| match word {
        "{id}" => uuid::Uuid::try_parse(part).is_ok(),
        word => word == part || word.starts_with('{'),
    };
    let fits = |pattern: &str, path: &str| {
        let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(word), Some(part)) if stands(word, part) => {}
                _ => return false,
            }
        }
    };
    let mut at = path;
    while !at.is_empty() && !RULES.iter().any(|rule| rule.method == "GET" && fits(rule.path, at)) {
        at = at.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if at.is_empty() { "/" } else { at }
}

/// The methods that a path answers to, for `Allow`.
pub fn methods(path: &str) -> Vec<&'static str> {
    let mut methods: Vec<_> = RULES.iter().filter(|r| r.path == path).map(|r| r.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_page_that_answered_a_form_is_found_again_above_it() {
        for (answered, found) in [
            ("/admin/people/alice", "/admin/people"),
            ("/deployments/targets", "/deployments"),
            ("/teams/acme/robots/ci/tokens", "/teams/acme/robots/ci"),
            (
                "/reviews/0190b3f2-0000-7000-8000-000000000000/votes",
                "/reviews/0190b3f2-0000-7000-8000-000000000000",
            ),
            ("/catalog", "/catalog"),
            ("/nothing", "/"),
            ("", "/"),
        ] {
            assert_eq!(readable(answered), found);
        }
    }
}
