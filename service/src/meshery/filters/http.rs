//! Handlers of `/api/content/filters`.
use super::{
    find::{ById, find, newest, wanted},
    given::Given,
    import::import,
    list::{Listed, page},
    project::{for_client, project},
    save::{self, Change},
    slug,
};
use crate::{
    auth::{Caller, FilterAccess, table::Need},
    counts::Of,
    db,
    error::{Error, Result},
    filters::{self, clone::CloneRequest},
    http::conditional,
    meshery::wire::{Asked, Body, Fields, Profile, answer, ok},
    modules::deliver::{self, Delivery},
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tamis_entities::{filter, release, value::ReleaseState};

pub async fn list_all(
    state: web::Data<State>,
    caller: Caller,
    profile: Profile,
    asked: Asked,
) -> Result<HttpResponse> {
    let (rows, total) = page(&state, &caller, &asked, Listed::Visible, profile).await?;
    Ok(ok(&asked.page()?.reply("filters", rows, total)))
}

async fn shown(state: &State, access: &FilterAccess) -> Result<Value> {
    let release = newest(state, access).await?;
    project(state, &access.filter, release.as_ref()).await
}

/// A Server reads a list, a client of Cloud's API one object: of several the first.
fn saved(profile: Profile, objects: Vec<Value>) -> HttpResponse {
    match profile {
        Profile::Server => ok(&Value::Array(objects)),
        Profile::Cloud => ok(&for_client(profile, objects.into_iter().next().unwrap_or_default())),
    }
}

pub async fn save(
    state: web::Data<State>,
    caller: Caller,
    profile: Profile,
    body: Body,
) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let (url, path) = (fields.text("url")?, fields.text("path")?);
    let keep = fields.take("save") != Some(Value::Bool(false));
    let given = fields.inner("filter_data")?;
    if !keep {
        // Only whether it could be saved.
        let echo = Value::Object(given.0.clone());
        Given::read(given)?;
        return Ok(saved(profile, vec![echo]));
    }
    let given = Given::read(given)?;
    let all = match url {
        Some(url) => import(&state, &caller, (&url, path.as_deref()), given).await?,
        None => vec![save::save(&state, &caller, given).await?],
    };
    let mut objects = vec![];
    for access in &all {
        objects.push(shown(&state, access).await?);
    }
    Ok(saved(profile, objects))
}

pub async fn get(state: web::Data<State>, profile: Profile, found: ById) -> Result<HttpResponse> {
    let access = found.0;
    let Some(release) = newest(&state, &access).await? else {
        return Ok(ok(&for_client(profile, project(&state, &access.filter, None).await?)));
    };
    let mut object = project(&state, &access.filter, Some(&release)).await?;
    let text = deliver::examine(&state, &release.sha256, |bytes| STANDARD.encode(bytes)).await?;
    object["filter_file"] = json!(text);
    object["filterFile"] = json!(text);
    let mut reply = ok(&for_client(profile, object));
    if let Ok(etag) = header::HeaderValue::from_str(&etag(&access.filter)) {
        reply.headers_mut().insert(header::ETAG, etag);
    }
    Ok(reply)
}

pub async fn change(
    state: web::Data<State>,
    profile: Profile,
    found: ById,
    body: Body,
) -> Result<HttpResponse> {
    let mut given = Given::read(body.fields()?.inner("filter_data")?)?;
    let file = given.file.take().map(bytes::Bytes::from);
    let change = Change { name: given.name, visibility: given.visibility, details: given.details };
    let access = save::update(&state, found.0, file, change).await?;
    Ok(ok(&for_client(profile, shown(&state, &access).await?)))
}

/// Changes with each change of the filter.
fn etag(filter: &filter::Model) -> String {
    format!("\"{}-{}\"", filter.meshery_id.simple(), filter.row_version)
}

async fn remove(
    state: &State,
    access: &FilterAccess,
    may_go: impl Fn(&filter::Model) -> Result<()>,
) -> Result<Value> {
    let object = project(state, &access.filter, None).await?;
    db::retrying(|| filters::delete(state, access, &may_go)).await?;
    Ok(object)
}

pub async fn delete(
    state: web::Data<State>,
    profile: Profile,
    found: ById,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let may_go = |now: &filter::Model| conditional::check_if_match(&request, &etag(now));
    let object = remove(&state, &found.0, may_go).await?;
    Ok(match profile {
        Profile::Server => ok(&object),
        Profile::Cloud => answer(StatusCode::NO_CONTENT, &Value::Null).set_body(()).map_into_boxed_body(),
    })
}

/// All of them or none.
pub async fn delete_many(state: web::Data<State>, caller: Caller, body: Body) -> Result<HttpResponse> {
    const MOST: usize = 100;
    let mut fields = body.fields()?;
    let Some(Value::Array(items)) = fields.take("filters") else {
        return Err(Error::invalid("filters", "a list of objects with an id each"));
    };
    if items.len() > MOST {
        return Err(Error::invalid("filters", format!("at most {MOST} at once")));
    }
    let mut all = vec![];
    for item in items {
        let Value::Object(map) = item else {
            return Err(Error::invalid("filters", "a list of objects with an id each"));
        };
        all.push(find(&state, &caller, Fields(map).need_id()?, Need::ManageFilter).await?);
    }
    // In one order, so that two who delete the same wait for each other; and each once.
    all.sort_by_key(|access| access.filter.id);
    all.dedup_by_key(|access| access.filter.id);
    let mut gone = vec![];
    for access in &all {
        gone.push(project(&state, &access.filter, None).await?);
    }
    db::retrying(|| filters::delete_all(&state, &all)).await?;
    Ok(ok(&json!({"filters": gone, "deleted": gone.len()})))
}

pub async fn clone(
    state: web::Data<State>,
    profile: Profile,
    found: ById,
    body: Body,
) -> Result<HttpResponse> {
    let access = found.0;
    let name = body.fields()?.text("name")?.unwrap_or_else(|| access.filter.title.clone());
    filters::change::check_texts(&name, "", None, None)?;
    let caller = access.caller.clone();
    let home = save::home(&state, &caller).await?;
    let slug = slug::free(&state, home.id, &name).await?;
    let request = CloneRequest { namespace: home.handle.clone(), name: slug, version: None };
    let (_, filter, _) = filters::clone::clone(&state, access, request).await?;
    let made = find(&state, &caller, filter.meshery_id, Need::WriteFilter).await?;
    let change = Change { name: Some(name), visibility: None, details: Default::default() };
    let made = save::update(&state, made, None, change).await?;
    Ok(ok(&for_client(profile, shown(&state, &made).await?)))
}

pub async fn download(state: web::Data<State>, found: ById, request: HttpRequest) -> Result<HttpResponse> {
    let access = &found.0;
    let release = wanted(&state, access).await?;
    deliver::send(&state, &request, delivery(access, &release)).await
}

fn delivery<'a>(access: &FilterAccess, release: &'a release::Model) -> Delivery<'a> {
    Delivery {
        sha256: &release.sha256,
        size: u64::try_from(release.size).unwrap_or_default(),
        generation: None,
        public: matches!(release.state, ReleaseState::Published | ReleaseState::Yanked),
        counted: Of::Release(release.id),
        filename: Some(format!("{}-{}.wasm", access.filter.name, release.version)),
    }
}
