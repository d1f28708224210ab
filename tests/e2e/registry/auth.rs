//! Tokens as real clients ask for them, and what a request without the right one is told.
use super::{code, repo};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::distinct,
};

async fn ask(app: &TestApp, user: Option<(&str, &str)>, query: &str) -> Reply {
    let nobody = app.anonymous();
    let request = nobody.request(Method::GET, &format!("/v2/token{query}"));
    let request = match user {
        Some((user, password)) => request.basic_auth(user, Some(password)),
        None => request,
    };
    nobody.send(request).await
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn with(app: &TestApp, reply: &Reply) -> Person {
    let token = reply.json()["token"].as_str().unwrap().to_owned();
    Person { token: Some(token), ..app.anonymous() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_asks_who_comes_and_a_token_for_nobody_opens_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let asked = app.anonymous().get("/v2/").await.expect(401);
    let service = app.base.strip_prefix("http://").unwrap();
    let wanted = format!(r#"Bearer realm="{}/v2/token",service="{service}""#, app.base);
    assert_eq!(asked.header("www-authenticate"), wanted);
    assert_eq!(code(&asked), "UNAUTHORIZED");
    // `docker login`: no scope at all.
    let secret = alice.token.clone().unwrap();
    let given = ask(&app, Some(("alice", &secret)), &format!("?account=alice&service={service}")).await;
    let given = given.expect(200);
    assert_eq!(given.json()["token"], given.json()["access_token"]);
    assert!(given.json()["expires_in"].as_u64().unwrap() >= 60);
    assert!(given.json()["issued_at"].as_str().unwrap().ends_with('Z'));
    with(&app, &given).get("/v2/").await.expect(200);
    // Nobody: without credentials, or with empty ones as some clients send.
    for user in [None, Some(("", ""))] {
        let given = ask(&app, user, "").await.expect(200);
        with(&app, &given).get("/v2/").await.expect(200);
    }
    // Wrong ones.
    for (user, password) in [("alice", "tms_wrong"), ("bob", secret.as_str()), ("alice", "")] {
        let refused = ask(&app, Some((user, password)), "").await.expect(401);
        assert!(!refused.header("www-authenticate").is_empty());
    }
    // The other form of the question: this status makes clients ask again with GET.
    let form = alice.request(Method::POST, "/v2/token").form(&[("grant_type", "refresh_token")]);
    alice.send(form).await.expect(404);
    app.anonymous().post("/v2/", &json!({})).await.expect(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_repeated_joined_in_any_order_and_cut_to_what_the_credential_is_good_for() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let secret = alice.token.clone().unwrap();
    let query = "?service=x&scope=repository%3Aalice%2Fa%3Apush,pull&scope=repository:alice/b:pull%20repository:wasm/alice/c:*";
    let given = ask(&app, Some(("alice", &secret)), query).await.expect(200).json();
    let access = claims(given["token"].as_str().unwrap())["access"].clone();
    let entry =
        |name: &str, actions: &[&str]| json!({"type": "repository", "name": name, "actions": actions});
    let wanted = [
        entry("alice/a", &["pull", "push"]),
        entry("alice/b", &["pull"]),
        entry("wasm/alice/c", &["pull", "push", "delete"]),
    ];
    assert_eq!(access, json!(wanted));
    let nobody = ask(&app, None, query).await.expect(200).json();
    let access = claims(nobody["token"].as_str().unwrap())["access"].clone();
    assert_eq!(access[0]["actions"], json!(["pull"]));
    let reader = app.token("alice", Some("filters:read")).await.token.unwrap();
    let given = ask(&app, Some(("alice", &reader)), query).await.expect(200).json();
    assert_eq!(claims(given["token"].as_str().unwrap())["access"][0]["actions"], json!(["pull"]));
    // What cannot be read is left out, however much of it there is.
    let nonsense = format!("?{}", vec!["scope=registry:catalog:*&scope=%00:::"; 200].join("&"));
    assert_eq!(ask(&app, None, &nonsense).await.expect(200).json()["expires_in"], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_scope_is_a_challenge_that_names_what_to_ask_for() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let secret = alice.token.clone().unwrap();
    let given = ask(&app, Some(("alice", &secret)), "?scope=repository:alice/a:pull").await.expect(200);
    let puller = with(&app, &given);
    let refused = repo(&puller, "alice/a").post("/blobs/uploads/").await.expect(401);
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains(r#"scope="repository:alice/a:pull,push""#), "{challenge}");
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    // Who comes with nothing is told of all that a first token can be for.
    let refused = repo(&app.anonymous(), "alice/b").get("/tags/list").await.expect(401);
    assert!(refused.header("www-authenticate").contains(r#"scope="repository:alice/b:pull,push""#));
    // A mount reads the other repository, too.
    let given = ask(&app, Some(("alice", &secret)), "?scope=repository:alice/a:pull,push").await.expect(200);
    let mount = format!("/blobs/uploads/?mount={}&from=alice/b", super::digest(b"x"));
    let refused = repo(&with(&app, &given), "alice/a").post(&mount).await.expect(401);
    let wanted = r#"scope="repository:alice/a:pull,push repository:alice/b:pull""#;
    assert!(refused.header("www-authenticate").contains(wanted));
    // And says so in the first challenge: a client that asks once for what it is told gets in.
    let new = mount.replace("/blobs/uploads/", "/v2/alice/new/blobs/uploads/");
    let refused = app.anonymous().post(&new, &json!({})).await.expect(401);
    let wanted = r#"scope="repository:alice/new:pull,push repository:alice/b:pull""#;
    assert!(refused.header("www-authenticate").contains(wanted));
    // Nothing is made for a mount that is refused.
    let given =
        ask(&app, Some(("alice", &secret)), "?scope=repository:alice/new:pull,push").await.expect(200);
    repo(&with(&app, &given), "alice/new").post(&mount).await.expect(401);
    alice.get("/api/v1/filters/alice/new").await.expect(404);
    let query = "?scope=repository:alice/new:pull,push%20repository:alice/b:pull";
    let given = ask(&app, Some(("alice", &secret)), query).await.expect(200);
    repo(&with(&app, &given), "alice/new").post(&mount).await.expect(202);
    // A token for another repository is none for this.
    let refused = repo(&puller, "alice/b").get("/tags/list").await.expect(401);
    assert!(refused.header("www-authenticate").contains(r#"scope="repository:alice/b:pull""#));
    let given = ask(&app, Some(("alice", &secret)), "?scope=repository:alice/a:push").await.expect(200);
    repo(&with(&app, &given), "alice/a").post("/blobs/uploads/").await.expect(202);
    // The credential itself, as Basic or Bearer.
    repo(&alice, "alice/a").post("/blobs/uploads/").await.expect(202);
    let basic = app.anonymous().request(Method::POST, "/v2/alice/a/blobs/uploads/");
    alice.send(basic.basic_auth("alice", Some(&secret))).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_the_credential_that_it_was_given_for() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let ci = app.token("alice", Some("filters:read filters:write")).await;
    let secret = ci.token.clone().unwrap();
    let given = ask(&app, Some(("alice", &secret)), "?scope=repository:alice/a:push,pull").await.expect(200);
    let pusher = with(&app, &given);
    repo(&pusher, "alice/a").post("/blobs/uploads/").await.expect(202);
    let tokens = alice.get("/api/v1/tokens").await.expect(200).json();
    for token in tokens["items"].as_array().unwrap_or(tokens.as_array().unwrap_or(&vec![])) {
        let id = token["id"].as_str().unwrap();
        if token["scopes"].as_array().unwrap().len() == 2 {
            alice.delete(&format!("/api/v1/tokens/{id}")).await.expect(204);
        }
    }
    repo(&pusher, "alice/a").post("/blobs/uploads/").await.expect(401);
    // And after its own short life.
    let own = alice.token.clone().unwrap();
    let given = ask(&app, Some(("alice", &own)), "?scope=repository:alice/a:pull").await.expect(200);
    let puller = with(&app, &given);
    repo(&puller, "alice/a").get("/tags/list").await.expect(200);
    app.clock.advance(std::time::Duration::from_secs(301));
    repo(&puller, "alice/a").get("/tags/list").await.expect(401);
}

/// Distribution CVE-2025-24976: a key in the token's own header was believed.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2025_24976_no_token_brings_its_own_key_and_none_is_taken_for_another() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let secret = alice.token.clone().unwrap();
    let given = ask(&app, Some(("alice", &secret)), "?scope=repository:alice/a:pull").await.expect(200);
    let token = given.json()["token"].as_str().unwrap().to_owned();
    let parts: Vec<_> = token.split('.').collect();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&json!("ES256"), &json!("JWT")));
    for (name, value) in [
        ("jwk", json!({"kty": "EC"})),
        ("jku", json!("https://evil.example/keys")),
        ("x5c", json!(["AA"])),
        ("kid", json!("../../etc/passwd")),
        ("alg", json!("none")),
        ("typ", json!("at+jwt")),
    ] {
        let mut forged = head.clone();
        forged[name] = value;
        let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
        let person = Person { token: Some(format!("{forged}.{}.{}", parts[1], parts[2])), ..app.anonymous() };
        person.get("/v2/").await.expect(401);
    }
    // The API takes no token of the registry.
    with(&app, &given).get("/api/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn realm_and_locations_are_of_the_public_url() {
    let app = TestApp::spawn_with(&["--public-url", "https://tamis.example"]).await;
    let alice = app.author("alice").await;
    let asked = app.anonymous().get("/v2/").await.expect(401);
    let challenge = asked.header("www-authenticate");
    assert_eq!(challenge, r#"Bearer realm="https://tamis.example/v2/token",service="tamis.example""#);
    let begun = repo(&alice, "alice/a").post("/blobs/uploads/").await.expect(202);
    assert!(begun.header("location").starts_with("https://tamis.example/v2/alice/a/blobs/uploads/"));
    let blob = repo(&alice, "alice/a");
    let request = blob.request(Method::POST, &format!("/blobs/uploads/?digest={}", super::digest(b"x")));
    let made = alice.send(request.body("x")).await.expect(201);
    assert!(made.header("location").starts_with("https://tamis.example/v2/alice/a/blobs/sha256:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_registrys_form_on_every_path_below_v2() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for path in ["/v2/_catalog", "/v2/x", "/v2/a/b/c/d/e", "/v2/alice/f/blobs", "/v2/alice/f/blobs/uploads"] {
        let reply = alice.get(path).await;
        assert!(matches!(reply.status, 404 | 400), "{path}: {}", reply.status);
        code(&reply);
    }
    for name in ["Alice/f", "alice/f..g", "alice/-f", "wasm/alice/F"] {
        let reply = repo(&alice, name).post("/blobs/uploads/").await.expect(400);
        assert_eq!(code(&reply), "NAME_INVALID", "{name}");
        assert_eq!(code(&repo(&alice, name).get("/tags/list").await.expect(404)), "NAME_UNKNOWN");
    }
    let reply = repo(&alice, "alice/f").post("/tags/list").await.expect(405);
    assert_eq!(code(&reply), "UNSUPPORTED");
    assert!(reply.header("allow").contains("GET"));
    // A session of a browser is no credential here, nor is a malformed header.
    let odd = alice.http.get(format!("{}/v2/", app.base)).header("authorization", "Bearer");
    assert_eq!(code(&alice.send(odd).await.expect(401)), "UNAUTHORIZED");
    app.publish(&alice, &app.curator("carl").await, "alice/f", "1.0.0", &distinct("e", 10)).await;
    assert_eq!(code(&repo(&alice, "alice/f").get("/manifests/9.9.9").await.expect(404)), "MANIFEST_UNKNOWN");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_for_nobody_are_counted_and_what_they_open_is_not() {
    let app = TestApp::spawn_with(&["--rate-limit-anonymous", "1", "--rate-limit-signed-in", "1000"]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("counted", 10)).await;
    let given = ask(&app, None, "?scope=repository:alice/f:pull").await.expect(200);
    let (mut refused, mut good) = (None, 0);
    for _ in 0..200 {
        let reply = ask(&app, None, "").await;
        match reply.status {
            200 => good += 1,
            _ => {
                refused = Some(reply);
                break;
            }
        }
    }
    assert!(good >= 10, "only {good} in one go");
    let refused = refused.expect("an end to it").expect(429);
    assert_eq!(code(&refused), "TOOMANYREQUESTS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Who has one pulls as often as they like, and who has an account gets one.
    let puller = with(&app, &given);
    for _ in 0..100 {
        repo(&puller, "alice/f").get("/manifests/1.0.0").await.expect(200);
    }
    ask(&app, Some(("alice", &alice.token.clone().unwrap())), "").await.expect(200);
}
