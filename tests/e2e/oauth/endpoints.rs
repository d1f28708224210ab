//! The other endpoints: metadata, introspection, revocation, userinfo, and what a person sees of it all.
use super::flow::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Reply};
use tamis_entities::value::Role;

async fn introspect(app: &TestApp, id: &str, secret: &str, text: &str) -> Value {
    let nobody = app.anonymous();
    let request = nobody.request(Method::POST, "/oauth2/introspect").basic_auth(id, Some(secret));
    nobody.send(request.form(&[("token", text)])).await.expect(200).json()
}

/// Tokens of a registered client for this person.
async fn tokens_of(
    app: &TestApp,
    browser: &Browser,
    id: &str,
    secret: &str,
    parameters: Parameters,
) -> Value {
    let code = answer(&browser.allow(&url_of(&parameters)).await).remove("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", secret),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    token(app, &form).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_names_endpoints_that_are_there_under_the_public_url() {
    let app = TestApp::spawn_with(&["--public-url", "https://tamis.example"]).await;
    let nobody = app.anonymous();
    let (a, b) = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration");
    let request = nobody.request(Method::GET, a).header("host", "evil.example");
    let metadata = nobody.send(request).await.expect(200).json();
    assert_eq!(metadata, nobody.get(b).await.expect(200).json());
    assert_eq!(metadata["issuer"], "https://tamis.example");
    let rules = tamis::auth::table::RULES;
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix("https://tamis.example").unwrap();
            assert!(rules.iter().any(|rule| rule.path == path), "{name}: {path}");
        }
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_be_looked_at_by_those_it_concerns() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let root = app.user("boss", Role::Admin).await;
    let (id, secret) = register(&root, json!({"audiences": ["https://files.example/"]})).await;
    let (files, files_secret) = register(&root, json!({"audiences": ["https://files.example/"]})).await;
    let (other, other_secret) = register(&alice, json!({})).await;
    let mut parameters = asking(&id, CALLBACK, "filters:read offline_access");
    parameters.insert("resource", "https://files.example/".into());
    let tokens = tokens_of(&app, &browser, &id, &secret, parameters).await;
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    // It is for somebody else: our own doors stay shut.
    bearer(&app, &tokens).get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    for (id, secret) in [(&id, &secret), (&files, &files_secret)] {
        let seen = introspect(&app, id, secret, access).await;
        assert_eq!((&seen["active"], &seen["username"]), (&json!(true), &json!("alice")), "{seen}");
        assert_eq!(seen["aud"], "https://files.example/");
    }
    assert_eq!(introspect(&app, &id, &secret, refresh).await["active"], true);
    let inactive = json!({"active": false});
    for text in [access, refresh, "nonsense", "a.b.c"] {
        assert_eq!(introspect(&app, &other, &other_secret, text).await, inactive);
    }
    let renewal = [
        ("grant_type", "refresh_token"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("refresh_token", refresh),
        ("resource", &app.base),
    ];
    expect_refusal(token(&app, &renewal).await, 400, "invalid_target");
    let public = [("client_id", CLI), ("token", access)];
    expect_refusal(post(&app, "/oauth2/introspect", &public).await, 401, "invalid_client");
    let (ada, mallory) = (app.user("ada", Role::Admin).await, app.author("mallory").await);
    let ask = |person: &tamis_e2e::client::Person| {
        person.request(Method::POST, "/oauth2/introspect").form(&[("token", access)])
    };
    assert_eq!(ada.send(ask(&ada)).await.expect(200).json()["active"], true);
    expect_refusal(mallory.send(ask(&mallory)).await, 401, "invalid_client");
    let narrow = app.token("ada", Some("filters:read")).await;
    expect_refusal(narrow.send(ask(&narrow)).await, 401, "invalid_client");
    app.clock.advance(Duration::from_secs(620));
    assert_eq!(introspect(&app, &id, &secret, access).await, inactive);
    assert_eq!(introspect(&app, &id, &secret, refresh).await["active"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_thrown_away_is_good_nowhere_at_once() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let (other, other_secret) = register(&app.author("bob").await, json!({})).await;
    for which in ["access_token", "refresh_token"] {
        let tokens = cli_tokens(&app, &browser, "filters:read offline_access").await;
        let text = tokens[which].as_str().unwrap();
        let foreign = [("client_id", other.as_str()), ("client_secret", &other_secret), ("token", text)];
        expect_refusal(post(&app, "/oauth2/revoke", &foreign).await, 400, "unauthorized_client");
        bearer(&app, &tokens).get("/api/v1/me").await.expect(200);
        let own = [("client_id", CLI), ("token", text), ("token_type_hint", "nonsense")];
        for _ in 0..2 {
            post(&app, "/oauth2/revoke", &own).await.expect(200);
        }
        bearer(&app, &tokens).get("/api/v1/me").await.expect(401);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        expect_refusal(refresh_cli(&app, refresh).await, 400, "invalid_grant");
    }
    post(&app, "/oauth2/revoke", &[("client_id", CLI), ("token", "never-issued")]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_what_may_act_for_them_and_ends_it() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let browser = Browser::sign_in(&app, "alice").await;
    let (id, secret) = register(&bob, json!({"name": "Bob's <b>tool"})).await;
    let wanted = || asking(&id, CALLBACK, "filters:read offline_access");
    let tokens = tokens_of(&app, &browser, &id, &secret, wanted()).await;
    let listed = alice.get("/api/v1/me/grants").await.expect(200).json();
    let item = &listed["items"][0];
    assert_eq!((&item["client_name"], &item["client_id"]), (&json!("Bob's <b>tool"), &json!(id)));
    assert_eq!(item["scopes"], json!(["offline_access", "filters:read"]));
    let path = format!("/api/v1/me/grants/{}", item["id"].as_str().unwrap());
    assert_eq!(bob.get("/api/v1/me/grants").await.expect(200).json()["items"], json!([]));
    bob.delete(&path).await.expect(404);
    browser.get(&url_of(&wanted())).await.expect(303);
    alice.delete(&path).await.expect(204);
    alice.delete(&path).await.expect(404);
    bearer(&app, &tokens).get("/api/v1/me").await.expect(401);
    // The client has to ask again, and its name is shown as text.
    let page = browser.get(&url_of(&wanted())).await.expect(200);
    assert!(page.text().contains("Bob&#39;s &lt;b&gt;tool"), "{}", page.text());
    assert_eq!(alice.get("/api/v1/me/grants").await.expect(200).json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_says_what_the_token_may_know() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let info = async |scope: &str| -> Reply {
        let tokens = cli_tokens(&app, &browser, scope).await;
        bearer(&app, &tokens).get("/oauth2/userinfo").await
    };
    info("filters:read profile").await.expect_problem(403, "insufficient-scope");
    let little = info("openid").await.expect(200).json();
    assert_eq!(little.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub"]);
    assert_eq!(info("openid profile").await.expect(200).json()["preferred_username"], "alice");
    let nobody = app.anonymous().get("/oauth2/userinfo").await.expect(401);
    assert!(nobody.header("www-authenticate").starts_with("Bearer"));
}
