//! Patterns of strangers over texts of strangers: what one costs is known by the size that it compiles to.
use super::{Check, Told, faults::unknown};
use regex::Regex;

pub struct Pattern {
    regex: Regex,
    /// The bound that it was compiled within.
    size: usize,
}

/// Written out, the classes in a long one take thousands of times its size.
const LONGEST: usize = 1000;
/// One after the other, so that the small ones are known as small.
const SIZES: [usize; 3] = [1 << 14, 1 << 16, 1 << 18];
/// Bytes of a compiled pattern over which one byte of text is a step.
const PER_STEP: usize = 1 << 16;

impl Check<'_> {
    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Told<bool> {
        if pattern.len() > LONGEST {
            return Err(format!("the schema has a pattern of more than {LONGEST} bytes"));
        }
        self.pay(1 + pattern.len() / 64)?;
        if !self.patterns.contains_key(pattern) {
            let built = self.build(pattern)?;
            self.patterns.insert(pattern.to_owned(), built);
        }
        let Some(found) = self.patterns.get(pattern) else { return Ok(false) };
        let steps = text.len().saturating_mul(found.size) / PER_STEP;
        self.steps = self.steps.checked_sub(steps).ok_or(super::TOO_LONG)?;
        Ok(found.regex.is_match(text))
    }

    fn build(&mut self, pattern: &str) -> Told<Pattern> {
        for size in SIZES {
            self.pay(100 + pattern.len() * 8 + size / 128)?;
            match regex::RegexBuilder::new(pattern).size_limit(size).nest_limit(50).build() {
                Ok(regex) => return Ok(Pattern { regex, size }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => break,
            }
        }
        Err(unknown(format_args!("the schema has the pattern `{pattern}`, which is not understood here")))
    }
}
