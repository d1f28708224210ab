//! No page of another site makes a signed-in browser do anything: every route that changes something refuses
//! its cookie when the request comes from elsewhere. Made from the server's own table, so a new route is in it.
use super::pages::signed_in;
use reqwest::Method;
use serde_json::json;
use tamis::auth::table::{Door, Need, RULES};
use tamis_e2e::{app::TestApp, browser::form_token, fixtures::distinct};
use tamis_entities::value::Role;

/// The path with something in place of its placeholders; nothing of it is looked up before the refusal.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{namespace}" => "alice".into(),
        "{filter}" => "guard".into(),
        "{version}" | "{other}" => "1.0.0".into(),
        "{subject}" => "user:alice".into(),
        part if part.starts_with('{') => uuid::Uuid::nil().to_string(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_that_changes_something_takes_the_cookie_of_a_foreign_page() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/guard", "1.0.0", distinct("guard", 10)).await.expect(201);
    // Somebody whose cookie would be worth most.
    app.user("ada", Role::Admin).await;
    let browser = signed_in(&app, "ada").await;
    let mut tried = 0;
    // What anyone may ask for gains nothing by a cookie; sign-in, consent and preferences are tried where they live.
    // The door for Meshery Servers takes no cookie at all.
    let takes_cookies = RULES.iter().filter(|rule| rule.door == Door::Native);
    for rule in takes_cookies.filter(|rule| rule.method != "GET" && rule.need != Need::Anyone) {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.test"),
        ] {
            let request = browser.request(rule.method.parse::<Method>().unwrap(), &filled(rule.path));
            let reply = browser.send(request.header(name, value).form(&[("form", "none")])).await;
            let what = format!("{} {} with {name}: {value}", rule.method, rule.path);
            if rule.path.starts_with("/v2/") {
                // A cookie is nobody there, wherever the request comes from.
                assert_eq!(reply.status, 401, "{what}: {}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 403, "{what}: {}", reply.text());
            assert_eq!(reply.json()["code"], "foreign-origin", "{what}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    // The session is as it was.
    browser.get("/my").await.expect(200);
}

/// The browser says that the form comes from our own page; what it lacks is the token that only that page shows.
#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_a_page_is_taken_without_the_token_of_the_page() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/guard", "1.0.0", distinct("guard", 10)).await.expect(201);
    alice.post("/api/v1/teams", &json!({"handle": "crew", "title": "Crew"})).await.expect(201);
    let review = alice.submit("alice/guard", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    app.user("ada", Role::Admin).await;
    let (owner, admin) = (signed_in(&app, "alice").await, signed_in(&app, "ada").await);
    let other = form_token(&admin, "/my").await;
    let pages = RULES.iter().filter(|rule| {
        let browser_only = ["/sign-in", "/oauth2", "/preferences", "/api/", "/health", "/v2/"];
        rule.door == Door::Native
            && rule.method == "POST"
            && !browser_only.iter().any(|start| rule.path.starts_with(start))
    });
    let mut tried = 0;
    for rule in pages.filter(|rule| rule.need != Need::Anyone) {
        let path = rule.path.replace("{id}", review["id"].as_str().unwrap()).replace("{team}", "crew");
        // Whoever gets past the question who they are is asked for the token, whatever else the form lacks.
        for (who, browser, token) in [("alice", &owner, ""), ("alice", &owner, &other), ("ada", &admin, "")] {
            let request =
                browser.request(Method::POST, &filled(&path)).header("sec-fetch-site", "same-origin");
            let reply = browser.send(request.form(&[("form", token)])).await;
            let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
            let stopped_before =
                ["not-found", "role", "own-work", "insufficient-scope"].contains(&code.as_str());
            // An upload is sent in parts.
            let expected = code == "form-expired" || stopped_before || path == "/my/upload";
            assert!(expected, "{path} by {who} with {token:?}: {} {}", reply.status, reply.text());
            tried += usize::from(code == "form-expired");
        }
    }
    assert!(tried > 60, "{tried}");
}
