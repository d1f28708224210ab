//! The same person by every way of showing who they are: a session in a browser and a token of the registry open
//! what their API token opens, and nothing else.
use super::{
    meshery::is_of_meshery,
    oracle::{Expect, PRINCIPALS, Principal, ROUTES, Route, Stage, expected},
    routes::Asks,
    world::World,
};
use reqwest::Method;
use tamis_e2e::{browser::browser, client::Person};

fn people() -> impl Iterator<Item = Principal> {
    PRINCIPALS.into_iter().filter(|who| ![Principal::Anonymous, Principal::Unscoped].contains(who))
}

async fn session(world: &World, name: &str) -> Person {
    let person = browser(&world.app);
    let link = tamis::operate::accounts::link(&world.app.state, &name.parse().unwrap()).await.unwrap();
    let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    person.send(person.request(Method::POST, &path)).await.expect(303);
    person
}

fn reads(route: &&Route) -> bool {
    // Both of these doors take no cookie at all; a browser of the tests follows no redirect.
    let other_door = is_of_meshery(route) || route.path.starts_with("/v2");
    route.method == "GET"
        && !other_door
        && route.asks != Asks::Browser
        && !["/docs", "/sign-in"].contains(&route.path)
}

async fn by_cookie(stage: Stage) {
    let world = World::build(stage).await;
    let (mut cells, mut wrong) = (0, vec![]);
    for who in people() {
        let person = world.caller(who, &ROUTES[0]);
        let browser = session(&world, &person.name).await;
        for route in ROUTES.iter().filter(reads) {
            let path = world.prepare(route, world.target(who)).await;
            let by_token = person.get(&path).await;
            let by_cookie = browser.get(&path).await;
            if by_cookie.status != by_token.status {
                wrong.push(format!(
                    "{who:?} {path}: {} by token, {} by cookie",
                    by_token.status, by_cookie.status
                ));
            }
            cells += 1;
        }
    }
    assert!(cells > 500, "{cells}");
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_reads_of_a_private_draft_what_the_persons_token_reads() {
    by_cookie(Stage::PrivateDraft).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_reads_of_what_is_published_what_the_persons_token_reads() {
    by_cookie(Stage::Published).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_registry_pulls_what_the_person_may_pull_in_every_stage() {
    let stages =
        [Stage::PrivateDraft, Stage::PublicDraft, Stage::Published, Stage::Yanked, Stage::Quarantined];
    let (mut cells, mut wrong) = (0, vec![]);
    for stage in stages {
        let world = World::build(stage).await;
        for who in people() {
            let (person, target) = (world.caller(who, &ROUTES[0]), world.target(who));
            let name = format!("{}/{}", target.namespace, target.filter);
            let scopes = format!("scope=repository:{name}:pull&scope=repository:wasm/{name}:pull");
            let ask = format!("/v2/token?service=tamis&{scopes}");
            let nobody = world.app.anonymous();
            let request = nobody.request(Method::GET, &ask).basic_auth(&person.name, person.token.as_ref());
            let token = nobody.send(request).await.expect(200).json()["token"].as_str().unwrap().to_owned();
            let puller = Person { token: Some(token), ..world.app.anonymous() };
            for route in ROUTES.iter().filter(|r| r.asks == Asks::Pull) {
                let path = world.prepare(route, target).await;
                let reply = puller.get(&path).await;
                let may = expected(route, who, stage) == Expect::Allowed;
                // A digest of the module is a blob of one of the two names only.
                let opened = reply.status < 400 || (may && reply.status == 404);
                if opened != may || reply.status >= 500 {
                    wrong.push(format!("{stage:?} {who:?} {path}: {}, expected {may}", reply.status));
                }
                cells += 1;
            }
        }
    }
    assert!(cells > 100, "{cells}");
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}
