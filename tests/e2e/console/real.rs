//! The console in a real browser: what people do with it, whether everybody can, and how it looks.
#![cfg(feature = "engines")]
use super::every_page::{LOOKS, Look};
use crate::{
    oauth::flow::{self, CLI, LOOPBACK},
    webhooks::receiver::Receiver,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use tamis_e2e::{
    app::TestApp,
    chromium::Browser,
    client::Person,
    crash::eventually,
    fixtures::{distinct, filter},
};
use tamis_entities::value::Role;

/// Things to look at: published filters with words and powers, a draft, a request.
async fn world() -> (TestApp, String) {
    let app = TestApp::spawn_with(&["--allow-network", "127.0.0.0/8"]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    for seed in tamis_seed::filters().unwrap().into_iter().take(7) {
        let name = format!("alice/{}", seed.name);
        let words = json!({"title": seed.title, "summary": seed.summary, "labels": seed.labels, "source_repository": "https://git.example.org/edge",
            "defaults": {"type": format!("{:?}", seed.plugin_type).to_lowercase(), "licence": seed.licence, "readme": seed.readme, "config_sample": seed.config_sample}});
        let path = format!("/api/v1/filters/{name}");
        let made = alice.put(&path, &words).await;
        assert!(made.status < 300, "{}", made.text());
        app.publish(&alice, &carl, &name, "1.0.0", filter(&seed.name)).await;
    }
    app.publish(&alice, &carl, "alice/correlation-id", "1.1.0", &distinct("grown", 4000)).await;
    alice.upload("alice/next", "0.1.0", distinct("next", 10)).await.expect(201);
    shared(&app, &alice).await;
    let review = alice.submit("alice/next", "0.1.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    (app, review["id"].as_str().unwrap().to_owned())
}

/// A webhook of the team that has sent something, and nobody was there.
async fn hook(app: &TestApp) -> String {
    let carl = app.token("carl", None).await;
    let hooks = "/api/v1/namespaces/edge/webhooks";
    let wanted = json!({"url": "https://hooks.invalid/tamis", "kinds": ["release.publish", "release.yank"]});
    let id = carl.post(hooks, &wanted).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    carl.post(&format!("{hooks}/{id}/ping"), &json!({})).await.expect(202);
    app.drain_jobs().await;
    format!("/namespaces/edge/webhooks/{id}")
}

/// A team with people, a robot and somebody invited; a filter that others were let in to.
async fn shared(app: &TestApp, alice: &Person) {
    for name in ["bea", "mira-k", "ada"] {
        app.user(name, if name == "ada" { Role::Admin } else { Role::User }).await;
    }
    alice.post("/api/v1/teams", &json!({"handle": "edge", "title": "Edge team"})).await.expect(201);
    for (user, role) in [("carl", "owner"), ("mira-k", "maintainer")] {
        alice.put(&format!("/api/v1/teams/edge/members/{user}"), &json!({"role": role})).await.expect(200);
    }
    let bot = json!({"handle": "edge-ci", "role": "maintainer"});
    alice.post("/api/v1/teams/edge/robots", &bot).await.expect(201);
    let token = json!({"name": "pipeline", "scopes": ["filters:read", "releases:stage"]});
    alice.post("/api/v1/teams/edge/robots/edge-ci/tokens", &token).await.expect(201);
    for user in ["bea", "ada"] {
        let place = json!({"user": user, "role": "member"});
        alice.post("/api/v1/teams/edge/invitations", &place).await.expect(201);
    }
    alice.upload("edge/shared", "1.0.0", distinct("shared", 10)).await.expect(201);
    let url = json!({"name": "edge-proxies", "version": "1.0.0"});
    alice.post("/api/v1/filters/edge/shared/capability-urls", &url).await.expect(201);
    let ends = json!({"level": "write", "expires_at": "2100-01-01T00:00:00Z"});
    for (subject, grant) in [("user:bea", &ends), ("user:ada", &json!({"level": "read"}))] {
        alice.put(&format!("/api/v1/filters/edge/shared/grants/{subject}"), grant).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_types_and_finds_and_the_keyboard_alone_is_enough() {
    let (app, _) = world().await;
    let browser = Browser::open(&app).await;
    browser.go("/").await;
    browser
        .run(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))",
            json!([]),
        )
        .await;
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.id().await.unwrap().as_deref(), Some("q"));
    focused.send_keys("correlaton").await.unwrap();
    browser.says("#results", "1 of 7 filters").await;
    let url = browser.driver.current_url().await.unwrap();
    assert_eq!(url.query(), Some("q=correlaton"), "{url}");
    let still = browser.driver.active_element().await.unwrap();
    assert_eq!(still.id().await.unwrap().as_deref(), Some("q"), "the focus is kept");
    browser.click("#results h2 a").await;
    browser.says("h1", "correlation-id").await;
    let download = browser.find("a[download]").await.attr("href").await.unwrap().unwrap();
    assert!(download.ends_with("/alice/correlation-id/releases/1.1.0/module"), "{download}");
    browser.driver.back().await.unwrap();
    browser.says("#results", "1 of 7 filters").await;
    browser.close().await;
}

/// Drops a file on the page, as a person with a mouse does.
async fn drop_file(browser: &Browser, name: &str, bytes: &[u8]) {
    let script = "const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0)); const data = new DataTransfer(); \
        data.items.add(new File([bytes], arguments[1], {type: 'application/wasm'})); \
        document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))";
    browser.run(script, json!([STANDARD.encode(bytes), name])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_drops_a_module_is_told_why_not_fixes_it_and_asks() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::open(&app).await;
    browser.sign_in(&app, "alice").await;
    browser.go("/my/upload").await;
    drop_file(
        &browser,
        "my_guard.wasm",
        &wat::parse_str("(module (import \"wasi\" \"thread-spawn\" (func)))").unwrap(),
    )
    .await;
    browser.says("[data-chosen]", "my_guard.wasm").await;
    browser.write("form[data-upload] [name=version]", "1.0.0").await;
    browser.click("form[data-upload] button.primary").await;
    browser.says("h1", "my-guard 1.0.0 was not accepted yet").await;
    browser.says(".finding", "How to fix it").await;
    browser.size(1440, 1000).await;
    browser.picture("upload-refused-light-1440").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    drop_file(&browser, "my_guard.wasm", &distinct("fixed", 10)).await;
    browser.click("form[data-upload] button.primary").await;
    browser.says("h1", "Draft").await;
    browser.click("button[formaction$='/publication']").await;
    browser.says("h1", "Checking").await;
    app.drain_jobs().await;
    browser.go("/my").await;
    browser.says(".badge", "In review").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_for_everybody_in_both_themes_and_is_pictured() {
    let (app, review) = world().await;
    let receiver = Receiver::start([]).await;
    let stage = stage(&app, review, &receiver).await;
    let browser = Browser::open(&app).await;
    browser.go("/sign-in").await;
    let mut complaints = browser.complaints().await;
    let mut who = "";
    for look in LOOKS {
        if look.who != who {
            who = look.who;
            browser.sign_in(&app, who).await;
        }
        complaints.extend(viewed(&browser, look, &look.at(&stage)).await);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    browser.close().await;
}

/// What the addresses of the pages name, and only the server knows.
async fn stage(app: &TestApp, review: String, receiver: &Receiver) -> HashMap<&'static str, String> {
    let link = tamis::operate::accounts::link(&app.state, &"carl".parse().unwrap()).await.unwrap();
    let (target, deployment) = stopped(app, receiver).await;
    let device = [("client_id", CLI), ("scope", "filters:read")];
    let device = flow::post(app, "/oauth2/device_authorization", &device).await.expect(200).json();
    let source = "https://meshery.example/api/user/token";
    HashMap::from([
        ("review", review),
        ("hook", hook(app).await),
        ("link", link.rsplit('/').next().unwrap().to_owned()),
        ("target", target),
        ("deployment", deployment),
        ("device", device["user_code"].as_str().unwrap().to_owned()),
        ("authorize", flow::url_of(&flow::asking(CLI, LOOPBACK, "filters:read"))),
        ("login", format!("/login?source={}", URL_SAFE_NO_PAD.encode(source))),
    ])
}

/// A release that was deployed, and stopped since; its target and its deployment.
async fn stopped(app: &TestApp, receiver: &Receiver) -> (String, String) {
    let (alice, carl) = (app.token("alice", None).await, app.token("carl", None).await);
    app.publish(&alice, &carl, "alice/correlation-id", "1.2.0", &distinct("stopped", 10)).await;
    let id = |row: &serde_json::Value| row["id"].as_str().unwrap().to_owned();
    let target = json!({"namespace": "edge", "name": "edge-proxies", "kind": "webhook", "url": receiver.url});
    let target = id(&carl.post("/api/v1/targets", &target).await.expect(201).json());
    let release = json!({"namespace": "alice", "filter": "correlation-id", "version": "1.2.0"});
    let wanted = json!({"targets": [target], "releases": [release]});
    let made = id(&carl.post("/api/v1/deployments", &wanted).await.expect(202).json()["items"][0]);
    // One that is under way is followed by its page, and loaded again under the eyes of the judge.
    let there = eventually(Duration::from_secs(30), async || {
        carl.get(&format!("/api/v1/deployments/{made}")).await.expect(200).json()["state"] == "deployed"
    });
    assert!(there.await);
    let stop = "/api/v1/filters/alice/correlation-id/releases/1.2.0/quarantine";
    carl.post(stop, &json!({"reason": "A crafted cookie gets through."})).await.expect(200);
    (target, made)
}

/// One page in each of its ways: a picture, and what is held against it.
async fn viewed(browser: &Browser, look: &Look, path: &str) -> Vec<String> {
    let all = [("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390)];
    let ways = if look.whole { &all[..] } else { &[all[0], all[3]] };
    let mut complaints = vec![];
    for (theme, width) in ways {
        let of = format!("{} {theme} {width}", look.name);
        browser.theme(theme).await;
        browser.size(*width, if *width < 600 { 900 } else { 1000 }).await;
        browser.go(path).await;
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        let status = browser.run(status, json!([])).await;
        if status != json!(look.status) {
            complaints.push(format!("{of}: {path} answered {status}"));
        }
        browser.picture(&format!("{}-{theme}-{width}", look.name)).await;
        let found = browser.complaints().await;
        complaints.extend(found.into_iter().map(|c| format!("{of}: {c}")));
        let sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let beyond = browser.run(sideways, json!([])).await;
        if beyond != json!(0) {
            complaints.push(format!("{of}: {beyond} pixels beyond the edge"));
        }
    }
    complaints
}
