//! No page of another site makes a signed-in browser do anything: every route that changes something refuses
//! its cookie when the request comes from elsewhere. Made from the server's own table, so a new route is in it.
//! (What the same browser sends from our own origin without having been shown the form, `access/forms.rs` tries.)
use super::pages::signed_in;
use reqwest::Method;
use tamis::auth::table::{Door, Need, RULES};
use tamis_e2e::{app::TestApp, fixtures::distinct};
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
