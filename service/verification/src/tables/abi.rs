//! The functions of import module `env`, by ABI version. Sources: proxy-wasm/spec `abi-versions/`,
//! proxy-wasm/proxy-wasm-cpp-host `include/proxy-wasm/exports.h` and `src/wasm.cc`,
//! envoyproxy/envoy `source/extensions/common/wasm/wasm.cc`.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbiVersion {
    V0_1_0,
    V0_2_0,
    V0_2_1,
}

impl AbiVersion {
    pub const ALL: [Self; 3] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1];

    pub fn text(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        }
    }

    pub fn marker(self) -> &'static str {
        match self {
            Self::V0_1_0 => "proxy_abi_version_0_1_0",
            Self::V0_2_0 => "proxy_abi_version_0_2_0",
            Self::V0_2_1 => "proxy_abi_version_0_2_1",
        }
    }

    pub fn from_marker(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.marker().as_bytes() == name)
    }
}

pub struct HostFunction {
    pub name: &'static str,
    pub ty: &'static str,
    pub offered: Offered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    Always,
    Only(&'static [AbiVersion]),
    /// By Envoy alone, not by other hosts that share its code.
    ByEnvoy,
}

impl HostFunction {
    pub fn in_version(&self, version: AbiVersion) -> bool {
        match self.offered {
            Offered::Always | Offered::ByEnvoy => true,
            Offered::Only(versions) => versions.contains(&version),
        }
    }

    pub fn versions(&self) -> &'static [AbiVersion] {
        match self.offered {
            Offered::Only(versions) => versions,
            _ => &AbiVersion::ALL,
        }
    }

    pub fn envoy_alone(&self) -> bool {
        self.offered == Offered::ByEnvoy
    }
}

pub fn host_function(name: &str) -> Option<&'static HostFunction> {
    HOST_FUNCTIONS.iter().find(|function| function.name == name)
}

const OLD: Offered = Offered::Only(&[AbiVersion::V0_1_0]);
const NEW: Offered = Offered::Only(&[AbiVersion::V0_2_0, AbiVersion::V0_2_1]);
const NEWEST: Offered = Offered::Only(&[AbiVersion::V0_2_1]);

const fn always(name: &'static str, ty: &'static str) -> HostFunction {
    HostFunction { name, ty, offered: Offered::Always }
}

const fn only(offered: Offered, name: &'static str, ty: &'static str) -> HostFunction {
    HostFunction { name, ty, offered }
}

pub const HOST_FUNCTIONS: &[HostFunction] = &[
    always("proxy_log", "iii>i"),
    only(NEWEST, "proxy_get_log_level", "i>i"),
    only(OLD, "proxy_get_configuration", "ii>i"),
    // The text of ABI 0.1.0 gives these three no result; hosts and SDKs agree on i32.
    only(OLD, "proxy_continue_request", ">i"),
    only(OLD, "proxy_continue_response", ">i"),
    only(OLD, "proxy_clear_route_cache", ">i"),
    only(NEW, "proxy_continue_stream", "i>i"),
    only(NEW, "proxy_close_stream", "i>i"),
    always("proxy_get_status", "iii>i"),
    always("proxy_get_property", "iiii>i"),
    always("proxy_set_property", "iiii>i"),
    always("proxy_send_local_response", "iiiiiiii>i"),
    always("proxy_get_shared_data", "iiiii>i"),
    always("proxy_set_shared_data", "iiiii>i"),
    always("proxy_register_shared_queue", "iii>i"),
    always("proxy_resolve_shared_queue", "iiiii>i"),
    always("proxy_dequeue_shared_queue", "iii>i"),
    always("proxy_enqueue_shared_queue", "iii>i"),
    always("proxy_get_header_map_value", "iiiii>i"),
    always("proxy_add_header_map_value", "iiiii>i"),
    always("proxy_replace_header_map_value", "iiiii>i"),
    always("proxy_remove_header_map_value", "iii>i"),
    always("proxy_get_header_map_pairs", "iii>i"),
    always("proxy_set_header_map_pairs", "iii>i"),
    always("proxy_get_header_map_size", "ii>i"),
    always("proxy_get_buffer_status", "iii>i"),
    always("proxy_get_buffer_bytes", "iiiii>i"),
    always("proxy_set_buffer_bytes", "iiiii>i"),
    always("proxy_http_call", "iiiiiiiiii>i"),
    always("proxy_grpc_call", "iiiiiiiiiiii>i"),
    always("proxy_grpc_stream", "iiiiiiiii>i"),
    always("proxy_grpc_send", "iiii>i"),
    always("proxy_grpc_cancel", "i>i"),
    always("proxy_grpc_close", "i>i"),
    always("proxy_set_tick_period_milliseconds", "i>i"),
    always("proxy_get_current_time_nanoseconds", "i>i"),
    always("proxy_define_metric", "iiii>i"),
    always("proxy_increment_metric", "iI>i"),
    always("proxy_record_metric", "iI>i"),
    always("proxy_get_metric", "ii>i"),
    always("proxy_set_effective_context", "i>i"),
    always("proxy_done", ">i"),
    always("proxy_call_foreign_function", "iiiiii>i"),
    always("pthread_equal", "ii>i"),
    always("emscripten_notify_memory_growth", "i>"),
    only(Offered::ByEnvoy, "envoy_resolve_dns", "iii>i"),
];
