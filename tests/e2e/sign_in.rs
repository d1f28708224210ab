//! How people come in, and how they are kept out: local accounts, GitHub, OpenID Connect, the
//! sessions that follow, and what must never work.
mod enumeration;
mod github;
mod local;
mod oidc;
mod sessions;
mod settings;
mod users;

use reqwest::Method;
use serde_json::{Value, json};
use tamis::{audit::Actor, operate::accounts, sign_in};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";

/// A server with this sign-in file.
async fn with_file(text: &str) -> (TestApp, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sign-in.toml");
    std::fs::write(&file, text).unwrap();
    (TestApp::spawn_with(&["--sign-in", file.to_str().unwrap()]).await, directory)
}

/// A user with a password.
async fn local_user(app: &TestApp, name: &str) -> Person {
    let person = app.author(name).await;
    set_password(app, name).await;
    person
}

async fn set_password(app: &TestApp, name: &str) {
    let (namespace, user) = accounts::find(&app.state, &name.parse().unwrap()).await.unwrap();
    let actor = Actor::system("test");
    let account = (user.id, &namespace.handle);
    sign_in::local::set_password(&app.state, &actor, account, PASSWORD, None).await.unwrap();
}

/// Begins to link: the page goes where it is told.
async fn begin_link(browser: &Person, provider: &str) -> Reply {
    browser.post("/api/v1/me/identities/link", &json!({"provider": provider, "next": "/catalog"})).await
}

async fn me(browser: &Person) -> Value {
    browser.get("/api/v1/me").await.expect(200).json()
}

/// A request with one cookie more than the browser has.
async fn with_cookie(person: &Person, path: &str, cookie: &str) -> Reply {
    person.send(person.request(Method::GET, path).header("cookie", cookie)).await
}
