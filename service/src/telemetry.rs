//! Logs: for people on a terminal, JSON lines otherwise. Never a secret, never a body.
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

const ASKED: &str = "TAMIS_LOG";

/// For commands, which say what they have done themselves and log only to somebody who asks for it.
pub fn init_where_asked() {
    if std::env::var_os(ASKED).is_some() {
        init();
    }
}

/// `TAMIS_LOG` takes `tracing` directives such as `info,tamis=debug`.
pub fn init() {
    let filter = EnvFilter::try_from_env(ASKED).unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    // Somebody may have set a subscriber already (a test); theirs stays.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).try_init()
    } else {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
    };
}
