//! The page of people: an administrator adds them, hands out links and ends accounts, all by the page alone.
use super::{
    admin::{page, path_after, send},
    pages::{assert_tight, look, signed_in},
};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::{browser, form_token},
    client::Person,
};
use tamis_entities::value::Role;

const HERE: &str = "/admin/people";

/// Presses the button of the link that the page shows.
async fn follow(person: &Person, html: &str) -> String {
    let path = format!("/sign-in/{}", path_after(html, "/sign-in/").split('<').next().unwrap());
    let request = person.request(reqwest::Method::POST, &path);
    person.send(request).await.expect(303).header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_adds_a_curator_who_comes_in_by_the_link_and_sets_a_password() {
    let app = TestApp::spawn().await;
    app.user("ada", Role::Admin).await;
    app.author("alice").await;
    let ada = signed_in(&app, "ada").await;
    assert!(page(&ada, "/admin/health").await.contains(HERE));
    let before = page(&ada, HERE).await;
    assert!(before.contains("alice") && before.contains("comes in by a one-time link only"), "{before}");

    for (handle, why) in [("No Name", "handle"), ("alice", "taken"), ("admin", "handle")] {
        let refused = send(&ada, HERE, HERE, &[("handle", handle), ("role", "curator")]).await.expect(400);
        assert_tight(&refused);
        let html = refused.text();
        assert!(html.contains("Nobody was added.") && html.contains(why), "{handle}: {html}");
        assert!(html.contains(&format!("value=\"{handle}\"")), "what was typed is kept: {html}");
        assert!(html.contains("value=\"curator\" checked"), "{html}");
    }
    send(&ada, HERE, HERE, &[("handle", "noor"), ("role", "king")]).await.expect(400);

    let made = send(&ada, HERE, HERE, &[("handle", "noor"), ("role", "curator")]).await.expect(201);
    assert_tight(&made);
    let noor = browser(&app);
    assert_eq!(follow(&noor, &made.text()).await, "/my/tokens#password");
    assert_eq!(noor.get("/api/v1/me").await.expect(200).json()["role"], "curator");
    send(&noor, "/my/tokens", "/my/password", &[("password", "a long enough one")]).await.expect(303);
    let after = page(&ada, HERE).await;
    assert!(
        after.contains("comes in by a password") && !after.contains("/sign-in/"),
        "the link is shown once: {after}"
    );

    // Who has a way back is led to the catalog by the next link. Its page leads back to the list, which can be read again.
    let again = send(&ada, HERE, "/admin/people/noor", &[("act", "link")]).await.expect(201);
    assert!(again.text().contains("name=\"next\" value=\"/admin/people\""), "{}", again.text());
    assert_eq!(follow(&browser(&app), &again.text()).await, "/");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_kept_for_no_repeat_and_nobody_is_listed_who_does_not_sign_in() {
    let app = TestApp::spawn().await;
    app.user("ada", Role::Admin).await;
    app.author("alice").await;
    tamis::operate::seed::run(&app.state).await.unwrap();
    let ada = signed_in(&app, "ada").await;
    let html = page(&ada, HERE).await;
    assert!(!html.contains("/admin/people/seed"), "{html}");
    let token = form_token(&ada, HERE).await;
    let mut links = vec![];
    for _ in 0..2 {
        let form = [("form", token.as_str()), ("act", "link")];
        let asked = ada.request(reqwest::Method::POST, "/admin/people/alice").header("idempotency-key", "k");
        let html = ada.send(asked.header("accept", "text/html").form(&form)).await.expect(201).text();
        links.push(path_after(&html, "/sign-in/").split('<').next().unwrap().to_owned());
    }
    assert_ne!(links[0], links[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_ends_and_begins_again_and_a_stale_sign_in_makes_no_way_in() {
    let app = TestApp::spawn().await;
    app.user("ada", Role::Admin).await;
    let alice = app.author("alice").await;
    let ada = signed_in(&app, "ada").await;
    let to = "/admin/people/alice";
    send(&ada, HERE, to, &[("act", "disable")]).await.expect(303);
    assert!(page(&ada, HERE).await.contains("Disabled"));
    alice.get("/api/v1/me").await.expect(401);
    send(&ada, HERE, to, &[("act", "link")]).await.expect(409);
    send(&ada, HERE, to, &[("act", "enable")]).await.expect(303);
    alice.get("/api/v1/me").await.expect(200);
    send(&ada, HERE, "/admin/people/ada", &[("act", "disable")]).await.expect(409);
    send(&ada, HERE, "/admin/people/nobody", &[("act", "link")]).await.expect(404);
    send(&ada, HERE, to, &[("act", "crown")]).await.expect(400);

    app.clock.advance(Duration::from_secs(601));
    assert!(page(&ada, HERE).await.contains("sign in again"));
    for (path, fields) in [
        (HERE, [("handle", "eve"), ("role", "admin")].as_slice()),
        (to, &[("act", "link")]),
        (to, &[("act", "disable")]),
    ] {
        let refused = send(&ada, HERE, path, fields).await.expect(403).text();
        assert!(refused.contains("Sign in again for this") && refused.contains("ada"), "{refused}");
    }
    // Nor does a token make a way in, whatever it carries.
    let machine = app.token("ada", None).await;
    let request = machine.request(reqwest::Method::POST, to).form(&[("act", "link")]);
    machine.send(request).await.expect(403);
    let eve = serde_json::json!({"handle": "eve", "role": "curator"});
    assert_eq!(machine.post("/api/v1/users", &eve).await.expect(201).json()["role"], "curator");
    machine.post("/api/v1/users", &eve).await.expect(409);
    alice.post("/api/v1/users", &eve).await.expect(403);
    let person = signed_in(&app, "alice").await;
    assert_tight(&look(&person, HERE).await.expect(403));
    app.assert_sound().await;
}
