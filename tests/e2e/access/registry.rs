//! The routes of the registry and what each caller may do there: a stranger is asked who they are
//! before they are told anything; what is not for somebody's eyes looks like what is not there.
use super::{
    oracle::{Expect, Principal, Stage, bytes, if_seen, sees_filter},
    routes::{Asks, READ, Route, STAGE, WRITE, route},
};

pub const REGISTRY: &[Route] = &[
    route("GET", "/v2", "", Asks::RegistryDoor),
    route("GET", "/v2/", "", Asks::RegistryDoor),
    route("GET", "/v2/token", "", Asks::Nothing),
    route("POST", "/v2/token", "", Asks::Provider),
    route("GET", "/v2/{namespace}/{filter}/tags/list", READ, Asks::Tags),
    route("GET", "/v2/{namespace}/{filter}/referrers/{digest}", READ, Asks::Referrers),
    route("GET", "/v2/{namespace}/{filter}/manifests/{reference}", READ, Asks::Pull),
    route("PUT", "/v2/{namespace}/{filter}/manifests/{reference}", STAGE, Asks::Push),
    route("DELETE", "/v2/{namespace}/{filter}/manifests/{reference}", WRITE, Asks::Push),
    route("POST", "/v2/{namespace}/{filter}/blobs/uploads/", STAGE, Asks::Push),
    route("GET", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("PATCH", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("PUT", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("DELETE", "/v2/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("GET", "/v2/{namespace}/{filter}/blobs/{digest}", READ, Asks::Pull),
    route("DELETE", "/v2/{namespace}/{filter}/blobs/{digest}", WRITE, Asks::Push),
    route("GET", "/v2/wasm/{namespace}/{filter}/tags/list", READ, Asks::Tags),
    route("GET", "/v2/wasm/{namespace}/{filter}/referrers/{digest}", READ, Asks::Referrers),
    route("GET", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", READ, Asks::Pull),
    route("PUT", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", STAGE, Asks::Push),
    route("DELETE", "/v2/wasm/{namespace}/{filter}/manifests/{reference}", WRITE, Asks::Push),
    route("POST", "/v2/wasm/{namespace}/{filter}/blobs/uploads/", STAGE, Asks::Push),
    route("GET", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("PATCH", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("PUT", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("DELETE", "/v2/wasm/{namespace}/{filter}/blobs/uploads/{id}", STAGE, Asks::UploadSession),
    route("GET", "/v2/wasm/{namespace}/{filter}/blobs/{digest}", READ, Asks::Pull),
    route("DELETE", "/v2/wasm/{namespace}/{filter}/blobs/{digest}", WRITE, Asks::Push),
];

/// A private thing that was public stays in the way of those who could read it.
fn sees_repository(who: Principal, stage: Stage) -> bool {
    sees_filter(who, stage) || stage == Stage::Quarantined
}

/// None: not a route of the registry.
pub fn expected(route: &Route, who: Principal, stage: Stage) -> Option<Expect> {
    let stranger = who == Principal::Anonymous;
    let asked = |expect: Expect| match (stranger, expect) {
        (true, Expect::Absent) => Expect::Unauthenticated,
        // In the registry's own words.
        (_, Expect::Quarantined) => Expect::Forbidden,
        (_, expect) => expect,
    };
    let written = |expect: Expect| if stranger { Expect::Unauthenticated } else { expect };
    Some(match route.asks {
        Asks::RegistryDoor => written(Expect::Allowed),
        Asks::Tags => asked(if_seen(sees_repository(who, stage), false)),
        Asks::Referrers if stranger => asked(if_seen(sees_repository(who, stage), false)),
        Asks::Referrers => Expect::Allowed,
        Asks::Pull => asked(bytes(who, stage)),
        Asks::Push => written(if_seen(who.writes(), sees_filter(who, stage))),
        Asks::UploadSession => written(Expect::Absent),
        _ => return None,
    })
}
