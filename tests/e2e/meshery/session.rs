//! One session from the login redirect to logout: as a Server of 0.7 has it, refresh, rotation of keys and all.
use super::{
    wire::{DIALECTS, Dialect, Server, exactly, jwt, page, refresh, texts},
    world::{SOURCE, given, log_in_from, server},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use std::time::Duration;
use tamis::audit::Actor;
use tamis_e2e::app::TestApp;

/// The claims, verified as Meshery verifies them: strings in the keys, the payload in the other alphabet.
async fn verified(server: &Server, wrapper: &str) -> Value {
    let jwt = jwt(wrapper);
    let set = exactly(&server.ask("GET", "/keys", None).await, 200).unwrap();
    let head = jsonwebtoken::decode_header(&jwt).unwrap();
    let all: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| texts(key).unwrap()).collect();
    let key = all.iter().find(|key| Some(&key["kid"]) == head.kid.as_ref()).expect("the key is published");
    assert_eq!((key["kty"].as_str(), key["alg"].as_str(), key["use"].as_str()), ("RSA", "RS256", "sig"));
    assert!(["AQAB", "AAEAAQ"].contains(&key["e"].as_str()));
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_aud = false;
    rules.validate_exp = false;
    let good = DecodingKey::from_rsa_components(&key["n"], &key["e"]).unwrap();
    jsonwebtoken::decode::<Value>(&jwt, &good, &rules).unwrap();
    let payload = jwt.split('.').nth(1).unwrap();
    assert!(!payload.contains(['-', '_']), "{payload}");
    let padded = format!("{payload}{}", "=".repeat((4 - payload.len() % 4) % 4));
    serde_json::from_slice(&STANDARD.decode(padded).unwrap()).unwrap()
}

async fn introspected(server: &Server, wrapper: &str) -> u16 {
    let body = json!({"token": jwt(wrapper)}).to_string();
    server.ask("POST", "/introspect", Some(&body)).await.status
}

async fn refreshed(server: &Server, wrapper: &str) -> String {
    let body = json!({"token": wrapper}).to_string();
    let reply = exactly(&server.ask("POST", "/refresh", Some(&body)).await, 200).unwrap();
    texts(&reply).unwrap()["token"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_seven_lives_from_login_to_logout() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let nobody = Server::new(&app, Dialect::V07, "");
    let boot = nobody.ask("GET", "/v0.7.130/capabilities?os=meshery&playground=false", None).await;
    let document = exactly(&boot, 200).unwrap();
    for key in ["provider_name", "package_version", "package_url", "providerName", "packageUrl"] {
        assert!(!document[key].as_str().unwrap().is_empty(), "{key}");
    }
    let back = log_in_from(&app, "alice", Dialect::V07, SOURCE).await;
    assert!(back.as_str().starts_with("http://localhost:9081/api/user/token?"), "{back}");
    assert_eq!(given(&back, "ref"), super::world::encoded("/user/login?provider=Tamis"));
    assert!(!given(&back, "session_cookie").is_empty());
    let mut server = Server::new(&app, Dialect::V07, &given(&back, "token"));
    let claims = verified(&server, &server.token).await;
    assert_eq!(introspected(&server, &server.token).await, 200);
    let profile = exactly(&server.call("GET", "/api/identity/users/profile", None).await, 200).unwrap();
    assert_eq!(profile["id"], claims["sub"]);
    assert!(profile["role_names"].is_array() && profile["preferences"].is_object());
    server.call("GET", "/v0.7.130/capabilities?os=meshery&playground=false", None).await.expect(200);

    // The keys change in the middle; what the old one signed is good still.
    let rotated = app.state.meshery.keys.rotate(&app.state, &Actor::system("test")).await.unwrap();
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(verified(&server, &server.token).await, claims);
    assert_eq!(introspected(&server, &server.token).await, 200);

    // It ends, is refused everywhere, and is renewed.
    app.clock.advance(Duration::from_secs(13 * 3600));
    assert_eq!(introspected(&server, &server.token).await, 401);
    server.call("GET", "/api/content/filters", None).await.expect(401);
    let new = refreshed(&server, &server.token).await;
    assert_eq!(jsonwebtoken::decode_header(jwt(&new)).unwrap().kid, Some(rotated));
    // The old wrapper comes back for a while, and is as good for this as the new one.
    let newer = refreshed(&server, &server.token).await;
    server.token = new;
    for wrapper in [&server.token, &newer] {
        verified(&server, wrapper).await;
        assert_eq!(introspected(&server, wrapper).await, 200);
    }
    page(Dialect::V07, &server.call("GET", "/api/content/filters", None).await, "filters").unwrap();

    // A refresh whose body was consumed before is a 400 and nothing else happens.
    server.ask("POST", "/refresh", Some("")).await.expect(400);

    let headers = [
        format!("Authorization: bearer {}", server.token),
        "Cookie: session_cookie=sess; return_to=provider_ui".into(),
    ];
    let left = server.send("GET", "/logout", &headers, None).await;
    assert!([200, 302].contains(&left.status), "{}", left.text());
    let gone = json!({"token": refresh(&server.token)}).to_string();
    server.ask("POST", "/revoke", Some(&gone)).await.expect(200);
    // Within the second, here at once.
    assert_eq!(introspected(&server, &server.token).await, 401);
    server.call("GET", "/api/content/filters", None).await.expect(401);
    let again = json!({"token": server.token}).to_string();
    let refused = server.ask("POST", "/refresh", Some(&again)).await.expect(500);
    assert!(refused.text().contains("log in again"), "{}", refused.text());
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_generation_logs_in_its_way_and_carries_its_token_its_way() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        page(dialect, &server.call("GET", "/api/content/filters?page=0", None).await, "filters").unwrap();
        for scheme in ["bearer", "Bearer", "BEARER"] {
            for token in [server.token.clone(), jwt(&server.token)] {
                let header = [format!("Authorization: {scheme} {token}")];
                server.send("GET", "/user", &header, None).await.expect(200);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_meshery_server_is_good_at_its_own_door_only_and_decides_nothing() {
    let app = TestApp::spawn().await;
    app.curator("cora").await;
    let server = server(&app, "cora", Dialect::V07).await;
    for path in ["/api/v1/me", "/api/v1/filters", "/api/v1/reviews", "/api/v1/tokens"] {
        for token in [server.token.clone(), jwt(&server.token)] {
            let header = [format!("Authorization: bearer {token}")];
            server.send("GET", path, &header, None).await.expect(401);
        }
    }
    let body = json!({"id": uuid::Uuid::new_v4()}).to_string();
    for act in ["approve", "deny"] {
        let refused =
            server.call("POST", &format!("/api/catalog/requests/{act}"), Some(&body)).await.expect(403);
        assert!(refused.text().starts_with("insufficient-scope: "), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_differs_in_one_letter_is_none() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let jwt = jwt(&server.token);
    let parts: Vec<_> = jwt.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9";
    let mut forged = vec![
        format!("{none}.{}.", parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{jwt}.x"),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(parts[2].len())),
        STANDARD_NO_PAD.encode("{}"),
        STANDARD_NO_PAD.encode("[]"),
        "A".repeat(20_000),
    ];
    for at in (0..jwt.len() - 1).step_by(17) {
        let other = if jwt.as_bytes()[at] == b'A' { "B" } else { "A" };
        forged.push(format!("{}{other}{}", &jwt[..at], &jwt[at + 1..]));
    }
    for token in forged {
        let body = json!({"token": token}).to_string();
        assert_eq!(server.ask("POST", "/introspect", Some(&body)).await.status, 401, "{token}");
        if token.len() < 10_000 {
            let header = [format!("Authorization: bearer {token}")];
            server.send("GET", "/user", &header, None).await.expect(401);
        }
    }
}
