//! Signing in through GitHub, played by a stand-in with GitHub's own answers.
use super::{PASSWORD, begin_link, local_user, me, with_file};
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    browser::{assert_in, assert_problem, browser, cookies, open, password, sign_in, through},
    client::Person,
    github::{Account, GitHub},
};
use tamis_entities::value::Role;
use tempfile::TempDir;

fn octocat() -> Account {
    Account {
        id: 583_231,
        login: "Octo.Cat".into(),
        emails: vec![("old@example.org".into(), false, true), ("octocat@example.org".into(), true, true)],
        orgs: vec!["Acme".into()],
    }
}

async fn server(github: &GitHub, more: &str) -> (TestApp, TempDir) {
    github.account(octocat());
    with_file(&github.table(more)).await
}

async fn emails_of(app: &TestApp) -> Vec<serde_json::Value> {
    let ada = app.user("ada", Role::Admin).await;
    let users = ada.get("/api/v1/users?limit=100").await.expect(200).json();
    users["items"].as_array().unwrap().iter().map(|u| json!([u["handle"], u["email"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sign_in_makes_an_account_and_the_next_finds_it() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let one = browser(&app);
    let page = one.get("/sign-in?next=/catalog").await.expect(200).text();
    assert!(page.contains("href=\"/sign-in/github?next=%2Fcatalog\">Sign in with GitHub"), "{page}");
    assert_in(&sign_in(&one, "/sign-in/github?next=/catalog").await, "/catalog");
    assert_eq!(me(&one).await["handle"], "octo-cat");
    // Renamed there: the same person, found by the number that never changes.
    github.account(Account { login: "somebody-else".into(), ..octocat() });
    let two = browser(&app);
    assert_in(&sign_in(&two, "/sign-in/github").await, "/");
    assert_eq!(me(&two).await["handle"], "octo-cat");
    let known = two.get("/api/v1/me/identities").await.expect(200).json();
    assert_eq!(known["items"][0]["provider_name"], "GitHub");
    assert_eq!(known["items"][0]["label"], "somebody-else");
    assert_eq!(known["items"][0]["email"], "octocat@example.org");
    assert!(emails_of(&app).await.contains(&json!(["octo-cat", "octocat@example.org"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_reserved_or_look_alike_login_gets_another_handle() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let alice = app.author("alice").await;
    alice.post("/api/v1/teams", &json!({"handle": "before"})).await.expect(201);
    alice.patch("/api/v1/teams/before", &json!({"handle": "now"})).await.expect(200);
    for (id, login, handle) in [
        (1, "alice", "alice-2"),
        (2, "a1ice", "a1ice-3"),
        (3, "Admin", "admin-2"),
        (4, "--", "user"),
        (5, "tamis", "tamis-2"),
        (6, "before", "before-2"),
    ] {
        github.account(Account { id, login: login.into(), ..octocat() });
        let person = browser(&app);
        assert_in(&sign_in(&person, "/sign-in/github").await, "/");
        assert_eq!(me(&person).await["handle"], handle, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_an_account_that_the_rules_do_not_give() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "").await;
    assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "no-account");

    let rules = "allow_sign_up = true\nallowed_orgs = [\"acme\"]\nallowed_domains = [\"example.org\"]";
    let (app, _file) = server(&github, rules).await;
    github.account(Account { orgs: vec!["other".into()], ..octocat() });
    assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "not-admitted");
    for emails in [
        // Not verified, not the primary one, of another domain, none.
        vec![("octocat@example.org".to_owned(), true, false)],
        vec![("octocat@example.org".to_owned(), false, true), ("o@example.com".to_owned(), true, true)],
        vec![("octocat@evil-example.org".to_owned(), true, true)],
        vec![("example.org@evil.test".to_owned(), true, true)],
        vec![],
    ] {
        github.account(Account { emails, ..octocat() });
        assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "not-admitted");
    }
    github.account(octocat());
    let person = browser(&app);
    assert_in(&sign_in(&person, "/sign-in/github").await, "/");
    // The rules are asked again each time.
    github.account(Account { orgs: vec![], ..octocat() });
    assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "not-admitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_once_and_in_the_browser_that_asked() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let (alice, mallory) = (browser(&app), browser(&app));
    let away = alice.get("/sign-in/github").await.expect(303);
    let back = through(&alice, away.header("location")).await;
    // Carried to another browser, which has begun one of its own.
    assert_problem(&open(&mallory, &back).await, "sign-in-expired");
    mallory.get("/sign-in/github").await.expect(303);
    assert_problem(&open(&mallory, &back).await, "sign-in-expired");
    let state = reqwest::Url::parse(&back).unwrap();
    let state = state.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
    for wrong in [
        "/sign-in/github/callback",
        "/sign-in/github/callback?code=x",
        "/sign-in/github/callback?code=x&state=y",
    ] {
        assert_problem(&alice.get(wrong).await, "sign-in-expired");
    }
    assert_in(&open(&alice, &back).await, "/");
    assert_problem(&open(&browser(&app), &back).await, "sign-in-expired");
    assert_problem(&open(&alice, &back).await, "sign-in-expired");
    // Refused there, or a code that is not theirs.
    for (query, problem) in [
        ("error=access_denied", "sign-in-refused"),
        ("code=made-up", "provider-answer"),
        ("", "provider-answer"),
    ] {
        let away = mallory.get("/sign-in/github?next=/catalog").await.expect(303);
        let url = reqwest::Url::parse(away.header("location")).unwrap();
        let state = url.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
        let reply = mallory.get(&format!("/sign-in/github/callback?{query}&state={state}")).await;
        assert_problem(&reply, problem);
        assert!(reply.header("location").ends_with("next=%2Fcatalog"), "{}", reply.header("location"));
    }
    assert_eq!(state.len(), 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_one_answer_at_once_one_signs_in() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let alice = browser(&app);
    let away = alice.get("/sign-in/github").await.expect(303);
    let back = through(&alice, away.header("location")).await;
    let visit = cookies(&away).remove(0);
    let all = (0..10).map(|_| {
        let (nobody, back, visit) = (browser(&app), back.clone(), visit.clone());
        tokio::spawn(async move { nobody.send(nobody.http.get(back).header("cookie", visit)).await })
    });
    let mut locations = vec![];
    for one in all.collect::<Vec<_>>() {
        locations.push(one.await.unwrap().expect(303).header("location").to_owned());
    }
    let signed_in = locations.iter().filter(|l| *l == "/").count();
    let refused = locations.iter().filter(|l| l.contains("problem=sign-in-expired")).count();
    assert_eq!((signed_in, refused), (1, 9), "{locations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_sign_ins_at_once_make_one_account() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let mut begun = vec![];
    for _ in 0..4 {
        let person = browser(&app);
        let away = person.get("/sign-in/github").await.expect(303);
        let back = through(&person, away.header("location")).await;
        begun.push((person, back));
    }
    let all: Vec<_> = begun
        .into_iter()
        .map(|(person, back)| {
            tokio::spawn(async move {
                assert_in(&open(&person, &back).await, "/");
                me(&person).await["handle"].as_str().unwrap().to_owned()
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), "octo-cat");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_lapses_after_ten_minutes() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let alice = browser(&app);
    let away = alice.get("/sign-in/github").await.expect(303);
    let back = through(&alice, away.header("location")).await;
    app.clock.advance(std::time::Duration::from_secs(601));
    assert_problem(&open(&alice, &back).await, "sign-in-expired");
}

/// The same address at GitHub and here is a coincidence, not a proof.
#[tokio::test(flavor = "multi_thread")]
async fn no_address_opens_an_account_that_is_there() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let first = browser(&app);
    assert_in(&sign_in(&first, "/sign-in/github").await, "/");
    github.account(Account { id: 99, login: "impostor".into(), ..octocat() });
    let second = browser(&app);
    assert_in(&sign_in(&second, "/sign-in/github").await, "/");
    assert_eq!(me(&second).await["handle"], "impostor");
}

async fn link(browser: &Person) -> tamis_e2e::client::Reply {
    let begun = begin_link(browser, "github").await.expect(200).json();
    let back = through(browser, begun["location"].as_str().unwrap()).await;
    open(browser, &back).await
}

#[tokio::test(flavor = "multi_thread")]
async fn linking_takes_a_proof_of_both() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "").await;
    let token = local_user(&app, "alice").await;
    begin_link(&token, "github").await.expect_problem(403, "session-needed");
    let (alice, mallory) = (browser(&app), browser(&app));
    begin_link(&alice, "github").await.expect(401);
    assert_in(&password(&alice, "alice", PASSWORD).await, "/");
    begin_link(&alice, "oidc:acme").await.expect_problem(400, "invalid");
    // An old sign-in is not enough.
    app.clock.advance(std::time::Duration::from_secs(601));
    begin_link(&alice, "github").await.expect_problem(403, "sign-in-again");
    assert_in(&password(&alice, "alice", PASSWORD).await, "/");
    // The answer comes to another browser, or after signing out.
    let begun = begin_link(&alice, "github").await.expect(200).json();
    let back = through(&mallory, begun["location"].as_str().unwrap()).await;
    assert_problem(&open(&mallory, &back).await, "sign-in-expired");
    alice.delete("/api/v1/me/sessions").await.expect(204);
    let sessions = alice.get("/api/v1/me/sessions").await.expect(200).json();
    let own = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    alice.delete(&format!("/api/v1/me/sessions/{own}")).await.expect(204);
    assert_problem(&open(&alice, &back).await, "sign-in-expired");
    assert_problem(&sign_in(&browser(&app), "/sign-in/github").await, "no-account");

    assert_in(&password(&alice, "alice", PASSWORD).await, "/");
    assert_in(&link(&alice).await, "/catalog");
    let by_github = browser(&app);
    assert_in(&sign_in(&by_github, "/sign-in/github").await, "/");
    assert_eq!(me(&by_github).await["handle"], "alice");
    // It belongs to alice now: nobody else can have it.
    local_user(&app, "bob").await;
    let bob = browser(&app);
    assert_in(&password(&bob, "bob", PASSWORD).await, "/");
    assert_problem(&link(&bob).await, "identity-linked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_in_stays() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let person = browser(&app);
    assert_in(&sign_in(&person, "/sign-in/github").await, "/");
    let known = person.get("/api/v1/me/identities").await.expect(200).json();
    let path = format!("/api/v1/me/identities/{}", known["items"][0]["id"].as_str().unwrap());
    person.delete(&path).await.expect_problem(409, "last-way-in");
    person.post("/api/v1/me/password", &json!({"password": PASSWORD})).await.expect(204);
    let stranger = browser(&app);
    local_user(&app, "bob").await;
    assert_in(&password(&stranger, "bob", PASSWORD).await, "/");
    stranger.delete(&path).await.expect(404);
    person.delete(&path).await.expect(204);
    assert_eq!(person.get("/api/v1/me/identities").await.expect(200).json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_is_a_message_and_not_a_fault() {
    let github = GitHub::start();
    let (app, _file) = server(&github, "allow_sign_up = true").await;
    let person = browser(&app);
    let away = person.get("/sign-in/github").await.expect(303);
    let back = through(&person, away.header("location")).await;
    drop(github);
    let reply = open(&person, &back).await.expect(303);
    assert!(
        reply.header("location").starts_with("/sign-in?problem=provider-"),
        "{}",
        reply.header("location")
    );
}
