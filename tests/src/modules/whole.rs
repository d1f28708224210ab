//! Mutants of the file as a whole: what is no module, sections that only some readers can walk, names
//! that hosts decode, numbers at the limits of the engine; and the bombs.

use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, MemorySection,
    MemoryType, Module, TagKind, TagSection, TagType, TypeSection, ValType,
};

use super::Outcome::{Dies, Loads, Refuses};
use super::{Mutant, Outcome, good};

/// A custom section.
#[must_use]
pub fn custom(name: &[u8], data: &[u8]) -> Vec<u8> {
    section(0, &[leb(name.len()), name.to_vec(), data.to_vec()].concat())
}

pub fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [vec![id], leb(body.len()), body.to_vec()].concat()
}

pub fn leb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// The good module with a name section that names its first function.
#[must_use]
pub fn named(name: &[u8]) -> Vec<u8> {
    let names = [leb(1), leb(0), leb(name.len()), name.to_vec()].concat();
    [good(), custom(b"name", &[vec![1], leb(names.len()), names].concat())].concat()
}

pub fn files(all: &mut Vec<Mutant>) {
    let good = good();
    let half = &good[..good.len() / 2];
    let mut flipped = good.clone();
    flipped[9] ^= 0xff;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty file", Vec::new()),
        ("four bytes", good[..4].to_vec()),
        ("header alone", good[..8].to_vec()),
        ("half a file", half.to_vec()),
        ("one byte short", good[..good.len() - 1].to_vec()),
        ("one byte too many", [&good[..], &[0]].concat()),
        ("two modules", [&good[..], &good[..]].concat()),
        ("flipped bits", flipped),
        ("component", [b"\0asm\x0d\0\x01\0", &good[8..]].concat()),
        ("another version", [b"\0asm\x02\0\0\0", &good[8..]].concat()),
        ("text", b"(module)".to_vec()),
        ("web page", b"<!doctype html><title>404</title>".to_vec()),
        ("gzip", [&[0x1f, 0x8b, 8, 0][..], &good[..]].concat()),
        ("native program", [b"\x7fELF\x02\x01\x01\0", &good[..]].concat()),
    ];
    for (name, bytes) in cases {
        all.push(Mutant::new(name, bytes, Refuses));
    }
}

pub fn sections(all: &mut Vec<Mutant>) {
    let cases: Vec<(&str, Outcome, Vec<u8>)> = vec![
        ("custom section without a name", Loads, custom(b"", b"x")),
        ("custom section with a long name", Loads, custom(&[b'a'; 200_000], b"x")),
        ("custom section whose name is not UTF-8", Refuses, custom(b"\xff", b"x")),
        ("custom section that ends in its name", Refuses, section(0, &[5, b'a'])),
        ("custom section of no bytes", Refuses, section(0, b"")),
        ("unknown section", Refuses, section(42, b"x")),
        ("section id of a second byte", Refuses, section(0x80, b"x")),
        ("precompiled section", Loads, custom(b"precompiled_wee8_v14.6.202.10", b"junk")),
        ("debug section", Loads, custom(b".debug_info", b"junk")),
        ("unreadable producers section", Loads, custom(b"producers", b"\xff\xff")),
        ("unreadable source map section", Loads, custom(b"sourceMappingURL", b"\xff\xff")),
        ("section length of five bytes", Loads, [&[0, 0x82, 0x80, 0x80, 0x80, 0][..], &[1, b'a']].concat()),
        (
            "section length of six bytes",
            Refuses,
            [&[0, 0x82, 0x80, 0x80, 0x80, 0x80, 0][..], &[1, b'a']].concat(),
        ),
    ];
    for (name, outcome, bytes) in cases {
        all.push(Mutant::new(name, [good(), bytes].concat(), outcome));
    }
    let (head, rest) = (good()[..8].to_vec(), good()[8..].to_vec());
    let first = [head, custom(b"signature", b"junk"), rest].concat();
    all.push(Mutant::new("custom section before all others", first, Loads));
}

pub fn names(all: &mut Vec<Mutant>) {
    let with = |data: &[u8]| [good(), custom(b"name", data)].concat();
    let mut twice = named(b"main");
    twice.extend(custom(b"name", &[1, 5, 1]));
    let cases: Vec<(&str, Outcome, Vec<u8>)> = vec![
        ("name section", Loads, named(b"main")),
        ("name that is not UTF-8", Loads, named(b"\xff")),
        ("unknown part of the name section", Loads, with(&[99, 1, 0])),
        ("name section that ends in a part", Refuses, with(&[1, 5, 1])),
        ("name section that ends after an id", Refuses, with(&[1])),
        ("name section that counts too many", Refuses, with(&[1, 2, 100, 0])),
        ("name section with spare bytes", Refuses, with(&[1, 3, 0, 0, 0])),
        ("second name section that nobody reads", Loads, twice),
        ("C++ name", Loads, named(b"_ZNSt3__16vectorIiNS_9allocatorIiEEE9push_backEOi")),
        ("C++ name of 12 kB", Loads, named(&[&b"_Z1f"[..], &b"P".repeat(12_000), b"v"].concat())),
        (
            "C++ name as deep as the stack",
            Dies,
            named(&[&b"_Z1f"[..], &b"Z1a".repeat(100_000), b"v"].concat()),
        ),
        (
            "C++ name of pointers to functions",
            Dies,
            named(&[&b"_Z1f"[..], &b"PF".repeat(200_000), b"v"].concat()),
        ),
        ("C++ name that doubles forty times", Dies, named(&doubling(40))),
        ("C++ name that doubles five times", Loads, named(&doubling(5))),
    ];
    for (name, outcome, bytes) in cases {
        all.push(Mutant::new(name, bytes, outcome));
    }
}

/// Each type is a function of the type before it, twice: the name grows by a few bytes for each, what
/// it stands for doubles.
fn doubling(levels: usize) -> Vec<u8> {
    let mut name = b"_Z1fPFviiE".to_vec();
    for level in 0..levels {
        let before = substitution(2 * level + 1);
        name.extend([b"PFv", &before[..], &before[..], b"E"].concat());
    }
    name
}

fn substitution(index: usize) -> Vec<u8> {
    let Some(mut rest) = index.checked_sub(1) else { return b"S_".to_vec() };
    let mut digits = vec![b'_'];
    loop {
        digits.insert(0, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 36]);
        rest /= 36;
        if rest == 0 {
            digits.insert(0, b'S');
            return digits;
        }
    }
}

/// A sound module whose functions of type `() -> ()` have these bodies.
struct Whole {
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    bodies: Vec<Function>,
}

impl Whole {
    fn of(bodies: Vec<Function>) -> Self {
        Self { types: Vec::new(), bodies }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([ValType::I32], [ValType::I32]);
        for (params, results) in &self.types {
            types.ty().function(params.clone(), results.clone());
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        functions.function(0).function(1);
        code.function(&body(|_| {})).function(&body(|function| {
            function.instruction(&Instruction::I32Const(0));
        }));
        for one in &self.bodies {
            functions.function(0);
            code.function(one);
        }
        let mut memory = MemorySection::new();
        memory.memory(MemoryType {
            minimum: 1,
            maximum: Some(10),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut tags = TagSection::new();
        tags.tag(TagType { kind: TagKind::Exception, func_type_idx: 0 });
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        exports.export("proxy_abi_version_0_2_1", ExportKind::Func, 0);
        exports.export("malloc", ExportKind::Func, 1);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&memory).section(&tags);
        module.section(&exports).section(&code);
        module.finish()
    }
}

fn body(write: impl FnOnce(&mut Function)) -> Function {
    with_locals(&[], write)
}

fn with_locals(locals: &[(u32, ValType)], write: impl FnOnce(&mut Function)) -> Function {
    let mut function = Function::new(locals.iter().copied());
    write(&mut function);
    function.instruction(&Instruction::End);
    function
}

pub fn engine_limits(all: &mut Vec<Mutant>) {
    let mut add = |name: &str, outcome, bodies| {
        all.push(Mutant::new(name, Whole::of(bodies).bytes(), outcome));
    };
    add("50000 locals", Loads, vec![with_locals(&[(50_000, ValType::I32)], |_| {})]);
    add("50001 locals", Refuses, vec![with_locals(&[(50_001, ValType::I32)], |_| {})]);
    add("65520 targets of a branch", Loads, vec![branches(65_520)]);
    add("65521 targets of a branch", Refuses, vec![branches(65_521)]);
    add("the longest body", Loads, vec![nops(7_654_319)]);
    add("a body one byte too long", Refuses, vec![nops(7_654_320)]);
    add("old exceptions", Loads, vec![old_exceptions()]);
    add("new exceptions", Loads, vec![new_exceptions()]);
    add("old and new exceptions", Refuses, vec![old_exceptions(), new_exceptions()]);
    for (name, outcome, count) in [("1000 parameters", Loads, 1000), ("1001 parameters", Refuses, 1001)] {
        let types = vec![(vec![ValType::I32; count], Vec::new())];
        all.push(Mutant::new(name, Whole { types, bodies: Vec::new() }.bytes(), outcome));
    }
}

fn branches(targets: usize) -> Function {
    body(|function| {
        function.instruction(&Instruction::I32Const(0));
        function.instruction(&Instruction::BrTable(vec![0; targets].into(), 0));
    })
}

fn nops(count: usize) -> Function {
    body(|function| {
        function.raw(std::iter::repeat_n(1, count));
    })
}

fn old_exceptions() -> Function {
    body(|function| {
        function.instruction(&Instruction::Try(BlockType::Empty));
        function.instruction(&Instruction::CatchAll).instruction(&Instruction::End);
    })
}

fn new_exceptions() -> Function {
    body(|function| {
        function.instruction(&Instruction::TryTable(BlockType::Empty, Vec::new().into()));
        function.instruction(&Instruction::End);
    })
}

/// A module of so many functions that do nothing.
#[must_use]
pub fn empty_functions(count: usize) -> Vec<u8> {
    Whole::of(vec![body(|_| {}); count]).bytes()
}

/// A module of so many functions, each with 50,000 locals and a loop.
#[must_use]
pub fn many_locals(count: usize) -> Vec<u8> {
    let one = with_locals(&[(50_000, ValType::I64)], |function| {
        function.instruction(&Instruction::Loop(BlockType::Empty)).instruction(&Instruction::End);
    });
    Whole::of(vec![one; count]).bytes()
}

/// A module with so many nested blocks in one function.
#[must_use]
pub fn blocks(count: usize) -> Vec<u8> {
    let nested = body(|function| {
        for _ in 0..count {
            function.instruction(&Instruction::Loop(BlockType::Empty));
        }
        function.raw(std::iter::repeat_n(0x0b, count));
    });
    Whole::of(vec![nested]).bytes()
}

/// A module whose code puts a thousand values on the stack with every three bytes.
#[must_use]
pub fn wide_stack(times: usize) -> Vec<u8> {
    let pushing = body(|function| {
        for _ in 0..times {
            function.instruction(&Instruction::Block(BlockType::FunctionType(2)));
            function.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        }
        function.instruction(&Instruction::Unreachable);
    });
    Whole { types: vec![(Vec::new(), vec![ValType::I32; 1000])], bodies: vec![pushing] }.bytes()
}
