//! What making an instance does before any code of the module runs: constant expressions, segments
//! copied into place, tables and objects put on the engine's heap. Collects facts; judges nothing.

use wasmparser::{ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Operator};

use crate::facts::{MemoryFact, TableFact};
use crate::signature::{Types, Val};

const PAGE: u64 = 65_536;
const MOST_MISPLACED: usize = 100;
/// Bytes that V8 keeps for one entry: of a table of functions (the reference and what it calls), and
/// of any other reference.
const FUNCTION_ENTRY: u64 = 24;
const REFERENCE: u64 = 8;

#[derive(Debug, Default)]
pub struct Instance {
    /// Values of globals, where they are constant integers.
    globals: Vec<Option<u64>>,
    /// Bytes on the engine's heap for tables and for objects that constant expressions make.
    pub heap: u64,
    /// Bytes of the largest array that a constant expression makes.
    pub largest_array: u64,
    /// Segments that do not fit in the table or memory they are copied to.
    pub misplaced: Vec<Misplaced>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misplaced {
    pub what: &'static str,
    pub index: usize,
    pub offset: u64,
    pub size: u64,
    pub room: u64,
}

impl Instance {
    pub fn imported_global(&mut self) {
        self.globals.push(None);
    }

    pub fn global(&mut self, types: &Types, init: &ConstExpr<'_>) {
        let value = self.evaluate(types, init);
        self.globals.push(value);
    }

    pub fn table(&mut self, types: &Types, table: &TableFact, init: Option<&ConstExpr<'_>>) {
        let entry = if table.element == Val::FuncRef { FUNCTION_ENTRY } else { REFERENCE };
        self.allocate(table.initial.saturating_mul(entry));
        if let Some(init) = init {
            self.evaluate(types, init);
        }
    }

    pub fn element(&mut self, types: &Types, tables: &[TableFact], index: usize, element: &Element<'_>) {
        let ElementKind::Active { table_index, offset_expr } = &element.kind else { return };
        let size = match &element.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) => {
                for item in items.clone().into_iter().map_while(Result::ok) {
                    self.evaluate(types, &item);
                }
                items.count()
            }
        };
        let offset = self.evaluate(types, offset_expr);
        let table = usize::try_from(table_index.unwrap_or(0)).ok().and_then(|table| tables.get(table));
        if let (Some(offset), Some(table)) = (offset, table) {
            let offset = if table.table64 { offset } else { offset & u64::from(u32::MAX) };
            self.place("element", index, offset, u64::from(size), table.initial);
        }
    }

    pub fn data(&mut self, types: &Types, memories: &[MemoryFact], index: usize, data: &Data<'_>) {
        let DataKind::Active { memory_index, offset_expr } = &data.kind else { return };
        let offset = self.evaluate(types, offset_expr);
        let memory = usize::try_from(*memory_index).ok().and_then(|memory| memories.get(memory));
        if let (Some(offset), Some(memory)) = (offset, memory) {
            let offset = if memory.memory64 { offset } else { offset & u64::from(u32::MAX) };
            self.place("data", index, offset, data.data.len() as u64, memory.initial.saturating_mul(PAGE));
        }
    }

    fn place(&mut self, what: &'static str, index: usize, offset: u64, size: u64, room: u64) {
        let fits = offset.checked_add(size).is_some_and(|end| end <= room);
        if !fits && self.misplaced.len() < MOST_MISPLACED {
            self.misplaced.push(Misplaced { what, index, offset, size, room });
        }
    }

    fn allocate(&mut self, bytes: u64) {
        self.heap = self.heap.saturating_add(bytes);
    }

    /// The value of a constant expression of integers; what it allocates is counted on the way.
    fn evaluate(&mut self, types: &Types, expr: &ConstExpr<'_>) -> Option<u64> {
        let mut reader = expr.get_operators_reader();
        let mut stack: Vec<Option<u64>> = Vec::new();
        while !reader.eof() {
            let value = match reader.read().ok()? {
                Operator::End => break,
                Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
                Operator::I64Const { value } => Some(value.cast_unsigned()),
                Operator::GlobalGet { global_index } => {
                    usize::try_from(global_index).ok().and_then(|index| *self.globals.get(index)?)
                }
                Operator::I32Add => binary(&mut stack, |a, b| low(a.wrapping_add(b))),
                Operator::I32Sub => binary(&mut stack, |a, b| low(a.wrapping_sub(b))),
                Operator::I32Mul => binary(&mut stack, |a, b| low(a.wrapping_mul(b))),
                Operator::I64Add => binary(&mut stack, u64::wrapping_add),
                Operator::I64Sub => binary(&mut stack, u64::wrapping_sub),
                Operator::I64Mul => binary(&mut stack, u64::wrapping_mul),
                Operator::ArrayNew { array_type_index } | Operator::ArrayNewDefault { array_type_index } => {
                    let length = stack.pop().flatten().unwrap_or(0);
                    self.array(types, array_type_index, length);
                    None
                }
                Operator::ArrayNewFixed { array_type_index, array_size } => {
                    self.array(types, array_type_index, u64::from(array_size));
                    None
                }
                Operator::StructNew { struct_type_index }
                | Operator::StructNewDefault { struct_type_index } => {
                    self.allocate(types.object_bytes(struct_type_index));
                    None
                }
                _ => None,
            };
            stack.push(value);
        }
        stack.pop().flatten()
    }

    fn array(&mut self, types: &Types, index: u32, length: u64) {
        let bytes = length.saturating_mul(types.object_bytes(index));
        self.largest_array = self.largest_array.max(bytes);
        self.allocate(bytes);
    }
}

fn binary(stack: &mut Vec<Option<u64>>, operation: impl Fn(u64, u64) -> u64) -> Option<u64> {
    let right = stack.pop().flatten();
    let left = stack.pop().flatten();
    Some(operation(left?, right?))
}

fn low(value: u64) -> u64 {
    value & u64::from(u32::MAX)
}
