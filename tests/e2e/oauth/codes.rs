//! The authorization code with PKCE: the whole way, what is asked of the person, and what a code is
//! worth in other hands.
use super::flow::*;
use serde_json::json;
use std::time::Duration;
use tamis_e2e::app::TestApp;

async fn world() -> (TestApp, Browser) {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    (app, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lets_a_client_in_and_it_acts_with_what_was_granted_and_no_more() {
    let (app, browser) = world().await;
    let page = browser.get(&url_of(&asking(CLI, LOOPBACK, "filters:read admin unknown"))).await.expect(200);
    let html = page.text();
    for shown in ["Tamis command line", "127.0.0.1", "read and download", "alice"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    assert!(!html.contains("administrator"), "alice is none: {html}");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:45678;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script"), "{policy}");
    let back = browser.press("/oauth2/authorize", &page, "yes").await.expect(303);
    let url: url::Url = back.header("location").parse().unwrap();
    assert!(url.as_str().starts_with(LOOPBACK), "{url}");
    let said = answer(&url);
    assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a state & more", app.base.as_str()));
    let tokens = redeem_cli(&app, &said["code"]).await.expect(200);
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!((&tokens["scope"], &tokens["token_type"]), (&json!("filters:read"), &json!("Bearer")));
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none(), "{tokens}");
    let program = bearer(&app, &tokens);
    let me = program.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["handle"], &me["scopes"]), (&json!("alice"), &json!(["filters:read"])));
    program.get("/api/v1/tokens").await.expect_problem(403, "insufficient-scope");
    app.clock.advance(Duration::from_secs(606));
    program.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_sends_the_client_away_with_that_answer() {
    let (_app, browser) = world().await;
    let page = browser.get(&url_of(&asking(CLI, LOOPBACK, "filters:read"))).await.expect(200);
    let back = browser.press("/oauth2/authorize", &page, "no").await.expect(303);
    let said = answer(&back.header("location").parse().unwrap());
    assert_eq!(said["error"], "access_denied");
    assert!(!said.contains_key("code") && said.contains_key("state") && said.contains_key("iss"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_back_to_a_path_of_ours() {
    let (app, browser) = world().await;
    let wanted = asking(CLI, LOOPBACK, "filters:read");
    let away = browser.nobody().get(&url_of(&wanted)).await.expect(303);
    let to: url::Url = format!("{}{}", app.base, away.header("location")).parse().unwrap();
    assert_eq!(to.path(), "/sign-in");
    let next = answer(&to).remove("next").unwrap();
    assert!(next.starts_with("/oauth2/authorize?"), "{next}");
    let code = browser.allow(&next).await;
    assert!(answer(&code).contains_key("code"), "{code}");
    // A token is no person in front of a browser.
    let alice = app.token("alice", None).await;
    let with_token = browser.person.http.get(format!("{}{}", app.base, url_of(&wanted)));
    let reply = alice.send(with_token.bearer_auth(alice.token.as_deref().unwrap())).await.expect(303);
    assert!(reply.header("location").starts_with("/sign-in?"), "{}", reply.header("location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_remembered_for_what_it_covered_and_never_for_a_loopback_address() {
    let (app, browser) = world().await;
    let bob = app.author("bob").await;
    let (id, _) = register(&bob, json!({})).await;
    let small = url_of(&asking(&id, CALLBACK, "filters:read openid"));
    let page = browser.get(&small).await.expect(200);
    assert!(page.text().contains("<b>app.example</b>"), "{}", page.text());
    browser.press("/oauth2/authorize", &page, "yes").await.expect(303);
    // Once said, not asked again; more than that is.
    browser.get(&small).await.expect(303);
    browser.get(&url_of(&asking(&id, CALLBACK, "openid"))).await.expect(303);
    browser.get(&url_of(&asking(&id, CALLBACK, "filters:read filters:write"))).await.expect(200);
    let mut again = asking(&id, CALLBACK, "openid");
    again.insert("prompt", "consent".into());
    browser.get(&url_of(&again)).await.expect(200);
    // Somebody else's yes is theirs.
    Browser::sign_in(&app, "bob").await.get(&small).await.expect(200);
    let local = url_of(&asking(CLI, LOOPBACK, "filters:read"));
    browser.allow(&local).await;
    browser.get(&local).await.expect(200);
    // An administrator may vouch for a client, and nobody else.
    let ada = app.user("ada", tamis_entities::value::Role::Admin).await;
    let path = format!("/api/v1/oauth-clients/{id}");
    bob.patch(&path, &json!({"trusted": true})).await.expect_problem(403, "role");
    ada.patch(&path, &json!({"trusted": true})).await.expect(200);
    browser.get(&url_of(&asking(&id, CALLBACK, "filters:write"))).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_may_ask_for_silence_or_for_a_new_sign_in() {
    let (app, browser) = world().await;
    let ask = |prompt: &str| {
        let mut parameters = asking(CLI, LOOPBACK, "openid");
        parameters.insert("prompt", prompt.into());
        url_of(&parameters)
    };
    let error = |reply: &tamis_e2e::client::Reply| {
        answer(&reply.header("location").parse().unwrap()).remove("error").unwrap_or_default()
    };
    assert_eq!(error(&browser.nobody().get(&ask("none")).await.expect(303)), "login_required");
    assert_eq!(error(&browser.get(&ask("none")).await.expect(303)), "consent_required");
    assert_eq!(error(&browser.get(&ask("none login")).await.expect(303)), "invalid_request");
    let login = browser.get(&ask("login")).await.expect(303);
    let to = login.header("location");
    assert!(to.starts_with("/sign-in?next=") && !to.contains("prompt"), "{to}");
    app.clock.advance(Duration::from_secs(100));
    let mut old = asking(CLI, LOOPBACK, "openid");
    old.insert("max_age", "60".into());
    assert!(browser.get(&url_of(&old)).await.expect(303).header("location").starts_with("/sign-in?"));
    old.insert("max_age", "600".into());
    browser.get(&url_of(&old)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_only_from_the_page_that_asked_in_the_session_it_asked_in() {
    let (app, browser) = world().await;
    app.author("mallory").await;
    let mallory = Browser::sign_in(&app, "mallory").await;
    let wanted = url_of(&asking(CLI, LOOPBACK, "filters:read"));
    let page = browser.get(&wanted).await.expect(200);
    let (question, seal) = (hidden(&page, "question"), hidden(&page, "seal"));
    let foreign = hidden(&mallory.get(&wanted).await.expect(200), "seal");
    let other = question.replace("filters%3Aread", "filters%3Awrite");
    assert_ne!(question, other);
    for (question, seal) in [(&question, &foreign), (&other, &seal), (&question, &"00".repeat(32))] {
        let form = [("question", question.as_str()), ("seal", seal.as_str()), ("answer", "yes")];
        let reply = browser.post("/oauth2/authorize", &form).await.expect(400);
        assert!(reply.header("location").is_empty());
    }
    // From a page of somebody else.
    let form = [("question", question.as_str()), ("seal", seal.as_str()), ("answer", "yes")];
    for origin in ["cross-site", "same-site"] {
        let request = browser.person.request(reqwest::Method::POST, "/oauth2/authorize").form(&form);
        let request = request.header("cookie", &browser.cookie).header("sec-fetch-site", origin);
        browser.person.send(request).await.expect(400);
    }
    browser.post("/oauth2/authorize", &form).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn pkce_is_asked_for_with_s256_and_checked() {
    let (app, browser) = world().await;
    let good = challenge(VERIFIER);
    let cases: [(&str, Option<&str>, Option<&str>); 6] = [
        ("missing", None, None),
        ("plain", Some(VERIFIER), Some("plain")),
        ("no method, which means plain", Some(&good), None),
        ("method in lower case", Some(&good), Some("s256")),
        ("short", Some("abc"), Some("S256")),
        ("not base64url", Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa="), Some("S256")),
    ];
    for (case, challenge, method) in cases {
        let mut parameters = asking(CLI, LOOPBACK, "filters:read");
        parameters.remove("code_challenge");
        parameters.remove("code_challenge_method");
        parameters.extend(challenge.map(|c| ("code_challenge", c.to_owned())));
        parameters.extend(method.map(|m| ("code_challenge_method", m.to_owned())));
        let reply = browser.get(&url_of(&parameters)).await.expect(303);
        let said = answer(&reply.header("location").parse().unwrap());
        assert_eq!(said["error"], "invalid_request", "{case}");
    }
    for verifier in ["", "short", &"x".repeat(43), &good, &VERIFIER.to_uppercase(), &"x".repeat(129)] {
        let code = cli_code(&browser, "filters:read").await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLI),
            ("code", &code),
            ("redirect_uri", LOOPBACK),
            ("code_verifier", verifier),
        ];
        let error = if verifier.is_empty() { "invalid_request" } else { "invalid_grant" };
        expect_refusal(token(&app, &form).await, 400, error);
        if !verifier.is_empty() {
            // One guess and no more.
            expect_refusal(redeem_cli(&app, &code).await, 400, "invalid_grant");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_a_minute_for_its_own_client_and_its_own_redirect() {
    let (app, browser) = world().await;
    let bob = app.author("bob").await;
    let (id, secret) = register(&bob, json!({})).await;
    let code = cli_code(&browser, "filters:read").await;
    let by = |client: &'static str, redirect: &'static str| {
        let (app, code, id, secret) = (&app, code.clone(), id.clone(), secret.clone());
        async move {
            let mut form = vec![
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", redirect),
                ("code_verifier", VERIFIER),
                ("client_id", if client == CLI { CLI } else { &id }),
            ];
            if client != CLI {
                form.push(("client_secret", &secret));
            }
            token(app, &form).await
        }
    };
    // A stranger does not use it up.
    expect_refusal(by("other", LOOPBACK).await, 400, "invalid_grant");
    expect_refusal(by("other", CALLBACK).await, 400, "invalid_grant");
    let tokens = by(CLI, LOOPBACK).await.expect(200).json();
    bearer(&app, &tokens).get("/api/v1/me").await.expect(200);
    // Another port is another redirect when it comes to the code.
    let code = cli_code(&browser, "filters:read").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", code.as_str()),
        ("redirect_uri", "http://127.0.0.1:45679/callback"),
        ("code_verifier", VERIFIER),
    ];
    expect_refusal(token(&app, &form).await, 400, "invalid_grant");
    let code = cli_code(&browser, "filters:read").await;
    app.clock.advance(Duration::from_secs(61));
    expect_refusal(redeem_cli(&app, &code).await, 400, "invalid_grant");
    expect_refusal(redeem_cli(&app, "never-issued").await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_comes_back_ends_everything_that_came_of_it() {
    let (app, browser) = world().await;
    let code = cli_code(&browser, "filters:read offline_access").await;
    let tokens = redeem_cli(&app, &code).await.expect(200).json();
    let program = bearer(&app, &tokens);
    program.get("/api/v1/me").await.expect(200);
    expect_refusal(redeem_cli(&app, &code).await, 400, "invalid_grant");
    program.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    expect_refusal(refresh_cli(&app, refresh).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_bring_one_code_at_once_one_gets_tokens() {
    let (app, browser) = world().await;
    let code = cli_code(&browser, "filters:read").await;
    let all = futures_util::future::join_all((0..20).map(|_| redeem_cli(&app, &code))).await;
    let won = all.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "{:?}", all.iter().map(|r| r.status).collect::<Vec<_>>());
    assert!(all.iter().all(|reply| [200, 400].contains(&reply.status)));
}
