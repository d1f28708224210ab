//! Small proxy-wasm modules with exactly one fact changed, and what Envoy 1.40 does with each. Written
//! down independently of the verifier's own tables, so that one mistake does not hide the other.

mod draft;
mod edges;
mod limits;
mod offers;
mod parts;
mod starts;
mod whole;

pub use draft::Draft;
pub use whole::{blocks, custom, empty_functions, many_locals, named, wide_stack};
use whole::{leb, section};

/// What Envoy does when its configuration is loaded, before any request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Loads,
    Refuses,
    /// The process ends by a signal, or never answers.
    Dies,
    /// Loads, and the first call of the right kind ends the process.
    LoadsUntilUsed,
    /// Refuses because of what the module does when it runs, which its bytes do not tell.
    RefusesByRunning,
}

#[derive(Clone, Debug)]
pub struct Mutant {
    pub name: String,
    pub bytes: Vec<u8>,
    pub outcome: Outcome,
}

impl Mutant {
    fn new(name: impl Into<String>, bytes: Vec<u8>, outcome: Outcome) -> Self {
        Self { name: name.into(), bytes, outcome }
    }
}

/// An HTTP filter of ABI 0.2.1 that does nothing, without a flaw.
#[must_use]
pub fn good() -> Vec<u8> {
    Draft::good().bytes()
}

/// The same with bytes of its own, for tests that need many modules.
#[must_use]
pub fn unique(tag: &str) -> Vec<u8> {
    let mut bytes = good();
    bytes.extend(custom(b"tag", tag.as_bytes()));
    bytes
}

/// Every mutant, named uniquely.
#[must_use]
pub fn mutants() -> Vec<Mutant> {
    let mut all = vec![Mutant::new("good", good(), Outcome::Loads)];
    offers::host_functions(&mut all);
    offers::wasi_functions(&mut all);
    offers::callbacks(&mut all);
    parts::entry_points(&mut all);
    parts::memories(&mut all);
    starts::starts(&mut all);
    limits::limits(&mut all);
    edges::links(&mut all);
    edges::boundary(&mut all);
    edges::segments(&mut all);
    edges::language(&mut all);
    whole::files(&mut all);
    whole::sections(&mut all);
    whole::names(&mut all);
    whole::engine_limits(&mut all);
    all
}
