//! Signing in through GitHub, which speaks OAuth 2 and not OpenID Connect: who somebody is, is
//! asked of its REST interface. Hands back what it says; knows no account.
use super::{Email, Profile, answer, attempt::Secrets, away, settings::GitHub};
use crate::{
    error::{Error, Result},
    state::State,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse, TokenUrl, basic::BasicClient,
};
use openidconnect::{AccessToken, HttpRequest, http};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

pub const KEY: &str = "github";
const PAGE: usize = 100;
/// Nobody is in more organisations than ten pages hold.
const PAGES: usize = 10;

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct Organisation {
    login: String,
}

type Client = BasicClient<
    oauth2::EndpointSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

/// What an operator registers at GitHub.
pub fn redirect_url(public_url: &str) -> String {
    format!("{public_url}/sign-in/github/callback")
}

fn below(base: &Url, path: &str) -> String {
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

fn client(state: &State, github: &GitHub) -> Result<Client> {
    let wrong = |e: url::ParseError| Error::internal(e.to_string());
    let authorize = AuthUrl::new(below(&github.url, "/login/oauth/authorize")).map_err(wrong)?;
    let token = TokenUrl::new(below(&github.url, "/login/oauth/access_token")).map_err(wrong)?;
    let back = RedirectUrl::new(redirect_url(&state.public_url)).map_err(wrong)?;
    Ok(BasicClient::new(github.client_id.clone())
        .set_client_secret(github.client_secret.clone())
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(authorize)
        .set_token_uri(token)
        .set_redirect_uri(back))
}

/// Where the person goes to sign in.
pub fn authorize_url(state: &State, github: &GitHub, secrets: &Secrets) -> Result<Url> {
    let csrf = CsrfToken::new(secrets.state.clone());
    let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
    let mut scopes = vec!["read:user", "user:email"];
    if !github.allowed_orgs.is_empty() {
        scopes.push("read:org");
    }
    let client = client(state, github)?;
    let request = client
        .authorize_url(|| csrf)
        .add_scopes(scopes.into_iter().map(|s| Scope::new(s.to_owned())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    Ok(request.url().0)
}

/// Turns the code into what GitHub says of the person.
pub async fn finish(state: &State, github: &GitHub, secrets: Secrets, code: String) -> Result<Profile> {
    let tokens = client(state, github)?
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier))
        .request_async(&state.sign_in.fetch)
        .await
        .map_err(|e| answer(format!("github: {e}")))?;
    let token = tokens.access_token();
    let user: User = get(state, github, token, "/user").await?;
    let addresses: Vec<Address> = get(state, github, token, "/user/emails?per_page=100").await?;
    let primary = addresses.into_iter().find(|a| a.primary && a.verified);
    if !github.allowed_orgs.is_empty() {
        let orgs = organisations(state, github, token).await?;
        let within = |o: &Organisation| github.allowed_orgs.iter().any(|a| a.eq_ignore_ascii_case(&o.login));
        if !orgs.iter().any(within) {
            return Err(super::account::not_admitted(
                "you are in none of the organisations that may sign in",
            ));
        }
    }
    let profile = Profile {
        provider: KEY.to_owned(),
        issuer: github.url.as_str().trim_end_matches('/').to_owned(),
        subject: user.id.to_string(),
        username: Some(user.login),
        email: primary.map(|a| Email { address: a.email, verified: a.verified }),
        groups: vec![],
        proved_at: None,
    };
    profile.check()?;
    Ok(profile)
}

async fn organisations(state: &State, github: &GitHub, token: &AccessToken) -> Result<Vec<Organisation>> {
    let mut all = vec![];
    for page in 1..=PAGES {
        let path = format!("/user/orgs?per_page={PAGE}&page={page}");
        let some: Vec<Organisation> = get(state, github, token, &path).await?;
        let last = some.len() < PAGE;
        all.extend(some);
        if last {
            break;
        }
    }
    Ok(all)
}

async fn get<T: DeserializeOwned>(
    state: &State,
    github: &GitHub,
    token: &AccessToken,
    path: &str,
) -> Result<T> {
    let request: HttpRequest = http::Request::builder()
        .uri(below(&github.api_url, path))
        .header(http::header::ACCEPT, "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .header(http::header::AUTHORIZATION, format!("Bearer {}", token.secret()))
        .body(vec![])
        .map_err(|e| Error::internal(e.to_string()))?;
    let reply = state.sign_in.fetch.send(request).await.map_err(|e| away(format!("github: {e}")))?;
    if reply.status() != http::StatusCode::OK {
        return Err(away(format!("github: {path} answered {}", reply.status())));
    }
    serde_json::from_slice(reply.body()).map_err(|e| answer(format!("github: {path}: {e}")))
}
