//! A browser with a session, a client that asks, and the way between them. Knows no expectation.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, time::Duration};
use tamis::operate::accounts;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
};
use tamis_entities::oauth_grant;
use url::Url;
use uuid::Uuid;

pub const CLI: &str = "tamis-cli";
pub const LOOPBACK: &str = "http://127.0.0.1:45678/callback";
pub const CALLBACK: &str = "https://app.example/callback";
pub const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more.~_";

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// A grant of a user, as an answer of theirs would have made it.
pub async fn open_grant(app: &TestApp, handle: &str) -> Uuid {
    let (_, user) = accounts::find(&app.state, &handle.parse().unwrap()).await.unwrap();
    let now = app.clock.now();
    let row = oauth_grant::Model {
        id: Uuid::now_v7(),
        user_id: user.id,
        client_id: CLI.into(),
        kind: "authorization_code".into(),
        scopes: "filters:read".into(),
        audience: app.base.clone(),
        auth_time: now,
        created_at: now,
        expires_at: now.plus(Duration::from_secs(600)),
        revoked_at: None,
    };
    row.into_active_model().insert(&*app.state.db).await.unwrap().id
}

/// Somebody signed in, who looks where they are sent instead of going there.
#[derive(Clone)]
pub struct Browser {
    pub person: Person,
    pub cookie: String,
}

impl Browser {
    pub async fn sign_in(app: &TestApp, handle: &str) -> Self {
        let http = tamis_e2e::client::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let person = Person { http, ..app.anonymous() };
        let link = accounts::link(&app.state, &handle.parse().unwrap()).await.unwrap();
        let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
        let request = person.request(Method::POST, &path).header("sec-fetch-site", "same-origin");
        let reply = person.send(request).await.expect(303);
        let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { person, cookie }
    }

    /// The same browser, signed out.
    pub fn nobody(&self) -> Self {
        Self { cookie: "nothing=1".into(), ..self.clone() }
    }

    fn path(&self, url: &str) -> String {
        url.strip_prefix(&self.person.base).unwrap_or(url).to_owned()
    }

    pub async fn get(&self, url: &str) -> Reply {
        let request = self.person.request(Method::GET, &self.path(url)).header("cookie", &self.cookie);
        self.person.send(request).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let request = self.person.request(Method::POST, path).header("cookie", &self.cookie);
        self.person.send(request.header("sec-fetch-site", "same-origin").form(form)).await
    }

    /// Presses a button of a page that asks.
    pub async fn press(&self, path: &str, page: &Reply, answer: &str) -> Reply {
        let (question, seal) = (hidden(page, "question"), hidden(page, "seal"));
        self.post(path, &[("question", &question), ("seal", &seal), ("answer", answer)]).await
    }

    /// Goes where a client sends it, says yes if asked; where it is sent then.
    pub async fn allow(&self, url: &str) -> Url {
        let mut reply = self.get(url).await;
        if reply.status == 200 {
            reply = self.press("/oauth2/authorize", &reply, "yes").await;
        }
        let reply = reply.expect(303);
        reply.header("location").parse().unwrap_or_else(|e| panic!("{e}: {}", reply.header("location")))
    }

    /// Lets the device in that shows this code.
    pub async fn decide(&self, user_code: &str, answer: &str) -> Reply {
        let page = self.get(&format!("/device?user_code={user_code}")).await.expect(200);
        self.press("/device", &page, answer).await
    }
}

/// The value of a hidden field of a page.
#[track_caller]
pub fn hidden(page: &Reply, name: &str) -> String {
    let html = page.text();
    let marked = format!("name=\"{name}\" value=\"");
    let value = html.split(&marked).nth(1).unwrap_or_else(|| panic!("no {name} in {html}"));
    let value = value.split('"').next().unwrap();
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What an answer to a client says.
pub fn answer(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// The parameters of an authorization request; change them before they are sent.
pub type Parameters = BTreeMap<&'static str, String>;

pub fn asking(client_id: &str, redirect_uri: &str, scope: &str) -> Parameters {
    let pairs = [
        ("response_type", "code".to_owned()),
        ("client_id", client_id.to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("scope", scope.to_owned()),
        ("state", "a state & more".to_owned()),
        ("code_challenge", challenge(VERIFIER)),
        ("code_challenge_method", "S256".to_owned()),
    ];
    pairs.into()
}

pub fn url_of(parameters: &Parameters) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/oauth2/authorize?{query}")
}

/// Registers a client of this person; its id and secret.
pub async fn register(person: &Person, more: Value) -> (String, String) {
    let mut body = json!({"name": "Example", "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": ["openid", "profile", "email", "offline_access", "filters:read", "filters:write"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = person.post("/api/v1/oauth-clients", &body).await.expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    (text("client_id"), text("client_secret"))
}

pub async fn post(app: &TestApp, path: &str, form: &[(&str, &str)]) -> Reply {
    let nobody = app.anonymous();
    nobody.send(nobody.request(Method::POST, path).form(form)).await
}

pub async fn token(app: &TestApp, form: &[(&str, &str)]) -> Reply {
    post(app, "/oauth2/token", form).await
}

/// Checks the whole form of an OAuth error.
#[track_caller]
pub fn expect_refusal(reply: Reply, status: u16, error: &str) -> Reply {
    let reply = reply.expect(status);
    assert_eq!(reply.json()["error"], error, "{}", reply.text());
    assert!(!reply.json()["error_description"].as_str().unwrap().is_empty());
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.header("content-type").starts_with("application/json"));
    reply
}

/// The code that a browser brings back to the built-in client.
pub async fn cli_code(browser: &Browser, scope: &str) -> String {
    let url = browser.allow(&url_of(&asking(CLI, LOOPBACK, scope))).await;
    answer(&url).remove("code").unwrap_or_else(|| panic!("no code in {url}"))
}

pub async fn redeem_cli(app: &TestApp, code: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", code),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
    ];
    token(app, &form).await
}

/// Everything that the built-in client gets for this person.
pub async fn cli_tokens(app: &TestApp, browser: &Browser, scope: &str) -> Value {
    redeem_cli(app, &cli_code(browser, scope).await).await.expect(200).json()
}

pub fn bearer(app: &TestApp, tokens: &Value) -> Person {
    Person { token: Some(tokens["access_token"].as_str().unwrap().to_owned()), ..app.anonymous() }
}

pub async fn refresh_cli(app: &TestApp, refresh_token: &str) -> Reply {
    let form = [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", refresh_token)];
    token(app, &form).await
}
