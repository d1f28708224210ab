//! What it is all for: programs that fetch private modules with what a person let them have.
use super::flow::*;
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};

struct Doors {
    module: String,
    digest: String,
    bytes: Vec<u8>,
}

impl Doors {
    async fn private(app: &TestApp) -> (Browser, Self) {
        let alice = app.author("alice").await;
        let bytes = distinct("oauth", 5000);
        alice.upload("alice/private", "1.0.0", bytes.clone()).await.expect(201);
        let module = "/api/v1/filters/alice/private/releases/1.0.0/module".to_owned();
        let digest = format!("/modules/sha256/{}.wasm", sha256(&bytes));
        (Browser::sign_in(app, "alice").await, Self { module, digest, bytes })
    }

    async fn open_to(&self, program: &Person) {
        for path in [&self.module, &self.digest] {
            assert_eq!(program.get(path).await.expect(200).body, self.bytes, "{path}");
        }
    }

    async fn answer(&self, program: &Person, status: u16) {
        for path in [&self.module, &self.digest] {
            program.get(path).await.expect(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_code_downloads_a_private_module_until_it_may_not() {
    let app = TestApp::spawn().await;
    let (browser, doors) = Doors::private(&app).await;
    doors.answer(&app.anonymous(), 404).await;
    let tokens = cli_tokens(&app, &browser, "filters:read offline_access").await;
    doors.open_to(&bearer(&app, &tokens)).await;
    // As curl and OCI tools send it.
    let nobody = app.anonymous();
    let basic = nobody.request(reqwest::Method::GET, &doors.module);
    let basic = basic.basic_auth("alice", tokens["access_token"].as_str());
    assert_eq!(nobody.send(basic).await.expect(200).body, doors.bytes);
    doors.answer(&bearer(&app, &cli_tokens(&app, &browser, "openid profile").await), 403).await;
    app.author("eve").await;
    let eve = Browser::sign_in(&app, "eve").await;
    doors.answer(&bearer(&app, &cli_tokens(&app, &eve, "filters:read").await), 404).await;
    app.clock.advance(Duration::from_secs(606));
    doors.answer(&bearer(&app, &tokens), 401).await;
    let next = refresh_cli(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
    doors.open_to(&bearer(&app, &next)).await;
    let thrown = [("client_id", CLI), ("token", next["access_token"].as_str().unwrap())];
    post(&app, "/oauth2/revoke", &thrown).await.expect(200);
    doors.answer(&bearer(&app, &next), 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_downloads_a_private_module() {
    let app = TestApp::spawn().await;
    let (browser, doors) = Doors::private(&app).await;
    let form = [("client_id", CLI), ("scope", "filters:read")];
    let device = post(&app, "/oauth2/device_authorization", &form).await.expect(200).json();
    browser.decide(device["user_code"].as_str().unwrap(), "yes").await.expect(200);
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLI),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    let tokens = token(&app, &form).await.expect(200).json();
    doors.open_to(&bearer(&app, &tokens)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_the_teams_of_its_person_as_they_are_now() {
    let app = TestApp::spawn().await;
    let (alice, _) = (app.author("alice").await, app.author("bob").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.post("/api/v1/teams", &json!({"handle": "other"})).await.expect(201);
    let bytes = distinct("team", 10);
    for filter in ["acme/f", "other/f"] {
        alice.upload(filter, "1.0.0", bytes.clone()).await.expect(201);
    }
    let browser = Browser::sign_in(&app, "bob").await;
    let program = bearer(&app, &cli_tokens(&app, &browser, "filters:read filters:write").await);
    let sees = async |filter: &str| {
        program.get(&format!("/api/v1/filters/{filter}/releases/1.0.0/module")).await.status
    };
    assert_eq!((sees("acme/f").await, sees("other/f").await), (404, 404));
    for team in ["acme", "other"] {
        alice.put(&format!("/api/v1/teams/{team}/members/bob"), &json!({"role": "member"})).await.expect(200);
    }
    assert_eq!((sees("acme/f").await, sees("other/f").await), (200, 200));
    program.upload("acme/f", "2.0.0", bytes.clone()).await.expect_problem(403, "role");
    alice.put("/api/v1/teams/acme/members/bob", &json!({"role": "maintainer"})).await.expect(200);
    program.upload("acme/f", "2.0.0", bytes).await.expect(201);
    alice.delete("/api/v1/teams/acme/members/bob").await.expect(204);
    assert_eq!((sees("acme/f").await, sees("other/f").await), (404, 200));
}
