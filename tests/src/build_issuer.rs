//! An issuer of identity tokens, as build systems are: discovery, keys, and tokens as good or as
//! bad as a test wants. Signs by itself, so that a fault of the verifier's library would show.
use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

pub struct Issuer {
    pub url: String,
    /// What it answers; a test may change it.
    pub documents: Arc<Mutex<Documents>>,
    asked: Arc<AtomicUsize>,
    server: ServerHandle,
}

pub struct Documents {
    pub discovery: Value,
    pub keys: Value,
}

struct Keys {
    rsa: KeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        ed: Ed25519KeyPair::generate().unwrap(),
    })
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The modulus of a key of 2048 bits, in its PKCS #1 form: a sequence of it and 65537.
fn modulus() -> Vec<u8> {
    keys().rsa.public_key().as_ref()[9..265].to_vec()
}

fn key_set() -> Value {
    let ec = keys().ec.public_key().as_ref().to_vec();
    json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": encode(modulus()), "e": "AQAB"},
        {"kty": "EC", "kid": "ec", "crv": "P-256", "x": encode(&ec[1..33]), "y": encode(&ec[33..65])},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": encode(keys().ed.public_key().as_ref())},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "other-use", "use": "enc", "n": encode(modulus()), "e": "AQAB"},
    ]})
}

impl Issuer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        let documents = Arc::new(Mutex::new(Documents { discovery, keys: key_set() }));
        let asked = Arc::new(AtomicUsize::new(0));
        let (data, count) = (documents.clone(), asked.clone());
        let (ready, handle) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = HttpServer::new(move || {
                    let of = |data: Arc<Mutex<Documents>>, count: Arc<AtomicUsize>, keys: bool| {
                        web::get().to(move || {
                            count.fetch_add(1, Ordering::Relaxed);
                            let documents = data.lock().unwrap();
                            let body = if keys { &documents.keys } else { &documents.discovery };
                            let reply = HttpResponse::Ok().json(body);
                            async move { reply }
                        })
                    };
                    App::new()
                        .route("/.well-known/openid-configuration", of(data.clone(), count.clone(), false))
                        .route("/keys", of(data.clone(), count.clone(), true))
                });
                let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
                ready.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { url, documents, asked, server: handle.recv().unwrap() }
    }

    /// How many documents it has given out.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// What a good token says at this moment (seconds since 1970).
    pub fn claims(&self, audience: &str, now: i64) -> Value {
        json!({
            "iss": self.url, "aud": audience, "exp": now + 300, "nbf": now - 5, "iat": now - 5,
            "jti": uuid::Uuid::new_v4(), "sub": "repo:acme/guard:environment:release",
            "repository": "acme/guard", "repository_owner_id": "65", "environment": "release",
        })
    }

    pub fn token(&self, claims: &Value) -> String {
        signed(&json!({"alg": "RS256", "typ": "JWT", "kid": "rsa"}), claims)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// A token with the header as it is, signed as its `alg` says (`none` and what is unknown: not at all).
pub fn signed(header: &Value, claims: &Value) -> String {
    signed_text(&header.to_string(), &claims.to_string())
}

pub fn signed_text(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let algorithm = serde_json::from_str::<Value>(header).map_or(Value::Null, |h| h["alg"].clone());
    let signature = signature(algorithm.as_str().unwrap_or_default(), message.as_bytes());
    format!("{message}.{}", encode(signature))
}

fn signature(algorithm: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    match algorithm {
        "RS256" => {
            let mut out = vec![0; 256];
            keys().rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut out).unwrap();
            out
        }
        "ES256" => keys().ec.sign(&random, message).unwrap().as_ref().to_vec(),
        "EdDSA" => keys().ed.sign(message).as_ref().to_vec(),
        // What a verifier would accept that takes the public key for a shared secret.
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, keys().rsa.public_key().as_ref());
            hmac::sign(&key, message).as_ref().to_vec()
        }
        _ => vec![],
    }
}
