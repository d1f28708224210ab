//! Tokens that we did not make, or made for something else: each is one known trick, and each is 401.
use super::flow::*;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, binary, client::Person};
use tamis_entities::signing_key;

/// Our own key in the wrong hands, and a good token to begin from.
struct Forge {
    key: EncodingKey,
    jwk: Value,
    good: String,
    header: Value,
    claims: Value,
}

fn part(text: &str, at: usize) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn encoded(value: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(value)
}

impl Forge {
    async fn of(app: &TestApp, tokens: &Value) -> Self {
        let row = signing_key::Entity::find().one(&*app.state.db).await.unwrap().unwrap();
        assert!(!format!("{row:?}").contains(&row.private_key.0), "the private key is in Debug");
        let good = tokens["access_token"].as_str().unwrap().to_owned();
        Self {
            key: EncodingKey::from_ec_der(&URL_SAFE_NO_PAD.decode(&row.private_key.0).unwrap()),
            jwk: row.public_jwk,
            header: part(&good, 0),
            claims: part(&good, 1),
            good,
        }
    }

    fn sign(&self, header: &str, claims: &str, key: &EncodingKey) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    /// Signed by our own key, with these differences.
    fn differing(&self, header: Value, claims: Value) -> String {
        let merged = |good: &Value, other: Value| {
            let mut all = good.as_object().unwrap().clone();
            for (name, value) in other.as_object().unwrap() {
                // Null takes a field away.
                match value {
                    Value::Null => all.remove(name),
                    value => all.insert(name.clone(), value.clone()),
                };
            }
            Value::Object(all).to_string()
        };
        self.sign(&merged(&self.header, header), &merged(&self.claims, claims), &self.key)
    }

    fn claiming(&self, claims: Value) -> String {
        self.differing(json!({}), claims)
    }

    fn headed(&self, header: Value) -> String {
        self.differing(header, json!({}))
    }

    /// The good token with another header, and a signature that another algorithm makes.
    fn otherwise(&self, header: Value, signature: &str) -> String {
        let claims = self.good.split('.').nth(1).unwrap();
        format!("{}.{claims}.{signature}", encoded(header.to_string()))
    }

    fn hmac(&self, header: Value, secret: &[u8]) -> String {
        let unsigned = self.otherwise(header, "");
        let message = unsigned.trim_end_matches('.');
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }
}

fn header_tricks(f: &Forge) -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = vec![];
    let mut case = |name: &str, token: String| cases.push((name.to_owned(), token));
    let signature = f.good.rsplit('.').next().unwrap().to_owned();
    let kid = f.header["kid"].as_str().unwrap().to_owned();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        case(
            &format!("alg {alg:?}, no signature"),
            f.otherwise(json!({"alg": alg, "typ": "at+jwt", "kid": kid}), ""),
        );
        case(&format!("alg {alg:?}, old signature"), f.headed(json!({"alg": alg})));
    }
    for alg in ["ES384", "ES512", "RS256", "PS256", "EdDSA", "es256", " ES256", "HS256"] {
        case(&format!("alg {alg:?}"), f.headed(json!({"alg": alg})));
    }
    case("no alg", f.headed(json!({"alg": null})));
    let point = [
        vec![4],
        URL_SAFE_NO_PAD.decode(f.jwk["x"].as_str().unwrap()).unwrap(),
        URL_SAFE_NO_PAD.decode(f.jwk["y"].as_str().unwrap()).unwrap(),
    ]
    .concat();
    let jwk = f.jwk.to_string().into_bytes();
    for (name, secret) in
        [("its point", point), ("its JWK", jwk), ("nothing", vec![]), ("its kid", kid.clone().into_bytes())]
    {
        let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": kid});
        case(&format!("HS256 with {name} as secret"), f.hmac(header, &secret));
    }
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let own = EncodingKey::from_ec_der(document.as_ref());
    let public = pair.public_key().as_ref().to_vec();
    let mine =
        json!({"kty": "EC", "crv": "P-256", "x": encoded(&public[1..33]), "y": encoded(&public[33..])});
    case("another key under our kid", f.sign(&f.header.to_string(), &f.claims.to_string(), &own));
    for (name, value) in [
        ("jwk", mine),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/c.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("aa")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("cty", json!("JWT")),
        ("typ", json!("JWT")),
        ("typ", json!("jwt")),
        ("typ", Value::Null),
        ("typ", json!("application/at+jwt ")),
    ] {
        case(&format!("header {name}: {value}"), f.headed(json!({name: value})));
    }
    let kids = [
        "",
        "unknown",
        "../../../../dev/null",
        "/etc/passwd",
        "' OR '1'='1",
        "x' UNION SELECT 'a'--",
        "%00",
        "\u{0}",
        "https://evil.example/k",
        "💩",
    ];
    for kid in kids {
        case(&format!("kid {kid:?}"), f.headed(json!({"kid": kid})));
    }
    for kid in [Value::Null, json!(1), json!([kid.as_str()]), json!({"a": 1})] {
        case(&format!("kid {kid}"), f.headed(json!({"kid": kid})));
    }
    let twice = format!(r#"{{"alg":"none",{}"#, &f.header.to_string()[1..]);
    case("alg twice in the header", f.sign(&twice, &f.claims.to_string(), &f.key));
    let zeros = encoded([0_u8; 64]);
    let cut = signature[..signature.len() - 2].to_owned();
    for (name, signature) in [
        ("r = s = 0", zeros),
        ("empty", String::new()),
        ("one byte", "AA".to_owned()),
        ("cut off", cut),
        ("padded", format!("{signature}==")),
        ("twice", format!("{signature}{signature}")),
        ("of something else", f.claiming(json!({"jti": "x"})).rsplit('.').next().unwrap().to_owned()),
    ] {
        let (message, _) = f.good.rsplit_once('.').unwrap();
        case(&format!("signature {name}"), format!("{message}.{signature}"));
    }
    cases
}

fn claim_tricks(f: &Forge, now: u64) -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = vec![];
    let mut case = |name: String, token: String| cases.push((name, token));
    for name in ["iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp", "auth_time", "sid"] {
        case(format!("no {name}"), f.claiming(json!({name: null})));
    }
    let times =
        [json!("9999999999"), json!("x"), json!(true), json!([1]), json!({}), json!(-1), json!(f64::MAX)];
    for value in times {
        case(format!("exp {value}"), f.claiming(json!({"exp": value})));
        case(format!("nbf {value}"), f.claiming(json!({"nbf": value})));
        case(format!("iat {value}"), f.claiming(json!({"iat": value})));
    }
    case("expired".into(), f.claiming(json!({"exp": now - 60})));
    case("expired a little more than clocks differ".into(), f.claiming(json!({"exp": now - 6})));
    case("expired in 1970".into(), f.claiming(json!({"exp": 0})));
    case("not yet good".into(), f.claiming(json!({"nbf": now + 60})));
    case("of the future".into(), f.claiming(json!({"iat": now + 60})));
    for aud in [
        json!("https://elsewhere.example"),
        json!(""),
        json!([]),
        json!([f.claims["aud"]]),
        json!("*"),
        json!(1),
    ] {
        case(format!("aud {aud}"), f.claiming(json!({"aud": aud})));
    }
    let slashed = format!("{}/", f.claims["iss"].as_str().unwrap());
    for iss in [json!("https://evil.example"), json!(""), json!(slashed), json!([f.claims["iss"]])] {
        case(format!("iss {iss}"), f.claiming(json!({"iss": iss})));
    }
    let other = uuid::Uuid::now_v7().to_string();
    for name in ["sub", "sid"] {
        for value in [json!(other), json!(""), json!("' OR 1=1"), json!(1)] {
            case(format!("{name} {value}"), f.claiming(json!({name: value})));
        }
    }
    case("another client".into(), f.claiming(json!({"client_id": other})));
    let twice = format!(r#"{{"exp":9999999999,{}"#, &f.claims.to_string()[1..]);
    case("exp twice".into(), f.sign(&f.header.to_string(), &twice, &f.key));
    for claims in ["", "null", "[]", "1", "\"x\"", "{", "{}", &"[".repeat(3000)] {
        case(format!("claims {claims:.20}"), f.sign(&f.header.to_string(), claims, &f.key));
    }
    cases
}

fn shapes(f: &Forge) -> Vec<(String, String)> {
    let (head, rest) = f.good.split_once('.').unwrap();
    let cases = [
        ("one dot", ".".to_owned()),
        ("two dots", "..".to_owned()),
        ("three dots", "...".to_owned()),
        ("four parts", format!("{}.x", f.good)),
        ("five parts", format!("{}.x.y", f.good)),
        ("no header", format!(".{rest}")),
        ("no claims", format!("{head}..{}", f.good.rsplit('.').next().unwrap())),
        ("no signature", format!("{}.", f.good.rsplit_once('.').unwrap().0)),
        ("two parts", f.good.rsplit_once('.').unwrap().0.to_owned()),
        ("a space in it", f.good.replacen('.', ". ", 1)),
        ("plain base64", f.good.replace(['-', '_'], "+") + "="),
        ("eight thousand dots", ".".repeat(8000)),
        ("too long a header", format!("{}.{rest}", "A".repeat(9000))),
        ("too long claims", f.claiming(json!({"x": "y".repeat(7000)}))),
    ];
    cases.map(|(name, token)| (name.to_owned(), token)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_differs_in_anything_from_those_that_we_make_is_refused() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let tokens = cli_tokens(&app, &browser, "openid profile filters:read").await;
    let forge = Forge::of(&app, &tokens).await;
    let with = |token: &str| Person { token: Some(token.to_owned()), ..app.anonymous() };
    // What is signed like ours and says what ours say is good: the cases below fail for what they change.
    for token in [&forge.good, &forge.claiming(json!({"nbf": 1, "more": true}))] {
        with(token).get("/api/v1/me").await.expect(200);
        with(token).get("/modules/sha256/x.wasm").await.expect(404);
    }
    let now = u64::try_from(app.clock.now().0 / 1_000_000).unwrap();
    // Clocks may differ by a little.
    with(&forge.claiming(json!({"exp": now - 2}))).get("/api/v1/me").await.expect(200);
    with(&forge.claiming(json!({"nbf": now + 2, "iat": now + 2}))).get("/api/v1/me").await.expect(200);
    let twice = with(&forge.good).request(reqwest::Method::GET, "/api/v1/me").bearer_auth(&forge.good);
    app.anonymous().send(twice).await.expect_problem(401, "unauthenticated");
    let mut cases = header_tricks(&forge);
    cases.extend(claim_tricks(&forge, now));
    cases.extend(shapes(&forge));
    cases.push(("an ID token".into(), tokens["id_token"].as_str().unwrap().to_owned()));
    assert!(cases.len() > 100, "{}", cases.len());
    let ada = app.user("ada", tamis_entities::value::Role::Admin).await;
    let mut wrong = vec![];
    for (name, token) in &cases {
        for path in ["/api/v1/me", "/modules/sha256/x.wasm", "/oauth2/userinfo"] {
            let reply = with(token).get(path).await;
            if reply.status != 401 || reply.header("www-authenticate").is_empty() {
                wrong.push(format!("{name} at {path}: {}", reply.status));
            }
        }
        let looked = ada.request(reqwest::Method::POST, "/oauth2/introspect").form(&[("token", token)]);
        let looked = ada.send(looked).await;
        if looked.status != 200 && looked.status != 400 {
            wrong.push(format!("{name} looked at: {}", looked.status));
        }
    }
    println!("{} forged tokens", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    // A megabyte of dots does not even get through the door.
    let reply =
        app.anonymous().request(reqwest::Method::GET, "/api/v1/me").bearer_auth(".".repeat(1_000_000));
    match reply.send().await {
        Ok(reply) => assert!(reply.status().is_client_error(), "{}", reply.status()),
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    with(&forge.good).get("/api/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_at_once_and_the_old_one_is_known_until_its_tokens_are_over() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let old = cli_tokens(&app, &browser, "filters:read").await;
    let kids = async || {
        let set = app.anonymous().get("/.well-known/jwks.json").await.expect(200).json();
        for key in set["keys"].as_array().unwrap() {
            assert!(key.get("d").is_none() && key["alg"] == "ES256" && key["kty"] == "EC", "{key}");
        }
        set["keys"].as_array().unwrap().iter().map(|k| k["kid"].clone()).collect::<Vec<_>>()
    };
    let first = kids().await;
    assert_eq!(first.len(), 1);
    // The operator does it beside the running server.
    let mut command = binary::command(app.directory.path(), &["keys", "rotate"]);
    let output = command.env("TAMIS_DATABASE_URL", app.state.store.database_url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(kids().await, [first[0].clone(), json!(made)]);
    let new = cli_tokens(&app, &browser, "filters:read").await;
    assert_eq!(part(new["access_token"].as_str().unwrap(), 0)["kid"], made);
    bearer(&app, &old).get("/api/v1/me").await.expect(200);
    app.clock.advance(Duration::from_secs(1300));
    assert_eq!(kids().await, [json!(made)]);
    tamis::oauth::forget_expired(&app.state).await.unwrap();
    assert_eq!(signing_key::Entity::find().all(&*app.state.db).await.unwrap().len(), 1);
}
