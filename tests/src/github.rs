//! A stand-in for GitHub: the OAuth endpoints and the three REST resources that sign-in asks,
//! with the JSON that GitHub documents. Checks what GitHub checks: client, code, PKCE, token.
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, Mutex},
};

/// Who signs in next.
#[derive(Clone, Default)]
pub struct Account {
    pub id: u64,
    pub login: String,
    /// Address, whether it is the primary one, whether it is verified.
    pub emails: Vec<(String, bool, bool)>,
    pub orgs: Vec<String>,
}

#[derive(Default)]
struct Inner {
    account: Account,
    /// Code to challenge.
    codes: HashMap<String, String>,
    tokens: Vec<String>,
}

type Shared = Arc<Mutex<Inner>>;

pub struct GitHub {
    pub base: String,
    inner: Shared,
    server: ServerHandle,
}

pub const CLIENT_ID: &str = "Iv1.0123456789abcdef";
pub const CLIENT_SECRET: &str = "a secret of the tests";

impl GitHub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let inner = Shared::default();
        let data = web::Data::new(inner.clone());
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/login/oauth/authorize", web::get().to(authorize))
                        .route("/login/oauth/access_token", web::post().to(token))
                        .route("/user", web::get().to(user))
                        .route("/user/emails", web::get().to(emails))
                        .route("/user/orgs", web::get().to(orgs))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { base, inner, server: receive.recv().unwrap() }
    }

    pub fn account(&self, account: Account) {
        self.inner.lock().unwrap().account = account;
    }

    /// The table of the sign-in file, with more lines.
    pub fn table(&self, more: &str) -> String {
        format!(
            "[github]\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\nurl = \"{0}\"\napi_url = \"{0}\"\n{more}\n",
            self.base
        )
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

fn fresh() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

async fn authorize(shared: web::Data<Shared>, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    if query["client_id"] != CLIENT_ID || query["code_challenge_method"] != "S256" {
        return HttpResponse::NotFound().finish();
    }
    let code = fresh();
    shared.lock().unwrap().codes.insert(code.clone(), query["code_challenge"].clone());
    let back = format!("{}?code={code}&state={}", query["redirect_uri"], query["state"]);
    HttpResponse::Found().insert_header(("location", back)).finish()
}

/// GitHub answers 200 to what it refuses here.
async fn token(shared: web::Data<Shared>, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let refuse =
        |error: &str| HttpResponse::Ok().json(json!({"error": error, "error_description": "refused"}));
    if form["client_id"] != CLIENT_ID || form["client_secret"] != CLIENT_SECRET {
        return refuse("incorrect_client_credentials");
    }
    let mut inner = shared.lock().unwrap();
    let challenge = inner.codes.remove(&form["code"]);
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if challenge.as_deref() != Some(proof.as_str()) {
        return refuse("bad_verification_code");
    }
    let token = format!("gho_{}", fresh());
    inner.tokens.push(token.clone());
    HttpResponse::Ok().json(
        json!({"access_token": token, "scope": "read:org,read:user,user:email", "token_type": "bearer"}),
    )
}

/// The answer, to a token that was given out.
fn known(shared: &Shared, request: &HttpRequest, answer: impl FnOnce(&Account) -> Value) -> HttpResponse {
    let inner = shared.lock().unwrap();
    let header = |name: &str| request.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
    let authorization = header("authorization");
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    if !inner.tokens.iter().any(|t| t == token) {
        return HttpResponse::Unauthorized().json(json!({"message": "Bad credentials"}));
    }
    // GitHub refuses a request that does not say who asks.
    if header("user-agent").is_empty() {
        return HttpResponse::Forbidden()
            .json(json!({"message": "Request forbidden by administrative rules."}));
    }
    HttpResponse::Ok().json(answer(&inner.account))
}

async fn user(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    known(&shared, &request, |a| {
        json!({"login": a.login, "id": a.id, "node_id": "MDQ6VXNlcjE=", "type": "User", "site_admin": false,
               "name": "monalisa octocat", "email": null, "two_factor_authentication": true})
    })
}

async fn emails(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let one = |(email, primary, verified): &(String, bool, bool)| {
        json!({"email": email, "primary": primary, "verified": verified,
               "visibility": if *primary { Some("private") } else { None }})
    };
    known(&shared, &request, |a| a.emails.iter().map(one).collect())
}

async fn orgs(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    known(&shared, &request, |a| {
        a.orgs.iter().map(|o| json!({"login": o, "id": 1, "description": ""})).collect()
    })
}
