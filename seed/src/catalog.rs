//! Which filters there are, and their files as text and bytes. Nothing is parsed here.

/// The files of one filter, as they lie in `catalog/<name>/` and `modules/`.
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) manifest: &'static str,
    pub(crate) readme: &'static str,
    pub(crate) config_schema: &'static str,
    pub(crate) config_sample: &'static str,
    pub(crate) module: &'static [u8],
}

/// `sha256sum`'s output for `modules/`, written by `seed/build`.
pub(crate) const SHA256SUMS: &str = include_str!("../modules/SHA256SUMS");

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        pub(crate) const SOURCES: &[Source] = &[$(Source {
            name: $name,
            manifest: include_str!(concat!("../catalog/", $name, "/filter.toml")),
            readme: include_str!(concat!("../catalog/", $name, "/README.md")),
            config_schema: include_str!(concat!("../catalog/", $name, "/config.schema.json")),
            config_sample: include_str!(concat!("../catalog/", $name, "/sample.json")),
            module: include_bytes!(concat!("../modules/", $name, ".wasm")),
        }),+];
    };
}

sources! {
    "basic-auth",
    "body-rewrite",
    "correlation-id",
    "header-guard",
    "heartbeat",
    "jwt-claims",
    "no-op",
    "plan-rate-limit",
    "security-headers",
    "tcp-metrics",
}
