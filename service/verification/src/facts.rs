//! Everything that is read from the bytes, before any judgement. Borrows names from the module;
//! copies nothing that grows with its custom sections or its code.

use crate::host_reader::HostView;
use crate::instance::Instance;
use crate::signature::{Signature, Types, Val};
use crate::sniff::Shape;
use crate::tables::{ENV_WHILE_STARTING, WASI_MODULES, WASI_NOT_WHILE_STARTING};

#[derive(Debug)]
pub struct Facts<'a> {
    pub sha256: String,
    pub size: u64,
    /// What the first bytes say the file is.
    pub shape: Shape,
    /// What the proxy-wasm host's own section reader makes of the bytes, before any engine sees them.
    pub host: HostView,
    /// Why an engine refuses the bytes; what was read before that point is still here.
    pub fault: Option<Fault>,
    /// Why the verifier could not finish.
    pub limit: Option<String>,
    pub types: Types,
    pub imports: Vec<Import<'a>>,
    pub exports: Vec<Export<'a>>,
    pub functions: Space,
    pub memories: Vec<MemoryFact>,
    pub tables: Vec<TableFact>,
    pub globals: Vec<Val>,
    pub tags: u64,
    pub start: Option<u32>,
    /// An import that needs the host and that the start section is bound to call.
    pub start_calls: Option<Import<'a>>,
    /// Of the functions that a host calls first, the one that cannot come back.
    pub stuck: Option<&'static str>,
    /// What instantiation does with all that, before any code runs.
    pub instance: Instance,
    pub sections: Sections<'a>,
    /// `language`, `processed-by` and `sdk` values, few and short.
    pub producers: Vec<Producer>,
    /// A few names of functions, enough to tell an SDK.
    pub hints: NameHints,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub offset: u64,
}

/// The function index space as type indices, imported functions first.
#[derive(Debug, Default)]
pub struct Space {
    pub types: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub kind: ImportKind,
}

impl Import<'_> {
    pub fn is_function(&self) -> bool {
        matches!(self.kind, ImportKind::Function(_))
    }

    /// A call that reaches into the host's state whatever its arguments are; WASI calls may end early.
    pub fn needs_host(&self) -> bool {
        self.is_function()
            && self.module == "env"
            && !matches!(self.name, "pthread_equal" | "emscripten_notify_memory_growth")
    }

    /// A call that hosts end with a trap while a module starts.
    pub fn is_refused_while_starting(&self) -> bool {
        match self.module {
            "env" => !ENV_WHILE_STARTING.contains(&self.name),
            module => WASI_MODULES.contains(&module) && WASI_NOT_WHILE_STARTING.contains(&self.name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// With the index of its type.
    Function(u32),
    Table(TableFact),
    Memory(MemoryFact),
    Global(Val),
    Tag,
}

#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    pub name: &'a str,
    pub kind: ExportKind,
    pub index: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    Function,
    Table,
    Memory,
    Global,
    Tag,
}

impl ExportKind {
    pub fn text(self) -> &'static str {
        match self {
            Self::Function => "func",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryFact {
    pub initial: u64,
    pub maximum: Option<u64>,
    pub shared: bool,
    pub memory64: bool,
    pub imported: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFact {
    pub element: Val,
    pub initial: u64,
    pub maximum: Option<u64>,
    pub table64: bool,
    pub nullable: bool,
    pub imported: bool,
}

#[derive(Debug, Default)]
pub struct Sections<'a> {
    pub list: Vec<SectionFact<'a>>,
    pub left_out: u64,
    pub debug_bytes: u64,
    pub precompiled_bytes: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct SectionFact<'a> {
    pub name: SectionName<'a>,
    pub size: u64,
    pub count: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionName<'a> {
    Known(&'static str),
    Custom(&'a [u8]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    pub field: &'static str,
    pub name: String,
    pub version: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NameHints {
    pub rust_sdk: bool,
    /// Methods of the Rust SDK's traits, which only a module has that implements the trait.
    pub http_context: bool,
    pub stream_context: bool,
    pub root_context: bool,
    pub go_sdk: bool,
    pub cpp_sdk: bool,
    pub go: bool,
    pub tinygo: bool,
    pub assemblyscript: bool,
}

impl<'a> Facts<'a> {
    pub fn new(sha256: String, size: u64, shape: Shape, host: HostView) -> Self {
        Self {
            sha256,
            size,
            shape,
            host,
            fault: None,
            limit: None,
            types: Types::default(),
            imports: Vec::new(),
            exports: Vec::new(),
            functions: Space::default(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: 0,
            start: None,
            start_calls: None,
            stuck: None,
            instance: Instance::default(),
            sections: Sections::default(),
            producers: Vec::new(),
            hints: NameHints::default(),
        }
    }

    /// The functions that a host calls first, by the names that it knows them by, in order.
    pub fn first_calls(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let reactor = self.exports_function("_initialize");
        let main = if self.exports_function("main") { "main" } else { "__main_void" };
        let names = if reactor { [Some("_initialize"), Some(main)] } else { [Some("_start"), None] };
        names.into_iter().flatten().filter_map(|name| {
            let of = |export: &&Export<'_>| export.kind == ExportKind::Function && export.name == name;
            self.exports.iter().find(of).map(|export| (name, export.index))
        })
    }

    /// The bytes are a core module, whole and valid: only then do the checks on its parts mean much.
    pub fn is_sound(&self) -> bool {
        self.shape == Shape::Module && self.fault.is_none() && self.limit.is_none()
    }

    /// The module has a header and some of its parts were read, sound or not.
    pub fn is_module(&self) -> bool {
        self.shape == Shape::Module
    }

    pub fn function_imports(&self) -> impl Iterator<Item = (&Import<'a>, Signature<'_>)> {
        self.imports.iter().filter_map(|import| match import.kind {
            ImportKind::Function(ty) => Some((import, self.types.get(ty)?)),
            _ => None,
        })
    }

    pub fn imports_function(&self, module: &str, name: &str) -> bool {
        self.imports
            .iter()
            .any(|import| import.is_function() && import.module == module && import.name == name)
    }

    /// The type of an exported function.
    pub fn signature_of(&self, export: &Export<'_>) -> Option<Signature<'_>> {
        if export.kind != ExportKind::Function {
            return None;
        }
        let ty = self.functions.types.get(usize::try_from(export.index).ok()?)?;
        self.types.get(*ty)
    }

    /// Export names are unique in a valid module.
    pub fn exported_function(&self, name: &str) -> Option<(&Export<'a>, Signature<'_>)> {
        let export =
            self.exports.iter().find(|export| export.kind == ExportKind::Function && export.name == name)?;
        Some((export, self.signature_of(export)?))
    }

    pub fn exports_function(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.kind == ExportKind::Function && export.name == name)
    }

    /// The memory through which the host and the module talk: the last one exported, else the last
    /// one imported, as the host picks it.
    pub fn host_memory(&self) -> Option<&MemoryFact> {
        let exported = self.exports.iter().rev().find(|export| export.kind == ExportKind::Memory);
        match exported {
            Some(export) => self.memories.get(usize::try_from(export.index).ok()?),
            None => self.memories.iter().rev().find(|memory| memory.imported),
        }
    }
}
