//! Requests that no client sends: repeated parameters, other content types, NUL, nothing at all.
use super::flow::*;
use reqwest::Method;
use tamis_e2e::app::TestApp;

const ENDPOINTS: [&str; 4] =
    ["/oauth2/token", "/oauth2/device_authorization", "/oauth2/revoke", "/oauth2/introspect"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_gets_an_oauth_error_and_never_a_fault() {
    let app = TestApp::spawn().await;
    let nobody = app.anonymous();
    let long = format!("token={}", "x".repeat(20_000));
    let bodies = [
        "",
        "&",
        "=",
        "grant_type",
        "grant_type=",
        "grant_type=client_credentials&grant_type=client_credentials&client_id=tamis-cli",
        "token=a&token=b&client_id=tamis-cli",
        "token=%00&client_id=tamis-cli&scope=openid",
        "grant_type=refresh_token&client_id=tamis-cli",
        "grant_type=authorization_code&client_id=tamis-cli",
        "grant_type=refresh_token&client_id=tamis-cli&client_id=tamis-cli&refresh_token=x",
        "{\"grant_type\":\"refresh_token\"}",
        "grant_type=%ff%fe&client_id=%ff&token=%c0%af&scope=%80",
        &long,
    ];
    for path in ENDPOINTS {
        for body in bodies {
            let request = nobody.request(Method::POST, path);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let reply = nobody.send(request.body(body.to_owned())).await;
            assert!([400, 401].contains(&reply.status), "{path} {body:.60}: {}", reply.status);
            assert!(reply.json()["error"].is_string(), "{path} {body:.60}: {}", reply.text());
            assert_eq!(reply.header("cache-control"), "no-store");
        }
        for media in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            let request = nobody.request(Method::POST, path).header("content-type", media);
            expect_refusal(nobody.send(request.body("token=x&grant_type=x")).await, 400, "invalid_request");
        }
        nobody.get(path).await.expect(405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_in_the_audit_log() {
    use sea_orm::EntityTrait;
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let (_, secret) = register(&alice, serde_json::json!({})).await;
    let code = cli_code(&browser, "openid filters:read offline_access").await;
    let tokens = redeem_cli(&app, &code).await.expect(200).json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    refresh_cli(&app, refresh).await.expect(200);
    refresh_cli(&app, refresh).await.expect(400);
    let entries = tamis_entities::audit_entry::Entity::find().all(&*app.state.db).await.unwrap();
    let text = format!("{entries:?}");
    for action in ["client.create", "key.create", "oauth.grant", "oauth.revoke"] {
        assert!(entries.iter().any(|e| e.action == action), "{action} is not in the log");
    }
    for hidden in [secret.as_str(), &code, refresh, tokens["access_token"].as_str().unwrap()] {
        assert!(!text.contains(hidden));
    }
}
