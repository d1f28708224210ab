//! Mutants of a module's own parts: marker, allocator, start functions and memory.

use super::draft::{Draft, function, marker};
use super::{Mutant, Outcome};
use Outcome::{Dies, Loads, LoadsUntilUsed, Refuses, RefusesByRunning};

pub fn add(all: &mut Vec<Mutant>, name: &str, outcome: Outcome, change: impl FnOnce(&mut Draft)) {
    all.push(Mutant::new(name, Draft::good().with(change).bytes(), outcome));
}

pub fn entry_points(all: &mut Vec<Mutant>) {
    add(all, "no marker", Refuses, |draft| draft.marker.clear());
    add(all, "marker of a future ABI", Refuses, |draft| draft.marker = marker("0_3_0"));
    add(all, "marker that is a global", Refuses, |draft| {
        draft.marker = "(global (export \"proxy_abi_version_0_2_1\") i32 (i32.const 0))".to_owned();
    });
    add(all, "marker with parameters", Loads, |draft| {
        draft.marker = function("proxy_abi_version_0_2_1", "iI>i");
    });
    add(all, "marker that is an import", Loads, |draft| {
        draft.import("env", "proxy_done", ">i");
        draft.marker = "(export \"proxy_abi_version_0_2_1\" (func 0))".to_owned();
    });
    add(all, "two markers, the newer first", Loads, |draft| {
        draft.marker = marker("0_2_1") + marker("0_1_0").as_str();
    });
    add(all, "two markers, the older first", Refuses, |draft| {
        draft.marker = marker("0_1_0") + marker("0_2_1").as_str();
    });
    add(all, "a global marker, then a function marker", Loads, |draft| {
        draft.marker = "(global (export \"proxy_abi_version_0_1_0\") i32 (i32.const 0))".to_owned()
            + marker("0_2_1").as_str();
    });
    add(all, "no allocator", Refuses, |draft| {
        draft.functions.remove("proxy_on_memory_allocate");
    });
    add(all, "malloc instead", Loads, |draft| {
        draft.functions.remove("proxy_on_memory_allocate");
        draft.export("malloc", "i>i");
    });
    add(all, "both allocators", Loads, |draft| draft.export("malloc", "i>i"));
    add(all, "malloc of a wrong type beside a right allocator", Refuses, |draft| {
        draft.export("malloc", "ii>i")
    });
    add(all, "malloc right beside a wrong allocator", Loads, |draft| {
        draft.export("malloc", "i>i");
        draft.export("proxy_on_memory_allocate", "I>i");
    });
    add(all, "allocator of a wrong type", Refuses, |draft| draft.export("proxy_on_memory_allocate", "i>I"));
    add(all, "allocator that is a global", Refuses, |draft| {
        draft.functions.remove("proxy_on_memory_allocate");
        draft.more = "(global (export \"malloc\") i32 (i32.const 0))".to_owned();
    });
    add(all, "free that nobody calls", Loads, |draft| draft.export("free", "iii>"));
    add(all, "no callback at all", Loads, |draft| {
        draft.functions.retain(|name, _| name == "proxy_on_memory_allocate");
    });
    starts(all);
    start_sections(all);
}

fn starts(all: &mut Vec<Mutant>) {
    add(all, "_initialize", Loads, |draft| draft.export("_initialize", ">"));
    add(all, "_initialize with a result", Refuses, |draft| draft.export("_initialize", ">i"));
    add(all, "_start", Loads, |draft| draft.export("_start", ">"));
    add(all, "_start with a parameter", Refuses, |draft| draft.export("_start", "i>"));
    add(all, "_start of a wrong type beside _initialize", Loads, |draft| {
        draft.export("_initialize", ">");
        draft.export("_start", "i>");
    });
    add(all, "main after _initialize", Loads, |draft| {
        draft.export("_initialize", ">");
        draft.export("main", "ii>i");
    });
    add(all, "main of a wrong type after _initialize", Refuses, |draft| {
        draft.export("_initialize", ">");
        draft.export("main", ">i");
    });
    add(all, "main of a wrong type without _initialize", Loads, |draft| draft.export("main", ">"));
    add(all, "__main_void after _initialize", Loads, |draft| {
        draft.export("_initialize", ">");
        draft.export("__main_void", ">i");
    });
    add(all, "__main_void of a wrong type after _initialize", Refuses, |draft| {
        draft.export("_initialize", ">");
        draft.export("__main_void", ">");
    });
    add(all, "__main_void of a wrong type without _initialize", Loads, |draft| {
        draft.export("__main_void", ">")
    });
    add(all, "start section", Loads, |draft| draft.more = "(func $s) (start $s)".to_owned());
    add(all, "start section that traps", RefusesByRunning, |draft| {
        draft.more = "(func $s unreachable) (start $s)".to_owned();
    });
    add(all, "configuration refused by the module", RefusesByRunning, |draft| {
        let refusing = "(func (export \"proxy_on_configure\") (param i32 i32) (result i32) i32.const 0)";
        draft.functions.insert("proxy_on_configure".to_owned(), refusing.to_owned());
    });
}

fn start_sections(all: &mut Vec<Mutant>) {
    let log = "(call 0 (i32.const 2) (i32.const 0) (i32.const 0))";
    for (name, outcome, body) in [
        ("start section that calls the host", Dies, format!("(func $s (drop {log}))")),
        (
            "start section that calls the host by way of another",
            Dies,
            format!("(func $s call $t) (func $t (drop {log}))"),
        ),
        (
            "start section that could call the host",
            Loads,
            format!("(func $s (if (i32.const 0) (then (drop {log}))))"),
        ),
    ] {
        add(all, name, outcome, |draft| {
            draft.import("env", "proxy_log", "iii>i");
            draft.more = format!("{body} (start $s)");
        });
    }
    for (name, ty, call, outcome) in [
        ("pthread_equal", "ii>i", "(drop (call 0 (i32.const 0) (i32.const 0)))", Loads),
        ("proxy_done", ">i", "(drop (call 0))", Dies),
        ("emscripten_notify_memory_growth", "i>", "(call 0 (i32.const 0))", Loads),
    ] {
        add(all, &format!("start section that calls {name}"), outcome, |draft| {
            draft.import("env", name, ty);
            draft.more = format!("(func $s {call}) (start $s)");
        });
    }
    add(all, "start section that calls the host, with a memory of the host", Dies, |draft| {
        draft.import("env", "proxy_log", "iii>i");
        draft.imports += "(import \"env\" \"memory\" (memory 1))";
        draft.memory.clear();
        draft.more = format!("(func $s (drop {log})) (start $s)");
    });
}

pub fn memories(all: &mut Vec<Mutant>) {
    let cases: &[(&str, Outcome, &str)] = &[
        ("no memory", LoadsUntilUsed, ""),
        ("memory that is not exported", LoadsUntilUsed, "(memory 1)"),
        ("memory without maximum", Loads, "(memory (export \"memory\") 1)"),
        ("memory of no pages", Loads, "(memory (export \"memory\") 0)"),
        ("memory under another name", Loads, "(memory (export \"ram\") 1)"),
        ("memory exported twice", Loads, "(memory (export \"memory\") (export \"again\") 1)"),
        ("memory of 16384 pages", Loads, "(memory (export \"memory\") 16384)"),
        ("memory of 16385 pages", Refuses, "(memory (export \"memory\") 16385)"),
        ("memory of 65536 pages", Refuses, "(memory (export \"memory\") 65536)"),
        ("memory with a maximum beyond the host's", Loads, "(memory (export \"memory\") 1 65536)"),
        ("second memory of 16385 pages", Refuses, "(memory (export \"memory\") 1) (memory 16385)"),
        ("two memories", Loads, "(memory (export \"memory\") 1) (memory 1)"),
        ("64-bit memory", Loads, "(memory (export \"memory\") i64 1)"),
        ("64-bit memory, maximum of 262144 pages", Loads, "(memory (export \"memory\") i64 1 262144)"),
        ("64-bit memory, maximum of 262145 pages", Refuses, "(memory (export \"memory\") i64 1 262145)"),
        ("64-bit memory of 16385 pages", Refuses, "(memory (export \"memory\") i64 16385)"),
        ("shared memory", Loads, "(memory (export \"memory\") 1 10 shared)"),
        ("memory of small pages", Refuses, "(memory (export \"memory\") 1 (pagesize 1))"),
    ];
    for (name, outcome, memory) in cases {
        add(all, name, *outcome, |draft| (*memory).clone_into(&mut draft.memory));
    }
    let imported: &[(&str, Outcome, &str)] = &[
        ("imported memory", Loads, "(memory 1)"),
        ("imported memory with a maximum", Loads, "(memory 1 10)"),
        ("imported memory of 16384 pages", Loads, "(memory 16384)"),
        ("imported memory of 16385 pages", Refuses, "(memory 16385)"),
        ("imported memory with a large maximum", Loads, "(memory 1 65536)"),
        ("imported shared memory", Refuses, "(memory 1 10 shared)"),
        ("imported 64-bit memory", Refuses, "(memory i64 1)"),
    ];
    for (name, outcome, memory) in imported {
        add(all, name, *outcome, |draft| {
            draft.memory.clear();
            draft.imports = format!("(import \"env\" \"memory\" {memory})");
        });
    }
    add(all, "imported memory that is exported again", Loads, |draft| {
        draft.imports = "(import \"env\" \"memory\" (memory 1))".to_owned();
        draft.memory = "(export \"memory\" (memory 0))".to_owned();
    });
    add(all, "imported memory beside an own one", Loads, |draft| {
        draft.imports = "(import \"env\" \"memory\" (memory 1))".to_owned();
    });
    add(all, "two imported memories", Refuses, |draft| {
        draft.memory.clear();
        draft.imports = "(import \"a\" \"b\" (memory 1)) (import \"a\" \"c\" (memory 1))".to_owned();
    });
}
