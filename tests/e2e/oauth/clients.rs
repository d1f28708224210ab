//! Registered clients: who manages them, how they prove who they are, and what they do by themselves.
use super::flow::*;
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, client::Reply};
use tamis_entities::value::Role;

const ALONE: &str = "client_credentials";

async fn by_itself(app: &TestApp, id: &str, secret: &str, scope: &str) -> Reply {
    let nobody = app.anonymous();
    let request = nobody.request(Method::POST, "/oauth2/token").basic_auth(id, Some(secret));
    nobody.send(request.form(&[("grant_type", ALONE), ("scope", scope)])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_of_a_team_manage_its_clients_and_nobody_else_sees_them() {
    let app = TestApp::spawn().await;
    let (alice, bob, eve) = (app.author("alice").await, app.author("bob").await, app.author("eve").await);
    let ada = app.user("ada", Role::Admin).await;
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/teams/acme/members/bob", &json!({"role": "maintainer"})).await.expect(200);
    let (id, secret) = register(&alice, json!({"owner": "acme"})).await;
    assert!(secret.len() > 40);
    let path = format!("/api/v1/oauth-clients/{id}");
    let shown = alice.get(&path).await.expect(200);
    assert!(!shown.text().contains(&secret) && shown.json().get("client_secret").is_none());
    assert_eq!(shown.json()["owner"], "acme");
    for other in [&bob, &eve] {
        other.get(&path).await.expect(404);
        other.patch(&path, &json!({"name": "mine"})).await.expect(404);
        other.delete(&path).await.expect(404);
        assert_eq!(other.get("/api/v1/oauth-clients").await.expect(200).json()["items"], json!([]));
    }
    let body = json!({"name": "x", "owner": "acme", "redirect_uris": [CALLBACK], "grant_types": ["authorization_code"], "scopes": ["openid"]});
    bob.post("/api/v1/oauth-clients", &body).await.expect_problem(400, "invalid");
    // An administrator sees all, may vouch and disable, and changes nothing of what it is.
    ada.get(&path).await.expect(200);
    assert_eq!(ada.get("/api/v1/oauth-clients").await.expect(200).json()["items"][0]["client_id"], id);
    ada.patch(&path, &json!({"redirect_uris": ["https://evil.example/"]})).await.expect_problem(403, "role");
    ada.patch(&path, &json!({"disabled": true})).await.expect(200);
    alice.patch(&path, &json!({"name": "New name", "disabled": false})).await.expect(200);
    alice.delete(&path).await.expect(204);
    alice.get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_who_it_is_in_one_way() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let (id, secret) = register(&alice, json!({"grant_types": [ALONE], "redirect_uris": []})).await;
    let (_, other) = register(&alice, json!({})).await;
    by_itself(&app, &id, &secret, "filters:read").await.expect(200);
    let posted = async |id: &str, secret: &str| {
        token(
            &app,
            &[("grant_type", ALONE), ("scope", "filters:read"), ("client_id", id), ("client_secret", secret)],
        )
        .await
    };
    posted(&id, &secret).await.expect(200);
    let wrong = format!("{secret}x");
    for (id, secret) in [
        (id.as_str(), ""),
        (&id, &wrong),
        (&id, &other),
        ("unknown", &secret),
        (CLI, &secret),
        (&id.to_uppercase(), &secret),
    ] {
        for reply in [by_itself(&app, id, secret, "filters:read").await, posted(id, secret).await] {
            let reply = expect_refusal(reply, 401, "invalid_client");
            assert!(reply.header("www-authenticate").starts_with("Basic"));
        }
    }
    let nobody = app.anonymous();
    let form =
        [("grant_type", ALONE), ("scope", "filters:read"), ("client_id", &id), ("client_secret", &secret)];
    let both = nobody.request(Method::POST, "/oauth2/token").basic_auth(&id, Some(&secret)).form(&form);
    expect_refusal(nobody.send(both).await, 400, "invalid_request");
    let another = nobody.request(Method::POST, "/oauth2/token").basic_auth(&id, Some(&secret));
    let form = [("grant_type", ALONE), ("scope", "filters:read"), ("client_id", CLI)];
    expect_refusal(nobody.send(another.form(&form)).await, 400, "invalid_request");
    for header in ["Basic", "Basic !!!", "Basic dTpw", "Bearer x", "Digest x"] {
        let request = nobody.request(Method::POST, "/oauth2/token").header("authorization", header);
        let reply = nobody.send(request.form(&[("grant_type", ALONE), ("scope", "filters:read")])).await;
        expect_refusal(reply, 401, "invalid_client");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_by_itself_acts_as_its_owner_with_its_own_scopes() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let (id, secret) = register(
        &alice,
        json!({"grant_types": [ALONE], "redirect_uris": [], "scopes": ["filters:read", "offline_access"]}),
    )
    .await;
    let tokens =
        by_itself(&app, &id, &secret, "filters:read filters:write offline_access").await.expect(200).json();
    assert_eq!(tokens["scope"], "filters:read");
    assert!(tokens.get("refresh_token").is_none());
    let program = bearer(&app, &tokens);
    let me = program.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["handle"], &me["scopes"]), (&json!("alice"), &json!(["filters:read"])));
    expect_refusal(by_itself(&app, &id, &secret, "filters:write").await, 400, "invalid_scope");
    // Disabled, it ends at once.
    let path = format!("/api/v1/oauth-clients/{id}");
    alice.patch(&path, &json!({"disabled": true})).await.expect(200);
    program.get("/api/v1/me").await.expect(401);
    expect_refusal(by_itself(&app, &id, &secret, "filters:read").await, 401, "invalid_client");
    alice.patch(&path, &json!({"disabled": false})).await.expect(200);
    program.get("/api/v1/me").await.expect(401);
    let tokens = by_itself(&app, &id, &secret, "filters:read").await.expect(200).json();
    alice.delete(&path).await.expect(204);
    bearer(&app, &tokens).get("/api/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_through_a_client_than_they_have() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let body = |more: serde_json::Value| {
        let mut body = json!({"name": "x", "grant_types": [ALONE], "scopes": ["filters:read"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let clients = "/api/v1/oauth-clients";
    // It would act as whoever of the team registered it.
    alice.post(clients, &body(json!({"owner": "acme"}))).await.expect_problem(400, "invalid");
    alice.post(clients, &body(json!({"public": true}))).await.expect_problem(400, "invalid");
    alice
        .post(clients, &body(json!({"scopes": ["admin"]})))
        .await
        .expect_problem(403, "scope-beyond-credential");
    let narrow = app.token("alice", Some("tokens:write")).await;
    narrow.post(clients, &body(json!({}))).await.expect_problem(403, "scope-beyond-credential");
    let (id, _) = register(&alice, json!({"grant_types": [ALONE], "redirect_uris": []})).await;
    let wider = json!({"scopes": ["filters:read", "filters:write", "teams:write"]});
    narrow.patch(&format!("{clients}/{id}"), &wider).await.expect_problem(403, "scope-beyond-credential");
    alice.patch(&format!("{clients}/{id}"), &wider).await.expect(200);
    for wrong in [
        json!({"scopes": []}),
        json!({"scopes": ["nonsense"]}),
        json!({"scopes": ["openid email"]}),
        json!({"grant_types": []}),
        json!({"grant_types": ["password"]}),
        json!({"name": ""}),
        json!({"audiences": ["x"]}),
        json!({"redirect_uris": ["x"]}),
        json!({"trusted": true}),
    ] {
        alice.post(clients, &body(wrong.clone())).await.expect_problem(400, "invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_uses_only_the_grant_types_that_it_registered() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let (id, secret) = register(&alice, json!({"grant_types": ["authorization_code"]})).await;
    for kind in ["refresh_token", ALONE, "urn:ietf:params:oauth:grant-type:device_code"] {
        let form =
            [("grant_type", kind), ("client_id", &id), ("client_secret", &secret), ("scope", "openid")];
        expect_refusal(token(&app, &form).await, 400, "unauthorized_client");
    }
    for kind in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "AUTHORIZATION_CODE"]
    {
        let form = [("grant_type", kind), ("client_id", &id), ("client_secret", &secret)];
        expect_refusal(token(&app, &form).await, 400, "unsupported_grant_type");
    }
    let form = [("client_id", id.as_str()), ("client_secret", &secret), ("scope", "openid")];
    expect_refusal(post(&app, "/oauth2/device_authorization", &form).await, 400, "unauthorized_client");
    let form = [("grant_type", ALONE), ("client_id", CLI), ("scope", "filters:read")];
    expect_refusal(token(&app, &form).await, 400, "unauthorized_client");
    // Without refresh_token, offline_access brings none.
    let browser = Browser::sign_in(&app, "alice").await;
    let code = answer(&browser.allow(&url_of(&asking(&id, CALLBACK, "openid offline_access"))).await)
        .remove("code")
        .unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert!(token(&app, &form).await.expect(200).json().get("refresh_token").is_none());
}
