//! Trusted publishing: an identity token of a build system for a short token of ours.
use super::holder;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    build_issuer::{Issuer, signed},
    client::{Person, Reply},
    fixtures::{distinct, small},
};
use tamis_entities::{api_token, used_jti, value::Role};

pub const EXCHANGE: &str = "/api/v1/trusted-publishing/token";
pub const FLAGS: [&str; 2] = ["--allow-network", "127.0.0.1/32"];

/// A server with one filter, `alice/guard`, that trusts one issuer.
pub struct Site {
    pub app: TestApp,
    pub alice: Person,
    pub issuer: Issuer,
    pub publisher: String,
}

impl Site {
    pub async fn build() -> Self {
        let app = TestApp::spawn_with(&FLAGS).await;
        let (alice, issuer) = (app.author("alice").await, Issuer::start());
        alice.upload("alice/guard", "1.0.0", small()).await.expect(201);
        alice.upload("alice/other", "1.0.0", distinct("other", 10)).await.expect(201);
        let made = trust(&alice, "alice/guard", &issuer).await.expect(201).json();
        Self { app, alice, issuer, publisher: made["id"].as_str().unwrap().into() }
    }

    pub fn now(&self) -> i64 {
        self.app.clock.now().0 / 1_000_000
    }

    pub fn claims(&self) -> Value {
        self.issuer.claims(&self.app.state.public_url, self.now())
    }

    pub async fn exchange(&self, token: &str) -> Reply {
        exchange(&self.app, token, "alice", "guard").await
    }

    /// A good identity token exchanged: whoever holds the answer.
    pub async fn stager(&self) -> Person {
        let made = self.exchange(&self.issuer.token(&self.claims())).await.expect(201).json();
        holder(&self.app.anonymous(), &made)
    }
}

pub async fn exchange(app: &TestApp, token: &str, namespace: &str, filter: &str) -> Reply {
    app.anonymous().post(EXCHANGE, &json!({"token": token, "namespace": namespace, "filter": filter})).await
}

async fn trust(who: &Person, filter: &str, issuer: &Issuer) -> Reply {
    let claims = json!({"repository": "acme/guard", "repository_owner_id": "65", "environment": "release"});
    let body = json!({"provider": "github", "issuer": issuer.url, "claims": claims});
    who.post(&format!("/api/v1/filters/{filter}/trusted-publishers"), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_system_stages_a_release_without_a_stored_secret() {
    let site = Site::build().await;
    for (n, (algorithm, key)) in [("RS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")].iter().enumerate() {
        let token = signed(&json!({"alg": algorithm, "kid": key, "typ": "JWT"}), &site.claims());
        let made = site.exchange(&token).await.expect(201).json();
        assert_eq!(made["limit"], json!({"namespace": "alice", "filter": "guard"}));
        assert_eq!(made["scopes"], json!(["filters:read", "releases:stage"]));
        let stager = holder(&site.app.anonymous(), &made);
        assert_eq!(stager.get("/api/v1/me").await.expect(200).json()["credential"], "publisher");
        let version = format!("1.1.{n}");
        stager.upload("alice/guard", &version, small()).await.expect(201);
        stager.get("/api/v1/filters/alice/guard/releases/1.0.0/module").await.expect(200);
        stager.get("/api/v1/filters/alice/other").await.expect(404);
        stager.upload("alice/other", "2.0.0", small()).await.expect(404);
        stager.upload("alice/new", "1.0.0", small()).await.expect(404);
        stager.submit("alice/guard", &version, "publish").await.expect_problem(403, "insufficient-scope");
        stager.put("/api/v1/filters/alice/guard", &json!({"visibility": "public"})).await.expect(403);
        stager.get("/api/v1/tokens").await.expect(403);
    }
    assert_eq!(site.issuer.asked(), 4, "discovery and keys, once to be trusted and once to be used");
    let stager = site.stager().await;
    site.app.clock.advance(Duration::from_secs(15 * 60 + 1));
    stager.get("/api/v1/me").await.expect(401);
    let log = site.app.user("ada", Role::Admin).await.get("/api/v1/audit?limit=100").await.json();
    let by = format!("publisher:{} for user:alice", site.publisher);
    let actions: Vec<_> =
        log["items"].as_array().unwrap().iter().filter(|e| e["actor"] == by.as_str()).collect();
    assert!(actions.iter().any(|e| e["action"] == "release.upload"), "{log}");
    assert!(actions.iter().any(|e| e["detail"]["claims"]["repository"] == "acme/guard"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_token_works_once_however_many_try() {
    let site = Site::build().await;
    let token = site.issuer.token(&site.claims());
    let tries = (0..100).map(|_| site.exchange(&token));
    let replies = futures_util::future::join_all(tries).await;
    let count = |status: u16| replies.iter().filter(|r| r.status == status).count();
    assert_eq!((count(201), count(403)), (1, 99));
    // The same id in another token is the same token.
    let mut claims = site.claims();
    claims["jti"] = serde_json::from_slice::<Value>(&base64_part(&token)).unwrap()["jti"].clone();
    site.exchange(&site.issuer.token(&claims)).await.expect_problem(403, "untrusted-token");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_to_come_again_is_forgotten() {
    let site = Site::build().await;
    let (token, db) = (site.issuer.token(&site.claims()), &*site.app.state.db);
    site.exchange(&token).await.expect(201);
    let count = async || {
        let tokens = api_token::Entity::find().filter(api_token::Column::PublisherId.is_not_null());
        (used_jti::Entity::find().count(db).await.unwrap(), tokens.count(db).await.unwrap())
    };
    tamis::publishing::forget_expired(&site.app.state).await.unwrap();
    assert_eq!(count().await, (1, 1));
    site.app.clock.advance(Duration::from_secs(2 * 86_400));
    tamis::publishing::forget_expired(&site.app.state).await.unwrap();
    assert_eq!(count().await, (0, 0));
    site.exchange(&token).await.expect_problem(403, "untrusted-token");
}

fn base64_part(token: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_publisher_got_ends_with_it() {
    let site = Site::build().await;
    let stager = site.stager().await;
    let list = "/api/v1/filters/alice/guard/trusted-publishers";
    let listed = site.alice.get(list).await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], site.publisher.as_str());
    assert!(listed["items"][0]["last_used_at"].is_string());
    site.alice
        .delete(&format!("/api/v1/filters/alice/other/trusted-publishers/{}", site.publisher))
        .await
        .expect(404);
    site.alice.delete(&format!("{list}/{}", site.publisher)).await.expect(204);
    stager.get("/api/v1/me").await.expect(401);
    let token = site.issuer.token(&site.claims());
    site.exchange(&token).await.expect_problem(403, "untrusted-token");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_publisher_got_ends_with_the_right_of_whoever_set_it_up() {
    let app = TestApp::spawn_with(&FLAGS).await;
    let (olga, mia, issuer) = (app.author("olga").await, app.author("mia").await, Issuer::start());
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    olga.upload("acme/guard", "1.0.0", small()).await.expect(201);
    let member = "/api/v1/teams/acme/members/mia";
    olga.put(member, &json!({"role": "member"})).await.expect(200);
    trust(&mia, "acme/guard", &issuer).await.expect_problem(403, "role");
    olga.put(member, &json!({"role": "maintainer"})).await.expect(200);
    trust(&mia, "acme/guard", &issuer).await.expect(201);
    let identity = || issuer.token(&issuer.claims(&app.state.public_url, app.clock.now().0 / 1_000_000));
    let made = exchange(&app, &identity(), "acme", "guard").await.expect(201).json();
    let stager = holder(&app.anonymous(), &made);
    stager.upload("acme/guard", "1.1.0", small()).await.expect(201);
    olga.put(member, &json!({"role": "member"})).await.expect(200);
    stager.upload("acme/guard", "1.2.0", small()).await.expect_problem(403, "role");
    exchange(&app, &identity(), "acme", "guard").await.expect_problem(403, "untrusted-token");
    olga.delete(member).await.expect(204);
    stager.upload("acme/guard", "1.2.0", small()).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_pins_what_nobody_else_can_have() {
    let app = TestApp::spawn_with(&FLAGS).await;
    let (alice, issuer) = (app.author("alice").await, Issuer::start());
    alice.upload("alice/guard", "1.0.0", small()).await.expect(201);
    let path = "/api/v1/filters/alice/guard/trusted-publishers";
    let github = "https://token.actions.githubusercontent.com";
    for (provider, claims, says) in [
        ("github", json!({"repository": "acme/guard"}), "repository_owner_id"),
        ("github", json!({"repository_owner_id": "65"}), "register its name"),
        ("github", json!({"repository": "acme/guard", "repository_owner_id": "acme"}), "number"),
        ("gitlab", json!({"project_path": "acme/guard"}), "project_id"),
        ("other", json!({}), "1 to 16"),
        ("other", json!({"aud": "x"}), "aud"),
        ("other", json!({"sub": ""}), "1 to 500"),
        ("other", json!({"a b": "c"}), "by name"),
    ] {
        let body = json!({"provider": provider, "issuer": issuer.url, "claims": claims});
        let reply = alice.post(path, &body).await.expect_problem(400, "invalid");
        assert!(reply.text().contains(says), "{says}: {}", reply.text());
    }
    let disguised = json!({"provider": "other", "issuer": github, "claims": {"sub": "repo:acme/guard"}});
    alice.post(path, &disguised).await.expect_problem(400, "invalid");
    assert_eq!(issuer.asked(), 0, "refused before anybody is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_issuer_that_answers_as_one_is_trusted() {
    let app = TestApp::spawn_with(&FLAGS).await;
    let (alice, issuer) = (app.author("alice").await, Issuer::start());
    alice.upload("alice/guard", "1.0.0", small()).await.expect(201);
    let path = "/api/v1/filters/alice/guard/trusted-publishers";
    let ask = async |url: &str| {
        alice.post(path, &json!({"provider": "other", "issuer": url, "claims": {"sub": "s"}})).await
    };
    for url in [
        "not a url",
        "ftp://127.0.0.1/",
        "http://issuer.example",
        "http://10.0.0.1",
        "https://user@issuer.example",
        "https://issuer.example/?a=b",
        "https://issuer.example/#f",
        "HTTPS://issuer.example",
    ] {
        ask(url).await.expect_problem(400, "invalid");
    }
    for url in ["https://10.0.0.1", "https://169.254.169.254", "https://[::1]:8443"] {
        ask(url).await.expect_problem(422, "address-refused");
    }
    let good = issuer.documents.lock().unwrap().discovery.clone();
    let bad = |field: &str, value: Value| {
        let mut document = good.clone();
        document[field] = value;
        issuer.documents.lock().unwrap().discovery = document;
    };
    bad("issuer", json!("https://token.actions.githubusercontent.com"));
    ask(&issuer.url).await.expect_problem(400, "invalid");
    bad("jwks_uri", json!("http://127.0.0.2:9999/keys"));
    ask(&issuer.url).await.expect_problem(400, "invalid");
    bad("jwks_uri", json!(7));
    ask(&issuer.url).await.expect_problem(422, "fetch-failed");
    bad("jwks_uri", json!(format!("{}/absent", issuer.url)));
    ask(&issuer.url).await.expect_problem(422, "fetch-failed");
    issuer.documents.lock().unwrap().discovery = good;
    ask(&format!("{}/", issuer.url)).await.expect_problem(400, "invalid");
    ask(&issuer.url).await.expect(201);
    issuer.documents.lock().unwrap().keys = json!({"keys": [{"kty": "oct", "kid": "s", "k": "AA"}]});
    ask(&issuer.url).await.expect_problem(400, "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_learns_nothing_of_the_filter() {
    let site = Site::build().await;
    let mut told = vec![];
    for (namespace, filter, claim, value) in [
        ("alice", "guard", "repository", json!("evil/guard")),
        ("alice", "guard", "repository_owner_id", json!(65)),
        ("alice", "guard", "environment", Value::Null),
        ("alice", "guard", "aud", json!("https://elsewhere.example")),
        ("alice", "guard", "aud", json!([site.app.state.public_url, "https://elsewhere.example"])),
        ("alice", "other", "environment", json!("release")),
        ("alice", "absent", "environment", json!("release")),
        ("nobody", "guard", "environment", json!("release")),
        ("alice", "guard", "iss", json!("https://elsewhere.example")),
    ] {
        let mut claims = site.claims();
        claims[claim] = value;
        let token = site.issuer.token(&claims);
        let reply =
            exchange(&site.app, &token, namespace, filter).await.expect_problem(403, "untrusted-token");
        told.push(reply.json()["detail"].clone());
    }
    assert!(told.iter().all(|detail| *detail == told[0]), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_asked_for_seldom_and_again_when_they_change() {
    let site = Site::build().await;
    site.stager().await;
    let before = site.issuer.asked();
    for n in 0..20 {
        let token = signed(&json!({"alg": "RS256", "kid": format!("unknown-{n}")}), &site.claims());
        site.exchange(&token).await.expect_problem(403, "untrusted-token");
    }
    assert_eq!(site.issuer.asked(), before, "whoever guesses key ids makes us ask nobody");
    // The issuer takes its RSA key back: within ten minutes nothing signed with it is accepted.
    let rest: Vec<_> = {
        let mut documents = site.issuer.documents.lock().unwrap();
        documents.keys["keys"].as_array_mut().unwrap().remove(0);
        documents.keys["keys"].as_array().unwrap().clone()
    };
    site.app.clock.advance(Duration::from_secs(601));
    site.exchange(&site.issuer.token(&site.claims())).await.expect_problem(403, "untrusted-token");
    // And has it again half a minute later.
    let again = [rest, vec![key_of()]].concat();
    site.issuer.documents.lock().unwrap().keys = json!({"keys": again});
    site.app.clock.advance(Duration::from_secs(31));
    site.exchange(&site.issuer.token(&site.claims())).await.expect(201);
}

/// The key that was taken away, as another issuer of this process still shows it.
fn key_of() -> Value {
    Issuer::start().documents.lock().unwrap().keys["keys"][0].clone()
}
