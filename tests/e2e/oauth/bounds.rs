//! What a client, a program, or a credential for a part never becomes: trusted for what it was not,
//! lasting, wider, or another person's decision.
use super::flow::*;
use crate::tokens::holder;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, small},
};
use tamis_entities::value::Role;

const CLIENTS: &str = "/api/v1/oauth-clients";
const ALONE: &str = "client_credentials";

async fn by_itself(app: &TestApp, id: &str, secret: &str) -> Reply {
    let form =
        [("grant_type", ALONE), ("scope", "filters:read"), ("client_id", id), ("client_secret", secret)];
    token(app, &form).await
}

/// The same person at a browser: their session in place of a token.
fn at(browser: &Browser, person: &Person) -> Person {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("cookie", browser.cookie.parse().unwrap());
    headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    headers.insert("origin", person.base.parse().unwrap());
    let http = tamis_e2e::client::http().default_headers(headers).build().unwrap();
    Person { token: None, http, ..person.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_in_a_client_ends_when_the_client_changes() {
    let app = TestApp::spawn().await;
    let (alice, ada) = (app.author("alice").await, app.user("ada", Role::Admin).await);
    app.author("bob").await;
    let bob = Browser::sign_in(&app, "bob").await;
    let (id, _) = register(&alice, json!({})).await;
    let path = format!("{CLIENTS}/{id}");
    let ask = url_of(&asking(&id, CALLBACK, "filters:read"));
    bob.get(&ask).await.expect(200);
    alice.patch(&path, &json!({"trusted": true})).await.expect_problem(403, "role");
    for change in [
        json!({"redirect_uris": [CALLBACK, "https://evil.example/"]}),
        json!({"name": "Another"}),
        json!({"scopes": ["filters:read", "filters:write"]}),
    ] {
        assert_eq!(ada.patch(&path, &json!({"trusted": true})).await.expect(200).json()["trusted"], true);
        bob.get(&ask).await.expect(303);
        assert_eq!(alice.patch(&path, &change).await.expect(200).json()["trusted"], false, "{change}");
        bob.get(&ask).await.expect(200);
    }
    // What any program on a machine can say it is, is asked about each time.
    let body = json!({"name": "Desk", "public": true, "redirect_uris": [LOOPBACK],
        "grant_types": ["authorization_code"], "scopes": ["filters:read"]});
    let desk = alice.post(CLIENTS, &body).await.expect(201).json()["client_id"].as_str().unwrap().to_owned();
    ada.patch(&format!("{CLIENTS}/{desk}"), &json!({"trusted": true})).await.expect(200);
    bob.get(&url_of(&asking(&desk, LOOPBACK, "filters:read"))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_narrow_token_administers_nothing() {
    let app = TestApp::spawn().await;
    let (alice, ada) = (app.author("alice").await, app.user("ada", Role::Admin).await);
    let (id, _) = register(&alice, json!({})).await;
    let path = format!("{CLIENTS}/{id}");
    let narrow = app.token("ada", Some("tokens:write filters:read filters:write teams:write")).await;
    narrow.get(&path).await.expect(404);
    assert_eq!(narrow.get(CLIENTS).await.expect(200).json()["items"], json!([]));
    for change in [json!({"trusted": true}), json!({"disabled": true})] {
        narrow.patch(&path, &change).await.expect(404);
    }
    let (own, _) = register(&narrow, json!({})).await;
    let own = format!("{CLIENTS}/{own}");
    narrow.patch(&own, &json!({"trusted": true})).await.expect_problem(403, "role");
    narrow.patch(&own, &json!({"audiences": ["https://mesh.example"]})).await.expect_problem(403, "role");
    ada.patch(&path, &json!({"trusted": true})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_a_yes_to_what_was_shown() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.author("bob").await;
    let bob = Browser::sign_in(&app, "bob").await;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let (id, secret) = register(&alice, json!({"grant_types": ["authorization_code", device]})).await;
    let path = format!("{CLIENTS}/{id}");
    let ask = url_of(&asking(&id, CALLBACK, "openid filters:read filters:write"));
    let form = [("client_id", id.as_str()), ("client_secret", &secret), ("scope", "openid filters:write")];
    let code = post(&app, "/oauth2/device_authorization", &form).await.expect(200).json();
    let at_device = format!("/device?user_code={}", code["user_code"].as_str().unwrap());
    for change in [json!({"name": "Bank of Bob"}), json!({"scopes": ["openid"]})] {
        let (page, device) = (bob.get(&ask).await.expect(200), bob.get(&at_device).await.expect(200));
        alice.patch(&path, &change).await.expect(200);
        bob.press("/oauth2/authorize", &page, "yes").await.expect(400);
        bob.press("/device", &device, "yes").await.expect(400);
    }
    let page = bob.get(&ask).await.expect(200);
    bob.press("/oauth2/authorize", &page, "yes").await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_for_one_service_is_none_for_another() {
    let app = TestApp::spawn().await;
    let ada = app.user("ada", Role::Admin).await;
    app.author("bob").await;
    let bob = Browser::sign_in(&app, "bob").await;
    let (id, _) = register(&ada, json!({"audiences": ["https://mesh.example/"]})).await;
    let mut ask = asking(&id, CALLBACK, "filters:read");
    bob.allow(&url_of(&ask)).await;
    bob.get(&url_of(&ask)).await.expect(303);
    ask.insert("resource", "https://mesh.example/".into());
    let page = bob.get(&url_of(&ask)).await.expect(200);
    assert!(page.text().contains("https://mesh.example/"));
    bob.press("/oauth2/authorize", &page, "yes").await.expect(303);
    bob.get(&url_of(&ask)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_left_open_gives_no_program_what_takes_a_recent_sign_in() {
    let app = TestApp::spawn().await;
    let carl = app.curator("carl").await;
    let browser = Browser::sign_in(&app, "carl").await;
    let ask = |scope: &str| url_of(&asking(CLI, LOOPBACK, scope));
    let form = [("client_id", CLI), ("scope", "reviews:vote filters:read")];
    let code = post(&app, "/oauth2/device_authorization", &form).await.expect(200).json();
    let device = format!("/device?user_code={}", code["user_code"].as_str().unwrap());
    browser.get(&ask("reviews:vote")).await.expect(200);
    browser.get(&device).await.expect(200);
    app.clock.advance(Duration::from_secs(599));
    let form = [("client_id", CLI), ("scope", "reviews:vote filters:read")];
    let code = post(&app, "/oauth2/device_authorization", &form).await.expect(200).json();
    let device = format!("/device?user_code={}", code["user_code"].as_str().unwrap());
    app.clock.advance(Duration::from_secs(2));
    for (at, grave) in [
        (ask("reviews:vote"), true),
        (ask("tokens:write"), true),
        (device, true),
        (ask("filters:read"), false),
    ] {
        let reply = browser.get(&at).await.expect(if grave { 303 } else { 200 });
        assert_eq!(
            reply.header("location").starts_with("/sign-in?"),
            grave,
            "{at}: {}",
            reply.header("location")
        );
    }
    // A client that votes by itself is made like a token that votes.
    let body = json!({"name": "votes", "grant_types": [ALONE], "scopes": ["reviews:vote"]});
    at(&browser, &carl).post(CLIENTS, &body).await.expect_problem(403, "sign-in-again");
    let plain = json!({"name": "reads", "grant_types": [ALONE], "scopes": ["filters:read"]});
    let made = at(&browser, &carl).post(CLIENTS, &plain).await.expect(201).json();
    let path = format!("{CLIENTS}/{}", made["client_id"].as_str().unwrap());
    let wider = json!({"scopes": ["reviews:vote"]});
    at(&browser, &carl).patch(&path, &wider).await.expect_problem(403, "sign-in-again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_makes_nothing_that_lasts() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let program = bearer(&app, &cli_tokens(&app, &browser, "tokens:write filters:read").await);
    let body = json!({"name": "n", "scopes": ["filters:read"]});
    program.post("/api/v1/tokens", &body).await.expect_problem(403, "passing-credential");
    let body = json!({"name": "n", "grant_types": [ALONE], "scopes": ["filters:read"]});
    program.post(CLIENTS, &body).await.expect_problem(403, "passing-credential");
    assert_eq!(program.get("/api/v1/tokens").await.expect(200).json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_none_that_outlives_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let ends = alice.get("/api/v1/tokens").await.expect(200).json()["items"][0]["expires_at"].clone();
    let ask = |end: Value| json!({"name": "n", "scopes": ["filters:read"], "expires_at": end});
    let made = alice.post("/api/v1/tokens", &ask(Value::Null)).await.expect(201).json();
    assert_eq!(made["expires_at"], ends);
    let later = app.clock.now().plus(Duration::from_secs(3601)).to_string();
    alice.post("/api/v1/tokens", &ask(json!(later))).await.expect_problem(400, "invalid");
    let sooner = app.clock.now().plus(Duration::from_secs(600)).to_string();
    alice.post("/api/v1/tokens", &ask(json!(sooner))).await.expect(201);
    let made = at(&browser, &alice).post("/api/v1/tokens", &ask(Value::Null)).await.expect(201).json();
    let ninety = app.clock.now().plus(Duration::from_secs(89 * 24 * 3600)).to_string();
    assert!(made["expires_at"].as_str().unwrap() > ninety.as_str(), "{made}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_names_other_audiences() {
    let app = TestApp::spawn().await;
    let (alice, ada) = (app.author("alice").await, app.user("ada", Role::Admin).await);
    let body = |audience: &str| {
        json!({"name": "n", "redirect_uris": [CALLBACK], "audiences": [audience],
        "grant_types": ["authorization_code"], "scopes": ["filters:read"]})
    };
    alice.post(CLIENTS, &body("https://mesh.example")).await.expect_problem(403, "role");
    ada.post(CLIENTS, &body("https://mesh.example")).await.expect(201);
    ada.post(CLIENTS, &body(&app.base)).await.expect_problem(400, "invalid");
    let (id, _) = register(&alice, json!({})).await;
    let change = json!({"audiences": ["https://mesh.example"]});
    alice.patch(&format!("{CLIENTS}/{id}"), &change).await.expect_problem(403, "role");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_ends_with_whoever_answers_for_it() {
    let app = TestApp::spawn().await;
    let (alice, ada) = (app.author("alice").await, app.user("ada", Role::Admin).await);
    let bob = app.author("bob").await;
    let (id, secret) = register(&bob, json!({"grant_types": [ALONE], "redirect_uris": []})).await;
    let program = bearer(&app, &by_itself(&app, &id, &secret).await.expect(200).json());
    program.get("/api/v1/me").await.expect(200);
    ada.post("/api/v1/users/bob/disable", &json!({"reason": "gone"})).await.expect(204);
    expect_refusal(by_itself(&app, &id, &secret).await, 401, "invalid_client");
    program.get("/api/v1/me").await.expect(401);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let (id, _) = register(&alice, json!({"owner": "acme"})).await;
    let ask = url_of(&asking(&id, CALLBACK, "filters:read"));
    let browser = Browser::sign_in(&app, "alice").await;
    browser.get(&ask).await.expect(200);
    alice.delete("/api/v1/teams/acme").await.expect(204);
    browser.get(&ask).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_good_for_a_part_decides_nothing_about_ownership_and_shows_no_more_than_it_reaches() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    for (filter, salt) in [("alice/f", "f"), ("alice/g", "g"), ("acme/h", "h"), ("bob/i", "i")] {
        let who = if filter.starts_with("bob") { &bob } else { &alice };
        who.upload(filter, "1.0.0", distinct(salt, 10)).await.expect(201);
    }
    bob.put("/api/v1/filters/bob/i/grants/user:alice", &json!({"level": "read"})).await.expect(200);
    let part = async |limit: Value| {
        let body = json!({"name": "n", "scopes": ["filters:read", "filters:write"], "limit": limit});
        let made = alice.post("/api/v1/tokens", &body).await.expect(201).json();
        let reach = format!("/api/v1/tokens/{}/reach", made["id"].as_str().unwrap());
        (holder(&alice, &made), alice.get(&reach).await.expect(200).json()["items"].clone())
    };
    let (one, reach) = part(json!({"namespace": "alice", "filter": "f"})).await;
    let item =
        |i: &Value| (i["namespace"].clone(), i["filter"].clone(), i["role"].clone(), i["level"].clone());
    let items = |reach: &Value| reach.as_array().unwrap().iter().map(item).collect::<Vec<_>>();
    assert_eq!(items(&reach), [(json!("alice"), json!("f"), json!("owner"), Value::Null)]);
    assert_eq!(one.get("/api/v1/me/reach").await.expect(200).json()["items"], reach);
    let (_, reach) = part(json!({"namespace": "acme"})).await;
    assert_eq!(items(&reach), [(json!("acme"), Value::Null, json!("owner"), Value::Null)]);
    let (_, reach) = part(json!({"namespace": "bob", "filter": "i"})).await;
    assert_eq!(items(&reach), [(json!("bob"), json!("i"), Value::Null, json!("read"))]);
    // Ownership is decided in person.
    let (own, _) = part(json!({"namespace": "alice"})).await;
    for token in [&one, &own] {
        let offer = token.post("/api/v1/filters/alice/f/transfer", &json!({"to": "bob"})).await;
        offer.expect_problem(403, "person-needed");
    }
    let offer = json!({"to": "alice"});
    let offer = bob.post("/api/v1/filters/bob/i/transfer", &offer).await.expect(201).json();
    let accept = format!("/api/v1/me/transfers/{}/accept", offer["id"].as_str().unwrap());
    own.post(&accept, &json!({})).await.expect_problem(403, "person-needed");
    alice.post(&accept, &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_somebody_is_is_told_to_browsers_and_programs_with_openid() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    alice.get("/oauth2/userinfo").await.expect_problem(403, "session-needed");
    browser.get("/oauth2/userinfo").await.expect(200);
    let program = bearer(&app, &cli_tokens(&app, &browser, "openid filters:read").await);
    let told = program.get("/oauth2/userinfo").await.expect(200).json();
    assert!(told["sub"].is_string() && told.get("preferred_username").is_none(), "{told}");
    // The errors of RFC 6750 section 3.
    let without = bearer(&app, &cli_tokens(&app, &browser, "filters:read").await);
    let refused = without.get("/oauth2/userinfo").await.expect(403);
    assert!(refused.header("www-authenticate").contains("error=\"insufficient_scope\""));
    let wrong = Person { token: Some("tms_nothing".into()), ..app.anonymous() };
    let refused = wrong.get("/oauth2/userinfo").await.expect(401);
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));
    let refused = app.anonymous().get("/oauth2/userinfo").await.expect(401);
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"tamis\"");
    let refused = without.upload("alice/f", "1.0.0", small()).await.expect(403);
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_hide_what_they_say_are_refused() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for odd in ["Bank\u{202e}kcatta", "Ba\u{200b}nk", "Ba\nnk"] {
        let body = json!({"name": odd, "redirect_uris": [CALLBACK], "grant_types": ["authorization_code"], "scopes": ["openid"]});
        alice.post(CLIENTS, &body).await.expect_problem(400, "invalid");
        let token = json!({"name": odd, "scopes": ["filters:read"]});
        alice.post("/api/v1/tokens", &token).await.expect_problem(400, "invalid");
        alice.put("/api/v1/filters/alice/f", &json!({"title": odd})).await.expect_problem(400, "invalid");
        let team = json!({"handle": "acme", "title": odd});
        alice.post("/api/v1/teams", &team).await.expect_problem(400, "invalid");
    }
    let twice = json!({"name": "n", "grant_types": [ALONE, ALONE], "scopes": ["filters:read"]});
    alice.send(alice.request(Method::POST, CLIENTS).json(&twice)).await.expect_problem(400, "invalid");
}
