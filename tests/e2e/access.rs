//! Who may do what: every route, asked by everybody, in every state of what it speaks of.
//! The oracle says what must come; what may not be seen must look like what is not there.
mod assignment;
mod bodies;
mod confined;
mod forms;
mod meshery;
mod oracle;
mod pages;
mod registry;
mod routes;
mod rows;
mod schemes;
mod scopes;
mod target;
mod timing;
mod world;

use oracle::{Expect, PRINCIPALS, Principal, ROUTES, Route, Stage, expected};
use std::collections::BTreeSet;
use tamis_e2e::client::{Person, Reply};
use target::{Target, absent};
use world::World;

/// Routes that people and machines use, but that are no part of the API.
const UNDOCUMENTED: [(&str, &str); 2] = [("GET", "/docs"), ("GET", "/docs/{_:.*}")];

/// The router decodes a path before it looks for a handler; nobody may get to one that way without being asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_with_an_encoded_letter_gets_past_no_check() {
    let app = tamis_e2e::app::TestApp::spawn().await;
    let (alice, anyone) = (app.author("alice").await, app.anonymous());
    for rule in tamis::auth::table::RULES {
        let path = rule.path.replace(['{', '}'], "").replace("_:.*", "x");
        for at in (0..path.len()).filter(|at| path.as_bytes()[*at].is_ascii_lowercase()).step_by(5) {
            let odd = format!("{}%{:02x}{}", &path[..at], path.as_bytes()[at], &path[at + 1..]);
            let method = reqwest::Method::from_bytes(rule.method.as_bytes()).unwrap();
            for who in [&alice, &anyone] {
                let reply = who.send(who.request(method.clone(), &odd)).await;
                assert_eq!(reply.status, 404, "{} {odd}: {}", rule.method, reply.text());
            }
        }
    }
}

#[test]
fn every_route_has_a_row_in_the_table_in_the_document_and_in_the_oracle() {
    let set = |rows: Vec<(String, String)>| rows.into_iter().collect::<BTreeSet<_>>();
    let table = set(tamis::auth::table::RULES.iter().map(|r| (r.method.into(), r.path.into())).collect());
    let oracle = set(ROUTES.iter().map(|r| (r.method.into(), r.path.into())).collect());
    let differ = |a: &BTreeSet<_>, b: &BTreeSet<_>| a.symmetric_difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(differ(&table, &oracle), [], "authorisation table and oracle");
    let mut document = BTreeSet::new();
    for (path, item) in super::openapi::document()["paths"].as_object().unwrap() {
        document.extend(item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    // The registry's routes have a specification of their own.
    document.extend(registry::REGISTRY.iter().map(|r| (r.method.to_owned(), r.path.to_owned())));
    document.extend(UNDOCUMENTED.map(|(method, path)| (method.to_owned(), path.to_owned())));
    document.extend(meshery::MESHERY.iter().map(|r| (r.method.to_owned(), r.path.to_owned())));
    assert_eq!(differ(&table, &document), [], "authorisation table and document");
    assert_eq!(tamis::auth::table::RULES.len(), table.len(), "a row twice");
    for rule in tamis::auth::table::RULES {
        let oracle = ROUTES.iter().find(|r| (r.method, r.path) == (rule.method, rule.path)).unwrap();
        let scopes = rule.scopes.map(|all| all.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" "));
        assert_eq!(scopes.as_deref(), oracle.scope, "{} {}", rule.method, rule.path);
    }
}

fn met(expect: Expect, reply: &Reply) -> bool {
    let quarantined = || reply.json()["code"] == "quarantined";
    match expect {
        Expect::Allowed => !matches!(reply.status, 401 | 403 | 404) && reply.status < 500,
        Expect::Unauthenticated => reply.status == 401 && !reply.header("www-authenticate").is_empty(),
        Expect::Forbidden => reply.status == 403 && !quarantined(),
        Expect::Quarantined => reply.status == 403 && quarantined(),
        Expect::Absent => reply.status == 404,
    }
}

/// Everything of an answer but what is another each time. (`Connection` is of the hop, not of
/// the answer, RFC 9110 section 7.6.1: the server closes when the body had not arrived yet.)
fn shape(reply: &Reply) -> (u16, Vec<String>, String) {
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "connection"))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    (reply.status, headers, reply.text().replace(reply.header("x-request-id"), ""))
}

async fn probe(world: &World, route: &Route, who: Principal, wrong: &mut Vec<String>) -> usize {
    let expect = expected(route, who, world.stage);
    let blind = expect == Expect::Absent || (expect == Expect::Forbidden && who == Principal::Unscoped);
    let asked = Asked { person: world.caller(who, route), target: world.target(who), expect, blind };
    ask(world, route, &format!("{who:?}"), asked, wrong).await;
    1
}

struct Asked<'a> {
    person: &'a Person,
    target: &'a Target,
    expect: Expect,
    /// Must not be able to tell the target from one that is not there.
    blind: bool,
}

async fn ask(world: &World, route: &Route, who: &str, asked: Asked<'_>, wrong: &mut Vec<String>) {
    let Asked { person, target, expect, blind } = asked;
    let reply = world.send(person, route, target).await;
    let cell = format!("{:?}: {who} {} {}", world.stage, route.method, route.path);
    if !met(expect, &reply) {
        let text: String = reply.text().chars().take(300).collect();
        wrong.push(format!("{cell}: expected {expect:?}, got {} {text}", reply.status));
    }
    // Who lacks the scope or the role learns nothing either.
    if blind && route.path.contains('{') {
        for twin in absent(target) {
            let other = world.send(person, route, &twin).await;
            if shape(&other) != shape(&reply) {
                wrong.push(format!("{cell}: tells apart\n  {:?}\n  {:?}", shape(&reply), shape(&other)));
            }
        }
    }
}

async fn matrix(stage: Stage) {
    let world = World::build(stage).await;
    let (mut cells, mut wrong) = (0, vec![]);
    for route in ROUTES {
        for who in PRINCIPALS {
            cells += probe(&world, route, who, &mut wrong).await;
        }
    }
    assert_eq!(cells, ROUTES.len() * PRINCIPALS.len());
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_draft_is_for_insiders_its_reviewers_and_nobody_else() {
    matrix(Stage::PrivateDraft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_draft_is_for_everyone_signed_in() {
    matrix(Stage::PublicDraft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_release_is_for_everyone_to_read_and_for_writers_to_change() {
    matrix(Stage::Published).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yanked_release_is_there_for_those_who_name_it() {
    matrix(Stage::Yanked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_release_gives_its_reason_and_no_bytes() {
    matrix(Stage::Quarantined).await;
}
