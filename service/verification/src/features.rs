//! Where V8 is stricter than the parser about instructions. Sources: v8 `src/wasm/wasm-limits.h` and
//! `src/wasm/function-body-decoder-impl.h`, and Envoy 1.40 itself.

use wasmparser::{BlockType, Operator, ValType};

use crate::facts::Fault;
use crate::signature::{Types, Val};

/// Targets of one `br_table`.
const MOST_TARGETS: u32 = 65_520;
/// Operands of one `array.new_fixed`.
const MOST_OPERANDS: u32 = 10_000;

/// What the code uses, as far as it matters.
#[derive(Debug, Default)]
pub struct Usage {
    legacy_exceptions: bool,
    exception_references: bool,
}

impl Usage {
    pub fn local(&mut self, ty: ValType) {
        self.exception_references |= Val::of(ty) == Val::ExnRef;
    }

    pub fn look_at(&mut self, operator: &Operator<'_>, offset: u64, types: &Types) -> Result<(), Fault> {
        let too_many = |what: &str, most: u32| {
            Err(Fault { message: format!("more than {most} {what}, the limit of V8"), offset })
        };
        match operator {
            Operator::BrTable { targets } if targets.len() > MOST_TARGETS => {
                too_many("targets in one br_table", MOST_TARGETS)
            }
            Operator::ArrayNewFixed { array_size, .. } if *array_size > MOST_OPERANDS => {
                too_many("operands of one array.new_fixed", MOST_OPERANDS)
            }
            _ => {
                self.exceptions(operator, types);
                Ok(())
            }
        }
    }

    fn exceptions(&mut self, operator: &Operator<'_>, types: &Types) {
        match operator {
            Operator::Try { blockty } => {
                self.legacy_exceptions = true;
                self.block(blockty, types);
            }
            Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Rethrow { .. }
            | Operator::Delegate { .. } => self.legacy_exceptions = true,
            Operator::TryTable { .. } | Operator::ThrowRef => self.exception_references = true,
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.block(blockty, types);
            }
            Operator::RefNull { hty } => {
                let ty = wasmparser::RefType::new(true, *hty).map(Val::of_ref);
                self.exception_references |= ty == Some(Val::ExnRef);
            }
            Operator::TypedSelect { ty } => self.local(*ty),
            _ => {}
        }
    }

    fn block(&mut self, ty: &BlockType, types: &Types) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.local(*ty),
            BlockType::FuncType(index) => {
                let Some(signature) = types.get(*index) else { return };
                self.exception_references |=
                    signature.params.iter().chain(signature.results).any(|val| *val == Val::ExnRef);
            }
        }
    }

    pub fn verdict(&self) -> Result<(), Fault> {
        if self.legacy_exceptions && self.exception_references {
            let message = "the code mixes old and new exception instructions, which V8 refuses".to_owned();
            return Err(Fault { message, offset: 0 });
        }
        Ok(())
    }
}
