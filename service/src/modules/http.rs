//! `/modules/sha256/{hex}.wasm`: the bytes by digest, for proxies. No redirect, no coding.
use super::{
    deliver::{self, Delivery},
    standing,
};
use crate::{
    auth::{
        Caller,
        access::{Relation, Sight, segment},
        granted::look_in_vain,
    },
    counts::Of,
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use tamis_entities::{
    filter, release,
    value::{ReleaseState, Sha256},
};

/// The bytes of a module, for the document.
pub struct WasmBytes;

impl utoipa::PartialSchema for WasmBytes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("A wasm module, as it is."))
            .into()
    }
}
impl utoipa::ToSchema for WasmBytes {}

/// Get a module by digest
///
/// The raw wasm bytes, re-hashed on the way out. Served if the caller may read any release
/// that holds this digest and none of them is quarantined. Published modules may be cached
/// by anyone; all others carry `private, no-store`.
#[utoipa::path(
    tag = "modules", operation_id = "getModule",
    params(("file" = String, Path, description = "`<64 lower-case hex digits>.wasm`", example = "0000000000000000000000000000000000000000000000000000000000000000.wasm")),
    responses((status = 200, description = "The bytes", body = WasmBytes, content_type = "application/wasm"), (status = 206, description = "The range asked for"), (status = 304, description = "Unchanged"), Problems),
    security((), ("token" = []))
)]
#[get("/modules/sha256/{file}")]
pub async fn get_module(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let file: String = segment(&request, "file")?;
    let hex = file.strip_suffix(".wasm").filter(|hex| hex.len() == 64).ok_or_else(Error::not_found)?;
    let sha256: Sha256 = hex.parse().map_err(|_| Error::not_found())?;
    let (size, generation, public, counted) = match standing::open(&state, &sha256).await? {
        Some(open) => (open.size, Some(open.generation), true, Of::Digest(sha256.bytes())),
        None => {
            let (release, public) = permission(&state, &caller, &sha256).await?;
            let size = u64::try_from(release.size).map_err(|_| Error::not_found())?;
            (size, None, public, Of::Release(release.id))
        }
    };
    let delivery = Delivery { sha256: &sha256, size, generation, public, counted, filename: None };
    deliver::send(&state, &request, delivery).await
}

/// The release by which the caller may have the module, and whether anyone may.
async fn permission(state: &State, caller: &Caller, sha256: &Sha256) -> Result<(release::Model, bool)> {
    let releases =
        release::Entity::find().filter(release::Column::Sha256.eq(sha256.clone())).all(&*state.db).await?;
    let ids = releases.iter().map(|r| r.filter_id);
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids)).all(&*state.db).await?;
    let filters: HashMap<_, _> = filters.into_iter().map(|f| (f.id, f)).collect();
    if releases.is_empty() {
        look_in_vain(state, caller).await?;
    }
    let mut by: Option<(release::Model, bool)> = None;
    for release in releases {
        let Some(filter) = filters.get(&release.filter_id) else { continue };
        let open = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
        let relation = match open {
            true => Relation::default(),
            false => Relation::find(&*state.db, caller, filter, state.clock.now()).await?,
        };
        let sight = relation.sight(filter, &release);
        if release.state == ReleaseState::Quarantined && sight != Sight::Nothing {
            return Err(crate::auth::access::quarantined(&release));
        }
        if sight == Sight::Bytes && by.as_ref().is_none_or(|(_, public)| open && !public) {
            by = Some((release, open));
        }
    }
    by.ok_or_else(Error::not_found)
}
