//! Function types as the host compares them: by the kind of each value. Owns the compact form that
//! the tables are written in (`iiI>i`: i32, i32, i64 to i32) and the long form people read.

use wasmparser::{
    AbstractHeapType, CompositeInnerType, FuncType, HeapType, RefType, StorageType, SubType, ValType,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    I32,
    I64,
    F32,
    F64,
    V128,
    FuncRef,
    ExternRef,
    ExnRef,
    /// Any other reference: to objects, or to functions of one type.
    OtherRef,
}

impl Val {
    pub fn of(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
            ValType::Ref(reference) => Self::of_ref(reference),
        }
    }

    pub fn of_ref(ty: RefType) -> Self {
        match ty.heap_type() {
            HeapType::Abstract { ty: AbstractHeapType::Func, shared: false } => Self::FuncRef,
            HeapType::Abstract { ty: AbstractHeapType::Extern, shared: false } => Self::ExternRef,
            HeapType::Abstract { ty: AbstractHeapType::Exn | AbstractHeapType::NoExn, .. } => Self::ExnRef,
            _ => Self::OtherRef,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
            Self::ExnRef => "exnref",
            Self::OtherRef => "ref",
        }
    }

    fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'i' => Some(Self::I32),
            b'I' => Some(Self::I64),
            _ => None,
        }
    }

    /// V8's C++ interface, which the host uses, ends the process on a type it has no name for.
    pub fn breaks_the_boundary(self) -> bool {
        matches!(self, Self::V128 | Self::ExnRef | Self::OtherRef)
    }
}

/// One function type, borrowed from [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    pub params: &'a [Val],
    pub results: &'a [Val],
    /// The first value kind that must not appear in an import or export.
    pub breaking: Option<Val>,
}

impl Signature<'_> {
    /// Compares with the compact form of a table.
    pub fn is(&self, compact: &str) -> bool {
        let (params, results) = compact.split_once('>').unwrap_or((compact, ""));
        same(self.params, params) && same(self.results, results)
    }

    /// `(i32, i32) -> i32`, cut where a type is absurdly long.
    pub fn text(&self) -> String {
        format!("({}) -> {}", list(self.params), results_text(self.results))
    }
}

fn same(vals: &[Val], letters: &str) -> bool {
    vals.len() == letters.len()
        && vals.iter().zip(letters.bytes()).all(|(val, letter)| Val::from_letter(letter) == Some(*val))
}

fn list(vals: &[Val]) -> String {
    const LONGEST: usize = 16;
    let mut out = vals.iter().take(LONGEST).map(|val| val.text()).collect::<Vec<_>>().join(", ");
    if vals.len() > LONGEST {
        out.push_str(&format!(", … {} more", vals.len() - LONGEST));
    }
    out
}

fn results_text(vals: &[Val]) -> String {
    match vals {
        [] => "()".to_owned(),
        [one] => one.text().to_owned(),
        many => format!("({})", list(many)),
    }
}

/// The long form of a compact type.
pub fn compact_text(compact: &str) -> String {
    let (params, results) = compact.split_once('>').unwrap_or((compact, ""));
    let vals = |letters: &str| letters.bytes().filter_map(Val::from_letter).collect::<Vec<_>>();
    format!("({}) -> {}", list(&vals(params)), results_text(&vals(results)))
}

/// The type index space, kept flat: a module can declare a million types, so no box for each.
#[derive(Debug, Default)]
pub struct Types {
    vals: Vec<Val>,
    all: Vec<Declared>,
    /// The most values that one type takes and gives, fields of objects included.
    pub widest: usize,
}

#[derive(Clone, Copy, Debug)]
enum Declared {
    Function(Span),
    /// Bytes of one object, or of one element of an array.
    Object(u64),
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    params: usize,
    results: usize,
    breaking: Option<Val>,
}

impl Types {
    pub fn push(&mut self, ty: &SubType) {
        let declared = match &ty.composite_type.inner {
            CompositeInnerType::Func(func) => Declared::Function(self.function(func)),
            CompositeInnerType::Struct(fields) => {
                self.widest = self.widest.max(fields.fields.len());
                Declared::Object(fields.fields.iter().map(|field| bytes(field.element_type)).sum())
            }
            CompositeInnerType::Array(array) => Declared::Object(bytes(array.0.element_type)),
            CompositeInnerType::Cont(_) => Declared::Object(0),
        };
        self.all.push(declared);
    }

    fn function(&mut self, func: &FuncType) -> Span {
        let start = self.vals.len();
        self.vals.extend(func.params().iter().chain(func.results()).map(|val| Val::of(*val)));
        self.widest = self.widest.max(self.vals.len() - start);
        let breaking = self.vals[start..].iter().copied().find(|val| val.breaks_the_boundary());
        Span { start, params: func.params().len(), results: func.results().len(), breaking }
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }

    pub fn get(&self, index: u32) -> Option<Signature<'_>> {
        let Declared::Function(span) = self.all.get(usize::try_from(index).ok()?)? else { return None };
        let middle = span.start + span.params;
        Some(Signature {
            params: self.vals.get(span.start..middle)?,
            results: self.vals.get(middle..middle + span.results)?,
            breaking: span.breaking,
        })
    }

    /// Bytes of a struct, or of one element of an array; 0 for anything else.
    pub fn object_bytes(&self, index: u32) -> u64 {
        match usize::try_from(index).ok().and_then(|index| self.all.get(index)) {
            Some(Declared::Object(bytes)) => *bytes,
            _ => 0,
        }
    }
}

fn bytes(ty: StorageType) -> u64 {
    match ty {
        StorageType::I8 => 1,
        StorageType::I16 => 2,
        StorageType::Val(ValType::I32 | ValType::F32) => 4,
        StorageType::Val(ValType::V128) => 16,
        StorageType::Val(_) => 8,
    }
}
