//! What every seed filter shares: reading the plugin configuration, the root
//! context that holds it, header access that no client can make panic, refusals,
//! metrics and the VM's environment. It knows no filter and no policy.

mod environment;
mod headers;
mod metrics;
mod plugin;
mod refusal;
mod settings;

pub use environment::variable;
pub use headers::{is_token, is_value, path, request_header, response_header, text};
pub use metrics::{Counter, Gauge, metric_prefix};
pub use plugin::{HttpPlugin, HttpRoot, StreamPlugin, StreamRoot};
pub use refusal::refuse;
pub use settings::{check_paths, configured, failed, warn};

/// Registers one type as the module's only root context.
///
/// `set_log_level` also installs the hook that writes a panic's message to the proxy's log.
#[macro_export]
macro_rules! register {
    ($root:expr) => {
        proxy_wasm::main! {{
            proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
            proxy_wasm::set_root_context(|_| Box::new($root));
        }}
    };
}
