//! Clients that other people wrote, against this server: the crates `oauth2` and `openidconnect`.
use super::flow::*;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl, HttpRequest,
    HttpResponse, IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RefreshToken, RevocationUrl, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken, TokenIntrospectionResponse, TokenResponse,
    TokenUrl, basic::BasicClient,
};
use openidconnect::{
    IssuerUrl, Nonce, TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
};
use serde_json::json;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tamis_e2e::app::TestApp;

/// One request, without following redirects. (The crate revokes over https alone; here is no TLS.)
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let http = tamis_e2e::client::http().redirect(reqwest::redirect::Policy::none()).build()?;
    let (head, body) = request.into_parts();
    let url = head.uri.to_string().replace("https://127.0.0.1", "http://127.0.0.1");
    let reply = http.request(head.method, url).headers(head.headers).body(body).send().await?;
    let mut answer = HttpResponse::new(vec![]);
    *answer.status_mut() = reply.status();
    *answer.headers_mut() = reply.headers().clone();
    *answer.body_mut() = reply.bytes().await?.to_vec();
    Ok(answer)
}

async fn world() -> (TestApp, Browser, String, String) {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let (id, secret) = register(&alice, json!({})).await;
    (app, browser, id, secret)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oauth2_crate_gets_renews_looks_at_and_revokes_tokens() {
    let (app, browser, id, secret) = world().await;
    let at = |path: &str| format!("{}{path}", app.base);
    let client = BasicClient::new(ClientId::new(id))
        .set_client_secret(ClientSecret::new(secret))
        .set_auth_uri(AuthUrl::new(at("/oauth2/authorize")).unwrap())
        .set_token_uri(TokenUrl::new(at("/oauth2/token")).unwrap())
        .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap())
        .set_introspection_url(IntrospectionUrl::new(at("/oauth2/introspect")).unwrap())
        .set_revocation_url(RevocationUrl::new(at("/oauth2/revoke").replace("http:", "https:")).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("filters:read".into()))
        .add_scope(Scope::new("offline_access".into()))
        .set_pkce_challenge(challenge)
        .url();
    let said = answer(&browser.allow(url.as_str()).await);
    assert_eq!(&said["state"], state.secret());
    let code = AuthorizationCode::new(said["code"].clone());
    let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&send).await.unwrap();
    assert_eq!(tokens.expires_in(), Some(Duration::from_secs(600)));
    let seen = client.introspect(tokens.access_token()).request_async(&send).await.unwrap();
    assert!(seen.active() && seen.username() == Some("alice"), "{seen:?}");
    assert_eq!(seen.scopes().unwrap().len(), 2);
    let refresh: RefreshToken = tokens.refresh_token().unwrap().clone();
    let next = client.exchange_refresh_token(&refresh).request_async(&send).await.unwrap();
    let me = app.anonymous().http.get(at("/api/v1/me")).bearer_auth(next.access_token().secret());
    assert_eq!(me.send().await.unwrap().status(), 200);
    let last = StandardRevocableToken::RefreshToken(next.refresh_token().unwrap().clone());
    client.revoke_token(last).unwrap().request_async(&send).await.unwrap();
    let seen = client.introspect(next.access_token()).request_async(&send).await.unwrap();
    assert!(!seen.active());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oauth2_crate_waits_on_a_device_until_somebody_lets_it_in() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let at = |path: &str| format!("{}{path}", app.base);
    let client = BasicClient::new(ClientId::new(CLI.into()))
        .set_auth_type(oauth2::AuthType::RequestBody)
        .set_token_uri(TokenUrl::new(at("/oauth2/token")).unwrap())
        .set_device_authorization_url(
            DeviceAuthorizationUrl::new(at("/oauth2/device_authorization")).unwrap(),
        );
    let asked = client.exchange_device_code().add_scope(Scope::new("filters:read".into()));
    let details: StandardDeviceAuthorizationResponse = asked.request_async(&send).await.unwrap();
    assert_eq!(details.interval(), Duration::from_secs(5));
    let code = details.user_code().secret().clone();
    let waits = AtomicUsize::new(0);
    // It sleeps by our clock; the second time somebody comes along.
    let sleep = |span: Duration| {
        let turn = waits.fetch_add(1, Ordering::SeqCst);
        let (app, browser, code) = (&app, &browser, &code);
        async move {
            app.clock.advance(span + Duration::from_secs(1));
            if turn == 1 {
                browser.decide(code, "yes").await.expect(200);
            }
        }
    };
    let tokens =
        client.exchange_device_access_token(&details).request_async(&send, sleep, None).await.unwrap();
    assert_eq!(waits.load(Ordering::SeqCst), 2);
    let me = app.anonymous().http.get(at("/api/v1/me")).bearer_auth(tokens.access_token().secret());
    assert_eq!(me.send().await.unwrap().status(), 200);
    assert!(tokens.refresh_token().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openidconnect_crate_signs_somebody_in() {
    let (app, browser, id, secret) = world().await;
    let issuer = IssuerUrl::new(app.base.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(id), Some(ClientSecret::new(secret)))
            .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".into()))
        .add_scope(Scope::new("email".into()))
        .set_pkce_challenge(challenge)
        .url();
    let said = answer(&browser.allow(url.as_str()).await);
    assert_eq!(&said["state"], state.secret());
    let code = AuthorizationCode::new(said["code"].clone());
    let tokens = client.exchange_code(code).unwrap();
    let tokens = tokens.set_pkce_verifier(verifier).request_async(&send).await.unwrap();
    let id_token = tokens.id_token().unwrap();
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce).unwrap();
    assert!(claims.auth_time().is_some());
    assert!(id_token.claims(&verifier, &Nonce::new("another".into())).is_err());
    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(info.preferred_username().unwrap().as_str(), "alice");
    assert_eq!(info.subject(), claims.subject());
}
