//! Headers as bytes. The SDK's string getters unwrap UTF-8, so one request with a
//! Latin-1 byte would trap the VM for every later request; nothing here does.

use proxy_wasm::hostcalls;
use proxy_wasm::types::MapType;

pub fn request_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten()
}

pub fn response_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, name).ok().flatten()
}

/// A header's value if it is UTF-8.
pub fn text(value: Option<Vec<u8>>) -> Option<String> {
    value.and_then(|bytes| String::from_utf8(bytes).ok())
}

/// The request's path without query and fragment.
pub fn path() -> String {
    let mut path = text(request_header(":path")).unwrap_or_default();
    if let Some(end) = path.find(['?', '#']) {
        path.truncate(end);
    }
    path
}

/// A field name of RFC 9110, section 5.1, in the lower case that HTTP/2 asks for.
pub fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
        })
}

/// A field value that no proxy has to repair: printable ASCII without surrounding blanks.
pub fn is_value(value: &str) -> bool {
    value.trim() == value && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
