//! Devices without a browser (RFC 8628).
use super::flow::*;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Reply};

async fn begin(app: &TestApp, scope: &str) -> Value {
    let form = [("client_id", CLI), ("scope", scope)];
    post(app, "/oauth2/device_authorization", &form).await.expect(200).json()
}

async fn poll(app: &TestApp, device: &Value) -> Reply {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLI),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    token(app, &form).await
}

fn code(device: &Value) -> &str {
    device["user_code"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_waits_until_somebody_lets_it_in_and_stays_connected() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let device = begin(&app, "filters:read admin").await;
    let letters = code(&device).replace('-', "");
    assert!(letters.len() == 8 && letters.bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b)), "{device}");
    assert_eq!(device["verification_uri"], format!("{}/device", app.base));
    expect_refusal(poll(&app, &device).await, 400, "authorization_pending");
    expect_refusal(poll(&app, &device).await, 400, "slow_down");
    app.clock.advance(Duration::from_secs(6));
    expect_refusal(poll(&app, &device).await, 400, "slow_down");
    app.clock.advance(Duration::from_secs(16));
    expect_refusal(poll(&app, &device).await, 400, "authorization_pending");
    // As people type: in lower case, without the dash.
    let typed = letters.to_lowercase();
    let away = browser.nobody().get(&format!("/device?user_code={typed}")).await.expect(303);
    assert!(away.header("location").starts_with("/sign-in?next=%2Fdevice%3Fuser_code%3D"));
    let page = browser.get(&format!("/device?user_code={typed}")).await.expect(200);
    assert!(page.text().contains(code(&device)) && page.text().contains("Tamis command line"));
    assert!(page.text().contains("90 days") && !page.text().contains("administrator"), "{}", page.text());
    let done = browser.press("/device", &page, "yes").await.expect(200);
    assert!(done.text().contains("The device is in"));
    let tokens = poll(&app, &device).await.expect(200).json();
    assert_eq!(tokens["scope"], "filters:read");
    let program = bearer(&app, &tokens);
    assert_eq!(program.get("/api/v1/me").await.expect(200).json()["handle"], "alice");
    let next = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
    bearer(&app, &next).get("/api/v1/me").await.expect(200);
    // The code again is the sign of somebody else who has it.
    expect_refusal(poll(&app, &device).await, 400, "invalid_grant");
    bearer(&app, &next).get("/api/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_turned_away_or_comes_too_late_gets_nothing() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let refused = begin(&app, "filters:read").await;
    browser.decide(code(&refused), "no").await.expect(200);
    expect_refusal(poll(&app, &refused).await, 400, "access_denied");
    // Decided is decided.
    browser.get(&format!("/device?user_code={}", code(&refused))).await.expect(400);
    let late = begin(&app, "filters:read").await;
    let page = browser.get(&format!("/device?user_code={}", code(&late))).await.expect(200);
    app.clock.advance(Duration::from_secs(601));
    browser.press("/device", &page, "yes").await.expect(400);
    expect_refusal(poll(&app, &late).await, 400, "expired_token");
    expect_refusal(poll(&app, &json!({"device_code": "never-issued"})).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_guesses_codes_for_long() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.author("bob").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let device = begin(&app, "filters:read").await;
    let mut statuses = vec![];
    for i in 0..20_usize {
        let letters = ["BCDF", "GHJK", "LMNP", "QRST", "VWXZ"];
        let guess = format!("{}-{}", letters[i % 5], letters[(i / 5) % 5]);
        statuses.push(browser.get(&format!("/device?user_code={guess}")).await.status);
    }
    assert_eq!(statuses[..8], [400; 8], "{statuses:?}");
    assert!(statuses.iter().filter(|s| **s == 429).count() >= 8, "{statuses:?}");
    // The right one does not help now, and others are not kept from theirs.
    browser.get(&format!("/device?user_code={}", code(&device))).await.expect(429);
    let bob = Browser::sign_in(&app, "bob").await;
    bob.decide(code(&device), "yes").await.expect(200);
    poll(&app, &device).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_let_in_only_from_the_page_that_asked() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.author("mallory").await;
    let (alice, mallory) = (Browser::sign_in(&app, "alice").await, Browser::sign_in(&app, "mallory").await);
    let device = begin(&app, "filters:read").await;
    let page = mallory.get(&format!("/device?user_code={}", code(&device))).await.expect(200);
    alice.press("/device", &page, "yes").await.expect(400);
    expect_refusal(poll(&app, &device).await, 400, "authorization_pending");
    for typed in ["", "BCDF", "BCDF-GHJA", "BCDF-GHJK-LMNP", "%00", "💩💩💩💩💩💩💩💩", &"B".repeat(5000)]
    {
        let reply = alice.get(&format!("/device?user_code={typed}")).await;
        assert!([200, 400].contains(&reply.status), "{typed}: {}", reply.status);
    }
}
