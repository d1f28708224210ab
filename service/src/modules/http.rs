//! `/modules/sha256/{hex}.wasm`: the bytes by digest, for proxies. No redirect, no coding.
use super::{
    deliver::{self, Delivery},
    permission, standing,
};
use crate::{
    auth::{Caller, access::segment},
    counts::Of,
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use tamis_entities::value::Sha256;

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
            let (release, public) = permission::find(&state, &caller, &sha256).await?;
            let size = u64::try_from(release.size).map_err(|_| Error::not_found())?;
            (size, None, public, Of::Release(release.id))
        }
    };
    let delivery = Delivery { sha256: &sha256, size, generation, public, counted, filename: None };
    deliver::send(&state, &request, delivery).await
}
