//! The one shape in which a seed filter answers a request itself: a small JSON
//! body with a stable code and a sentence.

use proxy_wasm::hostcalls;
use proxy_wasm::types::Action;
use serde_json::json;

/// Answers the request and stops it. `code` and `detail` are the filter's own words.
pub fn refuse(status: u32, code: &str, detail: &str, headers: &[(&str, &str)]) -> Action {
    let body = json!({ "error": code, "detail": detail }).to_string();
    let mut all = vec![("content-type", "application/json"), ("cache-control", "no-store")];
    all.extend_from_slice(headers);
    // Fails only if the stream is already gone; pausing is right in either case.
    let _ = hostcalls::send_http_response(status, all, Some(body.as_bytes()));
    Action::Pause
}
