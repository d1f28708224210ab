//! The catalog at Meshery's door: what is published, and asking for something to be published or to be taken
//! down. A publish opens a review, as it does everywhere; where the policy lets somebody publish by themselves,
//! checks and release follow at once, for Meshery has no button for them.
use super::{
    asked::Columns,
    designs,
    filters::{self, Listed},
    requests,
    wire::{Asked, Body, Fields, Profile, both, ok},
};
use crate::{
    auth::{
        Caller, FilterAccess,
        access::{load_review, segment},
        table::Need,
    },
    error::{Error, Result},
    reviews::{acts, alone, checks, release, submit},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, web};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr},
};
use serde_json::{Value, json};
use tamis_entities::{
    release as row, review,
    value::{ReleaseState, ReviewAction, ReviewState},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/api/catalog/content/classes", web::get().to(list_classes))
        .route("/api/catalog/content/{type}", web::get().to(list_catalog))
        .route("/api/catalog/content/{type}", web::post().to(publish))
        .route("/api/catalog/content/{type}", web::delete().to(unpublish))
        .route("/api/catalog/content/{type}/unpublish", web::post().to(unpublish));
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Filter,
    Pattern,
}

impl Content {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "filter" | "filters" => Some(Self::Filter),
            "pattern" | "patterns" | "design" | "designs" => Some(Self::Pattern),
            _ => None,
        }
    }

    fn of(request: &HttpRequest) -> Result<Self> {
        Self::parse(&segment::<String>(request, "type")?).ok_or_else(Error::not_found)
    }
}

/// What pages of Meshery sort filters and designs by besides.
pub const COLUMNS: &Columns = &[("visibility", None), ("type", None)];

/// The words that both lists are narrowed by; a row has all of them.
pub fn words(asked: &Asked) -> Result<Vec<String>> {
    let (of_type, class) = (asked.list(&["type"])?, asked.list(&["class"])?);
    Ok([of_type, asked.list(&["technology", "compatibility"])?, class].concat())
}

/// Whose rows are wanted, by the id that Meshery knows.
pub fn person(asked: &Asked) -> Result<Option<Uuid>> {
    let text = asked.one(&["userId", "userid", "user_id"]);
    text.map(|t| t.parse().map_err(|_| Error::invalid("userId", "a UUID"))).transpose()
}

/// Of whose catalog data the text has this word as a JSON text.
pub fn has_word(column: impl IntoColumnRef, word: &str) -> Expr {
    let quoted = Value::String(word.to_lowercase()).to_string();
    let escaped = quoted.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(format!("%{escaped}%")).escape('!'))
}

async fn list_classes() -> HttpResponse {
    ok(&json!([
        {"class": "official", "description": "Comes with Tamis, or from who runs it."},
        {"class": "verified", "description": "Reviewed by curators."},
        {"class": "community", "description": "Shared by people."},
    ]))
}

async fn list_catalog(
    state: web::Data<State>,
    caller: Caller,
    profile: Profile,
    request: HttpRequest,
    asked: Asked,
) -> Result<HttpResponse> {
    let pages = asked.page()?;
    let (name, other, (rows, total)) = match Content::of(&request)? {
        Content::Filter => {
            ("filters", "patterns", filters::page(&state, &caller, &asked, Listed::Catalog, profile).await?)
        }
        Content::Pattern => ("patterns", "filters", designs::catalog_page(&state, &asked).await?),
    };
    let mut page = pages.reply(name, rows, total);
    page[other] = json!([]);
    page["modelsCount"] = json!(0);
    page["categoryCount"] = json!(0);
    Ok(ok(&page))
}

async fn publish(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let (id, data) = (fields.need_id()?, fields.object("catalog_data")?);
    match Content::of(&request)? {
        Content::Pattern => Ok(ok(&designs::publish(&state, &caller, id, data).await?)),
        Content::Filter => {
            let access = filters::find(&state, &caller, id, Need::WriteFilter).await?;
            let review = ask(&state, &access, newest(&state, &access).await?, ReviewAction::Publish).await?;
            filters::keep_catalog_data(&state, access.filter.id, data).await?;
            Ok(ok(&requests::one(&state, review).await?))
        }
    }
}

async fn releases(state: &State, access: &FilterAccess) -> Result<Vec<row::Model>> {
    let all = row::Entity::find().filter(row::Column::FilterId.eq(access.filter.id));
    Ok(all.all(&*state.db).await?)
}

async fn newest(state: &State, access: &FilterAccess) -> Result<row::Model> {
    let newest = releases(state, access).await?.into_iter().max_by_key(|r| r.version.semver());
    newest.ok_or_else(|| {
        Error::conflict("nothing-to-publish", "this filter has no file yet; save one, then publish it")
    })
}

/// A review, as from every door; done at once if it takes no votes. Its caller has looked whether it may be asked for.
async fn ask(
    state: &State,
    access: &FilterAccess,
    release: row::Model,
    action: ReviewAction,
) -> Result<Uuid> {
    let asked = submit::ReviewRequest {
        namespace: access.namespace.handle.clone(),
        filter: access.filter.name.clone(),
        version: release.version,
        action,
        note: "Asked for from Meshery.".into(),
        metadata: None,
    };
    let (_, review) = submit::ask(state, access, asked).await?;
    if review.quorum == 0 {
        finish(state, &access.caller, review.id).await?;
    }
    Ok(review.id)
}

/// Runs the checks now and releases what they approve. What they do not stays where everybody finds it.
async fn finish(state: &State, caller: &Caller, id: Uuid) -> Result<()> {
    checks::run(state, id).await?;
    let found = load_review(state, caller.clone(), id, Need::ReadReview).await?;
    if found.review.state == ReviewState::Approved
        && let Err(error) = release::release(state, &found).await
    {
        tracing::info!(review = %id, %error, "approved, and not released yet");
    }
    Ok(())
}

async fn unpublish(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let id = body.fields()?.need_id()?;
    match Content::of(&request)? {
        Content::Pattern => Ok(ok(&designs::unpublish(&state, &caller, id).await?)),
        Content::Filter => {
            let access = filters::find(&state, &caller, id, Need::WriteFilter).await?;
            let review = take_down(&state, &access).await?;
            Ok(ok(&requests::one(&state, review).await?))
        }
    }
}

/// Everything of it that is public, and what waits to be. The last request speaks for all.
/// What stands in the way of one is looked for before the first is made.
async fn take_down(state: &State, access: &FilterAccess) -> Result<Uuid> {
    let public = [ReleaseState::Published, ReleaseState::Yanked];
    let mut public_ones = releases(state, access).await?;
    public_ones.retain(|release| public.contains(&release.state));
    let open = open(state, access).await?;
    for release in &public_ones {
        if let Some(other) = open.iter().find(|review| review.release_id == release.id) {
            return Err(alone::in_the_way(release, other));
        }
    }
    let mut last = None;
    let asks = |review: &&review::Model| review.state.is_open() && review.action == ReviewAction::Publish;
    for waiting in open.iter().filter(asks) {
        let found = load_review(state, access.caller.clone(), waiting.id, Need::ReadReview).await?;
        acts::withdraw(state, &found).await?;
        last = Some(waiting.id);
    }
    for release in public_ones {
        last = Some(ask(state, access, release, ReviewAction::Unpublish).await?);
    }
    last.ok_or_else(|| {
        Error::conflict("not-published", "nothing of this filter is published, or asked to be")
    })
}

async fn open(state: &State, access: &FilterAccess) -> Result<Vec<review::Model>> {
    let rows =
        review::Entity::find().filter(review::Column::FilterId.eq(access.filter.id)).filter(alone::open());
    Ok(rows.all(&*state.db).await?)
}

/// Whether something is for everyone signed in, as Meshery's dialog for sharing says it.
pub async fn share(state: web::Data<State>, caller: Caller, body: Body) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let id = fields.id("content_id")?.ok_or_else(|| Error::invalid("contentId", "which one: its UUID"))?;
    let kind = fields.text("content_type")?.unwrap_or_else(|| "pattern".into());
    let content =
        Content::parse(&kind).ok_or_else(|| Error::invalid("contentType", "`filter` or `pattern`"))?;
    let public = match fields.take("share") {
        Some(Value::Bool(share)) => share,
        _ => return Err(Error::invalid("share", "true or false")),
    };
    let word = json!(if public { "public" } else { "private" });
    match content {
        Content::Filter => {
            let access = filters::find(&state, &caller, id, Need::ManageFilter).await?;
            let given = Fields(serde_json::Map::from_iter([("visibility".to_owned(), word)]));
            filters::update(&state, access, given).await?;
        }
        Content::Pattern => designs::share(&state, &caller, id, public).await?,
    }
    Ok(ok(&both(json!({"content_id": id, "content_type": kind, "share": public}))))
}
