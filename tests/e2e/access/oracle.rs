//! What each caller may do, written down a second time from the design's table "who reads
//! what". Calls nothing of the service: a mistake there must not be repeated here.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    Anonymous,
    Outsider,
    Member,
    Maintainer,
    Owner,
    ReadGrantee,
    WriteGrantee,
    /// Of a filter that nobody asked for a review of, as long as it is a draft.
    Curator,
    ReviewingCurator,
    Admin,
    /// The owner, with a token that lacks the scope of the route.
    Unscoped,
}
use Principal::*;

pub const PRINCIPALS: [Principal; 11] = [
    Anonymous,
    Outsider,
    Member,
    Maintainer,
    Owner,
    ReadGrantee,
    WriteGrantee,
    Curator,
    ReviewingCurator,
    Admin,
    Unscoped,
];

/// The state of the filter's one release; all but `PublicDraft` have stored visibility `private`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    PrivateDraft,
    PublicDraft,
    Published,
    Yanked,
    /// Was published before.
    Quarantined,
}
use Stage::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Past authorisation: any status but 401, 403 and 404.
    Allowed,
    Unauthenticated,
    Forbidden,
    /// 403 with the code `quarantined`.
    Quarantined,
    Absent,
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Nothing,
    SignIn,
    AdminRole,
    CatalogEntry,
    SeeFilter,
    WriteFilter,
    ManageFilter,
    /// May give it away.
    OwnFilter,
    SeeRelease,
    Bytes,
    BytesByDigest,
    Clone,
    WriteRelease,
    Quarantine,
    SeeReview,
    /// Votes and assignments.
    JudgeReview,
    Withdraw,
    ReleaseReview,
    SeeTeam,
    OwnTeam,
    MaintainTeam,
    OwnToken,
    /// An invitation or an offer to somebody who is none of the principals.
    SomebodyElses,
    /// One of the team's.
    OwnClient,
    OwnGrant,
    /// Nobody here has one.
    OwnSession,
    /// None is configured here.
    Provider,
    /// A person who has just signed in; here everybody has a token.
    Browser,
}

#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// One of these words is enough.
    pub scope: Option<&'static str>,
    pub asks: Asks,
}

const fn route(method: &'static str, path: &'static str, scope: &'static str, asks: Asks) -> Route {
    let scope = if scope.is_empty() { None } else { Some(scope) };
    Route { method, path, scope, asks }
}

const READ: &str = "filters:read";
const WRITE: &str = "filters:write";
const STAGE: &str = "filters:write releases:stage";
const VOTE: &str = "reviews:vote";
const TOKENS: &str = "tokens:write";

pub const ROUTES: &[Route] = &[
    route("GET", "/", "", Asks::Nothing),
    route("GET", "/health/live", "", Asks::Nothing),
    route("GET", "/health/ready", "", Asks::Nothing),
    route("GET", "/metrics", "", Asks::Nothing),
    route("GET", "/openapi.json", "", Asks::Nothing),
    route("GET", "/problems/{code}", "", Asks::Nothing),
    route("GET", "/docs", "", Asks::Nothing),
    route("GET", "/docs/{_:.*}", "", Asks::Nothing),
    route("GET", "/sign-in", "", Asks::Nothing),
    route("GET", "/sign-in/oidc/{id}", "", Asks::Provider),
    route("GET", "/sign-in/oidc/{id}/callback", "", Asks::Provider),
    route("GET", "/sign-in/github", "", Asks::Provider),
    route("GET", "/sign-in/github/callback", "", Asks::Provider),
    route("POST", "/sign-in/local", "", Asks::Nothing),
    route("GET", "/sign-in/{secret}", "", Asks::Nothing),
    route("POST", "/sign-in/{secret}", "", Asks::Nothing),
    route("POST", "/sign-out", "", Asks::Nothing),
    route("GET", "/modules/sha256/{file}", READ, Asks::BytesByDigest),
    route("GET", "/api/v1/me", "", Asks::SignIn),
    route("GET", "/api/v1/me/identities", "tokens:write", Asks::SignIn),
    route("POST", "/api/v1/me/identities/link", "tokens:write", Asks::Browser),
    route("DELETE", "/api/v1/me/identities/{id}", "tokens:write", Asks::Browser),
    route("GET", "/api/v1/me/sessions", "tokens:write", Asks::SignIn),
    route("DELETE", "/api/v1/me/sessions", "tokens:write", Asks::SignIn),
    route("DELETE", "/api/v1/me/sessions/{id}", "tokens:write", Asks::OwnSession),
    route("POST", "/api/v1/me/password", "tokens:write", Asks::Browser),
    route("GET", "/api/v1/users", "admin", Asks::AdminRole),
    route("POST", "/api/v1/users/{user}/disable", "admin", Asks::AdminRole),
    route("POST", "/api/v1/users/{user}/enable", "admin", Asks::AdminRole),
    route("GET", "/api/v1/catalog", READ, Asks::Nothing),
    route("GET", "/api/v1/catalog/{namespace}/{filter}", READ, Asks::CatalogEntry),
    route("GET", "/api/v1/filters", READ, Asks::Nothing),
    route("GET", "/api/v1/filters/{namespace}/{filter}", READ, Asks::SeeFilter),
    route("PUT", "/api/v1/filters/{namespace}/{filter}", WRITE, Asks::WriteFilter),
    route("DELETE", "/api/v1/filters/{namespace}/{filter}", WRITE, Asks::ManageFilter),
    route("POST", "/api/v1/filters/{namespace}/{filter}/clone", WRITE, Asks::Clone),
    route("GET", "/api/v1/filters/{namespace}/{filter}/counts", READ, Asks::SeeFilter),
    route("GET", "/api/v1/filters/{namespace}/{filter}/grants", READ, Asks::ManageFilter),
    route("PUT", "/api/v1/filters/{namespace}/{filter}/grants/{subject}", WRITE, Asks::ManageFilter),
    route("DELETE", "/api/v1/filters/{namespace}/{filter}/grants/{subject}", WRITE, Asks::ManageFilter),
    route("GET", "/api/v1/filters/{namespace}/{filter}/access", READ, Asks::ManageFilter),
    route("GET", "/api/v1/filters/{namespace}/{filter}/transfer", READ, Asks::ManageFilter),
    route("POST", "/api/v1/filters/{namespace}/{filter}/transfer", WRITE, Asks::OwnFilter),
    route("DELETE", "/api/v1/filters/{namespace}/{filter}/transfer", WRITE, Asks::OwnFilter),
    route("GET", "/api/v1/me/transfers", READ, Asks::SignIn),
    route("POST", "/api/v1/me/transfers/{id}/accept", WRITE, Asks::SomebodyElses),
    route("POST", "/api/v1/me/transfers/{id}/decline", WRITE, Asks::SomebodyElses),
    route("GET", "/api/v1/filters/{namespace}/{filter}/releases", READ, Asks::SeeFilter),
    route("POST", "/api/v1/filters/{namespace}/{filter}/releases", STAGE, Asks::WriteFilter),
    route("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}", READ, Asks::SeeRelease),
    route("PUT", "/api/v1/filters/{namespace}/{filter}/releases/{version}", STAGE, Asks::WriteFilter),
    route("PATCH", "/api/v1/filters/{namespace}/{filter}/releases/{version}", WRITE, Asks::WriteRelease),
    route("DELETE", "/api/v1/filters/{namespace}/{filter}/releases/{version}", WRITE, Asks::WriteRelease),
    route("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/report", READ, Asks::SeeRelease),
    route("GET", "/api/v1/filters/{namespace}/{filter}/releases/{version}/module", READ, Asks::Bytes),
    route("POST", "/api/v1/filters/{namespace}/{filter}/releases/{version}/yank", WRITE, Asks::WriteRelease),
    route(
        "POST",
        "/api/v1/filters/{namespace}/{filter}/releases/{version}/unyank",
        WRITE,
        Asks::WriteRelease,
    ),
    route(
        "POST",
        "/api/v1/filters/{namespace}/{filter}/releases/{version}/quarantine",
        VOTE,
        Asks::Quarantine,
    ),
    route("POST", "/api/v1/imports", STAGE, Asks::WriteFilter),
    route("GET", "/api/v1/reviews", READ, Asks::SignIn),
    route("POST", "/api/v1/reviews", WRITE, Asks::WriteFilter),
    route("GET", "/api/v1/reviews/{id}", READ, Asks::SeeReview),
    route("POST", "/api/v1/reviews/{id}/votes", VOTE, Asks::JudgeReview),
    route("POST", "/api/v1/reviews/{id}/comments", READ, Asks::SeeReview),
    route("POST", "/api/v1/reviews/{id}/assignment", VOTE, Asks::JudgeReview),
    route("POST", "/api/v1/reviews/{id}/withdrawal", WRITE, Asks::Withdraw),
    route("POST", "/api/v1/reviews/{id}/release", WRITE, Asks::ReleaseReview),
    route("GET", "/api/v1/teams", READ, Asks::SignIn),
    route("POST", "/api/v1/teams", "teams:write", Asks::SignIn),
    route("GET", "/api/v1/teams/{team}", READ, Asks::SeeTeam),
    route("PUT", "/api/v1/teams/{team}/members/{user}", "teams:write", Asks::OwnTeam),
    route("DELETE", "/api/v1/teams/{team}/members/{user}", "teams:write", Asks::OwnTeam),
    route("PATCH", "/api/v1/teams/{team}", "teams:write", Asks::OwnTeam),
    route("DELETE", "/api/v1/teams/{team}", "teams:write", Asks::OwnTeam),
    route("GET", "/api/v1/teams/{team}/invitations", READ, Asks::OwnTeam),
    route("POST", "/api/v1/teams/{team}/invitations", "teams:write", Asks::OwnTeam),
    route("DELETE", "/api/v1/teams/{team}/invitations/{id}", "teams:write", Asks::OwnTeam),
    route("GET", "/api/v1/me/invitations", READ, Asks::SignIn),
    route("POST", "/api/v1/me/invitations/{id}/accept", "teams:write", Asks::SomebodyElses),
    route("POST", "/api/v1/me/invitations/{id}/decline", "teams:write", Asks::SomebodyElses),
    route("PATCH", "/api/v1/me", "teams:write", Asks::SignIn),
    route("GET", "/api/v1/me/reach", READ, Asks::SignIn),
    route("GET", "/api/v1/tokens/{id}/reach", "tokens:write", Asks::OwnToken),
    route("GET", "/api/v1/tokens", "tokens:write", Asks::SignIn),
    route("POST", "/api/v1/tokens", "tokens:write", Asks::SignIn),
    route("DELETE", "/api/v1/tokens/{id}", "tokens:write", Asks::OwnToken),
    route("GET", "/api/v1/teams/{team}/robots", READ, Asks::SeeTeam),
    route("POST", "/api/v1/teams/{team}/robots", "teams:write", Asks::MaintainTeam),
    route("DELETE", "/api/v1/teams/{team}/robots/{robot}", "teams:write", Asks::MaintainTeam),
    route("GET", "/api/v1/teams/{team}/robots/{robot}/tokens", "tokens:write", Asks::MaintainTeam),
    route("POST", "/api/v1/teams/{team}/robots/{robot}/tokens", "tokens:write", Asks::MaintainTeam),
    route("DELETE", "/api/v1/teams/{team}/robots/{robot}/tokens/{id}", "tokens:write", Asks::MaintainTeam),
    route("GET", "/api/v1/filters/{namespace}/{filter}/trusted-publishers", READ, Asks::ManageFilter),
    route(
        "POST",
        "/api/v1/filters/{namespace}/{filter}/trusted-publishers",
        "tokens:write",
        Asks::ManageFilter,
    ),
    route(
        "DELETE",
        "/api/v1/filters/{namespace}/{filter}/trusted-publishers/{id}",
        "tokens:write",
        Asks::ManageFilter,
    ),
    route("POST", "/api/v1/trusted-publishing/token", "", Asks::Nothing),
    route("GET", "/api/v1/audit", "admin", Asks::AdminRole),
    route("GET", "/.well-known/jwks.json", "", Asks::Nothing),
    route("GET", "/.well-known/oauth-authorization-server", "", Asks::Nothing),
    route("GET", "/.well-known/openid-configuration", "", Asks::Nothing),
    route("GET", "/oauth2/authorize", "", Asks::Nothing),
    route("POST", "/oauth2/authorize", "", Asks::Nothing),
    route("GET", "/device", "", Asks::Nothing),
    route("POST", "/device", "", Asks::Nothing),
    route("POST", "/oauth2/token", "", Asks::Nothing),
    route("POST", "/oauth2/device_authorization", "", Asks::Nothing),
    route("POST", "/oauth2/revoke", "", Asks::Nothing),
    route("POST", "/oauth2/introspect", "", Asks::Nothing),
    route("GET", "/oauth2/userinfo", "", Asks::Browser),
    route("GET", "/api/v1/me/grants", TOKENS, Asks::SignIn),
    route("DELETE", "/api/v1/me/grants/{id}", TOKENS, Asks::OwnGrant),
    route("GET", "/api/v1/oauth-clients", TOKENS, Asks::SignIn),
    route("POST", "/api/v1/oauth-clients", TOKENS, Asks::SignIn),
    route("GET", "/api/v1/oauth-clients/{id}", TOKENS, Asks::OwnClient),
    route("PATCH", "/api/v1/oauth-clients/{id}", TOKENS, Asks::OwnClient),
    route("DELETE", "/api/v1/oauth-clients/{id}", TOKENS, Asks::OwnClient),
];

impl Principal {
    fn in_team(self) -> bool {
        matches!(self, Member | Maintainer | Owner | Unscoped)
    }

    /// Members of the namespace and grantees.
    fn is_insider(self) -> bool {
        self.in_team() || matches!(self, ReadGrantee | WriteGrantee)
    }

    fn writes(self) -> bool {
        matches!(self, Maintainer | Owner | Unscoped | WriteGrantee)
    }

    fn manages(self) -> bool {
        matches!(self, Maintainer | Owner | Unscoped)
    }

    /// The roles are in order of power: an administrator may do what a curator may.
    fn is_curator(self) -> bool {
        matches!(self, Curator | ReviewingCurator | Admin)
    }

    fn carries(self, scope: Option<&str>) -> bool {
        match scope {
            None => true,
            Some(_) if self == Unscoped => false,
            Some("admin") => self == Admin,
            Some("reviews:vote") => self.is_curator(),
            Some(_) => true,
        }
    }
}

/// The maintainer uploaded the release and asked for its review.
const AUTHOR: Principal = Maintainer;

fn sees_filter(who: Principal, stage: Stage) -> bool {
    match stage {
        _ if who.is_insider() || who == Admin => true,
        Published | Yanked => true,
        PublicDraft => who != Anonymous,
        PrivateDraft => who == ReviewingCurator,
        // No release is published or yanked, so the stored visibility decides. A review was needed to publish it.
        Stage::Quarantined => who.is_curator(),
    }
}

fn see_release(who: Principal, stage: Stage) -> Expect {
    match stage {
        Stage::Quarantined if !who.is_insider() && !who.is_curator() => Expect::Quarantined,
        _ if sees_filter(who, stage) => Expect::Allowed,
        _ => Expect::Absent,
    }
}

fn bytes(who: Principal, stage: Stage) -> Expect {
    match (see_release(who, stage), stage) {
        (Expect::Allowed, Stage::Quarantined) if who != AUTHOR && !who.is_curator() => Expect::Quarantined,
        // Administrators see metadata.
        (Expect::Allowed, PrivateDraft) if who == Admin => Expect::Forbidden,
        (seen, _) => seen,
    }
}

fn by_digest(who: Principal, stage: Stage) -> Expect {
    match stage {
        // No URL of a digest serves while a release that the caller may see is quarantined.
        Stage::Quarantined => Expect::Quarantined,
        PrivateDraft if who == Admin => Expect::Absent,
        _ => bytes(who, stage),
    }
}

/// Allowed if `may`; else told so only if they may know that it is there.
fn if_seen(may: bool, seen: bool) -> Expect {
    match (may, seen) {
        (true, _) => Expect::Allowed,
        (false, true) => Expect::Forbidden,
        (false, false) => Expect::Absent,
    }
}

fn clone(who: Principal, stage: Stage) -> Expect {
    match (sees_filter(who, stage), stage) {
        (false, _) => Expect::Absent,
        // A copy would be a way around the quarantine, even for those who may look at the bytes.
        (true, Stage::Quarantined) => Expect::Quarantined,
        (true, _) => bytes(who, stage),
    }
}

fn write_release(who: Principal, stage: Stage) -> Expect {
    match see_release(who, stage) {
        Expect::Allowed => if_seen(who.writes(), true),
        other => other,
    }
}

pub fn expected(route: &Route, who: Principal, stage: Stage) -> Expect {
    use Asks::*;
    let reading = matches!(route.asks, CatalogEntry | SeeFilter | SeeRelease | Bytes | BytesByDigest);
    if who == Anonymous && !(matches!(route.asks, Nothing | Provider) || (reading && route.method == "GET")) {
        return Expect::Unauthenticated;
    }
    if who != Anonymous && !who.carries(route.scope) {
        return Expect::Forbidden;
    }
    let sees_review = who.writes() || who.is_curator();
    match route.asks {
        Nothing | SignIn => Expect::Allowed,
        AdminRole => if_seen(who == Admin, true),
        CatalogEntry => if_seen(stage == Published, false),
        SeeFilter => if_seen(sees_filter(who, stage), false),
        WriteFilter => if_seen(who.writes(), sees_filter(who, stage)),
        ManageFilter => if_seen(who.manages(), sees_filter(who, stage)),
        OwnFilter => if_seen(matches!(who, Owner | Unscoped), sees_filter(who, stage)),
        SeeRelease => see_release(who, stage),
        Asks::Bytes => bytes(who, stage),
        BytesByDigest => by_digest(who, stage),
        Clone => clone(who, stage),
        WriteRelease => write_release(who, stage),
        Quarantine => see_release(who, stage),
        SeeReview | ReleaseReview => if_seen(sees_review, false),
        JudgeReview => if_seen(who.is_curator(), sees_review),
        Withdraw => if_seen(who.writes(), sees_review),
        SeeTeam => if_seen(who.in_team(), false),
        MaintainTeam => if_seen(matches!(who, Maintainer | Owner | Unscoped), who.in_team()),
        OwnTeam => if_seen(matches!(who, Owner | Unscoped), who.in_team()),
        OwnToken | OwnGrant => if_seen(matches!(who, Owner | Unscoped), false),
        OwnClient => if_seen(matches!(who, Owner | Unscoped | Admin), false),
        SomebodyElses | OwnSession | Provider => Expect::Absent,
        Browser => Expect::Forbidden,
    }
}
