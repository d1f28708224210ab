//! Handlers of `/v2/…/blobs/uploads/`: blobs on their way in, in one request or in a session of several.
use super::{
    access,
    blobs::{self, DIGEST_HEADER, Source},
    http::{asked, digest_of, part},
    name::{Digest, Name},
    receiving,
    refusal::{Refusal, Result},
    uploads,
};
use crate::state::State;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use tamis_entities::registry_upload;

type Data = web::Data<State>;

/// The blob is there: where, and under which digest.
fn created(state: &State, name: &Name, digest: &Digest) -> HttpResponse {
    let place = format!("{}/v2/{name}/blobs/{digest}", state.public_url);
    let mut reply = HttpResponse::Created();
    reply.insert_header((header::LOCATION, place)).insert_header((DIGEST_HEADER, digest.as_str())).finish()
}

fn session(
    state: &State,
    status: StatusCode,
    repository: &access::Repository,
    upload: &registry_upload::Model,
) -> HttpResponse {
    let place = format!("{}/v2/{}/blobs/uploads/{}", state.public_url, repository.name, upload.id);
    let mut reply = HttpResponse::build(status);
    reply.insert_header((header::LOCATION, place));
    reply.insert_header((header::RANGE, uploads::progress(upload)));
    reply.insert_header(("Docker-Upload-UUID", upload.id.to_string()));
    reply.finish()
}

pub async fn start_upload(state: Data, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let writer = access::push(&state, &request).await?;
    if let Some(text) = asked(&request, "mount") {
        let digest = digest_of(&text)?;
        let from = asked(&request, "from").filter(|from| !from.is_empty());
        let from = match from {
            Some(name) => Some(Source::Named(name)),
            None => writer.is_whole().then_some(Source::Anywhere),
        };
        let repository = writer.repository(&state).await?;
        if blobs::mount(&state, &repository, &digest, from).await? {
            return Ok(created(&state, &repository.name, &digest));
        }
        return begun(&state, &repository).await;
    }
    if let Some(text) = asked(&request, "digest") {
        let digest = digest_of(&text)?;
        let received = receiving::whole(&state, &digest, payload).await?;
        let repository = writer.repository(&state).await?;
        uploads::keep(&state, &repository, &digest, &received).await?;
        return Ok(created(&state, &repository.name, &digest));
    }
    begun(&state, &writer.repository(&state).await?).await
}

async fn begun(state: &State, repository: &access::Repository) -> Result<HttpResponse> {
    let upload = uploads::begin(state, repository).await?;
    Ok(session(state, StatusCode::ACCEPTED, repository, &upload))
}

pub async fn get_upload(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::session(&state, &request).await?;
    let upload = uploads::find(&state, &repository, &part(&request, "id")).await?;
    Ok(session(&state, StatusCode::NO_CONTENT, &repository, &upload))
}

pub async fn append_upload(state: Data, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let repository = access::session(&state, &request).await?;
    let upload = uploads::find(&state, &repository, &part(&request, "id")).await?;
    let range = uploads::range(&request)?;
    let upload = uploads::append(&state, &repository, &upload, range, payload).await;
    let upload = upload.map_err(|refusal| at(refusal, &state, &repository, &request))?;
    Ok(session(&state, StatusCode::ACCEPTED, &repository, &upload))
}

/// A refusal that says where the session goes on.
fn at(refusal: Refusal, state: &State, repository: &access::Repository, request: &HttpRequest) -> Refusal {
    let place = format!("{}/v2/{}/blobs/uploads/{}", state.public_url, repository.name, part(request, "id"));
    match refusal.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => refusal.header(header::LOCATION, place),
        _ => refusal,
    }
}

pub async fn finish_upload(state: Data, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let repository = access::session(&state, &request).await?;
    let upload = uploads::find(&state, &repository, &part(&request, "id")).await?;
    let text = asked(&request, "digest").ok_or_else(|| Refusal::digest_invalid("`digest` is missing"))?;
    let digest = digest_of(&text)?;
    let range = uploads::range(&request)?;
    let upload = uploads::append(&state, &repository, &upload, range, payload).await;
    let upload = upload.map_err(|refusal| at(refusal, &state, &repository, &request))?;
    uploads::finish(&state, &repository, &upload, &digest).await?;
    Ok(created(&state, &repository.name, &digest))
}

pub async fn cancel_upload(state: Data, request: HttpRequest) -> Result<HttpResponse> {
    let repository = access::session(&state, &request).await?;
    let upload = uploads::find(&state, &repository, &part(&request, "id")).await?;
    uploads::cancel(&state, &upload).await?;
    Ok(HttpResponse::NoContent().finish())
}
