//! What each caller may do, written down a second time from the design's table "who reads
//! what". Calls nothing of the service: a mistake there must not be repeated here.

pub use super::{
    pages::ROUTES,
    routes::{Asks, Route},
};

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

impl Principal {
    fn in_team(self) -> bool {
        matches!(self, Member | Maintainer | Owner | Unscoped)
    }

    /// Members of the namespace and grantees.
    fn is_insider(self) -> bool {
        self.in_team() || matches!(self, ReadGrantee | WriteGrantee)
    }

    pub fn writes(self) -> bool {
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

pub fn sees_filter(who: Principal, stage: Stage) -> bool {
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

pub fn bytes(who: Principal, stage: Stage) -> Expect {
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
pub fn if_seen(may: bool, seen: bool) -> Expect {
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
    if who == Unscoped && !who.carries(route.scope) {
        return Expect::Forbidden;
    }
    if let Some(expect) = super::registry::expected(route, who, stage) {
        return expect;
    }
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
        Browser | AdminAtTheBrowser => Expect::Forbidden,
        // Of the registry, said above.
        RegistryDoor | Tags | Referrers | Pull | Push | UploadSession => Expect::Absent,
    }
}
