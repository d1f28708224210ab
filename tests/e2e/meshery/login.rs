//! Whom a login leads back to: somebody's own machine, and Servers that an administrator let in.
use super::{
    wire::{Dialect, Server},
    world::{encoded, given, login_path, saving},
};
use crate::oauth::flow::Browser;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use std::time::Duration;
use tamis::meshery::servers;
use tamis_e2e::app::TestApp;
use tamis_entities::{
    meshery_session,
    value::{MesheryServerState as Is, Role},
};

const AFAR: &str = "https://meshery.example/api/user/token";

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_server_gets_no_token_until_an_administrator_lets_it_in() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.user("ada", Role::Admin).await;
    let (alice, ada) = (Browser::sign_in(&app, "alice").await, Browser::sign_in(&app, "ada").await);
    let path = login_path(Dialect::V07, AFAR);
    let page = alice.get(&path).await.expect(403);
    assert!(page.text().contains("https://meshery.example") && page.header("location").is_empty());
    // Who may not let it in can ask for it, and gets nothing for asking.
    let asked = alice.press("/login", &page, "yes").await.expect(403);
    assert!(asked.header("location").is_empty(), "{}", asked.text());
    let found = servers::list(&app.state).await.unwrap();
    assert_eq!((found.len(), found[0].state), (1, Is::Pending));
    alice.get(&path).await.expect(403);

    let page = ada.get(&path).await.expect(403);
    let back = ada.press("/login", &page, "yes").await.expect(302);
    assert!(back.header("location").starts_with("https://meshery.example/api/user/token?token="));
    let mut tokens = vec![];
    for browser in [&alice, &ada] {
        let back = browser.get(&path).await.expect(302);
        tokens.push(given(&back.header("location").parse().unwrap(), "token"));
    }
    // Of the same host on another port nobody said anything.
    alice.get(&login_path(Dialect::V07, "https://meshery.example:8443/")).await.expect(403);

    // Cutting it off ends every login from it at once, and no new one begins.
    let (id, who) = (
        found[0].id,
        tamis::auth::identity::identity(
            &*app.state.db,
            found[0].requested_by.unwrap(),
            tamis::auth::identity::Via::Operator,
            None,
        )
        .await
        .unwrap()
        .unwrap(),
    );
    servers::decide(&app.state, &who, id, Some(Is::CutOff), None).await.unwrap();
    for token in tokens {
        let server = Server::new(&app, Dialect::V07, &token);
        server.call("GET", "/user", None).await.expect(401);
        let body = json!({"token": token}).to_string();
        server.ask("POST", "/refresh", Some(&body)).await.expect(500);
    }
    ada.get(&path).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_the_question_comes_from_the_page_that_asked_it() {
    let app = TestApp::spawn().await;
    app.user("ada", Role::Admin).await;
    let ada = Browser::sign_in(&app, "ada").await;
    let page = ada.get(&login_path(Dialect::V2026, AFAR)).await.expect(403);
    let seal = crate::oauth::flow::hidden(&page, "seal");
    let other = format!("source={}", encoded("https://evil.example/"));
    let form = [("question", other.as_str()), ("seal", seal.as_str()), ("answer", "yes")];
    ada.post("/login", &form).await.expect(403);
    let question = crate::oauth::flow::hidden(&page, "question");
    let form = [("question", question.as_str()), ("seal", seal.as_str()), ("answer", "yes")];
    let foreign = ada.person.request(reqwest::Method::POST, "/login").header("cookie", &ada.cookie);
    ada.person.send(foreign.header("sec-fetch-site", "cross-site").form(&form)).await.expect(403);
    assert!(servers::list(&app.state).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_anywhere_before_they_have_signed_in() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let nobody = Browser::sign_in(&app, "alice").await.nobody();
    let path = login_path(Dialect::V07, "http://localhost:9081/api/user/token");
    let reply = nobody.get(&path).await.expect(303);
    assert!(
        reply.header("location").starts_with("/sign-in?next=%2Flogin%3F"),
        "{}",
        reply.header("location")
    );
    // The start page of the same path is the catalog's.
    nobody.get("/").await.expect(200);
}

/// Whatever stands in `source`: no redirect, or one to the person's own machine.
#[tokio::test(flavor = "multi_thread")]
async fn no_source_leads_anywhere_else() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let alice = Browser::sign_in(&app, "alice").await;
    for text in [
        "https://evil.example",
        "//evil.example",
        "http:evil.example",
        "http:/evil.example",
        "http:///evil.example",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example/",
        "http://localhost\\@evil.example/",
        "http://localhost.evil.example/",
        "http://localhost%2eevil.example/",
        "http://127.0.0.1.evil.example/",
        "http://evil.example#@localhost/",
        "http://evil.example?@localhost/",
        "http://[::ffff:8.8.8.8]/",
        "javascript:alert(1)//http://localhost",
        "data:text/html,http://localhost",
        "\\\\evil.example",
        "http://localhost\n.evil.example/",
        "http://localhos\u{442}/",
        "http://①②⑦.0.0.1.evil.example/",
        "/",
        "",
        "localhost",
        "ftp://localhost/",
        "file://localhost/etc/passwd",
        "http://0.0.0.0/",
        "http://169.254.169.254/",
    ] {
        for path in ["/login", "/"] {
            let reply = alice.get(&format!("{path}?source={}", encoded(text))).await;
            assert!([400, 403].contains(&reply.status), "{text}: {}", reply.status);
            assert!(reply.header("location").is_empty(), "{text}: {}", reply.header("location"));
            assert!(!reply.text().contains("token="), "{text}");
        }
    }
    for raw in ["source=%00", "source=!!!!", "source=", "source=A", "source=aHR0&source=aHR0", "other=1"] {
        alice.get(&format!("/login?{raw}")).await.expect(400);
    }
    assert!(servers::list(&app.state).await.unwrap().is_empty());
    // What is in the address already does not pass for what we give.
    let sly = "http://localhost:1/?token=mine&session_cookie=mine&ref=mine&keep=1";
    let back = alice.get(&format!("/login?source={}", encoded(sly))).await.expect(302);
    let back: url::Url = back.header("location").parse().unwrap();
    assert_eq!(back.query_pairs().filter(|(n, _)| n == "token").count(), 1);
    assert!(given(&back, "token") != "mine" && given(&back, "keep") == "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_what_it_is_and_is_believed_about_itself_alone() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = super::world::server(&app, "alice", Dialect::V07).await;
    let said = json!({"id": uuid::Uuid::nil(), "kind": "meshery", "sub_type": "management", "type": "platform",
        "metadata": {"server_build_sha": "", "server_id": super::wire::SYSTEM_ID,
            "server_location": "https://somebody-else.example", "server_version": "v0.7.130"},
        "status": "connected", "credential_secret": {"token": null}, "skip_credential_verification": false});
    let reply = server.call("POST", "/api/integrations/connections", Some(&said.to_string())).await;
    let rows = super::wire::page(Dialect::V07, &reply, "connections").unwrap();
    assert_eq!(rows[0]["metadata"]["server_version"], "v0.7.130");
    let found = servers::list(&app.state).await.unwrap();
    assert_eq!((found.len(), found[0].origin.as_str()), (1, "http://localhost:9081"));
    let path = format!("/api/integrations/connections/meshery/{}", super::wire::SYSTEM_ID);
    server.call("DELETE", &path, None).await.expect(200);
    let _ = saving(Dialect::V07, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_seen_at_each_login_and_refresh_and_a_login_that_is_over_is_forgotten() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.user("ada", Role::Admin).await;
    let (alice, ada) = (Browser::sign_in(&app, "alice").await, Browser::sign_in(&app, "ada").await);
    let path = login_path(Dialect::V07, AFAR);
    let page = ada.get(&path).await.expect(403);
    ada.press("/login", &page, "yes").await.expect(302);
    let seen = async || servers::list(&app.state).await.unwrap()[0].last_seen_at;
    let first = seen().await.expect("a login is a sign of life");
    app.clock.advance(Duration::from_secs(60));
    let back = alice.get(&path).await.expect(302);
    let token = given(&back.header("location").parse().unwrap(), "token");
    let second = seen().await.unwrap();
    assert!(second > first);
    app.clock.advance(Duration::from_secs(60));
    let body = json!({"token": token}).to_string();
    let server = Server::new(&app, Dialect::V07, &token);
    server.ask("POST", "/refresh", Some(&body)).await.expect(200);
    assert!(seen().await.unwrap() > second);
    let kept = async || {
        tamis::meshery::sessions::forget_expired(&app.state).await.unwrap();
        meshery_session::Entity::find().count(&*app.state.db).await.unwrap()
    };
    assert_eq!(kept().await, 2);
    let gone = json!({"token": super::wire::refresh(&token)}).to_string();
    server.ask("POST", "/revoke", Some(&gone)).await.expect(200);
    assert_eq!(kept().await, 2);
    app.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(kept().await, 1);
    app.clock.advance(Duration::from_secs(40 * 86_400));
    assert_eq!(kept().await, 0);
}

/// A place in a Meshery Server may have a long address; who signs in on the way arrives there all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_way_back_outlasts_the_sign_in() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let nobody = Browser::sign_in(&app, "alice").await.nobody();
    let place = encoded(&format!("/extension/{}", "x".repeat(900)));
    let path = format!("{}&ref={place}", login_path(Dialect::V2026, AFAR));
    let reply = nobody.get(&path).await.expect(303);
    let page = nobody.get(reply.header("location")).await.expect(200);
    assert!(page.text().contains(&place), "{}", page.text());
}
