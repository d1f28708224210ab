//! Handlers of `/v2`. Answers and errors have the form of the distribution specification, not that of
//! our own API; the routes are for the repository's name and the same below `wasm/`.
use super::{
    access::{self, Door},
    blobs::{self, DIGEST_HEADER},
    document, manifests,
    name::{Digest, Reference},
    push, reading, referrers,
    refusal::{Refusal, Result},
    sessions, tags,
    token::{self, Action, Presented},
};
use crate::{http::body, state::State};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use chrono::SecondsFormat;
use serde_json::json;

type Data = web::Data<State>;

/// The two ways to write a repository's name in a path.
const NAMES: [&str; 2] = ["/v2/{namespace}/{filter}", "/v2/wasm/{namespace}/{filter}"];

pub fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource(["/v2/", "/v2"]).get(get_version));
    config.service(web::resource("/v2/token").get(get_token).post(no_token));
    // The longer pattern first: `wasm` is no namespace.
    for name in NAMES.iter().rev() {
        let at = |rest: &str| web::resource(format!("{name}{rest}"));
        config.service(at("/tags/list").get(list_tags));
        config.service(at("/referrers/{digest}").get(list_referrers));
        config.service(
            at("/manifests/{reference}").get(get_manifest).put(put_manifest).delete(delete_manifest),
        );
        config.service(at("/blobs/uploads/").post(sessions::start_upload));
        config.service(
            at("/blobs/uploads/{id}")
                .get(sessions::get_upload)
                .patch(sessions::append_upload)
                .put(sessions::finish_upload)
                .delete(sessions::cancel_upload),
        );
        config.service(at("/blobs/{digest}").get(get_blob).delete(delete_blob));
    }
}

/// A segment of the path without the escapes that clients may write in it (`%3A`).
pub fn part(request: &HttpRequest, name: &str) -> String {
    let text = request.match_info().get(name).unwrap_or_default();
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub fn digest_of(text: &str) -> Result<Digest> {
    let message = "a digest is `sha256:` and 64, or `sha512:` and 128 lower-case hex digits";
    text.parse().map_err(|()| Refusal::digest_invalid(message))
}

fn digest_in(request: &HttpRequest) -> Result<Digest> {
    digest_of(&part(request, "digest"))
}

fn reference(request: &HttpRequest) -> Result<Reference> {
    let text = part(request, "reference");
    text.parse().map_err(|()| match text.contains(':') {
        true => Refusal::digest_invalid("this digest is none of sha256 or sha512"),
        false => Refusal::manifest_invalid("a tag is up to 128 letters, digits, `_`, `.` and `-`"),
    })
}

/// One value of the query.
pub fn asked(request: &HttpRequest, key: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_iter().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// Whether there is a registry here, and whether the caller's credential is good.
async fn get_version(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    match token::presented(&state, &request).await? {
        Presented::Nothing => {
            let challenge = token::challenge(&state, token::About::default(), &Presented::Nothing);
            Err(Refusal::unauthorized(
                challenge,
                "get a token first; for what is public no account is needed",
            ))
        }
        _ => Ok(HttpResponse::Ok().insert_header(VERSION).json(json!({}))),
    }
}

const VERSION: (&str, &str) = ("Docker-Distribution-Api-Version", "registry/2.0");

/// A short-lived token for what the caller's credential is good for.
async fn get_token(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let came = token::presented(&state, &request).await?;
    if matches!(came, Presented::Token(..)) {
        let challenge = token::challenge(&state, token::About::default(), &came);
        return Err(Refusal::unauthorized(challenge, "a token is given for a user and a password"));
    }
    if matches!(came, Presented::Nothing) {
        state.limits.admit_token(&request)?;
    }
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let scopes = pairs.into_iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.into_owned());
    let caller = came.caller();
    let text = token::issue(&state, &came, token::granted(caller.identity(), scopes)).await?;
    let issued = chrono::DateTime::from_timestamp_micros(state.clock.now().0).unwrap_or_default();
    let issued = issued.to_rfc3339_opts(SecondsFormat::Secs, true);
    let reply = json!({"token": text, "access_token": text, "expires_in": token::LIFE.as_secs(), "issued_at": issued});
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(reply))
}

/// Clients that try the other form of the question go back to GET on exactly this answer.
async fn no_token() -> Result<HttpResponse> {
    Err(Refusal::new(StatusCode::NOT_FOUND, "UNSUPPORTED", "tokens are given out to GET"))
}

async fn list_tags(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::pull(&state, &request).await?;
    let list = tags::list(&state, &repository, tags::Page::read(request.query_string())?).await?;
    let mut reply = HttpResponse::Ok();
    if let Some((n, last)) = &list.next {
        let next = format!("</v2/{}/tags/list?n={n}&last={last}>; rel=\"next\"", list.name);
        reply.insert_header((header::LINK, next));
    }
    Ok(reply.insert_header(PRIVATE).json(list))
}

const PRIVATE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

async fn list_referrers(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::pull_if_any(&state, &request).await?;
    let subject = digest_in(&request)?;
    let wanted = referrers::Wanted::read(request.query_string());
    let found = match &repository {
        Some(repository) => referrers::list(&state, repository, &subject, &wanted).await?,
        None => referrers::nothing(),
    };
    let mut reply = HttpResponse::Ok();
    if wanted.artifact_type.is_some() {
        reply.insert_header(("OCI-Filters-Applied", "artifactType"));
    }
    if let (Some(next), Some(repository)) = (found.next, &repository) {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("after", &next.to_string());
        if let Some(kind) = &wanted.artifact_type {
            query.append_pair("artifactType", kind);
        }
        let next = format!("</v2/{}/referrers/{subject}?{}>; rel=\"next\"", repository.name, query.finish());
        reply.insert_header((header::LINK, next));
    }
    let body = serde_json::to_vec(&found.index).map_err(crate::error::Error::from)?;
    Ok(reply.insert_header(PRIVATE).content_type(document::INDEX).body(body))
}

async fn get_manifest(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let door = Door::open(&state, &request, Action::Pull).await?;
    let find = async || {
        let repository = access::through(&state, &door).await?;
        manifests::find(&state, &repository, &reference(&request)?).await
    };
    let manifest = state.registry.manifest(&door, &part(&request, "reference"), find).await?;
    let lasting = matches!(reference(&request), Ok(Reference::Digest(_)));
    Ok(manifests::send(&state, &request, &manifest, lasting))
}

async fn put_manifest(state: Data, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let writer = access::push(&state, &request).await?;
    let reference = reference(&request)?;
    let tags = push::tags_of(request.query_string())?;
    let media_type = media_type(&request)?;
    let content = body::read(payload.into_inner(), push::MOST).await?;
    let content = content.ok_or_else(|| {
        let message = format!("a manifest is at most {} bytes", push::MOST);
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message)
    })?;
    let manifest = reading::read(&state, content.into(), media_type).await?;
    let sent = push::Sent::new(reference, tags, manifest)?;
    let repository = writer.repository(&state).await?;
    let done = push::put(&state, &repository, sent).await?;
    let mut reply = HttpResponse::Created();
    let place = format!("{}/v2/{}/manifests/{}", state.public_url, repository.name, done.digest);
    reply.insert_header((header::LOCATION, place));
    reply.insert_header((DIGEST_HEADER, done.digest.as_str()));
    if let Some(subject) = done.subject {
        reply.insert_header(("OCI-Subject", subject));
    }
    for tag in done.tags {
        reply.append_header(("OCI-Tag", tag));
    }
    Ok(reply.finish())
}

/// Without its parameters, as it will be sent back.
fn media_type(request: &HttpRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Refusal::manifest_invalid("Content-Type is not text"))?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    match document::is_kind(essence) {
        true => Ok(Some(essence.to_owned())),
        false => Err(Refusal::manifest_invalid("Content-Type names no kind of manifest that is JSON")),
    }
}

async fn delete_manifest(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::delete(&state, &request).await?;
    manifests::delete(&state, &repository, &reference(&request)?).await?;
    Ok(HttpResponse::Accepted().finish())
}

async fn get_blob(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let door = Door::open(&state, &request, Action::Pull).await?;
    let find = async || {
        let repository = access::through(&state, &door).await?;
        blobs::readable(&state, &repository, &digest_in(&request)?).await
    };
    let blob = state.registry.blob(&door, &part(&request, "digest"), find).await?;
    blobs::send(&state, &request, &digest_in(&request)?, &blob).await
}

async fn delete_blob(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::delete(&state, &request).await?;
    blobs::delete(&state, &repository, &digest_in(&request)?).await?;
    Ok(HttpResponse::Accepted().finish())
}
