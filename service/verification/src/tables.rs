//! What hosts offer and expect, as data: host functions, callbacks, WASI, hosts. No logic beyond
//! lookups. Types are in the compact form of `signature`.

mod abi;
mod callbacks;
mod hosts;
mod powers;
mod wasi;

pub use abi::{AbiVersion, HOST_FUNCTIONS, host_function};
pub use callbacks::{CALLBACKS, Callback, Group, callback};
pub use hosts::{HOSTS, Host, RECENT};
pub use powers::{Group as CapabilityGroup, POWERS, Power};
pub use wasi::{
    ENV_WHILE_STARTING, WASI_FUNCTIONS, WASI_MODULES, WASI_NOT_WHILE_STARTING, WasiFunction, WasiTier,
    wasi_function,
};
