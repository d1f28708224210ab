//! Mutants of the functions that a host calls first: whether they come back, as far as their code tells.

use super::Mutant;
use super::Outcome::{self, Loads, Refuses, RefusesByRunning};
use super::parts::add;

const EXIT: &str = "(call 0 (i32.const 0))";

pub fn starts(all: &mut Vec<Mutant>) {
    calls(all);
    ways(all);
    let two: [(&str, Outcome, &str); 4] = [
        ("_initialize that ends in proc_exit", Refuses, "(func (export \"_initialize\") EXIT)"),
        (
            "main that ends in proc_exit, after _initialize",
            Refuses,
            "(func (export \"_initialize\")) (func (export \"main\") (param i32 i32) (result i32) EXIT unreachable)",
        ),
        (
            "main that ends in proc_exit, without _initialize",
            Loads,
            "(func (export \"main\") (param i32 i32) (result i32) EXIT unreachable)",
        ),
        (
            "_start that ends in proc_exit, beside _initialize",
            Loads,
            "(func (export \"_initialize\")) (func (export \"_start\") EXIT)",
        ),
    ];
    for (name, outcome, functions) in two {
        add(all, name, outcome, |draft| {
            draft.import("wasi_snapshot_preview1", "proc_exit", "i>");
            draft.more = functions.replace("EXIT", EXIT);
        });
    }
}

/// Each call that a host may refuse while a module starts, and some that it takes.
fn calls(all: &mut Vec<Mutant>) {
    for (module, name, ty, outcome) in [
        ("wasi_snapshot_preview1", "proc_exit", "i>", Refuses),
        ("wasi_unstable", "proc_exit", "i>", Refuses),
        ("wasi_snapshot_preview1", "sched_yield", ">i", Refuses),
        ("wasi_snapshot_preview1", "fd_close", "i>i", Refuses),
        ("wasi_snapshot_preview1", "fd_read", "iiii>i", Refuses),
        ("wasi_snapshot_preview1", "fd_seek", "iIii>i", Refuses),
        ("wasi_snapshot_preview1", "path_open", "iiiiiIIii>i", Refuses),
        ("wasi_snapshot_preview1", "fd_write", "iiii>i", Loads),
        ("wasi_snapshot_preview1", "random_get", "ii>i", Loads),
        ("wasi_snapshot_preview1", "clock_time_get", "iIi>i", Loads),
        ("wasi_snapshot_preview1", "environ_get", "ii>i", Loads),
        ("wasi_snapshot_preview1", "poll_oneoff", "iiii>i", Loads),
        ("wasi_snapshot_preview1", "sock_recv", "iiiiii>i", Loads),
        ("env", "proxy_log", "iii>i", Loads),
        ("env", "proxy_done", ">i", Refuses),
        ("env", "pthread_equal", "ii>i", Refuses),
        ("env", "emscripten_notify_memory_growth", "i>", Loads),
    ] {
        let (takes, gives) = ty.split_once('>').unwrap_or((ty, ""));
        let value = |kind| if kind == 'I' { "(i64.const 0)" } else { "(i32.const 0)" };
        let values: String = takes.chars().map(value).collect();
        let dropped = if gives.is_empty() { "" } else { "drop" };
        add(all, &format!("_start that calls {module}.{name}"), outcome, |draft| {
            draft.import(module, name, ty);
            draft.more = format!("(func (export \"_start\") (call 0 {values}) {dropped})");
        });
    }
}

fn ways(all: &mut Vec<Mutant>) {
    let cases: &[(&str, Outcome, &str)] = &[
        ("both arms exit", Refuses, "(if (i32.const 1) (then EXIT) (else EXIT))"),
        ("one arm exits, and is taken", RefusesByRunning, "(if (i32.const 1) (then EXIT))"),
        ("one arm exits, and is not taken", Loads, "(if (i32.const 0) (then EXIT))"),
        ("one arm exits, the other falls through", Loads, "(if (i32.const 0) (then EXIT) (else nop))"),
        ("a branch around the exit", Loads, "(block (br_if 0 (i32.const 1)) EXIT)"),
        ("a branch to the exit", Refuses, "(block (br_if 0 (i32.const 1)) unreachable) EXIT"),
        ("a return before the exit", Loads, "(if (i32.const 1) (then return)) EXIT"),
        ("a branch out of the function", Loads, "(br_if 0 (i32.const 1)) EXIT"),
        ("a branch that nobody takes", Refuses, "EXIT (block (br 0))"),
        ("a loop, then the exit", Refuses, "(loop (br_if 0 (i32.const 0))) EXIT"),
        ("the exit inside a loop", Refuses, "(loop EXIT (br 0))"),
        ("a table of branches, all to the exit", Refuses, "(block (br_table 0 0 (i32.const 0))) EXIT"),
        (
            "a table of branches, one past the exit",
            Loads,
            "(block (block (br_table 0 1 (i32.const 1))) EXIT)",
        ),
        ("a function that always exits", Refuses, "(call $exits) (call $exits)"),
        ("a function that may exit, and does not", Loads, "(if (i32.const 0) (then (call $exits)))"),
        ("a tail call that exits", Refuses, "(return_call $exits)"),
        ("a tail call that comes back", Loads, "(return_call $comes)"),
        (
            "an exit by way of the table",
            RefusesByRunning,
            "(call_indirect (param i32) (i32.const 0) (i32.const 0))",
        ),
        ("one that calls itself", Loads, "(call $twice (i32.const 1))"),
        ("a throw that is caught", Loads, "(block (try_table (catch_all 0) (throw $t)) EXIT)"),
        (
            "a throw that is caught before the exit",
            Refuses,
            "(block (try_table (catch_all 0) (throw $t))) EXIT",
        ),
        ("a throw that nobody catches", Refuses, "(throw $t)"),
        ("a trap", Refuses, "unreachable"),
    ];
    for (name, outcome, code) in cases {
        add(all, &format!("_start: {name}"), *outcome, |draft| {
            draft.import("wasi_snapshot_preview1", "proc_exit", "i>");
            draft.more = format!(
                "(tag $t) (table 1 funcref) (elem (i32.const 0) func 0) (func $exits {EXIT}) (func $comes) \
                 (func $twice (param i32) (if (local.get 0) (then (call $twice (i32.const 0))))) \
                 (func (export \"_start\") {})",
                code.replace("EXIT", EXIT)
            );
        });
    }
}
