//! Refresh tokens: each is used once for the next, and one that comes back ends them all.
use super::flow::*;
use serde_json::json;
use std::time::Duration;
use tamis_e2e::app::TestApp;
use tamis_entities::value::Role;

async fn connected(scope: &str) -> (TestApp, Browser, serde_json::Value) {
    let app = TestApp::spawn().await;
    app.curator("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let tokens = cli_tokens(&app, &browser, scope).await;
    (app, browser, tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_used_once_for_the_next_until_the_grant_is_over() {
    let (app, _, mut tokens) = connected("filters:read offline_access").await;
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(29 * 86_400));
        let next = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
        assert_ne!(next["refresh_token"], tokens["refresh_token"]);
        bearer(&app, &next).get("/api/v1/me").await.expect(200);
        bearer(&app, &tokens).get("/api/v1/me").await.expect(401);
        tokens = next;
    }
    // However often it is renewed: after ninety days the person is asked again.
    app.clock.advance(Duration::from_secs(4 * 86_400));
    let late = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await;
    expect_refusal(late, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_nobody_uses_for_a_month_is_over() {
    let (app, _, tokens) = connected("filters:read offline_access").await;
    app.clock.advance(Duration::from_secs(31 * 86_400));
    let late = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await;
    expect_refusal(late, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_back_ends_the_whole_grant() {
    let (app, _, tokens) = connected("filters:read offline_access").await;
    let old = tokens["refresh_token"].as_str().unwrap();
    let next = refresh_cli(&app, old).await.expect(200).json();
    expect_refusal(refresh_cli(&app, old).await, 400, "invalid_grant");
    bearer(&app, &next).get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    expect_refusal(refresh_cli(&app, next["refresh_token"].as_str().unwrap()).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_bring_one_refresh_token_at_once_one_wins_and_the_grant_ends() {
    let full = std::env::var("TAMIS_TEST_FULL").is_ok_and(|v| v == "1");
    let (app, browser, _) = connected("filters:read").await;
    for _ in 0..if full { 20 } else { 2 } {
        let tokens = cli_tokens(&app, &browser, "filters:read offline_access").await;
        let old = tokens["refresh_token"].as_str().unwrap();
        let all = futures_util::future::join_all((0..20).map(|_| refresh_cli(&app, old))).await;
        let won: Vec<_> = all.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", all.iter().map(|r| r.status).collect::<Vec<_>>());
        for lost in all.iter().filter(|reply| reply.status != 200) {
            assert_eq!((lost.status, &lost.json()["error"]), (400, &json!("invalid_grant")));
        }
        bearer(&app, &won[0].json()).get("/api/v1/me").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_may_ask_for_less_and_never_for_more() {
    let (app, _, tokens) = connected("filters:read filters:write offline_access").await;
    let ask = async |refresh: &str, scope: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLI),
            ("refresh_token", refresh),
            ("scope", scope),
        ];
        token(&app, &form).await
    };
    let first = tokens["refresh_token"].as_str().unwrap();
    expect_refusal(ask(first, "reviews:vote").await, 400, "invalid_scope");
    let less = ask(first, "filters:read reviews:vote").await.expect(200).json();
    assert_eq!(less["scope"], "filters:read");
    bearer(&app, &less)
        .put("/api/v1/filters/alice/f", &json!({}))
        .await
        .expect_problem(403, "insufficient-scope");
    let whole = refresh_cli(&app, less["refresh_token"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(whole["scope"], "offline_access filters:read filters:write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_never_outlives_what_the_person_may_do() {
    use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
    use tamis_entities::user;
    let (app, _, tokens) = connected("filters:read reviews:vote offline_access").await;
    let (_, alice) = tamis::operate::accounts::find(&app.state, &"alice".parse().unwrap()).await.unwrap();
    let change = |role, disabled| user::ActiveModel {
        role: Set(role),
        disabled_at: Set(disabled),
        ..alice.clone().into_active_model()
    };
    let scopes = async |program: &tamis_e2e::client::Person| {
        program.get("/api/v1/me").await.expect(200).json()["scopes"].clone()
    };
    let program = bearer(&app, &tokens);
    assert_eq!(scopes(&program).await, json!(["filters:read", "reviews:vote"]));
    change(Role::User, None).update(&*app.state.db).await.unwrap();
    assert_eq!(scopes(&program).await, json!(["filters:read"]));
    let next = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(next["scope"], "offline_access filters:read");
    change(Role::User, Some(app.clock.now())).update(&*app.state.db).await.unwrap();
    program.get("/api/v1/me").await.expect(401);
    let late = refresh_cli(&app, next["refresh_token"].as_str().unwrap()).await;
    expect_refusal(late, 400, "invalid_grant");
    assert!(user::Entity::find_by_id(alice.id).one(&*app.state.db).await.unwrap().is_some());
}
