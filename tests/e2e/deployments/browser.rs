//! A deployment made, watched, rolled back and removed in a real browser, by keyboard alone.
use super::{World, meshery_server::Server};
use serde_json::json;
use tamis_e2e::chromium::Browser;
use thirtyfour::prelude::*;

/// Tab until what has the focus is this.
async fn tab(browser: &Browser, css: &str) {
    for _ in 0..80 {
        let there = browser.run("return document.activeElement.matches(arguments[0])", json!([css])).await;
        if there == true {
            return;
        }
        browser.driver.action_chain().send_keys(Key::Tab).perform().await.unwrap();
    }
    panic!("no {css} to tab to");
}

async fn fill(browser: &Browser, css: &str, text: &str) {
    tab(browser, css).await;
    browser.press(text).await;
}

async fn follow(browser: &Browser, css: &str) {
    tab(browser, css).await;
    browser.enter().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_made_watched_rolled_back_and_removed_by_keyboard_alone() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    world.publish("1.1.0").await;
    let server = Server::start(None).await;
    let browser = Browser::open(&world.app).await;
    browser.count_what_is_stopped().await;
    browser.sign_in(&world.app, "alice").await;
    browser.go("/deployments").await;
    fill(&browser, "input[name=name]", "prod-eu").await;
    fill(&browser, "input[name=url]", &server.url).await;
    browser.enter().await;
    browser.says("h1", "prod-eu").await;
    follow(&browser, "form[action$='/probe'] button").await;
    browser.says(".facts", "v0.7.130").await;
    for version in ["1.0.0", "1.1.0"] {
        browser.go("/deployments/new").await;
        tab(&browser, "input[name=target]").await;
        browser.press(" ").await;
        fill(&browser, "input[name=release]", &format!("alice/f@{version}")).await;
        fill(&browser, "textarea[name=config]", "{\"mode\": \"strict\"}").await;
        follow(&browser, "form[action='/deployments/new'] button").await;
        browser.says("#plan", "Plan").await;
        browser.picture(&format!("deployment-plan-{version}")).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        follow(&browser, "#deploy").await;
        browser.says("h1", "In step").await;
        browser.says(".facts", version).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    follow(&browser, "a[data-dialog=ask-rollback]").await;
    follow(&browser, "#ask-rollback button").await;
    browser.says(".lead", "number 3").await;
    browser.says("h1", "In step").await;
    browser.picture("deployment").await;
    follow(&browser, "a[data-dialog=ask-removal]").await;
    follow(&browser, "#ask-removal button").await;
    browser.says("h1", "Taken back").await;
    browser.go("/deployments").await;
    follow(&browser, "a[href^='/deployments/targets/']").await;
    fill(&browser, "input[name=name]", "edge").await;
    fill(&browser, "input[name=query]", "https://tamis.example/catalog?namespace=alice").await;
    fill(&browser, "input[name=version]", "^1.0").await;
    browser.enter().await;
    browser.says("ul.rows", "namespace=alice at ^1.0").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.picture("deployment-target").await;
    follow(&browser, "a[data-dialog=ask-rule-edge]").await;
    follow(&browser, "#ask-rule-edge button").await;
    browser.says("section[aria-labelledby=follows]", "Nothing.").await;
    for path in ["/deployments", "/deployments/new"] {
        browser.go(path).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{path}");
        assert_eq!(browser.run("return window.stopped", json!([])).await, json!([]), "{path}");
    }
    browser.picture("deployments").await;
    assert_eq!(server.effects().len(), 4);
    browser.close().await;
}
