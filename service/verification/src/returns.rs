//! Whether a function can come back to its caller. Follows the structure of the code, not its values: every
//! branch may be taken and every loop left. So `false` is certain, and `true` is all that can be said
//! without running it.

use std::collections::HashMap;

use wasmparser::{BinaryReader, Catch, FunctionBody, Operator};

/// Operators, in all functions together: past it, any function may return.
const MOST_STEPS: u64 = 20_000_000;
/// Calls within calls.
const DEEPEST: u32 = 64;

pub struct Code<'a, F> {
    /// Functions before this one are imported.
    pub imported: usize,
    pub bodies: &'a [&'a [u8]],
    /// Whether this imported function never comes back.
    pub ends: F,
}

impl<F: Fn(usize) -> bool> Code<'_, F> {
    pub fn may_return(&self, function: u32) -> bool {
        Walk { code: self, known: HashMap::new(), left: MOST_STEPS }.may_return(function, 0)
    }
}

struct Walk<'w, 'a, F> {
    code: &'w Code<'a, F>,
    known: HashMap<u32, bool>,
    left: u64,
}

/// A block that is open; the function itself is the outermost.
struct Block {
    kind: Kind,
    /// Its beginning can be reached.
    entered: bool,
    /// Its end can be reached from elsewhere than the instruction before.
    targeted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// A branch to it goes back to its beginning.
    Loop,
    /// Without an `else`, so far.
    If,
}

impl<F: Fn(usize) -> bool> Walk<'_, '_, F> {
    fn may_return(&mut self, function: u32, depth: u32) -> bool {
        let Ok(index) = usize::try_from(function) else { return true };
        if index < self.code.imported {
            return !(self.code.ends)(index);
        }
        if let Some(known) = self.known.get(&function) {
            return *known;
        }
        let Some(body) = self.code.bodies.get(index - self.code.imported) else { return true };
        if depth > DEEPEST {
            return true;
        }
        // One that calls itself may, as long as nothing else is known.
        self.known.insert(function, true);
        let returns = self.walk(body, depth).unwrap_or(true);
        self.known.insert(function, returns);
        returns
    }

    /// None when the code cannot be followed.
    fn walk(&mut self, body: &[u8], depth: u32) -> Option<bool> {
        let mut reader = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader().ok()?;
        let mut way = Way { live: true, open: vec![Block::new(Kind::Plain, true)] };
        while !way.open.is_empty() {
            self.left = self.left.checked_sub(1)?;
            let operator = reader.read().ok()?;
            match operator {
                _ if way.structure(&operator) => {}
                _ if !way.live => {}
                Operator::Call { function_index } => way.live = self.may_return(function_index, depth + 1),
                Operator::ReturnCall { function_index } => {
                    let returns = self.may_return(function_index, depth + 1);
                    way.leave(returns);
                }
                operator => way.branch(&operator),
            }
        }
        Some(way.live)
    }
}

impl Block {
    fn new(kind: Kind, entered: bool) -> Self {
        Self { kind, entered, targeted: false }
    }
}

struct Way {
    /// The next instruction can be reached.
    live: bool,
    open: Vec<Block>,
}

impl Way {
    /// What opens, divides and closes blocks counts in dead code, too.
    fn structure(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { .. } | Operator::Try { .. } => self.enter(Kind::Plain),
            Operator::Loop { .. } => self.enter(Kind::Loop),
            Operator::If { .. } => self.enter(Kind::If),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = catch;
                    self.target(*label);
                }
                self.enter(Kind::Plain);
            }
            Operator::Else | Operator::Catch { .. } | Operator::CatchAll => self.divide(),
            Operator::Delegate { .. } => {
                // What is thrown inside goes elsewhere; this much is certain only of what is not entered.
                self.live |= self.open.last().is_some_and(|block| block.entered);
                self.close();
            }
            Operator::End => self.close(),
            _ => return false,
        }
        true
    }

    fn enter(&mut self, kind: Kind) {
        self.open.push(Block::new(kind, self.live));
    }

    fn divide(&mut self) {
        if let Some(block) = self.open.last_mut() {
            block.kind = Kind::Plain;
            block.targeted |= self.live;
            self.live = block.entered;
        }
    }

    fn close(&mut self) {
        if let Some(block) = self.open.pop() {
            self.live |= match block.kind {
                Kind::Plain => block.targeted,
                Kind::If => block.targeted || block.entered,
                Kind::Loop => false,
            };
        }
    }

    fn branch(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Br { relative_depth } => {
                self.target(*relative_depth);
                self.live = false;
            }
            Operator::BrTable { targets } => {
                for target in targets.targets().map_while(Result::ok).chain([targets.default()]) {
                    self.target(target);
                }
                self.live = false;
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.target(*relative_depth),
            Operator::Return | Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                self.leave(true);
            }
            Operator::Unreachable
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. } => self.live = false,
            _ => {}
        }
    }

    fn target(&mut self, depth: u32) {
        let at = usize::try_from(depth).ok().and_then(|depth| self.open.len().checked_sub(depth + 1));
        if let Some(block) = at.and_then(|at| self.open.get_mut(at)) {
            block.targeted = true;
        }
    }

    fn leave(&mut self, returns: bool) {
        if let Some(function) = self.open.first_mut() {
            function.targeted |= returns;
        }
        self.live = false;
    }
}
