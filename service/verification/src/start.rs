//! What the start section does for certain. It runs while the instance is made, before the host knows
//! the module's memory, so that a call to the host from there ends the proxy. Follows the code only as
//! far as it runs whatever the values are: to the first branch.

use wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader};

const MOST_STEPS: u32 = 10_000;
const DEEPEST: usize = 32;

/// The first of these imported functions that the start function is bound to call and that matters.
pub fn certain_call(
    start: u32,
    imported: usize,
    bodies: &[&[u8]],
    matters: impl Fn(usize) -> bool,
) -> Option<usize> {
    let body = |function: u32| {
        let index = usize::try_from(function).ok()?.checked_sub(imported)?;
        FunctionBody::new(BinaryReader::new(bodies.get(index)?, 0)).get_operators_reader().ok()
    };
    let mut stack: Vec<(OperatorsReader<'_>, u32)> = vec![(body(start)?, 1)];
    for _ in 0..MOST_STEPS {
        let (reader, open) = stack.last_mut()?;
        match reader.read().ok()? {
            Operator::Call { function_index } => {
                let function = usize::try_from(function_index).ok()?;
                if function < imported {
                    if matters(function) {
                        return Some(function);
                    }
                    continue;
                }
                if stack.len() >= DEEPEST {
                    return None;
                }
                stack.push((body(function_index)?, 1));
            }
            Operator::Block { .. } | Operator::Loop { .. } => *open += 1,
            Operator::End => {
                *open -= 1;
                if *open == 0 {
                    stack.pop();
                }
            }
            operator if stays_on_course(&operator) => {}
            _ => return None,
        }
    }
    None
}

/// Plain computing: it goes on with the next instruction, or traps.
fn stays_on_course(operator: &Operator<'_>) -> bool {
    !matches!(
        operator,
        Operator::If { .. }
            | Operator::Else
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::Unreachable
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Rethrow { .. }
    )
}
