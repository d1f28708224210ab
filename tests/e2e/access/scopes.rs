//! Every route with a token of every single scope, sent in every way that a token is sent.
use super::{
    meshery::{in_json, is_of_meshery},
    oracle::{Asks, ROUTES, Stage},
    world::World,
};
use serde_json::json;
use tamis_e2e::client::{Person, Reply};
use tamis_entities::value::Scope;

fn lacks_scope(reply: &Reply) -> bool {
    let code = "insufficient-scope";
    let in_the_registry = || reply.json()["errors"][0]["detail"]["code"] == code;
    reply.status == 403 && (reply.json()["code"] == code || in_the_registry())
}

/// An administrator who owns the team: whatever is refused, is refused for the scope.
async fn mighty(world: &World) {
    let olga = world.person("olga");
    olga.put("/api/v1/teams/acme/members/ada", &json!({"role": "owner"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_its_one_scope_names_and_nothing_else() {
    let world = World::build(Stage::Published).await;
    mighty(&world).await;
    let target = world.target(super::Principal::ReviewingCurator);
    let (mut cells, mut wrong) = (0, vec![]);
    for scope in Scope::ALL.map(Scope::as_str) {
        let token = world.app.token("ada", Some(scope)).await;
        for route in ROUTES {
            let reply = world.send(&token, route, target).await;
            let refused = route.scope.is_some_and(|wanted| !wanted.split(' ').any(|word| word == scope));
            if lacks_scope(&reply) != refused || reply.status == 401 || reply.status >= 500 {
                wrong.push(format!("{scope} at {} {}: {}", route.method, route.path, reply.status));
            }
            cells += 1;
        }
    }
    assert_eq!(cells, ROUTES.len() * Scope::ALL.len());
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sent_as_a_basic_password_does_no_more_than_as_bearer() {
    let world = World::build(Stage::PrivateDraft).await;
    mighty(&world).await;
    let nobody = Person { name: "ada".into(), ..world.app.anonymous() };
    let mut wrong = vec![];
    for scope in Scope::ALL.map(Scope::as_str) {
        let secret = world.app.token("ada", Some(scope)).await.token.unwrap();
        for route in ROUTES.iter().filter(|r| r.method == "GET" && r.scope.is_some()) {
            let path = world.prepare(route, world.target(super::Principal::ReviewingCurator)).await;
            let request = nobody.request(reqwest::Method::GET, &path).basic_auth("ada", Some(&secret));
            let request = in_json(route, request);
            let reply = nobody.send(request).await;
            let refused = route.scope.is_some_and(|wanted| !wanted.split(' ').any(|word| word == scope));
            if lacks_scope(&reply) != refused || reply.status == 401 {
                wrong.push(format!("{scope} at {}: {}", route.path, reply.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_credential_is_refused_even_where_none_is_needed() {
    let world = World::build(Stage::Published).await;
    let nobody = world.app.anonymous();
    let target = world.target(super::Principal::Outsider);
    let wrong =
        ["Bearer tms_unknown", "Bearer", "Bearer ", "Basic !!!", "Basic dTpw", "Negotiate x", "tms_unknown"];
    for route in ROUTES.iter().filter(|r| r.path.starts_with("/api/") || r.path.starts_with("/modules/")) {
        // Whoever exchanges an identity token has no other credential, and none is looked at.
        if route.scope.is_none() && route.asks == Asks::Nothing {
            continue;
        }
        let path = world.prepare(route, target).await;
        for credential in wrong {
            let request =
                nobody.request(route.method.parse().unwrap(), &path).header("authorization", credential);
            let reply = nobody.send(request).await.expect(401);
            assert!(is_of_meshery(route) || reply.json()["code"] == "unauthenticated", "{}", reply.text());
        }
        let twice = nobody.request(route.method.parse().unwrap(), &path);
        let twice = twice.header("authorization", "Bearer a").header("authorization", "Bearer b");
        let reply = nobody.send(twice).await.expect(401);
        assert!(is_of_meshery(route) || reply.json()["code"] == "unauthenticated", "{}", reply.text());
    }
}
