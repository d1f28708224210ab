//! Mutants of what a module is linked with, of the types at its edge, of the segments it starts with, and
//! of the features of the language that it uses.

use super::Outcome::{Dies, Loads, Refuses};
use super::parts::add;
use super::{Mutant, Outcome};

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
        ("exported function named 0", Dies, "(func (export \"0\"))"),
        ("exported function named 4294967294", Dies, "(func (export \"4294967294\"))"),
        ("exported function named 4294967295", Loads, "(func (export \"4294967295\"))"),
        ("exported function named 01", Loads, "(func (export \"01\"))"),
        ("exported function named -1", Loads, "(func (export \"-1\"))"),
        ("exported function without a name", Loads, "(func (export \"\"))"),
        ("exported memory named 1", Dies, "(export \"1\" (memory 0))"),
        ("exported global named 3", Loads, "(global (export \"3\") i32 (i32.const 0))"),
        ("exported table named 3", Loads, "(table (export \"3\") 1 funcref)"),
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
