//! Robots: made by a team's maintainers, acting by token alone, owning and deciding nothing.
use super::holder;
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, small},
};
use tamis_entities::value::Role;

const ROBOTS: &str = "/api/v1/teams/acme/robots";

/// A team of olga's, with a robot and its token.
async fn team(app: &TestApp, role: &str) -> (Person, Person) {
    let olga = app.author("olga").await;
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    olga.upload("acme/f", "1.0.0", small()).await.expect(201);
    olga.post(ROBOTS, &json!({"handle": "acme-ci", "role": role})).await.expect(201);
    let body = json!({"name": "ci", "scopes": ["filters:read", "filters:write"]});
    let made = olga.post(&format!("{ROBOTS}/acme-ci/tokens"), &body).await.expect(201).json();
    let robot = Person { name: "acme-ci".into(), ..holder(&olga, &made) };
    (olga, robot)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_works_for_its_team_until_it_is_removed_with_its_tokens() {
    let app = TestApp::spawn().await;
    let (olga, robot) = team(&app, "maintainer").await;
    let me = robot.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["handle"], &me["credential"]), (&json!("acme-ci"), &json!("robot")));
    let made = robot.upload("acme/f", "1.1.0", small()).await.expect(201).json();
    assert_eq!(made["created_by"], "acme-ci");
    robot.submit("acme/f", "1.1.0", "publish").await.expect(201);
    app.drain_jobs().await;
    let listed = olga.get(ROBOTS).await.expect(200).json();
    assert_eq!(listed["items"][0]["handle"], "acme-ci");
    assert_eq!(listed["items"][0]["role"], "maintainer");
    olga.delete(&format!("{ROBOTS}/acme-ci")).await.expect(204);
    robot.get("/api/v1/me").await.expect(401);
    olga.delete(&format!("{ROBOTS}/acme-ci")).await.expect(404);
    // What it did keeps its name, and nobody else gets it.
    let kept = olga.get("/api/v1/filters/acme/f/releases/1.1.0").await.expect(200).json();
    assert_eq!(kept["created_by"], "acme-ci");
    olga.post(ROBOTS, &json!({"handle": "acme-ci", "role": "member"}))
        .await
        .expect_problem(409, "handle-taken");
    let ada = app.user("ada", Role::Admin).await;
    let log = ada.get("/api/v1/audit?limit=100").await.expect(200).json();
    let has = |actor: &str, action: &str| {
        log["items"].as_array().unwrap().iter().any(|e| e["actor"] == actor && e["action"] == action)
    };
    assert!(has("robot:acme-ci", "release.upload") && has("user:olga", "robot.remove"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_owns_nothing_decides_nothing_and_never_signs_in() {
    let app = TestApp::spawn().await;
    let (olga, robot) = team(&app, "maintainer").await;
    robot.upload("acme-ci/f", "1.0.0", distinct("own", 10)).await.expect(404);
    let clone = json!({"namespace": "acme-ci", "name": "copy"});
    robot.post("/api/v1/filters/acme/f/clone", &clone).await.expect(404);
    robot.post("/api/v1/teams", &json!({"handle": "robots"})).await.expect_problem(403, "insufficient-scope");
    robot.post(ROBOTS, &json!({"handle": "child", "role": "member"})).await.expect(403);
    robot.get("/api/v1/tokens").await.expect(403);
    olga.post(ROBOTS, &json!({"handle": "boss", "role": "owner"})).await.expect_problem(400, "invalid");
    olga.put("/api/v1/teams/acme/members/acme-ci", &json!({"role": "owner"})).await.expect(404);
    let grant = json!({"level": "write"});
    for subject in ["robot:acme-ci", "user:acme-ci"] {
        olga.put(&format!("/api/v1/filters/acme/f/grants/{subject}"), &grant).await.expect(404);
    }
    for scope in ["tokens:write", "teams:write"] {
        let body = json!({"name": "n", "scopes": [scope]});
        olga.post(&format!("{ROBOTS}/acme-ci/tokens"), &body).await.expect_problem(400, "invalid");
    }
    let link = tamis::operate::accounts::link(&app.state, &"acme-ci".parse().unwrap()).await;
    assert_eq!(link.unwrap_err().code(), "robot");
}

#[tokio::test(flavor = "multi_thread")]
async fn maintainers_manage_robots_and_members_see_them() {
    let app = TestApp::spawn().await;
    let (olga, robot) = team(&app, "member").await;
    robot.upload("acme/f", "1.1.0", small()).await.expect_problem(403, "role");
    robot.get("/api/v1/filters/acme/f").await.expect(200);
    let (mia, mel, eve) = (app.author("mia").await, app.author("mel").await, app.author("eve").await);
    for (user, role) in [("mia", "maintainer"), ("mel", "member")] {
        olga.put(&format!("/api/v1/teams/acme/members/{user}"), &json!({"role": role})).await.expect(200);
    }
    mia.post(ROBOTS, &json!({"handle": "deploy-bot", "role": "member"})).await.expect(201);
    mel.post(ROBOTS, &json!({"handle": "mel-bot", "role": "member"})).await.expect_problem(403, "role");
    assert_eq!(mel.get(ROBOTS).await.expect(200).json()["items"].as_array().unwrap().len(), 2);
    let body = json!({"name": "n", "scopes": ["filters:read"]});
    let tokens = format!("{ROBOTS}/deploy-bot/tokens");
    mel.post(&tokens, &body).await.expect_problem(403, "role");
    eve.get(ROBOTS).await.expect(404);
    eve.post(&tokens, &body).await.expect(404);
    let made = mia.post(&tokens, &body).await.expect(201).json();
    assert!(made["expires_at"].is_string() && made["secret"].as_str().unwrap().starts_with("tms_"));
    let bot = holder(&mia, &made);
    let listed: Value = mia.get(&tokens).await.expect(200).json();
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["secret"]), (&made["id"], &Value::Null));
    mia.delete(&format!("{tokens}/{}", made["id"].as_str().unwrap())).await.expect(204);
    bot.get("/api/v1/me").await.expect(401);
    // Another team's robot is no robot of this one.
    eve.post("/api/v1/teams", &json!({"handle": "evil"})).await.expect(201);
    eve.post("/api/v1/teams/evil/robots/deploy-bot/tokens", &body).await.expect(404);
    eve.delete("/api/v1/teams/evil/robots/deploy-bot").await.expect(404);
}
