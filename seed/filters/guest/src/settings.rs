//! The plugin configuration: JSON text, empty meaning "all defaults". A text that
//! does not fit is logged and refused; it never becomes a half-configured filter.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel};
use serde::de::DeserializeOwned;

/// Reads the configuration and lets `check` turn it into the filter's own shape.
///
/// `None` means that the reason has been logged and `on_configure` must return false.
pub fn configured<S, P>(filter: &str, check: impl FnOnce(S) -> Result<P, String>) -> Option<P>
where
    S: DeserializeOwned,
{
    match read().and_then(check) {
        Ok(plugin) => Some(plugin),
        Err(reason) => {
            failed(filter, &reason);
            None
        }
    }
}

/// Logs why a configuration is refused.
pub fn failed(filter: &str, reason: &str) {
    // A log line that cannot be written is no reason to trap.
    let _ = hostcalls::log(LogLevel::Error, &format!("{filter}: configuration refused: {reason}"));
}

/// Logs something that is allowed, but hardly meant.
pub fn warn(message: &str) {
    let _ = hostcalls::log(LogLevel::Warn, message);
}

/// Checks configured paths: they are compared whole, so a query or a relative path never matches.
pub fn check_paths(paths: &[String]) -> Result<(), String> {
    match paths.iter().find(|path| !path.starts_with('/') || path.contains(['?', '#'])) {
        Some(path) => Err(format!("`{path}` is not a path: it must start with / and have no query")),
        None => Ok(()),
    }
}

fn read<S: DeserializeOwned>() -> Result<S, String> {
    let bytes = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)
        .map_err(|status| format!("the proxy did not hand it over ({status:?})"))?
        .unwrap_or_default();
    let text = str::from_utf8(&bytes)
        .map_err(|_| "it is not UTF-8 text; pass JSON in a google.protobuf.StringValue".to_owned())?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| error.to_string())
}
