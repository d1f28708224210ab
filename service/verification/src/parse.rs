//! The one pass over the bytes: wasmparser reads and validates, and what it shows is kept as
//! [`Facts`]. Judges nothing; a fault ends the reading and is itself a fact.

mod custom;
mod limits;

use sha2::{Digest, Sha256};
use wasmparser::{
    Chunk, ExternalKind, Imports, MemoryType, Parser, Payload, Table, TableInit, TableType, TypeRef,
    ValidPayload, Validator, WasmFeatures,
};

use crate::facts::{
    Export, ExportKind, Facts, Fault, Import, ImportKind, MemoryFact, SectionFact, SectionName, TableFact,
};
use crate::signature::Val;
use crate::sniff::{self, Shape};
use crate::work::{BodyValidator, MAX_IMPORTS, MAX_SIZE, MAX_TYPES, Stop};
use crate::{host_reader, returns, start};

/// What V8 in Envoy 1.40 accepts without flags.
fn features() -> WasmFeatures {
    let mut features = WasmFeatures::WASM3;
    features |= WasmFeatures::THREADS;
    features |= WasmFeatures::LEGACY_EXCEPTIONS;
    features
}

pub fn read(bytes: &[u8]) -> Facts<'_> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let mut facts = Facts::new(sha256, bytes.len() as u64, sniff::shape(bytes), host_reader::read(bytes));
    if bytes.len() > MAX_SIZE {
        facts.limit = Some(format!("the file is larger than {} MiB", MAX_SIZE / 1024 / 1024));
    } else if facts.shape == Shape::Module {
        match Reading::new(&mut facts, bytes).run() {
            Ok(()) => {}
            Err(Stop::Invalid(error)) if is_own_limit(error.message()) => {
                facts.limit = Some(error.message().to_owned());
            }
            Err(Stop::Invalid(error)) => {
                facts.fault = Some(Fault { message: error.message().to_owned(), offset: error.offset() });
            }
            Err(Stop::Refused(fault)) => facts.fault = Some(fault),
            Err(Stop::Limit(limit)) => facts.limit = Some(limit.to_owned()),
        }
    }
    facts
}

/// Where the parser is stricter than the engine, its refusal says nothing about the module.
fn is_own_limit(message: &str) -> bool {
    const OWN: [&str; 5] = [
        "effective type size exceeds the limit",
        "memories count exceeds limit",
        "element segments count exceeds limit",
        "catches size is out of bounds",
        "string size out of bounds",
    ];
    OWN.iter().any(|own| message.starts_with(own))
}

struct Reading<'f, 'a> {
    facts: &'f mut Facts<'a>,
    validator: Validator,
    bodies: BodyValidator,
    /// Bodies of the code section still to come: while there are any, the bytes at hand are no section.
    bodies_left: u32,
    /// The bodies of all functions, kept only for a module of which some run at once.
    code: Vec<&'a [u8]>,
    keeps_code: bool,
    bytes: &'a [u8],
}

impl<'f, 'a> Reading<'f, 'a> {
    fn new(facts: &'f mut Facts<'a>, bytes: &'a [u8]) -> Self {
        let validator = Validator::new_with_features(features());
        let (bodies, code) = (BodyValidator::default(), Vec::new());
        Self { facts, validator, bodies, bodies_left: 0, code, keeps_code: false, bytes }
    }

    fn run(mut self) -> Result<(), Stop> {
        let mut parser = Parser::new(0);
        parser.set_features(features());
        let mut rest = self.bytes;
        loop {
            let (consumed, payload) = match parser.parse(rest, true) {
                Ok(Chunk::Parsed { consumed, payload }) => (consumed, payload),
                Ok(Chunk::NeedMoreData(_)) => {
                    return Err(Stop::Limit("the parser asked for bytes past the end"));
                }
                Err(error) => {
                    // An engine does not mind what a custom section is called; this parser does.
                    let section = if self.bodies_left == 0 { custom::skip(self.facts, rest) } else { None };
                    rest = &rest[section.ok_or(error)?..];
                    continue;
                }
            };
            rest = &rest[consumed..];
            self.keep(&payload)?;
            match self.validator.payload(&payload)? {
                ValidPayload::Func(func, body) => {
                    self.bodies_left = self.bodies_left.saturating_sub(1);
                    self.bodies.validate(func, &body, &self.facts.types)?;
                    if self.keeps_code {
                        self.code.push(body.as_bytes());
                    }
                }
                ValidPayload::End(_) => return self.finish(),
                _ => {}
            }
        }
    }

    fn finish(self) -> Result<(), Stop> {
        self.bodies.finish()?;
        let imports: Vec<_> = self.facts.imports.iter().filter(|import| import.is_function()).collect();
        let imported = imports.len();
        let start_calls = self.facts.start.and_then(|start| {
            let needs_host = |index: usize| imports.get(index).is_some_and(|import| import.needs_host());
            let called = start::certain_call(start, imported, &self.code, needs_host)?;
            imports.get(called).map(|import| **import)
        });
        let ends = |index: usize| imports.get(index).is_some_and(|import| import.is_refused_while_starting());
        let code = returns::Code { imported, bodies: &self.code, ends };
        let stuck = self.facts.first_calls().find(|(_, function)| !code.may_return(*function));
        (self.facts.start_calls, self.facts.stuck) = (start_calls, stuck.map(|(name, _)| name));
        Ok(())
    }

    fn keep(&mut self, payload: &Payload<'a>) -> Result<(), Stop> {
        match payload {
            Payload::TypeSection(reader) => {
                self.section("type", reader.range(), Some(reader.count()));
                for group in reader.clone() {
                    for ty in group?.into_types() {
                        self.facts.types.push(&ty);
                        if self.facts.types.count() > MAX_TYPES {
                            return Err(Stop::Limit("it declares more than 200,000 types"));
                        }
                    }
                }
            }
            Payload::ImportSection(reader) => {
                self.section("import", reader.range(), Some(reader.count()));
                for import in reader.clone().into_imports_with_offsets() {
                    let (offset, import) = import?;
                    if matches!(&import.ty, TypeRef::Table(t) if !t.table64)
                        || matches!(&import.ty, TypeRef::Memory(m) if !m.memory64)
                    {
                        limits::are_narrow::<Imports<'_>>(self.bytes, offset)?;
                    }
                    self.import(import);
                    if self.facts.imports.len() > MAX_IMPORTS {
                        return Err(Stop::Limit("it has more than 100,000 imports"));
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                self.section("function", reader.range(), Some(reader.count()));
                for ty in reader.clone() {
                    self.facts.functions.types.push(ty?);
                }
            }
            Payload::TableSection(reader) => {
                self.section("table", reader.range(), Some(reader.count()));
                for table in reader.clone().into_iter_with_offsets() {
                    let (offset, table) = table?;
                    if !table.ty.table64 {
                        limits::are_narrow::<Table<'_>>(self.bytes, offset)?;
                    }
                    self.table(&table);
                }
            }
            Payload::MemorySection(reader) => {
                self.section("memory", reader.range(), Some(reader.count()));
                for memory in reader.clone().into_iter_with_offsets() {
                    let (offset, memory) = memory?;
                    if !memory.memory64 {
                        limits::are_narrow::<MemoryType>(self.bytes, offset)?;
                    }
                    self.facts.memories.push(memory_fact(&memory, false));
                }
            }
            Payload::TagSection(reader) => {
                self.section("tag", reader.range(), Some(reader.count()));
                self.facts.tags += u64::from(reader.count());
            }
            Payload::ExportSection(reader) => {
                self.section("export", reader.range(), Some(reader.count()));
                for export in reader.clone() {
                    self.export(export?);
                }
            }
            other => self.keep_rest(other)?,
        }
        Ok(())
    }

    fn keep_rest(&mut self, payload: &Payload<'a>) -> Result<(), Stop> {
        match payload {
            Payload::GlobalSection(reader) => {
                self.section("global", reader.range(), Some(reader.count()));
                for global in reader.clone() {
                    let global = global?;
                    self.facts.globals.push(Val::of(global.ty.content_type));
                    self.facts.instance.global(&self.facts.types, &global.init_expr);
                }
            }
            Payload::StartSection { func, range } => {
                self.section("start", range.clone(), None);
                self.facts.start = Some(*func);
            }
            Payload::ElementSection(reader) => {
                self.section("element", reader.range(), Some(reader.count()));
                let facts = &mut *self.facts;
                for (index, element) in reader.clone().into_iter().enumerate() {
                    facts.instance.element(&facts.types, &facts.tables, index, &element?);
                }
            }
            Payload::DataCountSection { count, range } => {
                self.section("data-count", range.clone(), Some(*count));
            }
            Payload::CodeSectionStart { count, unchecked_range, .. } => {
                self.bodies_left = *count;
                self.keeps_code = self.facts.start.is_some() || self.facts.first_calls().next().is_some();
                self.section("code", unchecked_range.clone(), Some(*count));
            }
            Payload::DataSection(reader) => {
                self.section("data", reader.range(), Some(reader.count()));
                let facts = &mut *self.facts;
                for (index, data) in reader.clone().into_iter().enumerate() {
                    facts.instance.data(&facts.types, &facts.memories, index, &data?);
                }
            }
            Payload::CustomSection(reader) => custom::keep(self.facts, reader),
            _ => {}
        }
        Ok(())
    }

    fn table(&mut self, table: &Table<'a>) {
        let fact = table_fact(&table.ty, false);
        let init = match &table.init {
            TableInit::Expr(expr) => Some(expr),
            TableInit::RefNull => None,
        };
        self.facts.instance.table(&self.facts.types, &fact, init);
        self.facts.tables.push(fact);
    }

    fn section(&mut self, name: &'static str, range: std::ops::Range<u64>, count: Option<u32>) {
        let size = range.end.saturating_sub(range.start);
        self.facts.sections.push(SectionFact { name: SectionName::Known(name), size, count });
    }

    fn import(&mut self, import: wasmparser::Import<'a>) {
        let kind = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.facts.functions.types.push(ty);
                ImportKind::Function(ty)
            }
            TypeRef::Table(ty) => {
                let table = table_fact(&ty, true);
                self.facts.instance.table(&self.facts.types, &table, None);
                self.facts.tables.push(table);
                ImportKind::Table(table)
            }
            TypeRef::Memory(ty) => {
                let memory = memory_fact(&ty, true);
                self.facts.memories.push(memory);
                ImportKind::Memory(memory)
            }
            TypeRef::Global(ty) => {
                let val = Val::of(ty.content_type);
                self.facts.globals.push(val);
                self.facts.instance.imported_global();
                ImportKind::Global(val)
            }
            TypeRef::Tag(_) => {
                self.facts.tags += 1;
                ImportKind::Tag
            }
        };
        self.facts.imports.push(Import { module: import.module, name: import.name, kind });
    }

    fn export(&mut self, export: wasmparser::Export<'a>) {
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Function,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        self.facts.exports.push(Export { name: export.name, kind, index: export.index });
    }
}

fn memory_fact(ty: &MemoryType, imported: bool) -> MemoryFact {
    MemoryFact {
        initial: ty.initial,
        maximum: ty.maximum,
        shared: ty.shared,
        memory64: ty.memory64,
        imported,
    }
}

fn table_fact(ty: &TableType, imported: bool) -> TableFact {
    TableFact {
        element: Val::of_ref(ty.element_type),
        initial: ty.initial,
        maximum: ty.maximum,
        table64: ty.table64,
        nullable: ty.element_type.is_nullable(),
        imported,
    }
}
