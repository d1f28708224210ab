//! Handlers of `/api/content/patterns`.
use super::{
    find,
    given::{Given, create, update},
    list::page,
    own, projected, remove, who,
};
use crate::{
    auth::{Caller, access::segment},
    error::{Error, Result},
    meshery::wire::{Asked, Body, Fields, Profile, answer, ok},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::{Value, json};
use tamis_entities::{meshery_design as design, value::MesheryVisibility as Seen};

pub async fn list(state: web::Data<State>, caller: Caller, asked: Asked) -> Result<HttpResponse> {
    let (rows, total) = page(&state, &caller, &asked).await?;
    Ok(ok(&asked.page()?.reply("patterns", rows, total)))
}

fn saved(profile: Profile, object: Value) -> HttpResponse {
    match profile {
        Profile::Server => ok(&Value::Array(vec![object])),
        Profile::Cloud => ok(&object),
    }
}

pub async fn save(
    state: web::Data<State>,
    caller: Caller,
    profile: Profile,
    body: Body,
) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let keep = fields.take("save") != Some(Value::Bool(false));
    let inner = match fields.take("design_data") {
        Some(Value::Object(map)) => Fields(map),
        _ => fields.inner("pattern_data")?,
    };
    let (echo, given) = (Value::Object(inner.0.clone()), Given::read(inner)?);
    if !keep {
        return Ok(saved(profile, echo));
    }
    let design = match given.id {
        Some(id) => update(&state, &own(&state, &caller, id).await?, given).await?,
        None => create(&state, &caller, given).await?,
    };
    Ok(saved(profile, projected(&state, &design).await?))
}

async fn seen(state: &State, caller: &Caller, request: &HttpRequest) -> Result<design::Model> {
    find(state, caller, segment(request, "id")?).await
}

async fn owned(state: &State, caller: &Caller, request: &HttpRequest) -> Result<design::Model> {
    own(state, caller, segment(request, "id")?).await
}

pub async fn get(state: web::Data<State>, caller: Caller, request: HttpRequest) -> Result<HttpResponse> {
    Ok(ok(&projected(&state, &seen(&state, &caller, &request).await?).await?))
}

pub async fn download(state: web::Data<State>, caller: Caller, request: HttpRequest) -> Result<HttpResponse> {
    let design = seen(&state, &caller, &request).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("content-disposition", "attachment; filename=\"design.yml\""))
        .insert_header(("cache-control", "no-store"))
        .content_type("application/yaml")
        .body(design.content))
}

pub async fn change(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let design = owned(&state, &caller, &request).await?;
    let given = Given::read(body.fields()?.inner("pattern_data")?)?;
    Ok(ok(&projected(&state, &update(&state, &design, given).await?).await?))
}

/// The file alone, as it is.
pub async fn upload(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let design = owned(&state, &caller, &request).await?;
    body.check_filled()?;
    let text = std::str::from_utf8(&body.bytes).map_err(|_| Error::invalid("body", "a design is UTF-8"))?;
    let fields = Fields(serde_json::Map::from_iter([("pattern_file".to_owned(), json!(text))]));
    Ok(ok(&projected(&state, &update(&state, &design, Given::read(fields)?).await?).await?))
}

pub async fn clone(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let source = seen(&state, &caller, &request).await?;
    let name = body.fields()?.text("name")?.unwrap_or_else(|| source.name.clone());
    let words = [("name", json!(name)), ("pattern_file", json!(source.content))];
    let fields = Fields(words.into_iter().map(|(k, v)| (k.to_owned(), v)).collect());
    let made = create(&state, &caller, Given::read(fields)?).await?;
    Ok(ok(&projected(&state, &made).await?))
}

pub async fn delete(
    state: web::Data<State>,
    caller: Caller,
    profile: Profile,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let design = owned(&state, &caller, &request).await?;
    let object = projected(&state, &design).await?;
    remove(&state, &design).await?;
    Ok(match profile {
        Profile::Server => ok(&object),
        Profile::Cloud => answer(StatusCode::NO_CONTENT, &Value::Null).set_body(()).map_into_boxed_body(),
    })
}

/// Each is looked at before the first goes.
pub async fn delete_many(state: web::Data<State>, caller: Caller, body: Body) -> Result<HttpResponse> {
    who(&caller)?;
    let wrong = || Error::invalid("patterns", "a list of at most 100 objects with an id each");
    let Some(Value::Array(items)) = body.fields()?.take("patterns") else { return Err(wrong()) };
    if items.len() > 100 {
        return Err(wrong());
    }
    let mut all = vec![];
    for item in items {
        let Value::Object(map) = item else { return Err(wrong()) };
        let design = own(&state, &caller, Fields(map).need_id()?).await?;
        if design.visibility == Seen::Published {
            return Err(Error::conflict(
                "has-published-releases",
                "one of these is in the catalog; unpublish it first",
            ));
        }
        all.push(design);
    }
    for design in &all {
        remove(&state, design).await?;
    }
    Ok(ok(&json!({"patterns": [], "deleted": all.len()})))
}
