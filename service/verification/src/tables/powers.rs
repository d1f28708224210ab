//! What a module can be able to do, in words: the one table that the report, the API and the console
//! read. Ids are stable, titles are for people. A row names its imports; a module cannot reach
//! anything that it does not import. No logic.

pub struct Power {
    pub id: &'static str,
    /// What the module may do: `Call out over HTTP`.
    pub title: &'static str,
    /// The same in a word or two, for places where many stand side by side.
    pub short: &'static str,
    pub group: Group,
    /// One sentence for whoever has to decide about it.
    pub meaning: &'static str,
    pub env: &'static [&'static str],
    pub wasi: &'static [&'static str],
}

/// What capabilities are about; its name is also that of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CapabilityGroup))]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Headers,
    Bodies,
    Streams,
    Calls,
    Properties,
    Shared,
    Timer,
    Metrics,
    Logs,
    Host,
    Runtime,
}

const fn env(
    id: &'static str,
    (title, short): (&'static str, &'static str),
    group: Group,
    meaning: &'static str,
    env: &'static [&'static str],
) -> Power {
    Power { id, title, short, group, meaning, env, wasi: &[] }
}

const fn wasi(
    id: &'static str,
    (title, short): (&'static str, &'static str),
    group: Group,
    meaning: &'static str,
    wasi: &'static [&'static str],
) -> Power {
    Power { id, title, short, group, meaning, env: &[], wasi }
}

/// Most telling first.
pub const POWERS: &[Power] = &[
    env(
        "headers-read",
        ("Read headers", "Reads headers"),
        Group::Headers,
        "Sees the headers and trailers of requests, responses and calls, credentials in them included.",
        &["proxy_get_header_map_value", "proxy_get_header_map_pairs", "proxy_get_header_map_size"],
    ),
    env(
        "headers-modify",
        ("Change headers", "Changes headers"),
        Group::Headers,
        "Adds, replaces or removes headers and trailers on their way, and so what services and clients are told.",
        &[
            "proxy_add_header_map_value",
            "proxy_replace_header_map_value",
            "proxy_remove_header_map_value",
            "proxy_set_header_map_pairs",
        ],
    ),
    env(
        "body-read",
        ("Read bodies", "Reads bodies"),
        Group::Bodies,
        "Sees bodies, stream data or answers to its calls; its own configuration is read the same way.",
        &["proxy_get_buffer_bytes", "proxy_get_buffer_status"],
    ),
    env(
        "body-modify",
        ("Change bodies", "Changes bodies"),
        Group::Bodies,
        "Replaces bodies or stream data on their way.",
        &["proxy_set_buffer_bytes"],
    ),
    env(
        "local-response",
        ("Answer requests itself", "Answers"),
        Group::Streams,
        "Ends a request with an answer of its own, so that no service sees it.",
        &["proxy_send_local_response"],
    ),
    env(
        "stream-control",
        ("Hold, resume or close streams", "Controls streams"),
        Group::Streams,
        "Lets a request or connection that it held go on, or closes it.",
        &["proxy_continue_stream", "proxy_close_stream", "proxy_continue_request", "proxy_continue_response"],
    ),
    env(
        "route-cache",
        ("Have the route chosen anew", "Reroutes"),
        Group::Streams,
        "Makes the proxy choose the route again, after the headers it depends on were changed.",
        &["proxy_clear_route_cache"],
    ),
    env(
        "http-call",
        ("Call out over HTTP", "Calls out"),
        Group::Calls,
        "Sends HTTP requests of its own to clusters that the proxy knows, with whatever it has seen.",
        &["proxy_http_call"],
    ),
    env(
        "grpc-call",
        ("Call out over gRPC", "Calls gRPC"),
        Group::Calls,
        "Opens gRPC calls and streams of its own to services that the proxy can reach, with whatever it has seen.",
        &["proxy_grpc_call", "proxy_grpc_stream", "proxy_grpc_send", "proxy_grpc_cancel", "proxy_grpc_close"],
    ),
    env(
        "dns",
        ("Resolve host names", "Resolves names"),
        Group::Calls,
        "Asks the resolver of the proxy for addresses; what it asks for leaves the proxy.",
        &["envoy_resolve_dns"],
    ),
    env(
        "foreign-function",
        ("Call foreign functions", "Foreign functions"),
        Group::Host,
        "Calls functions of the host by a name chosen at run time: what they do depends on the host.",
        &["proxy_call_foreign_function"],
    ),
    env(
        "properties-read",
        ("Read properties", "Reads properties"),
        Group::Properties,
        "Reads what the proxy knows of a request, a connection or itself: addresses, certificates, routes, metadata.",
        &["proxy_get_property"],
    ),
    env(
        "properties-set",
        ("Set properties", "Sets properties"),
        Group::Properties,
        "Sets values that other filters and access logs see.",
        &["proxy_set_property"],
    ),
    env(
        "shared-data",
        ("Keep shared data", "Shared data"),
        Group::Shared,
        "Keeps values between requests, in a store that modules with the same VM id share.",
        &["proxy_get_shared_data", "proxy_set_shared_data"],
    ),
    env(
        "shared-queue",
        ("Use shared queues", "Shared queues"),
        Group::Shared,
        "Sends messages to other modules in the proxy, or receives theirs.",
        &[
            "proxy_register_shared_queue",
            "proxy_resolve_shared_queue",
            "proxy_dequeue_shared_queue",
            "proxy_enqueue_shared_queue",
        ],
    ),
    env(
        "timer",
        ("Run on a timer", "Timer"),
        Group::Timer,
        "Is called again and again without any request.",
        &["proxy_set_tick_period_milliseconds"],
    ),
    env(
        "metrics",
        ("Define metrics", "Metrics"),
        Group::Metrics,
        "Defines counters, gauges and histograms of the proxy, and records and reads them.",
        &["proxy_define_metric", "proxy_increment_metric", "proxy_record_metric", "proxy_get_metric"],
    ),
    env(
        "context",
        ("Act on other contexts", "Contexts"),
        Group::Host,
        "Acts in the name of another request or of the whole plugin, or puts off the end of one.",
        &["proxy_set_effective_context", "proxy_done"],
    ),
    env(
        "configuration",
        ("Read its configuration as ABI 0.1.0 did", "Configuration 0.1"),
        Group::Host,
        "Reads its configuration by the call of ABI 0.1.0; since then it is read as bodies are.",
        &["proxy_get_configuration"],
    ),
    env(
        "status",
        ("Read call statuses", "Status"),
        Group::Host,
        "Reads the status of the last gRPC call or of the last call to the host.",
        &["proxy_get_status"],
    ),
    Power {
        id: "log",
        title: "Write to the proxy log",
        short: "Logs",
        group: Group::Logs,
        meaning: "Writes lines to the log of the proxy, or to its standard output.",
        env: &["proxy_log", "proxy_get_log_level"],
        wasi: &["fd_write"],
    },
    Power {
        id: "clock",
        title: "Read the clock",
        short: "Clock",
        group: Group::Runtime,
        meaning: "Reads the time.",
        env: &["proxy_get_current_time_nanoseconds"],
        wasi: &["clock_time_get", "clock_res_get"],
    },
    wasi(
        "random",
        ("Draw random numbers", "Random"),
        Group::Runtime,
        "Draws random numbers from the host.",
        &["random_get"],
    ),
    wasi(
        "environment",
        ("Read environment variables", "Environment"),
        Group::Host,
        "Reads the environment variables that the operator passes to its VM.",
        &["environ_get", "environ_sizes_get"],
    ),
    wasi(
        "arguments",
        ("Read program arguments", "Arguments"),
        Group::Runtime,
        "Asks for the arguments of a program; hosts give none.",
        &["args_get", "args_sizes_get"],
    ),
    wasi(
        "process-exit",
        ("End its own VM", "Exits"),
        Group::Runtime,
        "Can end its VM, and with it every request that the VM serves; most language runtimes link this for a crash.",
        &["proc_exit"],
    ),
    wasi(
        "scheduling",
        ("Yield or wait", "Waits"),
        Group::Runtime,
        "Gives up its turn or waits; hosts return at once.",
        &["sched_yield", "poll_oneoff"],
    ),
    wasi(
        "sockets",
        ("Link socket calls", "Sockets"),
        Group::Runtime,
        "Links the socket calls of its language runtime; hosts refuse them.",
        &["sock_accept", "sock_recv", "sock_send", "sock_shutdown"],
    ),
    wasi(
        "files",
        ("Link file calls", "Files"),
        Group::Runtime,
        "Links the file calls of its language runtime; hosts refuse them.",
        &[],
    ),
    env(
        "runtime",
        ("Toolchain support", "Runtime"),
        Group::Runtime,
        "Support calls that its toolchain needs; they reach nothing.",
        &["pthread_equal", "emscripten_notify_memory_growth"],
    ),
];
