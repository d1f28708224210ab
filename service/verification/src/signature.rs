//! Function types as the host compares them: by the kind of each value. Owns the compact form that
//! the tables are written in (`iiI>i`: i32, i32, i64 to i32) and the long form people read.

use wasmparser::{AbstractHeapType, HeapType, RefType, SubType, ValType};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    I32,
    I64,
    F32,
    F64,
    V128,
    FuncRef,
    ExternRef,
    /// Any other reference: GC, exception, stack switching, typed function references.
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
        matches!(self, Self::V128 | Self::OtherRef)
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
    spans: Vec<Option<Span>>,
    /// The most values that one type takes and gives, struct fields included.
    pub widest: usize,
    /// Whether a struct, array or other garbage-collected type is declared.
    pub gc: bool,
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
        let span = match &ty.composite_type.inner {
            wasmparser::CompositeInnerType::Func(func) => {
                let start = self.vals.len();
                let all = func.params().iter().chain(func.results()).map(|val| Val::of(*val));
                self.vals.extend(all);
                self.widest = self.widest.max(self.vals.len() - start);
                let breaking = self.vals[start..].iter().copied().find(|val| val.breaks_the_boundary());
                Some(Span { start, params: func.params().len(), results: func.results().len(), breaking })
            }
            wasmparser::CompositeInnerType::Struct(fields) => {
                self.widest = self.widest.max(fields.fields.len());
                self.gc = true;
                None
            }
            _ => {
                self.gc = true;
                None
            }
        };
        self.spans.push(span);
    }

    pub fn get(&self, index: u32) -> Option<Signature<'_>> {
        let span = self.spans.get(usize::try_from(index).ok()?).copied().flatten()?;
        let middle = span.start + span.params;
        Some(Signature {
            params: self.vals.get(span.start..middle)?,
            results: self.vals.get(middle..middle + span.results)?,
            breaking: span.breaking,
        })
    }
}
