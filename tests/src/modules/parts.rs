//! Mutants of a module's own parts: entry points, memory, links, types at its edge, segments, and the
//! features of the language that it uses.

use super::draft::{Draft, function, marker};
use super::{Mutant, Outcome};
use Outcome::{Dies, Loads, LoadsUntilUsed, Refuses, RefusesByRunning};

fn add(all: &mut Vec<Mutant>, name: &str, outcome: Outcome, change: impl FnOnce(&mut Draft)) {
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
        draft.marker = marker("0_2_1") + &marker("0_1_0");
    });
    add(all, "two markers, the older first", Refuses, |draft| {
        draft.marker = marker("0_1_0") + &marker("0_2_1");
    });
    add(all, "a global marker, then a function marker", Loads, |draft| {
        draft.marker =
            "(global (export \"proxy_abi_version_0_1_0\") i32 (i32.const 0))".to_owned() + &marker("0_2_1");
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
    add(all, "_start that calls proc_exit", RefusesByRunning, |draft| {
        draft.import("wasi_snapshot_preview1", "proc_exit", "i>");
        draft.more = "(func (export \"_start\") (call 0 (i32.const 0)))".to_owned();
    });
    add(all, "configuration refused by the module", RefusesByRunning, |draft| {
        let refusing = "(func (export \"proxy_on_configure\") (param i32 i32) (result i32) i32.const 0)";
        draft.functions.insert("proxy_on_configure".to_owned(), refusing.to_owned());
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

pub fn links(all: &mut Vec<Mutant>) {
    let cases: &[(&str, Outcome, &str)] = &[
        ("the same import twice", Loads, "(import \"env\" \"proxy_done\" (func (result i32)))"),
        ("imported global", Refuses, "(import \"env\" \"g\" (global i32))"),
        ("imported mutable global", Refuses, "(import \"env\" \"__stack_pointer\" (global (mut i32)))"),
        ("imported tag", Dies, "(import \"env\" \"t\" (tag))"),
        ("imported table", Loads, "(import \"env\" \"t\" (table 1 funcref))"),
        ("imported table of externref", Loads, "(import \"env\" \"t\" (table 1 externref))"),
        ("imported table of anyref", Dies, "(import \"env\" \"t\" (table 1 anyref))"),
        ("imported table without null", Refuses, "(import \"env\" \"t\" (table 1 (ref func)))"),
        ("imported 64-bit table", Refuses, "(import \"env\" \"t\" (table i64 1 funcref))"),
        ("imported table with a maximum", Loads, "(import \"env\" \"t\" (table 1 10000000 funcref))"),
        ("imported table, maximum too large", Refuses, "(import \"env\" \"t\" (table 1 10000001 funcref))"),
        ("imported table, maximum of 32 bits", Dies, "(import \"env\" \"t\" (table 1 4294967295 funcref))"),
        ("imported function of v128", Dies, "(import \"env\" \"f\" (func (param v128)))"),
        ("imported function of anyref", Dies, "(import \"env\" \"f\" (func (param anyref)))"),
        ("imported global of v128", Dies, "(import \"env\" \"g\" (global v128))"),
    ];
    for (name, outcome, import) in cases {
        add(all, name, *outcome, |draft| draft.imports = format!("{import} "));
    }
    let done = "(import \"env\" \"proxy_done\" (func (result i32)))";
    add(all, "the same import three times", Loads, |draft| draft.imports = done.repeat(3));
    add(all, "two imported tables", Refuses, |draft| {
        draft.imports =
            "(import \"a\" \"b\" (table 1 funcref)) (import \"a\" \"c\" (table 1 funcref))".to_owned();
    });
    add(all, "import that is exported again", Loads, |draft| {
        draft.imports = format!("{done} (export \"done\" (func 0))");
    });
}

pub fn boundary(all: &mut Vec<Mutant>) {
    for (name, outcome, more) in [
        ("exported function of v128", Dies, "(func (export \"x\") (param v128))"),
        ("exported function that gives v128", Dies, "(func (export \"x\") (result v128) unreachable)"),
        ("inner function of v128", Loads, "(func (param v128))"),
        ("exported global of v128", Dies, "(global (export \"x\") v128 (v128.const i64x2 0 0))"),
        ("inner global of v128", Loads, "(global v128 (v128.const i64x2 0 0))"),
        ("exported tag", Dies, "(tag (export \"x\"))"),
        ("inner tag", Loads, "(tag)"),
        ("inner tag of v128", Loads, "(tag (param v128))"),
        ("exported function of externref", Loads, "(func (export \"x\") (param externref funcref))"),
        ("exported function without null", Loads, "(func (export \"x\") (param (ref func) (ref extern)))"),
        ("exported function of anyref", Dies, "(func (export \"x\") (param anyref))"),
        ("exported function of eqref", Dies, "(func (export \"x\") (param eqref))"),
        ("exported function of i31ref", Dies, "(func (export \"x\") (param i31ref))"),
        ("exported function of exnref", Dies, "(func (export \"x\") (param exnref))"),
        ("exported function of nullfuncref", Dies, "(func (export \"x\") (param nullfuncref))"),
        ("exported function of nullexternref", Dies, "(func (export \"x\") (param nullexternref))"),
        (
            "exported function of a struct",
            Dies,
            "(type $s (struct (field i32))) (func (export \"x\") (param (ref null $s)))",
        ),
        (
            "exported function of a typed function",
            Dies,
            "(type $t (func)) (func (export \"x\") (param (ref null $t)))",
        ),
        (
            "exported function of many values",
            Loads,
            "(func (export \"x\") (result i32 i64 f32 f64) unreachable)",
        ),
        ("exported global of funcref", Loads, "(global (export \"x\") funcref (ref.null func))"),
        ("exported global of anyref", Dies, "(global (export \"x\") anyref (ref.null any))"),
        ("exported table of externref", Loads, "(table (export \"x\") 1 externref)"),
        ("exported table of anyref", Dies, "(table (export \"x\") 1 anyref)"),
        ("inner table of anyref", Loads, "(table 1 anyref)"),
    ] {
        add(all, name, outcome, |draft| more.clone_into(&mut draft.more));
    }
}

pub fn segments(all: &mut Vec<Mutant>) {
    for (name, outcome, more) in [
        ("data that ends with the memory", Loads, "(data (i32.const 65535) \"x\")"),
        ("data past the memory", Refuses, "(data (i32.const 65536) \"x\")"),
        ("no data at the end of the memory", Loads, "(data (i32.const 65536) \"\")"),
        ("no data past the memory", Refuses, "(data (i32.const 65537) \"\")"),
        ("data at a negative offset", Refuses, "(data (i32.const -1) \"x\")"),
        ("data at a sum past the memory", Refuses, "(data (i32.add (i32.const 65530) (i32.const 10)) \"x\")"),
        ("data at a global's value", Loads, "(global $g i32 (i32.const 7)) (data (global.get $g) \"x\")"),
        (
            "data at a global's value past the memory",
            Refuses,
            "(global $g i32 (i32.const 70000)) (data (global.get $g) \"x\")",
        ),
        ("passive data", Loads, "(data \"x\")"),
        ("elements that fill the table", Loads, "(table 1 funcref) (elem (i32.const 0) 0)"),
        ("elements past the table", Refuses, "(table 1 funcref) (elem (i32.const 1) 0)"),
        ("no elements past the table", Refuses, "(table 1 funcref) (elem (i32.const 2) func)"),
        ("table of 10000000", Loads, "(table 10000000 funcref)"),
        ("table of 10000001", Refuses, "(table 10000001 funcref)"),
        ("64-bit table", Loads, "(table i64 10 funcref)"),
        (
            "array constant",
            Loads,
            "(type $a (array i64)) (global (ref $a) (array.new_default $a (i32.const 1000)))",
        ),
        (
            "array constant too large",
            Refuses,
            "(type $a (array i64)) (global (ref $a) (array.new_default $a (i32.const 300000000)))",
        ),
    ] {
        add(all, name, outcome, |draft| more.clone_into(&mut draft.more));
    }
    let array = "(global (ref $a) (array.new_default $a (i32.const 50000000)))";
    add(all, "array constants that fill the heap", Dies, |draft| {
        draft.more = format!("(type $a (array i64)) {}", array.repeat(6));
    });
    add(all, "tables that fill the heap", Dies, |draft| draft.more = "(table 10000000 funcref)".repeat(8));
}

pub fn language(all: &mut Vec<Mutant>) {
    let try_table = "(func (block (try_table (catch $t 0) (throw $t))))";
    for (name, outcome, more) in [
        ("tail calls", Loads, "(func $f return_call $f)".to_owned()),
        ("bulk memory", Loads, "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))".to_owned()),
        ("sign extension", Loads, "(func (param i32) (drop (i32.extend8_s (local.get 0))))".to_owned()),
        ("saturating conversion", Loads, "(func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0))))".to_owned()),
        ("extended constants", Loads, "(global i32 (i32.add (i32.const 1) (i32.const 2)))".to_owned()),
        (
            "relaxed simd",
            Loads,
            "(func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle)".to_owned(),
        ),
        (
            "objects",
            Loads,
            "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))".to_owned(),
        ),
        (
            "typed references",
            Loads,
            "(type $f (func)) (func (param (ref null $f)) local.get 0 call_ref $f)".to_owned(),
        ),
        ("exceptions", Loads, format!("(tag $t) {try_table}")),
        (
            "wide arithmetic",
            Refuses,
            "(func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128)"
                .to_owned(),
        ),
        ("stack switching", Refuses, "(type $f (func)) (type $c (cont $f))".to_owned()),
    ] {
        add(all, name, outcome, |draft| draft.more = more);
    }
}
