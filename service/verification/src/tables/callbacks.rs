//! The exports that the host looks up, and their types: one of another type fails the load.
//! Sources: proxy-wasm/spec `abi-versions/`, proxy-wasm/proxy-wasm-cpp-host `src/wasm.cc`
//! (`getFunctions`), envoyproxy/envoy `source/extensions/common/wasm/wasm.cc`.
//! Start functions and allocators have rules of their own and are checked elsewhere.

use super::AbiVersion;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Context,
    Root,
    Network,
    Http,
    Callout,
    Envoy,
}

pub struct Callback {
    pub name: &'static str,
    /// In ABI 0.1.0; `None` where the host does not look it up.
    pub old: Option<&'static str>,
    /// In ABI 0.2.x.
    pub new: &'static str,
    pub group: Group,
}

impl Callback {
    pub fn ty(&self, version: AbiVersion) -> Option<&'static str> {
        match version {
            AbiVersion::V0_1_0 => self.old,
            AbiVersion::V0_2_0 | AbiVersion::V0_2_1 => Some(self.new),
        }
    }
}

pub fn callback(name: &str) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|callback| callback.name == name)
}

const fn same(group: Group, name: &'static str, ty: &'static str) -> Callback {
    Callback { name, old: Some(ty), new: ty, group }
}

use Group::{Callout, Context, Envoy, Http, Network, Root};

pub const CALLBACKS: &[Callback] = &[
    same(Context, "proxy_on_context_create", "ii>"),
    same(Root, "proxy_on_vm_start", "ii>i"),
    same(Root, "proxy_validate_configuration", "ii>i"),
    same(Root, "proxy_on_configure", "ii>i"),
    same(Root, "proxy_on_tick", "i>"),
    same(Root, "proxy_on_queue_ready", "ii>"),
    Callback { name: "proxy_on_foreign_function", old: None, new: "iii>", group: Root },
    same(Context, "proxy_on_done", "i>i"),
    same(Context, "proxy_on_log", "i>"),
    same(Context, "proxy_on_delete", "i>"),
    same(Network, "proxy_on_new_connection", "i>i"),
    same(Network, "proxy_on_downstream_data", "iii>i"),
    same(Network, "proxy_on_upstream_data", "iii>i"),
    same(Network, "proxy_on_downstream_connection_close", "ii>"),
    same(Network, "proxy_on_upstream_connection_close", "ii>"),
    Callback { name: "proxy_on_request_headers", old: Some("ii>i"), new: "iii>i", group: Http },
    same(Http, "proxy_on_request_body", "iii>i"),
    same(Http, "proxy_on_request_trailers", "ii>i"),
    same(Http, "proxy_on_request_metadata", "ii>i"),
    Callback { name: "proxy_on_response_headers", old: Some("ii>i"), new: "iii>i", group: Http },
    same(Http, "proxy_on_response_body", "iii>i"),
    same(Http, "proxy_on_response_trailers", "ii>i"),
    same(Http, "proxy_on_response_metadata", "ii>i"),
    same(Callout, "proxy_on_http_call_response", "iiiii>"),
    same(Callout, "proxy_on_grpc_receive_initial_metadata", "iii>"),
    same(Callout, "proxy_on_grpc_receive", "iii>"),
    same(Callout, "proxy_on_grpc_receive_trailing_metadata", "iii>"),
    same(Callout, "proxy_on_grpc_close", "iii>"),
    same(Envoy, "envoy_on_resolve_dns", "iii>"),
    same(Envoy, "envoy_on_stats_update", "ii>"),
];
