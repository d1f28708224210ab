//! The console in a real browser: what people do with it, whether everybody can, and how it looks.
#![cfg(feature = "engines")]
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    chromium::Browser,
    client::Person,
    fixtures::{distinct, filter},
};
use tamis_entities::value::Role;

/// Things to look at: published filters with words and powers, a draft, a request.
async fn world() -> (TestApp, String) {
    let app = TestApp::spawn().await;
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
    let browser = Browser::open(&app).await;
    let mut complaints = vec![];
    browser.go("/sign-in").await;
    complaints.extend(browser.complaints().await);
    browser.sign_in(&app, "carl").await;
    let pages = [
        ("catalog", "/catalog?view=grid".to_owned()),
        ("catalog-table", "/catalog?q=header&view=table".to_owned()),
        ("catalog-empty", "/catalog?q=zzzzzz&view=grid".to_owned()),
        ("filter", "/filters/alice/correlation-id".to_owned()),
        ("filter-evidence", "/filters/alice/correlation-id?tab=evidence".to_owned()),
        ("filter-capabilities", "/filters/alice/correlation-id?tab=capabilities".to_owned()),
        ("filter-releases", "/filters/alice/correlation-id?tab=releases".to_owned()),
        ("upload", "/my/upload".to_owned()),
        ("my", "/my".to_owned()),
        ("inbox", "/my/inbox".to_owned()),
        ("reviews", "/reviews".to_owned()),
        ("review", format!("/reviews/{review}")),
        ("absent", "/filters/alice/absent".to_owned()),
        ("tokens", "/my/tokens".to_owned()),
        ("teams", "/teams".to_owned()),
        ("team", "/teams/edge".to_owned()),
        ("team-ask", "/teams/edge?ask=member-mira-k".to_owned()),
        ("robot", "/teams/edge/robots/edge-ci".to_owned()),
        ("access", "/filters/edge/shared/access".to_owned()),
        ("policy", "/admin/policy".to_owned()),
        ("webhooks", "/namespaces/edge/webhooks".to_owned()),
        ("webhook", hook(&app).await),
    ];
    complaints.extend(pictured(&browser, &pages).await);
    let on_review = |rest: &str| format!("/reviews/{review}?{rest}");
    let reviewing = [
        ("review-capabilities", on_review("tab=capabilities")),
        ("review-compatibility", on_review("tab=compatibility")),
        ("review-report", on_review("tab=report")),
        ("review-readme", on_review("tab=readme")),
        ("review-history", on_review("tab=history")),
        ("review-approve", on_review("act=approve")),
        ("review-request-changes", on_review("act=request-changes")),
        ("sign-in", "/sign-in".to_owned()),
    ];
    complaints.extend(looked_at(&browser, &reviewing).await);
    browser.sign_in(&app, "ada").await;
    let admins = [
        ("teams-invited", "/teams".to_owned()),
        ("audit", "/admin/audit".to_owned()),
        ("health", "/admin/health".to_owned()),
    ];
    complaints.extend(pictured(&browser, &admins).await);
    complaints.extend(looked_at(&browser, &[("meshery", "/admin/meshery".to_owned())]).await);
    browser.sign_in(&app, "alice").await;
    let draft = "/my/releases/alice/correlation-id/1.1.0".to_owned();
    complaints.extend(looked_at(&browser, &[("draft", draft), ("my-author", "/my".to_owned())]).await);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    browser.close().await;
}

/// Each page in both themes, wide and narrow: a picture, and what is held against it.
async fn pictured(browser: &Browser, pages: &[(&str, String)]) -> Vec<String> {
    let both = [("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390)];
    viewed(browser, pages, &both).await
}

/// The same, once in each theme: of pages that are built of the parts of others.
async fn looked_at(browser: &Browser, pages: &[(&str, String)]) -> Vec<String> {
    viewed(browser, pages, &[("light", 1440), ("dark", 390)]).await
}

async fn viewed(browser: &Browser, pages: &[(&str, String)], ways: &[(&str, u32)]) -> Vec<String> {
    let mut complaints = vec![];
    for (theme, width) in ways {
        browser.theme(theme).await;
        browser.size(*width, if *width < 600 { 900 } else { 1000 }).await;
        for (name, path) in pages {
            browser.go(path).await;
            browser.picture(&format!("{name}-{theme}-{width}")).await;
            let found = browser.complaints().await;
            complaints.extend(found.into_iter().map(|c| format!("{name} {theme} {width}: {c}")));
            let sideways =
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let beyond = browser.run(sideways, json!([])).await;
            if beyond != json!(0) {
                complaints.push(format!("{name} {width}: {beyond} pixels beyond the edge"));
            }
        }
    }
    complaints
}
