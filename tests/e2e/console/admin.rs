//! Tokens and the instance's pages over plain HTTP: what each says and does, and who is refused.
use super::pages::{assert_tight, look, signed_in};
use reqwest::Method;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    browser::form_token,
    client::{Person, Reply},
    fixtures::distinct,
};
use tamis_entities::{
    job,
    value::{JobState, Role},
};

/// Sends a form as the page at `from` would.
pub async fn send(person: &Person, from: &str, to: &str, fields: &[(&str, &str)]) -> Reply {
    let token = form_token(person, from).await;
    let mut form = vec![("form", token.as_str())];
    form.extend_from_slice(fields);
    person.send(person.request(Method::POST, to).header("accept", "text/html").form(&form)).await
}

/// A page that is as tight as all others.
pub async fn page(person: &Person, path: &str) -> String {
    let reply = look(person, path).await.expect(200);
    assert_tight(&reply);
    reply.text()
}

/// Where on the page something is done: the end of the first path that begins so.
pub fn path_after<'a>(html: &'a str, start: &str) -> &'a str {
    let (_, rest) = html.split_once(start).unwrap_or_else(|| panic!("no {start} in {html}"));
    rest.split(['"', '/', '?']).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_made_by_the_form_works_and_its_secret_is_on_no_later_page() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let alice = signed_in(&app, "alice").await;
    let empty = page(&alice, "/my/tokens").await;
    assert!(empty.contains("1 of yours") && empty.contains("upload drafts of your filters"), "{empty}");
    assert!(!empty.contains("reviews:vote") && !empty.contains("name=\"admin\""), "{empty}");
    let fields = [
        ("name", "ci <b>"),
        ("filters:read", "on"),
        ("filters:write", "on"),
        ("limit", "alice"),
        ("days", "7"),
    ];
    let made = send(&alice, "/my/tokens", "/my/tokens", &fields).await.expect(201);
    assert_tight(&made);
    let html = made.text();
    let secret = format!("tms_{}", path_after(&html, "<code>tms_").split('<').next().unwrap());
    assert!(html.contains(&format!("data-copy=\"{secret}\"")), "{html}");
    assert!(html.contains("ci &#60;b&#62;") && !html.contains("ci <b>"), "{html}");
    let machine = Person { token: Some(secret.clone()), ..app.anonymous() };
    let me = machine.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["handle"], &me["limit"]["namespace"]), (&json!("alice"), &json!("alice")));
    assert_eq!(me["scopes"], json!(["filters:read", "filters:write"]));
    let later = page(&alice, "/my/tokens").await;
    assert!(!later.contains(&secret) && !later.contains("tms_") && later.contains("all of alice"), "{later}");
    let (_, row) = later.split_once("ci &#60;b&#62;").unwrap();
    let id = path_after(row, "?ask=token-").to_owned();
    let asked = page(&alice, &format!("/my/tokens?ask=token-{id}")).await;
    assert!(
        asked.contains(&format!("<dialog id=\"ask-token-{id}\" aria-labelledby=\"title-token-{id}\" open>")),
        "{asked}"
    );
    let gone = send(&alice, "/my/tokens", &format!("/my/tokens/{id}/revocation"), &[]).await.expect(303);
    assert_eq!(gone.header("location"), "/my/tokens");
    machine.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_made_is_told_why_beside_what_was_typed() {
    let app = TestApp::spawn().await;
    app.curator("carl").await;
    let carl = signed_in(&app, "carl").await;
    for (fields, said) in [
        (vec![("name", "nothing-ticked")], "at least one"),
        (
            vec![("name", "odd-limit"), ("filters:read", "on"), ("limit", "No Name")],
            "a namespace, or namespace/filter",
        ),
        (
            vec![("name", "nowhere"), ("filters:read", "on"), ("limit", "nowhere")],
            "there is no such namespace",
        ),
        (vec![("name", "much"), ("reviews:vote", "on"), ("limit", "carl")], "limited token carries only"),
        (vec![("name", "ages"), ("filters:read", "on"), ("days", "367")], "at most a year"),
        (vec![("name", "of-nobody"), ("everything", "on")], "<code>everything</code> is none"),
    ] {
        let refused = send(&carl, "/my/tokens", "/my/tokens", &fields).await.expect(400);
        assert_tight(&refused);
        let html = refused.text();
        assert!(html.contains("No token was made.") && html.contains(said), "{said}: {html}");
        assert!(html.contains(&format!("value=\"{}\"", fields[0].1)), "{html}");
    }
    // Whoever finds the browser open makes no token that votes.
    app.clock.advance(Duration::from_secs(700));
    let fields = [("name", "votes"), ("reviews:vote", "on")];
    let refused = send(&carl, "/my/tokens", "/my/tokens", &fields).await.expect(403).text();
    assert!(refused.contains("/sign-in?again=true&amp;next=/my/tokens"), "{refused}");
    let alone = [("form", "none"), ("name", "x"), ("filters:read", "on")];
    let foreign =
        carl.send(carl.request(Method::POST, "/my/tokens").header("accept", "text/html").form(&alone)).await;
    assert_tight(&foreign.expect(403));
    assert!(page(&carl, "/my/tokens").await.contains("1 of yours"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_ends_another_browser_of_theirs_and_then_all_but_the_one_at_hand() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let (here, there, third) =
        (signed_in(&app, "alice").await, signed_in(&app, "alice").await, signed_in(&app, "alice").await);
    let html = page(&here, "/my/tokens").await;
    assert!(html.contains("This browser") && html.contains("a browser of the tests"), "{html}");
    let id = path_after(&page(&there, "/my/tokens").await, "/my/sessions/").to_owned();
    send(&there, "/my/tokens", &format!("/my/sessions/{id}/end"), &[]).await.expect(303);
    let still = [here.get("/my").await.status, third.get("/my").await.status];
    assert_eq!(still.iter().filter(|status| **status == 200).count(), 1, "one of the two has ended");
    let last = if still[0] == 200 { &here } else { &third };
    send(last, "/my/tokens", "/my/sessions/end", &[]).await.expect(303);
    there.get("/my").await.expect(401);
    last.get("/my").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_the_log_and_narrow_it_as_the_api_does() {
    let app = TestApp::spawn().await;
    let (ada, alice) = (app.user("ada", Role::Admin).await, app.author("alice").await);
    for i in 0..60 {
        alice.post("/api/v1/teams", &json!({"handle": format!("team-{i}x")})).await.expect(201);
    }
    alice.put("/api/v1/teams/team-0x/members/ada", &json!({"role": "member"})).await.expect(200);
    let all = |query: &str| {
        let (ada, path) = (ada.clone(), format!("/api/v1/audit?limit=100&{query}"));
        async move { ada.get(&path).await.expect(200).json()["items"].as_array().unwrap().clone() }
    };
    assert_eq!(all("action=team.create").await.len(), 60);
    assert_eq!(all("action=team").await.len(), 61);
    assert_eq!(all("action=tea").await.len() + all("action=team.%25").await.len(), 0);
    assert_eq!(all("object=team:team-0x&actor=user:alice").await.len(), 2);
    assert_eq!(all("actor=user:ada").await.len() + all("actor=user:alice&object=team:x").await.len(), 0);
    let next = ada.get("/api/v1/audit?action=team&limit=2").await.expect(200).json()["next"].clone();
    let path = format!("/api/v1/audit?limit=2&after={}", next.as_str().unwrap());
    ada.get(&path).await.expect_problem(400, "invalid");
    ada.get(&format!("/api/v1/audit?actor={}", "x".repeat(301))).await.expect_problem(400, "invalid");
    let at = signed_in(&app, "ada").await;
    let html = page(&at, "/admin/audit?action=team&actor=&object=").await;
    assert!(html.contains("team.member.set") && html.contains("50 on this page"), "{html}");
    let older = html.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let older = page(&at, &older.replace("&#38;", "&").replace("&amp;", "&")).await;
    assert!(older.contains("11 on this page") && older.contains("Newest"), "{older}");
    assert!(page(&at, "/admin/audit?action=nothing").await.contains("No entry matches"));
    let person = signed_in(&app, "alice").await;
    for path in ["/admin/audit", "/admin/health"] {
        assert_tight(&look(&person, path).await.expect(403));
    }
    assert!(!page(&person, "/my").await.contains("/admin/health"));
    assert!(page(&at, "/my").await.contains("/admin/health"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_and_the_health_of_the_instance_are_told_in_words() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.user("ada", Role::Admin).await;
    let carl = app.curator("carl").await;
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    alice.upload("alice/next", "1.0.0", distinct("next", 10)).await.expect(201);
    let person = signed_in(&app, "alice").await;
    let policy = page(&person, "/admin/policy").await;
    for said in
        ["Due in 5 days", "After 90 days", "Verification report", "Checks that advise", "within 20 seconds"]
    {
        assert!(policy.contains(said), "{said}: {policy}");
    }
    assert!(!policy.contains("/admin/audit"), "{policy}");
    let ada = signed_in(&app, "ada").await;
    let health = page(&ada, "/admin/health").await;
    assert!(health.contains("All well") && health.contains("1 draft, 1 published"), "{health}");
    assert!(health.contains(if app.state.db.is_sqlite() { "SQLite 3." } else { "PostgreSQL 1" }), "{health}");
    let now = app.clock.now();
    let hopeless = job::Model {
        id: uuid::Uuid::now_v7(),
        kind: "check_review".into(),
        payload: json!({}),
        state: JobState::Dead,
        attempts: 8,
        run_at: now,
        leased_by: None,
        lease_until: None,
        last_error: Some("the store <is> away".into()),
        created_at: now,
    };
    let db = &*app.state.db;
    let id = hopeless.id;
    job::Entity::insert(hopeless.into_active_model()).exec_without_returning(db).await.unwrap();
    let failed = page(&ada, "/admin/health").await;
    assert!(failed.contains("Asks for a hand") && failed.contains("1 failed for good"), "{failed}");
    job::Entity::delete_by_id(id).exec(db).await.unwrap();
    assert!(failed.contains("check review") && failed.contains("the store &#60;is&#62; away"), "{failed}");
}
