//! Who is disabled comes in by no door, and only an administrator lets them in again.
use super::{PASSWORD, local_user, set_password, with_file};
use serde_json::json;
use std::process::Stdio;
use tamis::operate::accounts;
use tamis_e2e::{
    app::TestApp,
    browser::{assert_in, assert_problem, browser, open, password, sign_in, through},
    crash::{Instance, instance::text},
    github::{Account, GitHub},
};
use tamis_entities::value::Role;

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_comes_in_by_no_door_and_is_not_enabled_by_trying() {
    let github = GitHub::start();
    github.account(Account { id: 7, login: "dora".into(), ..Account::default() });
    let (app, _file) = with_file(&github.table("allow_sign_up = true")).await;
    let ada = app.user("ada", Role::Admin).await;
    let dora = browser(&app);
    assert_in(&sign_in(&dora, "/sign-in/github").await, "/");
    set_password(&app, "dora").await;
    assert_in(&password(&dora, "dora", PASSWORD).await, "/");
    let token = app.token("dora", None).await;
    token.get("/api/v1/me").await.expect(200);
    let link = accounts::link(&app.state, &"dora".parse().unwrap()).await.unwrap();
    let link = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    // One that is half way through.
    let half = browser(&app);
    let away = half.get("/sign-in/github").await.expect(303);
    let back = through(&half, away.header("location")).await;

    ada.post("/api/v1/users/dora/disable", &json!({"reason": "left"})).await.expect(204);
    dora.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    token.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    assert_problem(&open(&half, &back).await, "account-disabled");
    assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "account-disabled");
    assert_problem(&password(&browser(&app), "dora", PASSWORD).await, "wrong-credentials");
    let press = dora.request(reqwest::Method::POST, &link);
    dora.send(press).await.expect_problem(404, "link-used");
    // Nor is there a new one, which would open once they are enabled.
    let refused = accounts::link(&app.state, &"dora".parse().unwrap()).await.unwrap_err();
    assert_eq!(refused.code(), "account-disabled");
    let listed = ada.get("/api/v1/users").await.expect(200).json();
    let row = listed["items"].as_array().unwrap().iter().find(|u| u["handle"] == "dora").unwrap().clone();
    assert!(row["disabled_at"].is_string(), "{row}");

    ada.post("/api/v1/users/dora/enable", &json!({})).await.expect(204);
    // The sessions of before stay ended; the token was never revoked.
    dora.get("/api/v1/me").await.expect(401);
    token.get("/api/v1/me").await.expect(200);
    assert_in(&password(&browser(&app), "dora", PASSWORD).await, "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_disable_others_and_nobody_else_does() {
    let app = TestApp::spawn().await;
    let ada = app.user("ada", Role::Admin).await;
    let (carl, bob) = (app.curator("carl").await, local_user(&app, "bob").await);
    for person in [&carl, &bob] {
        person.post("/api/v1/users/ada/disable", &json!({})).await.expect(403);
        person.get("/api/v1/users").await.expect(403);
    }
    ada.post("/api/v1/users/ada/disable", &json!({})).await.expect_problem(409, "own-account");
    ada.post("/api/v1/users/nobody/disable", &json!({})).await.expect(404);
    for _ in 0..2 {
        ada.post("/api/v1/users/bob/disable", &json!({})).await.expect(204);
    }
    for _ in 0..2 {
        ada.post("/api/v1/users/bob/enable", &json!({})).await.expect(204);
    }
    let log = ada.get("/api/v1/audit?limit=100").await.expect(200).json();
    let count =
        |action: &str| log["items"].as_array().unwrap().iter().filter(|e| e["action"] == action).count();
    assert_eq!((count("user.disable"), count("user.enable")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sets_a_password_disables_and_enables_beside_the_server() {
    let instance = Instance::new().await;
    instance.ok(&["user", "create", "zoe"]).await;
    let mut command = instance.command(&["user", "password", "zoe"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains(PASSWORD));
    assert_eq!(instance.ok(&["user", "disable", "zoe"]).await, "zoe is disabled\n");
    assert_eq!(instance.ok(&["user", "enable", "zoe"]).await, "zoe is enabled\n");
    let refused = instance.run(&["user", "disable", "nobody-here"]).await;
    assert_eq!(refused.status.code(), Some(2));
}
