//! What an author does on the pages of a draft: nothing that was typed is lost, whichever button is pressed.
use super::{
    admin::{page, send},
    pages::{assert_tight, look, signed_in},
};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::{browser, password},
    client::{Person, Reply},
    fixtures::{distinct, filter},
};

const PAGE: &str = "/my/releases/alice/f/1.0.0";

fn said<'a>(licence: &'a str, readme: &'a str) -> Vec<(&'static str, &'a str)> {
    let source = "https://git.example.org/f";
    vec![
        ("summary", "Does it."),
        ("type", "http"),
        ("licence", licence),
        ("source", source),
        ("readme", readme),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_keeps_what_was_typed_and_the_next_version_begins_with_it() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    token.upload("alice/f", "1.0.0", filter("header-guard").to_vec()).await.expect(201);
    let alice = signed_in(&app, "alice").await;
    let mut form = said("Apache-2.0", "# How\r\nit works");
    form.push(("note", "tested in staging"));
    let asked = send(&alice, PAGE, &format!("{PAGE}/publication"), &form).await.expect(303);
    assert_eq!(asked.header("location"), PAGE);
    let release = "/api/v1/filters/alice/f/releases/1.0.0";
    let kept = token.get(release).await.expect(200).json();
    let of = |release: &serde_json::Value| {
        let said = &release["metadata"];
        (said["licence"].clone(), said["readme"].clone(), said["type"].clone())
    };
    assert_eq!(of(&kept), (json!("Apache-2.0"), json!("# How\nit works"), json!("http")));
    let made = token.get("/api/v1/filters/alice/f").await.expect(200).json();
    assert_eq!(
        (&made["summary"], &made["source_repository"]),
        (&json!("Does it."), &json!("https://git.example.org/f"))
    );
    app.drain_jobs().await;
    let mine = token.get("/api/v1/reviews").await.expect(200).json();
    let review = mine["items"][0].clone();
    assert_eq!(review["state"], "in_review", "{review}");
    carl.vote(&review, "approve").await.expect(200);
    token.release(&review).await.expect(200);

    let html = page(&alice, "/filters/alice/f").await;
    assert!(html.contains("/my/upload?filter=alice/f&amp;after=1.0.0"), "{html}");
    let html = page(&alice, "/my/upload?filter=alice/f&after=1.0.0").await;
    assert!(html.contains("name=\"version\" value=\"1.0.1\""), "{html}");
    token.upload("alice/f", "1.0.1", distinct("next", 10)).await.expect(201);
    let next = token.get("/api/v1/filters/alice/f/releases/1.0.1").await.expect(200).json();
    assert_eq!(of(&next), of(&kept));
    let html = page(&alice, PAGE).await;
    assert!(html.contains("Ask to take it back</button>") && !html.contains("Save and ask for"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_licence_is_mended_where_it_was_typed() {
    let app = TestApp::spawn().await;
    app.author("alice").await.upload("alice/f", "1.0.0", distinct("f", 10)).await.expect(201);
    let alice = signed_in(&app, "alice").await;
    for to in ["description", "publication"] {
        let refused =
            send(&alice, PAGE, &format!("{PAGE}/{to}"), &said("Apache 2", "a long README")).await.expect(400);
        assert_tight(&refused);
        let html = refused.text();
        for part in
            ["Nothing was saved.", "licence", "value=\"Apache 2\"", "a long README", "value=\"Does it.\""]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
    let html = page(&alice, PAGE).await;
    assert!(!html.contains("Does it."), "half of it was kept");
    let kept = send(&alice, PAGE, &format!("{PAGE}/description"), &said("Apache-2.0", "a long README"))
        .await
        .expect(303);
    assert!(page(&alice, kept.header("location")).await.contains("<b>Saved.</b>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_for_changes_makes_them_and_asks_again_on_one_page() {
    let app = TestApp::spawn().await;
    let (token, carl) = (app.author("alice").await, app.curator("carl").await);
    token.upload("alice/f", "1.0.0", distinct("f", 10)).await.expect(201);
    let review = token.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "request_changes").await.expect(200);
    let alice = signed_in(&app, "alice").await;
    let path = format!("/reviews/{}", review["id"].as_str().unwrap());
    assert!(page(&alice, &path).await.contains(&format!("href=\"{PAGE}\">Change its description")));
    let html = page(&alice, PAGE).await;
    assert!(html.contains("Save and ask again"), "{html}");
    // What was written is kept by the button that asks.
    let mut fields = said("MIT", "words");
    fields.push(("note", "there is a licence now"));
    send(&alice, PAGE, &format!("{PAGE}/publication"), &fields).await.expect(303);
    app.drain_jobs().await;
    let now = token.get(&format!("/api/v1{path}")).await.expect(200).json();
    assert_eq!((&now["state"], &now["round"]), (&json!("in_review"), &json!(2)));
    let release = token.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert_eq!(
        (&release["metadata"]["licence"], &release["metadata"]["readme"]),
        (&json!("MIT"), &json!("words"))
    );
}

/// The address of a one-time link, and what pressing its button answers.
async fn by_link(app: &TestApp, person: &Person) -> Reply {
    let link = tamis::operate::accounts::link(&app.state, &"alice".parse().unwrap()).await.unwrap();
    let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    person.send(person.request(reqwest::Method::POST, &path)).await.expect(303)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_a_one_time_link_is_led_back_and_who_signs_in_again_need_not_say_their_name() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let (alice, there) = (browser(&app), "/my/upload?filter=alice/f&after=1.0.0");
    let asked = look(&alice, there).await.expect(303);
    let html = alice.get(asked.header("location")).await.expect(200).text();
    assert!(html.contains("it leads to where you were going") && html.contains("user link NAME"), "{html}");
    assert!(html.contains("value=\"\" required"), "nobody is known yet: {html}");
    assert_eq!(by_link(&app, &alice).await.header("location"), there);
    // Once, and not on the next occasion. Who has no other way in is asked to make one while they may.
    assert_eq!(by_link(&app, &alice).await.header("location"), "/my/tokens#password");
    assert!(look(&alice, "/my/tokens").await.expect(200).text().contains("Set one now"));

    // A form that came too late says so, and the way back keeps the whole address.
    app.clock.advance(Duration::from_secs(601));
    let request = alice.request(reqwest::Method::POST, "/my/password").header("accept", "text/html");
    let token = tamis_e2e::browser::form_token(&alice, "/my/tokens").await;
    let request = request.form(&[("form", token.as_str()), ("password", "correct horse battery")]);
    let from = format!("{}/my/tokens?ask=token-1", alice.base);
    let html = alice.send(request.header("referer", from)).await.expect(403).text();
    assert!(html.contains("next=%2Fmy%2Ftokens%3Fask%3Dtoken-1\""), "{html}");
    let html = alice.get("/sign-in?again=true&next=/my/tokens%3Fask%3Dtoken-1").await.expect(200).text();
    assert!(html.contains("value=\"alice\" required") && html.contains("user link alice"), "{html}");
    assert_eq!(by_link(&app, &alice).await.header("location"), "/my/tokens?ask=token-1");

    // Whatever a cookie says, nobody is sent elsewhere; and a sign-in page without a place forgets the last.
    alice.get("/sign-in?next=/my").await.expect(200);
    alice.get("/sign-in").await.expect(200);
    assert_eq!(by_link(&app, &alice).await.header("location"), "/my/tokens#password");
    let evil = "Ly9ldmlsLmV4YW1wbGU";
    let link = tamis::operate::accounts::link(&app.state, &"alice".parse().unwrap()).await.unwrap();
    let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    let press = browser(&app).request(reqwest::Method::POST, &path);
    let press = press.header("cookie", format!("tamis_next={evil}"));
    assert_eq!(alice.send(press).await.expect(303).header("location"), "/my/tokens#password");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_sign_in_again_is_led_there_and_back_and_can_have_a_password() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let alice = signed_in(&app, "alice").await;
    let here = "/my/tokens";
    assert!(page(&alice, here).await.contains("You have none, so only another one-time link"));
    send(&alice, here, "/my/password", &[("password", "short")]).await.expect(400);
    let new = "correct horse battery";
    send(&alice, here, "/my/password", &[("password", new)]).await.expect(303);
    assert!(page(&alice, here).await.contains("You have one."));
    app.clock.advance(Duration::from_secs(601));
    let request = alice.request(reqwest::Method::POST, "/my/password");
    let token = tamis_e2e::browser::form_token(&alice, here).await;
    let request = request.form(&[("form", token.as_str()), ("password", new)]).header("accept", "text/html");
    let late = alice.send(request.header("referer", format!("{}{here}", alice.base))).await.expect(403);
    let html = late.text();
    assert!(html.contains("Sign in again for this"), "{html}");
    assert!(html.contains("href=\"/sign-in?again=true&#38;next=%2Fmy%2Ftokens\""), "{html}");
    assert_eq!(password(&browser(&app), "alice", new).await.expect(303).header("location"), "/");
}
