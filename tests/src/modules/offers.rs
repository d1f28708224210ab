//! Mutants of what host and module offer each other by name: host functions, WASI, callbacks.

use super::draft::Draft;
use super::{Mutant, Outcome};

const VERSIONS: [&str; 3] = ["0_1_0", "0_2_0", "0_2_1"];

/// Name, type, and the ABI versions that have it.
const HOST: &str = "
proxy_log iii>i 1 2 3
proxy_get_log_level i>i 3
proxy_get_configuration ii>i 1
proxy_continue_request >i 1
proxy_continue_response >i 1
proxy_clear_route_cache >i 1
proxy_continue_stream i>i 2 3
proxy_close_stream i>i 2 3
proxy_get_status iii>i 1 2 3
proxy_get_property iiii>i 1 2 3
proxy_set_property iiii>i 1 2 3
proxy_send_local_response iiiiiiii>i 1 2 3
proxy_get_shared_data iiiii>i 1 2 3
proxy_set_shared_data iiiii>i 1 2 3
proxy_register_shared_queue iii>i 1 2 3
proxy_resolve_shared_queue iiiii>i 1 2 3
proxy_dequeue_shared_queue iii>i 1 2 3
proxy_enqueue_shared_queue iii>i 1 2 3
proxy_get_header_map_value iiiii>i 1 2 3
proxy_add_header_map_value iiiii>i 1 2 3
proxy_replace_header_map_value iiiii>i 1 2 3
proxy_remove_header_map_value iii>i 1 2 3
proxy_get_header_map_pairs iii>i 1 2 3
proxy_set_header_map_pairs iii>i 1 2 3
proxy_get_header_map_size ii>i 1 2 3
proxy_get_buffer_status iii>i 1 2 3
proxy_get_buffer_bytes iiiii>i 1 2 3
proxy_set_buffer_bytes iiiii>i 1 2 3
proxy_http_call iiiiiiiiii>i 1 2 3
proxy_grpc_call iiiiiiiiiiii>i 1 2 3
proxy_grpc_stream iiiiiiiii>i 1 2 3
proxy_grpc_send iiii>i 1 2 3
proxy_grpc_cancel i>i 1 2 3
proxy_grpc_close i>i 1 2 3
proxy_set_tick_period_milliseconds i>i 1 2 3
proxy_get_current_time_nanoseconds i>i 1 2 3
proxy_define_metric iiii>i 1 2 3
proxy_increment_metric iI>i 1 2 3
proxy_record_metric iI>i 1 2 3
proxy_get_metric ii>i 1 2 3
proxy_set_effective_context i>i 1 2 3
proxy_done >i 1 2 3
proxy_call_foreign_function iiiiii>i 1 2 3
pthread_equal ii>i 1 2 3
emscripten_notify_memory_growth i> 1 2 3
envoy_resolve_dns iii>i 1 2 3
abort iiii>
proxy_set_buffer iiiii>i
proxy_set_active_span_tag iiii>i
log iii>i
fd_write iiii>i
proxy_get_header_map_val iiiii>i
memcpy iii>i
";

pub fn host_functions(all: &mut Vec<Mutant>) {
    for line in HOST.lines().filter(|line| !line.is_empty()) {
        let words: Vec<_> = line.split(' ').collect();
        let (name, ty) = (words[0], words[1]);
        for (number, version) in ["1", "2", "3"].into_iter().zip(VERSIONS) {
            let offered = words[2..].contains(&number);
            let bytes = Draft::of(version).with(|draft| draft.import("env", name, ty)).bytes();
            let outcome = if offered { Outcome::Loads } else { Outcome::Refuses };
            all.push(Mutant::new(format!("env.{name} in {version}"), bytes, outcome));
        }
        if let Some(number) = words.get(2) {
            let version = VERSIONS[number.parse::<usize>().unwrap_or(1) - 1];
            for (how, wrong) in [("one parameter more", format!("i{ty}")), ("another result", flipped(ty))] {
                let bytes = Draft::of(version).with(|draft| draft.import("env", name, &wrong)).bytes();
                all.push(Mutant::new(format!("env.{name} with {how}"), bytes, Outcome::Refuses));
            }
        }
    }
}

/// The type with a result where it has none, and the other way round.
fn flipped(ty: &str) -> String {
    match ty.strip_suffix(">i") {
        Some(params) => format!("{params}>"),
        None => format!("{ty}i"),
    }
}

const WASI: &str = "
fd_write iiii>i
fd_read iiii>i
fd_seek iIii>i
fd_close i>i
fd_fdstat_get ii>i
environ_get ii>i
environ_sizes_get ii>i
args_get ii>i
args_sizes_get ii>i
clock_time_get iIi>i
random_get ii>i
proc_exit i>
path_open iiiiiIIii>i
fd_prestat_get ii>i
fd_prestat_dir_name iii>i
sched_yield >i
poll_oneoff iiii>i
fd_fdstat_set_flags ii>i
clock_res_get ii>i
fd_advise iIIi>i
fd_allocate iII>i
fd_datasync i>i
fd_fdstat_set_rights iII>i
fd_filestat_get ii>i
fd_filestat_set_size iI>i
fd_filestat_set_times iIIi>i
fd_pread iiiIi>i
fd_pwrite iiiIi>i
fd_readdir iiiIi>i
fd_renumber ii>i
fd_sync i>i
fd_tell ii>i
path_create_directory iii>i
path_filestat_get iiiii>i
path_filestat_set_times iiiiIIi>i
path_readlink iiiiii>i
path_remove_directory iii>i
path_rename iiiiii>i
path_unlink_file iii>i
sock_accept iii>i
sock_recv iiiiii>i
sock_send iiiii>i
sock_shutdown ii>i
path_link iiiiii>i
path_symlink iiii>i
";

pub fn wasi_functions(all: &mut Vec<Mutant>) {
    let mut add = |module: &str, name: &str, ty: &str, outcome| {
        let bytes = Draft::good().with(|draft| draft.import(module, name, ty)).bytes();
        all.push(Mutant::new(format!("{module}.{name} {ty}"), bytes, outcome));
    };
    for line in WASI.lines().filter(|line| !line.is_empty()) {
        let Some((name, ty)) = line.split_once(' ') else { continue };
        add("wasi_snapshot_preview1", name, ty, Outcome::Loads);
        add("wasi_unstable", name, ty, Outcome::Loads);
        add("wasi_snapshot_preview1", name, &flipped(ty), Outcome::Refuses);
    }
    // As WASI itself has them; the host differs.
    add("wasi_snapshot_preview1", "path_link", "iiiiiii>i", Outcome::Refuses);
    add("wasi_snapshot_preview1", "path_symlink", "iiiii>i", Outcome::Refuses);
    for (module, name) in [
        ("wasi_snapshot_preview1", "proc_raise"),
        ("wasi_snapshot_preview1", "proxy_log"),
        ("wasi_snapshot_preview2", "fd_write"),
        ("wasi_ephemeral_nn", "load"),
        ("wasi:clocks/wall-clock@0.2.0", "now"),
        ("wbg", "__wbindgen_throw"),
        ("gojs", "runtime.wasmExit"),
        ("ENV", "proxy_log"),
        ("", "proxy_log"),
    ] {
        add(module, name, "iii>i", Outcome::Refuses);
    }
}

/// Name, type under 0.1.0 (`-` where no host looks it up), type under 0.2.x.
const CALLBACKS: &str = "
proxy_on_context_create ii> ii>
proxy_on_vm_start ii>i ii>i
proxy_validate_configuration ii>i ii>i
proxy_on_configure ii>i ii>i
proxy_on_tick i> i>
proxy_on_queue_ready ii> ii>
proxy_on_foreign_function - iii>
proxy_on_done i>i i>i
proxy_on_log i> i>
proxy_on_delete i> i>
proxy_on_new_connection i>i i>i
proxy_on_downstream_data iii>i iii>i
proxy_on_upstream_data iii>i iii>i
proxy_on_downstream_connection_close ii> ii>
proxy_on_upstream_connection_close ii> ii>
proxy_on_request_headers ii>i iii>i
proxy_on_request_body iii>i iii>i
proxy_on_request_trailers ii>i ii>i
proxy_on_request_metadata ii>i ii>i
proxy_on_response_headers ii>i iii>i
proxy_on_response_body iii>i iii>i
proxy_on_response_trailers ii>i ii>i
proxy_on_response_metadata ii>i ii>i
proxy_on_http_call_response iiiii> iiiii>
proxy_on_grpc_receive_initial_metadata iii> iii>
proxy_on_grpc_receive iii> iii>
proxy_on_grpc_receive_trailing_metadata iii> iii>
proxy_on_grpc_close iii> iii>
envoy_on_resolve_dns iii> iii>
envoy_on_stats_update ii> ii>
";

pub fn callbacks(all: &mut Vec<Mutant>) {
    for line in CALLBACKS.lines().filter(|line| !line.is_empty()) {
        let words: Vec<_> = line.split(' ').collect();
        for (version, ty) in [("0_1_0", words[1]), ("0_2_0", words[2]), ("0_2_1", words[2])] {
            let name = words[0];
            let mut add = |how: &str, ty: &str, outcome| {
                let bytes = Draft::of(version).with(|draft| draft.export(name, ty)).bytes();
                all.push(Mutant::new(format!("{name} {how} in {version}"), bytes, outcome));
            };
            if ty == "-" {
                add("of any type", "iiiii>", Outcome::Loads);
                continue;
            }
            add("right", ty, Outcome::Loads);
            add("with one parameter more", &format!("i{ty}"), Outcome::Refuses);
            add("with another result", &flipped(ty), Outcome::Refuses);
        }
    }
    for name in ["proxy_on_request_header", "proxy_on_grpc_create_initial_metadata", "proxy_on_nonsense"] {
        let bytes = Draft::good().with(|draft| draft.export(name, "IfF>I")).bytes();
        all.push(Mutant::new(format!("{name} that nobody calls"), bytes, Outcome::Loads));
    }
}
