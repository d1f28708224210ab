//! The verifier on modules with one fact changed each, on random ones, on cut ones and on bombs; with
//! the engines at hand, against what Envoy itself does.

mod bombs;
mod cut;
#[cfg(feature = "engines")]
mod envoy;
mod mutants;
mod random;

use tamis_verification::{Declared, PluginType, Report, verify};

fn as_http(bytes: &[u8]) -> Report {
    verify(bytes, &Declared { plugin_type: Some(PluginType::Http) })
}
