//! Signing in through an OpenID Connect issuer: authorization code with PKCE. Hands back what
//! the issuer says of the person; knows no account.
use super::{Email, Profile, answer, attempt::Secrets, away, fetch::Fetch, settings::Oidc};
use crate::{error::Result, state::State};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthType, AuthorizationCode,
    ClaimsVerificationError, Client, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenClaims, IdTokenFields, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
        CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreIdTokenVerifier,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse,
        CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tamis_entities::value::Timestamp;
use tokio::sync::Mutex;
use url::Url;

/// How long what an issuer says of itself is believed, its keys included.
const FRESH: Duration = Duration::from_secs(3600);
/// A key that is not known makes us look again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(5);

/// RFC 9207, section 3.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Announced {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}
impl AdditionalProviderMetadata for Announced {}

/// Claims that have no name in the standard, such as groups.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Others(HashMap<String, Value>);
impl AdditionalClaims for Others {}

type Metadata = ProviderMetadata<
    Announced,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Relying = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type UserInfo = UserInfoClaims<Others, CoreGenderClaim>;

/// What issuers said of themselves, and when.
#[derive(Default)]
pub struct Issuers(Mutex<HashMap<String, (Arc<Metadata>, Instant)>>);

impl Issuers {
    async fn metadata(&self, fetch: &Fetch, issuer: &Oidc, oldest: Duration) -> Result<Arc<Metadata>> {
        let key = issuer.key();
        if let Some((known, at)) = self.0.lock().await.get(&key)
            && at.elapsed() < oldest
        {
            return Ok(known.clone());
        }
        let found = Metadata::discover_async(issuer.issuer.clone(), fetch).await;
        let found = Arc::new(found.map_err(|e| away(format!("{}: {}", *issuer.issuer, chain(&e))))?);
        self.0.lock().await.insert(key, (found.clone(), Instant::now()));
        Ok(found)
    }
}

/// An error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        text = format!("{text}: {cause}");
        inner = cause.source();
    }
    text
}

/// Where the issuer sends people back to; what an operator registers there.
pub fn redirect_url(public_url: &str, issuer: &Oidc) -> String {
    format!("{public_url}/sign-in/oidc/{}/callback", issuer.id)
}

fn client(state: &State, issuer: &Oidc, metadata: &Metadata) -> Result<Relying> {
    let back = RedirectUrl::new(redirect_url(&state.public_url, issuer)).map_err(answer)?;
    let secret = Some(issuer.client_secret.clone());
    let client = Relying::from_provider_metadata(metadata.clone(), issuer.client_id.clone(), secret);
    // Basic is what a server that says nothing must take (OpenID Connect Discovery section 3).
    let methods = metadata.token_endpoint_auth_methods_supported();
    let basic = methods.is_none_or(|m| m.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let how = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
    Ok(client.set_auth_type(how).set_redirect_uri(back))
}

/// Where the person goes to sign in. `again` asks the issuer not to answer from memory.
pub async fn authorize_url(state: &State, issuer: &Oidc, secrets: &Secrets, again: bool) -> Result<Url> {
    let metadata = state.sign_in.issuers.metadata(&state.sign_in.fetch, issuer, FRESH).await?;
    let client = client(state, issuer, &metadata)?;
    let (csrf, nonce) = (CsrfToken::new(secrets.state.clone()), Nonce::new(secrets.nonce.clone()));
    let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
    let mut request = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || csrf, || nonce)
        .add_scopes(issuer.scopes.iter().filter(|s| *s != "openid").map(|s| Scope::new(s.clone())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if again {
        request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
    }
    Ok(request.url().0)
}

/// RFC 9207: an answer that says whose it is must be this issuer's, and one that announced to
/// say so must say it.
async fn check_issuer(state: &State, issuer: &Oidc, given: Option<&str>) -> Result<Arc<Metadata>> {
    let metadata = state.sign_in.issuers.metadata(&state.sign_in.fetch, issuer, FRESH).await?;
    let announced = metadata.additional_metadata().authorization_response_iss_parameter_supported;
    match given {
        Some(iss) if iss == metadata.issuer().as_str() => Ok(metadata),
        Some(_) => Err(answer(format!("{}: an answer with the `iss` of another issuer", issuer.id))),
        None if announced => Err(answer(format!("{}: an answer without `iss`", issuer.id))),
        None => Ok(metadata),
    }
}

/// Turns the code into what the issuer says of the person.
pub async fn finish(
    state: &State,
    issuer: &Oidc,
    secrets: Secrets,
    code: String,
    iss: Option<&str>,
) -> Result<Profile> {
    let metadata = check_issuer(state, issuer, iss).await?;
    let relying = client(state, issuer, &metadata)?;
    let fetch = &state.sign_in.fetch;
    let refused = |e: &dyn std::error::Error| answer(format!("{}: {}", issuer.id, chain(e)));
    let tokens = relying
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|e| refused(&e))?
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier))
        .request_async(fetch)
        .await
        .map_err(|e| refused(&e))?;
    let claims = verified(state, issuer, &metadata, &tokens, &Nonce::new(secrets.nonce)).await?;
    // The subject of both must be the same: OpenID Connect Core section 5.3.2.
    let person: UserInfo = relying
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .map_err(|e| refused(&e))?
        .request_async(fetch)
        .await
        .map_err(|e| refused(&e))?;
    let profile = profile(issuer, &claims, &person);
    profile.check()?;
    Ok(profile)
}

/// The claims of an id_token whose signature, issuer, audience, expiry and nonce are right. Its
/// times are judged by the library, with the system's clock: they are the issuer's.
async fn verified(
    state: &State,
    issuer: &Oidc,
    metadata: &Metadata,
    tokens: &Tokens,
    nonce: &Nonce,
) -> Result<Claims> {
    let refused = |e: &dyn std::error::Error| answer(format!("{}: {}", issuer.id, chain(e)));
    let token = tokens.id_token().ok_or_else(|| answer(format!("{}: no id_token", issuer.id)))?;
    let first = client(state, issuer, metadata)?;
    let unknown = |e: &ClaimsVerificationError| {
        matches!(e, ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))
    };
    match token.claims(&verifier(&first, metadata), nonce) {
        Ok(claims) => {
            check_access_token(issuer, tokens, &verifier(&first, metadata), claims)?;
            Ok(claims.clone())
        }
        // The issuer has changed its keys since we last asked.
        Err(error) if unknown(&error) => {
            let newer = state.sign_in.issuers.metadata(&state.sign_in.fetch, issuer, AGAIN).await?;
            let client = client(state, issuer, &newer)?;
            let verifier = verifier(&client, &newer);
            let claims = token.claims(&verifier, nonce).map_err(|e| refused(&e))?;
            check_access_token(issuer, tokens, &verifier, claims)?;
            Ok(claims.clone())
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Signatures by the issuer's own keys only: never `none`, nor one made with the client's secret.
fn verifier<'a>(client: &'a Relying, metadata: &Metadata) -> CoreIdTokenVerifier<'a> {
    use CoreJwsSigningAlgorithm as Alg;
    let ours = [
        Alg::RsaSsaPkcs1V15Sha256,
        Alg::RsaSsaPkcs1V15Sha384,
        Alg::RsaSsaPkcs1V15Sha512,
        Alg::RsaSsaPssSha256,
        Alg::RsaSsaPssSha384,
        Alg::RsaSsaPssSha512,
        Alg::EcdsaP256Sha256,
        Alg::EcdsaP384Sha384,
        Alg::EdDsa,
    ];
    let theirs = metadata.id_token_signing_alg_values_supported();
    client.id_token_verifier().set_allowed_algs(ours.into_iter().filter(|alg| theirs.contains(alg)))
}

/// The access token is the one that the id_token was made with, if it says.
fn check_access_token(
    issuer: &Oidc,
    tokens: &Tokens,
    verifier: &CoreIdTokenVerifier<'_>,
    claims: &Claims,
) -> Result<()> {
    let (Some(expected), Some(token)) = (claims.access_token_hash(), tokens.id_token()) else {
        return Ok(());
    };
    let refused = |e: &dyn std::fmt::Display| answer(format!("{}: {e}", issuer.id));
    let algorithm = token.signing_alg().map_err(|e| refused(&e))?;
    let key = token.signing_key(verifier).map_err(|e| refused(&e))?;
    let actual =
        AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(|e| refused(&e))?;
    match actual == *expected {
        true => Ok(()),
        false => Err(refused(&"the access token is not that of the id_token")),
    }
}

fn profile(issuer: &Oidc, claims: &Claims, person: &UserInfo) -> Profile {
    let address = person.email().or(claims.email()).map(|e| e.to_string());
    // An address and its verification are taken from the same place.
    let verified = if person.email().is_some() { person.email_verified() } else { claims.email_verified() };
    let username = person.preferred_username().or(claims.preferred_username()).map(|n| n.to_string());
    let named = |others: &Others| others.0.get(&issuer.groups_claim).cloned();
    let groups = named(person.additional_claims()).or_else(|| named(claims.additional_claims()));
    Profile {
        provider: issuer.key(),
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        username,
        email: address.map(|address| Email { address, verified: verified == Some(true) }),
        groups: texts(groups),
        proved_at: claims.auth_time().map(|at| Timestamp(at.timestamp_micros())),
    }
}

/// One text, or a list of them.
fn texts(claim: Option<Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}
