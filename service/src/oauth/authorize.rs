//! What an authorization request asks for (RFC 6749 section 4.1.1, RFC 7636, RFC 8707, OpenID Connect
//! Core section 3.1.2.1). Until client and redirect URI are known to be good nothing is sent there.
use super::{
    client::{self, Client},
    form::Fields,
    redirect,
    refusal::Refusal,
    words::Words,
};
use crate::state::State;
use tamis_entities::value::OauthGrantType;

/// A request that can be answered.
pub struct Asked {
    pub client: Client,
    pub redirect_uri: String,
    pub state: Option<String>,
    /// What was asked for of what the client may have.
    pub words: Words,
    pub audience: String,
    pub challenge: String,
    pub nonce: Option<String>,
    pub prompt: Prompt,
    pub max_age: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Ask what has to be asked.
    #[default]
    Needed,
    /// Ask nothing, fail instead.
    None,
    /// Sign in again.
    Login,
    /// Ask for consent again.
    Consent,
}

pub enum Fault {
    /// Shown to the person: there is nowhere safe to send it.
    Here(Refusal),
    /// Sent to the client.
    Back(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal)
    }
}

/// Where the answer to a good client goes: with `state` as it came, and who we are (RFC 9207).
pub fn back(server: &State, to: &str, state: Option<&str>, answer: &[(&str, &str)]) -> String {
    let mut parameters = answer.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", &server.public_url));
    redirect::with(to, &parameters)
}

pub fn refused(server: &State, to: &str, state: Option<&str>, refusal: &Refusal) -> String {
    let answer = [("error", refusal.error), ("error_description", refusal.error_description)];
    back(server, to, state, &answer)
}

pub async fn read(server: &State, fields: &Fields) -> Result<Asked, Fault> {
    let id = fields.need("client_id", "client_id is missing")?;
    let unknown = Refusal::request("this client is not known here, or is disabled");
    let client = client::find(&*server.db, id).await.map_err(Refusal::from)?.ok_or(unknown)?;
    let redirect_uri = fields.need("redirect_uri", "redirect_uri is missing")?.to_owned();
    if !client.answers_at(&redirect_uri) {
        return Err(Refusal::request(
            "redirect_uri is none that this client has registered; it must be the same, letter by letter",
        )
        .into());
    }
    let state = fields.get("state").map(str::to_owned);
    let back_with = |refusal| Fault::Back(refused(server, &redirect_uri, state.as_deref(), &refusal));
    let details = details(server, &client, fields).map_err(back_with)?;
    let Details { words, audience, challenge, prompt, max_age } = details;
    let nonce = fields.get("nonce").map(str::to_owned);
    Ok(Asked { client, redirect_uri, state, words, audience, challenge, nonce, prompt, max_age })
}

struct Details {
    words: Words,
    audience: String,
    challenge: String,
    prompt: Prompt,
    max_age: Option<u64>,
}

fn details(server: &State, client: &Client, fields: &Fields) -> Result<Details, Refusal> {
    if fields.get("request").is_some() {
        return Err(Refusal::new("request_not_supported", "send the parameters as parameters"));
    }
    if fields.get("request_uri").is_some() {
        return Err(Refusal::new("request_uri_not_supported", "send the parameters as parameters"));
    }
    match fields.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(Refusal::new("unsupported_response_type", "response_type is code")),
        None => return Err(Refusal::request("response_type is missing: it is code")),
    }
    if fields.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::request("response_mode is query"));
    }
    if !client.uses(OauthGrantType::AuthorizationCode) {
        return Err(Refusal::new("unauthorized_client", "this client is not registered for codes"));
    }
    if fields.get("nonce").is_some_and(|nonce| nonce.len() > 512) {
        return Err(Refusal::request("nonce is at most 512 characters"));
    }
    Ok(Details {
        words: wanted(client, fields)?,
        audience: audience(server, client, fields)?,
        challenge: challenge(fields)?,
        prompt: prompt(fields)?,
        max_age: max_age(fields)?,
    })
}

/// What is asked for of what the client may have.
pub fn wanted(client: &Client, fields: &Fields) -> Result<Words, Refusal> {
    let words = Words::read(fields.get("scope").unwrap_or_default()).common(&client.words);
    if words.is_empty() { Err(Refusal::scope()) } else { Ok(words) }
}

/// Whom the token is for: us, or a resource server that the client is registered for.
pub fn audience(server: &State, client: &Client, fields: &Fields) -> Result<String, Refusal> {
    let Some(resource) = fields.get("resource").or_else(|| fields.get("audience")) else {
        return Ok(server.public_url.clone());
    };
    let known = resource == server.public_url || client.audiences.iter().any(|a| a == resource);
    match known {
        true => Ok(resource.to_owned()),
        false => Err(Refusal::new("invalid_target", "this client may not ask for tokens for that resource")),
    }
}

/// PKCE, with S256 only: a plain challenge is the secret itself.
fn challenge(fields: &Fields) -> Result<String, Refusal> {
    let challenge = fields.need("code_challenge", "code_challenge is missing: PKCE is required")?;
    if fields.get("code_challenge_method") != Some("S256") {
        return Err(Refusal::request("code_challenge_method is S256"));
    }
    let is_hash =
        challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    match is_hash {
        true => Ok(challenge.to_owned()),
        false => Err(Refusal::request("code_challenge is the SHA-256 of the verifier in base64url")),
    }
}

fn prompt(fields: &Fields) -> Result<Prompt, Refusal> {
    let mut prompt = Prompt::Needed;
    for word in fields.get("prompt").unwrap_or_default().split_ascii_whitespace() {
        prompt = match (word, prompt) {
            ("none", Prompt::Needed) => Prompt::None,
            ("none", _) | (_, Prompt::None) => {
                return Err(Refusal::request("prompt is none alone, or without none"));
            }
            ("login" | "select_account", _) => Prompt::Login,
            ("consent", Prompt::Needed) => Prompt::Consent,
            _ => prompt,
        };
    }
    Ok(prompt)
}

fn max_age(fields: &Fields) -> Result<Option<u64>, Refusal> {
    let wrong = |_| Refusal::request("max_age is a number of seconds");
    fields.get("max_age").map(|text| text.parse().map_err(wrong)).transpose()
}
