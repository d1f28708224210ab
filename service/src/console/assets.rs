//! What pages load besides themselves: style, scripts, fonts, the mark. Built in, and named by their
//! content, so that a browser may keep each for ever.
use crate::{error::Error, http::problem::Problems};
use actix_web::{HttpRequest, HttpResponse, get, http::header};
use flate2::{Compression, write::GzEncoder};
use std::{borrow::Cow, collections::HashMap, io::Write, sync::LazyLock};
use tamis_entities::value::Sha256;

struct Asset {
    media: &'static str,
    bytes: Cow<'static, [u8]>,
    /// The same packed, where that helps.
    packed: Option<Vec<u8>>,
}

struct Assets {
    by_path: HashMap<String, Asset>,
    paths: HashMap<&'static str, String>,
}

const FONT: &str = "font/woff2";
const FONTS: [(&str, &[u8]); 2] = [
    ("inter.woff2", include_bytes!("../../assets/fonts/inter.woff2")),
    ("jetbrains-mono.woff2", include_bytes!("../../assets/fonts/jetbrains-mono.woff2")),
];
/// One file for browsers, in this order.
const STYLES: [&str; 3] = [
    include_str!("../../assets/console.css"),
    include_str!("../../assets/reviews.css"),
    include_str!("../../assets/admin.css"),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut all = Assets { by_path: HashMap::new(), paths: HashMap::new() };
    let mut style = STYLES.concat();
    for (name, bytes) in FONTS {
        all.add(name, FONT, bytes.into());
        // The style names a font by its content, too, so that a new font makes a new style.
        style = style.replace(&format!("url(\"{name}\")"), &format!("url(\"{}\")", all.paths[name]));
    }
    all.add("console.css", "text/css; charset=utf-8", style.into_bytes().into());
    all.add("console.js", SCRIPT, include_bytes!("../../assets/console.js")[..].into());
    all.add("htmx.js", SCRIPT, include_bytes!("../../assets/htmx.js")[..].into());
    all.add("mark.svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")[..].into());
    all
});

impl Assets {
    fn add(&mut self, name: &'static str, media: &'static str, bytes: Cow<'static, [u8]>) {
        let path = format!("/assets/{}-{name}", &Sha256::of(&bytes).hex()[..16]);
        let packed = (media != FONT).then(|| pack(&bytes)).flatten();
        self.by_path.insert(path.clone(), Asset { media, bytes, packed });
        self.paths.insert(name, path);
    }
}

fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).ok()?;
    packer.finish().ok().filter(|packed| packed.len() < bytes.len())
}

/// Where the asset of this name is served.
pub fn path(name: &str) -> &'static str {
    ASSETS.paths.get(name).map_or("", String::as_str)
}

/// A part of the pages: style, script, font
#[utoipa::path(tag = "pages", operation_id = "getAsset", params(("file" = String, Path, description = "Hash and name of the file")),
    responses((status = 200, description = "The file; it never changes", content(
        (String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml"), (String = "font/woff2"))), Problems), security(()))]
#[get("/assets/{file}")]
pub async fn get_asset(request: HttpRequest) -> crate::error::Result<HttpResponse> {
    let asset = ASSETS.by_path.get(request.path()).ok_or_else(Error::not_found)?;
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    let accepted = accepted.is_some_and(|codings| codings.contains("gzip"));
    let mut reply = HttpResponse::Ok();
    reply.content_type(asset.media);
    reply.insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
    reply.insert_header((header::VARY, "Accept-Encoding"));
    match &asset.packed {
        Some(packed) if accepted => {
            Ok(reply.insert_header((header::CONTENT_ENCODING, "gzip")).body(packed.as_slice()))
        }
        _ => Ok(reply.body(asset.bytes.as_ref())),
    }
}
