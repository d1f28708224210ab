//! Every route with credentials that are good for a part only: a token limited to another filter,
//! to this one, to its namespace, and a robot's. What lies outside is an outsider's.
use super::{
    Asked, ask,
    oracle::{Asks, Expect, Principal, ROUTES, Route, Stage, expected},
    world::{ROBOT, World},
};
use serde_json::{Value, json};
use tamis_e2e::client::Person;

const MACHINE: [&str; 3] = ["filters:read", "filters:write", "releases:stage"];

/// What each of them is to the filter in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Confined {
    ToAnother,
    ToThis,
    ToItsNamespace,
    Robot,
}
use Confined::*;

async fn token(maker: &Person, path: &str, limit: Value) -> Person {
    let body = json!({"name": "confined", "scopes": MACHINE, "limit": limit});
    let made = maker.post(path, &body).await.expect(201).json();
    Person { token: Some(made["secret"].as_str().unwrap().to_owned()), ..maker.clone() }
}

async fn person(world: &World, confined: Confined) -> Person {
    // Who uploaded and submitted: what is theirs must not shine through the limit.
    let (mia, own) = (world.person("mia"), "/api/v1/tokens");
    match confined {
        ToAnother => token(mia, own, json!({"namespace": "acme", "filter": "plain"})).await,
        ToThis => token(mia, own, json!({"namespace": "acme", "filter": "reviewed"})).await,
        ToItsNamespace => token(mia, own, json!({"namespace": "acme"})).await,
        Robot => {
            let path = format!("/api/v1/teams/acme/robots/{ROBOT}/tokens");
            Person { name: ROBOT.into(), ..token(world.person("olga"), &path, Value::Null).await }
        }
    }
}

fn expectation(confined: Confined, route: &Route, stage: Stage) -> Expect {
    let carries = |scopes: &str| scopes.split(' ').any(|scope| MACHINE.contains(&scope));
    if !route.scope.is_none_or(carries) {
        return Expect::Forbidden;
    }
    let bytes = matches!(route.asks, Asks::Bytes | Asks::BytesByDigest | Asks::Clone | Asks::Pull);
    let like = match confined {
        ToAnother => Principal::Outsider,
        // Writes, and is not the author.
        Robot if bytes => Principal::WriteGrantee,
        _ => Principal::Maintainer,
    };
    match (route.asks, expected(route, like, stage)) {
        // The copy would go where these may write nothing.
        (Asks::Clone, Expect::Allowed) => Expect::Absent,
        // A filter is less than its team.
        (Asks::SeeTeam | Asks::MaintainTeam | Asks::OwnTeam, _) if confined == ToThis => Expect::Absent,
        (_, expect) => expect,
    }
}

async fn matrix(stage: Stage) {
    let world = World::build(stage).await;
    let (mut cells, mut wrong) = (0, vec![]);
    for confined in [ToAnother, ToThis, ToItsNamespace, Robot] {
        let person = person(&world, confined).await;
        for route in ROUTES {
            let expect = expectation(confined, route, stage);
            // A copy that has nowhere to go is refused for its place, not for its source.
            let blind = expect == Expect::Absent && (confined == ToAnother || route.asks != Asks::Clone);
            let target = world.target(Principal::ReviewingCurator);
            let asked = Asked { person: &person, target, expect, blind };
            ask(&world, route, &format!("{confined:?}"), asked, &mut wrong).await;
            cells += 1;
        }
    }
    assert_eq!(cells, ROUTES.len() * 4);
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confined_credential_finds_no_private_draft_outside() {
    matrix(Stage::PrivateDraft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confined_credential_reads_a_public_draft_as_anyone_signed_in_does() {
    matrix(Stage::PublicDraft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confined_credential_reads_what_is_published_and_writes_only_inside() {
    matrix(Stage::Published).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confined_credential_is_barred_from_what_is_quarantined_outside() {
    matrix(Stage::Quarantined).await;
}
