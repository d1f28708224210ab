//! Signing in through a real OpenID provider, and every answer that must not be believed.
#![cfg(feature = "engines")]
use super::{PASSWORD, begin_link, local_user, me, with_file};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    browser::{assert_in, assert_problem, browser, open, password, sign_in, through},
    client::Person,
    issuer::Issuer,
};
use tamis_entities::value::Role;
use tempfile::TempDir;

fn alice(groups: &[&str]) -> Value {
    json!({"preferred_username": "alice", "email": "alice@example.org", "email_verified": true, "groups": groups})
}

const RULES: &str = "allow_sign_up = true\n[oidc.teams]\nedge = \"acme:maintainer\"\nguests = \"acme:member\"\n[oidc.roles]\ncurators = \"curator\"";

async fn server(issuer: &Issuer, more: &str) -> (TestApp, TempDir) {
    let (app, file) = with_file(&issuer.table("acme", more)).await;
    issuer.register(&app.base, &["acme", "other"]).await;
    (app, file)
}

/// The query of the URL with one parameter changed, or left out.
fn changed(url: &str, name: &str, value: Option<&str>) -> String {
    let mut url = reqwest::Url::parse(url).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(n, _)| n != name).collect();
    let mut query = url.query_pairs_mut();
    query.clear().extend_pairs(pairs);
    if let Some(value) = value {
        query.append_pair(name, value);
    }
    drop(query);
    url.into()
}

async fn begun(person: &Person) -> String {
    person.get("/sign-in/oidc/acme?next=/catalog").await.expect(303).header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_trip_with_pkce_makes_an_account_out_of_what_userinfo_says() {
    let issuer = Issuer::start();
    issuer.account("sub-1", alice(&[])).await;
    let (app, _file) = server(&issuer, RULES).await;
    let person = browser(&app);
    let page = person.get("/sign-in").await.expect(200).text();
    assert!(page.contains("Sign in with The acme directory"), "{page}");
    let away = begun(&person).await;
    for part in
        ["code_challenge_method=S256", "response_type=code", "nonce=", "scope=openid+email+profile+groups"]
    {
        assert!(away.contains(part), "{away}");
    }
    let back = through(&person, &away).await;
    assert!(back.contains("iss="), "{back}");
    assert_in(&open(&person, &back).await, "/catalog");
    assert_eq!(me(&person).await["handle"], "alice");
    let known = person.get("/api/v1/me/identities").await.expect(200).json();
    assert_eq!(known["items"][0]["email"], "alice@example.org");
    assert_eq!(known["items"][0]["provider"], "oidc:acme");
    // Found again, whatever the provider calls them by then.
    issuer.account("sub-1", json!({"preferred_username": "renamed"})).await;
    let again = browser(&app);
    assert_in(&sign_in(&again, "/sign-in/oidc/acme?again=true").await, "/");
    assert_eq!(me(&again).await["handle"], "alice");
    again.post("/api/v1/me/password", &json!({"password": PASSWORD})).await.expect(204);
    person.get("/sign-in/oidc/nobody").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_give_and_take_at_each_sign_in_and_leave_alone_what_people_gave() {
    let issuer = Issuer::start();
    let (app, _file) = server(&issuer, RULES).await;
    let olga = app.author("olga").await;
    for team in ["acme", "byhand"] {
        olga.post("/api/v1/teams", &json!({"handle": team})).await.expect(201);
    }
    olga.upload("acme/f", "1.0.0", tamis_e2e::fixtures::small()).await.expect(201);
    issuer.account("sub-1", alice(&["edge", "guests", "curators", "unknown"])).await;
    let person = browser(&app);
    assert_in(&sign_in(&person, "/sign-in/oidc/acme").await, "/");
    person.get("/api/v1/filters/acme/f").await.expect(200);
    assert_eq!(me(&person).await["role"], "curator");
    let role = async || {
        let team = olga.get("/api/v1/teams/acme").await.expect(200).json();
        let found = team["members"].as_array().unwrap().iter().find(|m| m["user"] == "alice").cloned();
        found.map(|m| m["role"].as_str().unwrap().to_owned())
    };
    assert_eq!(role().await.as_deref(), Some("maintainer"));
    olga.put("/api/v1/teams/byhand/members/alice", &json!({"role": "member"})).await.expect(200);

    issuer.account("sub-1", alice(&["guests"])).await;
    assert_in(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "/");
    assert_eq!(role().await.as_deref(), Some("member"));
    issuer.account("sub-1", alice(&[])).await;
    assert_in(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "/");
    // At once, in the session of before too.
    person.get("/api/v1/filters/acme/f").await.expect(404);
    assert_eq!(me(&person).await["role"], "user");
    assert_eq!(role().await, None);
    let teams = person.get("/api/v1/teams").await.expect(200).json();
    assert_eq!(teams["items"].as_array().unwrap().len(), 1, "{teams}");

    // Given by a person: no group changes it.
    olga.put("/api/v1/teams/acme/members/alice", &json!({"role": "owner"})).await.expect(200);
    issuer.account("sub-1", alice(&["guests"])).await;
    assert_in(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "/");
    assert_eq!(role().await.as_deref(), Some("owner"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_keeps_its_last_owner_whatever_the_groups_say() {
    let issuer = Issuer::start();
    let rules = "allow_sign_up = true\n[oidc.teams]\nbosses = \"acme:owner\"";
    let (app, _file) = server(&issuer, rules).await;
    let olga = app.author("olga").await;
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    issuer.account("sub-1", alice(&["bosses"])).await;
    let person = browser(&app);
    assert_in(&sign_in(&person, "/sign-in/oidc/acme").await, "/");
    person.delete("/api/v1/teams/acme/members/olga").await.expect(204);
    issuer.account("sub-1", alice(&[])).await;
    assert_in(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "/");
    person.get("/api/v1/teams/acme").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_fit_are_refused() {
    let issuer = Issuer::start();
    issuer.account("sub-1", alice(&[])).await;
    let both = format!(
        "{}\n{}",
        issuer.table("acme", "allow_sign_up = true"),
        issuer.table("other", "allow_sign_up = true")
    );
    let (app, _file) = with_file(&both).await;
    issuer.register(&app.base, &["acme", "other"]).await;
    let person = browser(&app);
    // The id_token carries the nonce of somebody else's attempt; the code is of another challenge.
    for (name, value) in [("nonce", "x".repeat(43)), ("code_challenge", "x".repeat(43))] {
        let away = changed(&begun(&person).await, name, Some(&value));
        let back = through(&person, &away).await;
        assert_problem(&open(&person, &back).await, "provider-answer");
    }
    // RFC 9207: another issuer, or none where one was announced.
    for iss in [Some("https://id.evil.example"), Some(""), None] {
        let back = through(&person, &begun(&person).await).await;
        assert_problem(&open(&person, &changed(&back, "iss", iss)).await, "provider-answer");
    }
    // Mixed up: begun at one provider, answered at the place of another.
    let back = through(&person, &begun(&person).await).await;
    let elsewhere = back.replace("/sign-in/oidc/acme/", "/sign-in/oidc/other/");
    assert_problem(&open(&person, &elsewhere).await, "sign-in-expired");
    // Of another browser; with another state; twice.
    let stranger = browser(&app);
    stranger.get("/sign-in").await.expect(200);
    assert_problem(&open(&stranger, &back).await, "sign-in-expired");
    for state in [Some(""), Some("x"), None] {
        assert_problem(&open(&person, &changed(&back, "state", state)).await, "sign-in-expired");
    }
    assert_in(&open(&person, &back).await, "/catalog");
    assert_problem(&open(&person, &back).await, "sign-in-expired");
    // A code that was used already, brought with a good state.
    let code = reqwest::Url::parse(&back).unwrap();
    let code = code.query_pairs().find(|(n, _)| n == "code").unwrap().1.into_owned();
    let next = through(&person, &begun(&person).await).await;
    assert_problem(&open(&person, &changed(&next, "code", Some(&code))).await, "provider-answer");
    let doubled = open(&person, &format!("{next}&state=x")).await;
    doubled.expect_problem(400, "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_verified_addresses_of_the_right_domain_and_mapped_groups_get_in() {
    let issuer = Issuer::start();
    let rules = "allow_sign_up = true\nallowed_domains = [\"Example.org\"]\nrequire_group = true\n[oidc.roles]\ncurators = \"curator\"";
    let (app, _file) = server(&issuer, rules).await;
    let good = alice(&["curators"]);
    for (field, value) in [
        ("email_verified", json!(false)),
        ("email_verified", Value::Null),
        ("email", json!("alice@example.com")),
        ("email", json!("alice@example.org.evil.test")),
        ("email", json!("example.org")),
        ("email", Value::Null),
        ("groups", json!([])),
        ("groups", json!("curator")),
        ("groups", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[field] = value.clone();
        issuer.account("sub-1", claims).await;
        let reply = sign_in(&browser(&app), "/sign-in/oidc/acme").await;
        assert!(tamis_e2e::browser::problem(&reply).is_some(), "{field} {value}");
    }
    let ada = app.user("ada", Role::Admin).await;
    let users = ada.get("/api/v1/users?limit=100").await.expect(200).text();
    assert!(!users.contains("\"alice"), "{users}");
    issuer.account("sub-1", good).await;
    assert_in(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_linked_in_a_session_and_its_groups_go_with_it() {
    let issuer = Issuer::start();
    let (app, _file) = server(&issuer, "[oidc.teams]\nedge = \"acme:member\"").await;
    let token = local_user(&app, "zoe").await;
    app.author("olga").await.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    issuer.account("sub-9", alice(&["edge"])).await;
    assert_problem(&sign_in(&browser(&app), "/sign-in/oidc/acme").await, "no-account");
    let zoe = browser(&app);
    assert_in(&password(&zoe, "zoe", PASSWORD).await, "/");
    let begun = begin_link(&zoe, "oidc:acme").await.expect(200).json();
    let back = through(&zoe, begun["location"].as_str().unwrap()).await;
    assert_in(&open(&zoe, &back).await, "/catalog");
    let other = browser(&app);
    assert_in(&sign_in(&other, "/sign-in/oidc/acme").await, "/");
    assert_eq!(me(&other).await["handle"], "zoe");
    token.get("/api/v1/teams/acme").await.expect(200);
    let known = other.get("/api/v1/me/identities").await.expect(200).json();
    let path = format!("/api/v1/me/identities/{}", known["items"][0]["id"].as_str().unwrap());
    other.delete(&path).await.expect(204);
    token.get("/api/v1/teams/acme").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_is_a_message_and_not_a_fault() {
    let text = "[[oidc]]\nid = \"acme\"\nname = \"Acme\"\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"tamis\"\nclient_secret = \"x\"\n";
    let (app, _file) = with_file(text).await;
    assert_problem(&browser(&app).get("/sign-in/oidc/acme").await, "provider-away");
}
