//! Limits that keep a verification bounded however the module is built. What goes over them is
//! reported as verdict `error`: the module may well be sound, the verifier did not finish.

use wasmparser::{
    FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody, ModuleArity, Operator,
    OperatorsReader, ValidatorResources,
};

use crate::facts::Fault;
use crate::features::Usage;
use crate::signature::Types;

/// Bytes. Istio's agent and Envoy Gateway fetch at most this much.
pub const MAX_SIZE: usize = 256 * 1024 * 1024;
/// The parser keeps some 700 bytes for each; compilers write a few thousand.
pub const MAX_TYPES: usize = 200_000;
/// Hosts offer about a hundred.
pub const MAX_IMPORTS: usize = 100_000;
/// Values on the stack of one function. A call that gives a thousand results is two bytes long, so
/// without this a few megabytes of code would ask for gigabytes.
const MAX_STACK: u32 = 12_000_000;
/// Open blocks in one function.
const MAX_BLOCKS: u32 = 1_000_000;
/// Operands moved and locals declared, in all functions together.
const MAX_WORK: u64 = 1_000_000_000;
/// A module whose widest type is below this cannot multiply work, so its operators are not weighed.
const WIDE: usize = 24;

pub enum Stop {
    Invalid(wasmparser::Error),
    /// V8 refuses what the parser lets pass.
    Refused(Fault),
    Limit(&'static str),
}

impl From<wasmparser::Error> for Stop {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid(error)
    }
}

/// Validates function bodies one after the other, keeping count.
#[derive(Default)]
pub struct BodyValidator {
    allocations: FuncValidatorAllocations,
    usage: Usage,
    work: u64,
}

impl BodyValidator {
    pub fn validate(
        &mut self,
        func: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        types: &Types,
    ) -> Result<(), Stop> {
        self.locals(body)?;
        let mut validator = func.into_validator(std::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        reader.set_features(*validator.features());
        self.operators(&mut validator, OperatorsReader::new(reader), types)?;
        self.allocations = validator.into_allocations();
        Ok(())
    }

    fn operators(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        mut reader: OperatorsReader<'_>,
        types: &Types,
    ) -> Result<(), Stop> {
        let wide = types.widest >= WIDE;
        while !reader.eof() {
            let at = reader.original_position();
            let operator = reader.read()?;
            self.usage.look_at(&operator, at, types).map_err(Stop::Refused)?;
            if wide {
                self.spend(weight(&operator, &validator.visitor(at)))?;
            }
            validator.op(at, &operator)?;
            within_stack(validator)?;
        }
        Ok(reader.finish()?)
    }

    /// What only the whole of the code shows.
    pub fn finish(&self) -> Result<(), Stop> {
        self.usage.verdict().map_err(Stop::Refused)
    }

    /// Each declared local costs a byte of memory to clear, however few bytes declare it.
    fn locals(&mut self, body: &FunctionBody<'_>) -> Result<(), Stop> {
        let Ok(locals) = body.get_locals_reader() else { return Ok(()) };
        for (count, ty) in locals.into_iter().map_while(Result::ok) {
            self.usage.local(ty);
            self.spend(u64::from(count) / 16)?;
        }
        Ok(())
    }

    fn spend(&mut self, work: u64) -> Result<(), Stop> {
        self.work = self.work.saturating_add(work);
        if self.work > MAX_WORK {
            return Err(Stop::Limit("its code moves more operands than the verifier is willing to follow"));
        }
        Ok(())
    }
}

fn within_stack(validator: &FuncValidator<ValidatorResources>) -> Result<(), Stop> {
    if validator.operand_stack_height() > MAX_STACK {
        return Err(Stop::Limit("a function puts more than 12,000,000 values on the stack"));
    }
    if validator.control_stack_height() > MAX_BLOCKS {
        return Err(Stop::Limit("a function nests more than 1,000,000 blocks"));
    }
    Ok(())
}

fn weight(operator: &Operator<'_>, arity: &impl ModuleArity) -> u64 {
    let (params, results) = operator.operator_arity(arity).unwrap_or((0, 0));
    let own = 1 + u64::from(params) + u64::from(results);
    match operator {
        // The operands are compared anew with every label.
        Operator::BrTable { targets } => own.saturating_mul(1 + u64::from(targets.len())),
        Operator::TryTable { try_table } => own + 1024 * try_table.catches.len() as u64,
        _ => own,
    }
}
