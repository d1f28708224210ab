//! The WASI preview 1 functions that hosts offer, under both module names, and since when.
//! Sources: proxy-wasm/proxy-wasm-cpp-host `include/proxy-wasm/wasm_vm.h` and its history,
//! WebAssembly/WASI `phases/snapshot/witx/wasi_snapshot_preview1.witx`.

pub const WASI_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// Each tier holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WasiTier {
    /// 2020.
    Base,
    /// Stubs that wasi-libc and TinyGo link in; proxy-wasm-cpp-host of 2021-11-18.
    Preopen,
    /// What the Go runtime needs; 2024-12-19.
    Go,
    /// Everything else, nearly all refusing stubs; 2026-04-06.
    Full,
}

pub struct WasiFunction {
    pub name: &'static str,
    /// As the host has it.
    pub ty: &'static str,
    /// As WASI has it, where the host differs.
    pub standard: Option<&'static str>,
    pub tier: WasiTier,
}

pub fn wasi_function(name: &str) -> Option<&'static WasiFunction> {
    WASI_FUNCTIONS.iter().find(|function| function.name == name)
}

const fn wasi(tier: WasiTier, name: &'static str, ty: &'static str) -> WasiFunction {
    WasiFunction { name, ty, standard: None, tier }
}

use WasiTier::{Base, Full, Go, Preopen};

pub const WASI_FUNCTIONS: &[WasiFunction] = &[
    wasi(Base, "fd_write", "iiii>i"),
    wasi(Base, "fd_read", "iiii>i"),
    wasi(Base, "fd_seek", "iIii>i"),
    wasi(Base, "fd_close", "i>i"),
    wasi(Base, "fd_fdstat_get", "ii>i"),
    wasi(Base, "environ_get", "ii>i"),
    wasi(Base, "environ_sizes_get", "ii>i"),
    wasi(Base, "args_get", "ii>i"),
    wasi(Base, "args_sizes_get", "ii>i"),
    wasi(Base, "clock_time_get", "iIi>i"),
    wasi(Base, "random_get", "ii>i"),
    wasi(Base, "proc_exit", "i>"),
    wasi(Preopen, "path_open", "iiiiiIIii>i"),
    wasi(Preopen, "fd_prestat_get", "ii>i"),
    wasi(Preopen, "fd_prestat_dir_name", "iii>i"),
    wasi(Go, "sched_yield", ">i"),
    wasi(Go, "poll_oneoff", "iiii>i"),
    wasi(Go, "fd_fdstat_set_flags", "ii>i"),
    wasi(Full, "clock_res_get", "ii>i"),
    wasi(Full, "fd_advise", "iIIi>i"),
    wasi(Full, "fd_allocate", "iII>i"),
    wasi(Full, "fd_datasync", "i>i"),
    wasi(Full, "fd_fdstat_set_rights", "iII>i"),
    wasi(Full, "fd_filestat_get", "ii>i"),
    wasi(Full, "fd_filestat_set_size", "iI>i"),
    wasi(Full, "fd_filestat_set_times", "iIIi>i"),
    wasi(Full, "fd_pread", "iiiIi>i"),
    wasi(Full, "fd_pwrite", "iiiIi>i"),
    wasi(Full, "fd_readdir", "iiiIi>i"),
    wasi(Full, "fd_renumber", "ii>i"),
    wasi(Full, "fd_sync", "i>i"),
    wasi(Full, "fd_tell", "ii>i"),
    wasi(Full, "path_create_directory", "iii>i"),
    wasi(Full, "path_filestat_get", "iiiii>i"),
    wasi(Full, "path_filestat_set_times", "iiiiIIi>i"),
    wasi(Full, "path_readlink", "iiiiii>i"),
    wasi(Full, "path_remove_directory", "iii>i"),
    wasi(Full, "path_rename", "iiiiii>i"),
    wasi(Full, "path_unlink_file", "iii>i"),
    wasi(Full, "sock_accept", "iii>i"),
    wasi(Full, "sock_recv", "iiiiii>i"),
    wasi(Full, "sock_send", "iiiii>i"),
    wasi(Full, "sock_shutdown", "ii>i"),
    // The host lacks the flags word of path_link and the descriptor of path_symlink, so a module
    // that imports either as WASI defines it does not load.
    WasiFunction { name: "path_link", ty: "iiiiii>i", standard: Some("iiiiiii>i"), tier: Full },
    WasiFunction { name: "path_symlink", ty: "iiii>i", standard: Some("iiiii>i"), tier: Full },
];

/// Of `env`, what a module may call while it starts; and of WASI, what it may not. Any other call of `env`, and these of WASI, end in
/// a trap (proxy-wasm-cpp-host, src/wasm.cc, `WasmBase::startVm`, has the list).
pub const ENV_WHILE_STARTING: [&str; 2] = ["proxy_log", "emscripten_notify_memory_growth"];
pub const WASI_NOT_WHILE_STARTING: [&str; 6] =
    ["fd_close", "fd_read", "fd_seek", "path_open", "proc_exit", "sched_yield"];
