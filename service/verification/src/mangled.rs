//! How long a C++ name gets when it is decoded. Envoy decodes every name of the `name` section while
//! it loads a module; a mangled name can refer back to what it said before, so a few hundred bytes
//! can stand for more text than a machine holds. Counts without building the text (Itanium C++ ABI,
//! "External Names").

/// References back with which a name can still not grow dangerously: three to a step, each step
/// three times the last.
const FEW_REFERENCES: usize = 9;
/// References back in a name that this reader does not understand, from which it is called unbounded.
const MANY_REFERENCES: usize = 40;
const DEEPEST: u32 = 100;
/// Text for one of the standard library's short forms, and for an operator or a simple type.
const LONG_WORD: u64 = 70;
const WORD: u64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// About so many bytes.
    Bytes(u64),
    Unknown,
}

pub fn is_mangled(name: &[u8]) -> bool {
    start(name).is_some()
}

fn start(name: &[u8]) -> Option<usize> {
    let underscores = name.iter().take_while(|byte| **byte == b'_').count();
    let mangled = (1..=4).contains(&underscores) && name.get(underscores) == Some(&b'Z');
    mangled.then_some(underscores + 1)
}

pub fn decoded(name: &[u8]) -> Decoded {
    let Some(start) = start(name) else { return Decoded::Bytes(name.len() as u64) };
    let references = references(name);
    if references < FEW_REFERENCES {
        return Decoded::Bytes(name.len() as u64);
    }
    let mut reader =
        Reader { text: name, at: start, known: Vec::new(), arguments: Vec::new(), depth: 0, last: 0 };
    match reader.encoding() {
        Some(bytes) => Decoded::Bytes(bytes),
        // What was read so far counts even if the rest makes no sense here.
        None if reader.last > u64::from(u32::MAX) => Decoded::Bytes(reader.last),
        None if references < MANY_REFERENCES => Decoded::Bytes(name.len() as u64),
        None => Decoded::Unknown,
    }
}

/// `S_`, `S0_`, `T_`, ... in the name, and a few that only look so.
fn references(name: &[u8]) -> usize {
    let mut count = 0;
    let mut open = false;
    for byte in name {
        match byte {
            b'S' | b'T' => open = true,
            b'_' if open => {
                count += 1;
                open = false;
            }
            b'0'..=b'9' | b'A'..=b'Z' => {}
            _ => open = false,
        }
    }
    count
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Sizes of what `S_`, `S0_`, ... stand for.
    known: Vec<u64>,
    /// Sizes of what `T_`, `T0_`, ... stand for.
    arguments: Vec<u64>,
    depth: u32,
    /// The largest size seen.
    last: u64,
}

/// `None`: not understood.
type Size = Option<u64>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next_is(&self, ahead: usize, byte: u8) -> bool {
        self.text.get(self.at + ahead) == Some(&byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next_is(0, byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    /// Digits and capitals up to an underscore, as an index that starts one later.
    fn sequence(&mut self) -> Option<usize> {
        let mut index: usize = 0;
        let mut empty = true;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            let digit = match byte {
                b'_' => return Some(if empty { 0 } else { index.checked_add(1)? }),
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                _ => return None,
            };
            empty = false;
            index = index.checked_mul(36)?.checked_add(usize::from(digit))?;
        }
    }

    fn remember(&mut self, size: u64) -> Size {
        self.known.push(size);
        self.last = self.last.max(size);
        Some(size)
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Size) -> Size {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let size = read(self);
        self.depth -= 1;
        size
    }

    fn encoding(&mut self) -> Size {
        let mut size = if self.take(b'T') {
            // Tables and names of types; thunks wrap a whole encoding.
            match self.peek()? {
                b'V' | b'T' | b'I' | b'S' => {
                    self.at += 1;
                    self.type_()?
                }
                _ => return None,
            }
        } else {
            self.name(true)?
        };
        while self.peek().is_some_and(|byte| byte != b'E' && byte != b'.') {
            size = size.saturating_add(self.type_()?).saturating_add(2);
            self.last = self.last.max(size);
        }
        Some(size)
    }

    fn name(&mut self, outermost: bool) -> Size {
        let size = match self.peek()? {
            b'N' => return self.nested(outermost),
            b'Z' => return self.deeper(Self::local),
            b'S' if self.next_is(1, b't') => {
                self.at += 2;
                self.unqualified()?.saturating_add(5)
            }
            b'S' => {
                let size = self.substitution()?;
                return Some(size.saturating_add(self.template_arguments(outermost)?));
            }
            _ => self.unqualified()?,
        };
        if self.next_is(0, b'I') {
            self.remember(size);
            return Some(size.saturating_add(self.template_arguments(outermost)?));
        }
        Some(size)
    }

    fn local(&mut self) -> Size {
        self.expect(b'Z')?;
        let outer = self.encoding()?;
        self.expect(b'E')?;
        if self.take(b's') {
            return Some(outer.saturating_add(WORD));
        }
        let inner = self.name(false)?;
        if self.take(b'_') {
            self.take(b'_');
            self.number()?;
            self.take(b'_');
        }
        Some(outer.saturating_add(inner))
    }

    fn nested(&mut self, outermost: bool) -> Size {
        self.expect(b'N')?;
        while matches!(self.peek()?, b'r' | b'V' | b'K' | b'R' | b'O') {
            self.at += 1;
        }
        let mut size: u64 = 0;
        let mut remembered = false;
        while !self.take(b'E') {
            remembered = true;
            size = match self.peek()? {
                b'S' if self.next_is(1, b't') => {
                    self.at += 2;
                    remembered = false;
                    3
                }
                b'S' => {
                    remembered = false;
                    self.substitution()?
                }
                b'T' => self.parameter()?,
                b'I' => size.saturating_add(self.template_arguments(outermost)?),
                b'M' => {
                    self.at += 1;
                    continue;
                }
                _ => size.saturating_add(2).saturating_add(self.unqualified()?),
            };
            if remembered {
                self.remember(size);
            }
        }
        if remembered {
            self.known.pop();
        }
        Some(size)
    }

    fn unqualified(&mut self) -> Size {
        self.take(b'L');
        let mut size = match self.peek()? {
            b'0'..=b'9' => self.source()?,
            b'C' | b'D' if self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit) => {
                self.at += 2;
                WORD
            }
            b'U' if self.next_is(1, b't') => {
                self.at += 2;
                self.sequence()?;
                WORD
            }
            b'U' if self.next_is(1, b'l') => {
                self.at += 2;
                let size = self.until_end(Self::type_)?;
                self.sequence()?;
                size.saturating_add(WORD)
            }
            b'c' if self.next_is(1, b'v') => {
                self.at += 2;
                self.type_()?.saturating_add(WORD)
            }
            b'a'..=b'z' => {
                self.at += 2;
                WORD
            }
            _ => return None,
        };
        while self.take(b'B') {
            size = size.saturating_add(self.source()?);
        }
        Some(size)
    }

    fn source(&mut self) -> Size {
        let length = self.number()?;
        self.at = self.at.checked_add(length).filter(|at| *at <= self.text.len())?;
        Some(length as u64)
    }

    fn substitution(&mut self) -> Size {
        self.expect(b'S')?;
        if self.peek()?.is_ascii_lowercase() {
            self.at += 1;
            return Some(LONG_WORD);
        }
        let index = self.sequence()?;
        self.known.get(index).copied()
    }

    fn parameter(&mut self) -> Size {
        self.expect(b'T')?;
        let index = self.sequence()?;
        Some(self.arguments.get(index).copied().unwrap_or(WORD))
    }

    fn until_end(&mut self, read: impl Fn(&mut Self) -> Size) -> Size {
        let mut size: u64 = 0;
        while !self.take(b'E') {
            size = size.saturating_add(read(self)?).saturating_add(2);
            self.last = self.last.max(size);
        }
        Some(size)
    }

    fn template_arguments(&mut self, outermost: bool) -> Size {
        if !self.take(b'I') {
            return Some(0);
        }
        let mut sizes = Vec::new();
        while !self.take(b'E') {
            sizes.push(self.deeper(Self::template_argument)?);
        }
        let size = sizes.iter().fold(2u64, |sum, size| sum.saturating_add(*size).saturating_add(2));
        if outermost {
            self.arguments = sizes;
        }
        self.last = self.last.max(size);
        Some(size)
    }

    fn template_argument(&mut self) -> Size {
        match self.peek()? {
            b'J' => {
                self.at += 1;
                self.until_end(|reader| reader.deeper(Self::template_argument))
            }
            b'L' => self.literal(),
            // An expression.
            b'X' => None,
            _ => self.type_(),
        }
    }

    fn literal(&mut self) -> Size {
        self.expect(b'L')?;
        if self.next_is(0, b'Z') || self.next_is(0, b'_') {
            self.take(b'_');
            self.expect(b'Z')?;
            let size = self.encoding()?;
            self.expect(b'E')?;
            return Some(size);
        }
        let size = self.type_()?;
        let value = self.text[self.at..].iter().take_while(|byte| **byte != b'E').count();
        self.at += value;
        self.expect(b'E')?;
        Some(size.saturating_add(value as u64))
    }

    fn type_(&mut self) -> Size {
        self.deeper(Self::type_inside)
    }

    fn type_inside(&mut self) -> Size {
        let size = match self.peek()? {
            b'v' | b'w' | b'b' | b'c' | b'a' | b'h' | b's' | b't' | b'i' | b'j' | b'l' | b'm' | b'x'
            | b'y' | b'n' | b'o' | b'f' | b'd' | b'e' | b'g' | b'z' => {
                self.at += 1;
                return Some(WORD);
            }
            b'D' => return self.type_d(),
            b'S' if !self.next_is(1, b't') => {
                let size = self.substitution()?;
                if !self.next_is(0, b'I') {
                    return Some(size);
                }
                size.saturating_add(self.template_arguments(false)?)
            }
            b'r' | b'V' | b'K' => {
                while matches!(self.peek()?, b'r' | b'V' | b'K') {
                    self.at += 1;
                }
                self.type_()?.saturating_add(WORD)
            }
            b'P' | b'R' | b'O' | b'C' | b'G' => {
                self.at += 1;
                self.type_()?.saturating_add(2)
            }
            b'U' => {
                self.at += 1;
                let qualifier = self.source()?.saturating_add(self.template_arguments(false)?);
                self.type_()?.saturating_add(qualifier)
            }
            b'u' => {
                self.at += 1;
                self.source()?
            }
            b'F' => self.function()?,
            b'A' => {
                self.at += 1;
                if !self.next_is(0, b'_') {
                    self.number()?;
                }
                self.expect(b'_')?;
                self.type_()?.saturating_add(WORD)
            }
            b'M' => {
                self.at += 1;
                self.type_()?.saturating_add(self.type_()?)
            }
            b'T' if matches!(self.text.get(self.at + 1), Some(b's' | b'u' | b'e')) => {
                self.at += 2;
                self.name(false)?
            }
            b'T' => {
                let size = self.parameter()?;
                if self.next_is(0, b'I') {
                    self.remember(size);
                }
                size.saturating_add(self.template_arguments(false)?)
            }
            _ => self.name(false)?,
        };
        self.remember(size)
    }

    fn type_d(&mut self) -> Size {
        self.expect(b'D')?;
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            b'd' | b'e' | b'f' | b'h' | b'i' | b'u' | b'a' | b'c' | b'n' | b's' => Some(WORD),
            b'p' => {
                let size = self.type_()?;
                self.remember(size)
            }
            b'v' => {
                self.number()?;
                self.expect(b'_')?;
                let size = self.type_()?.saturating_add(WORD);
                self.remember(size)
            }
            b'o' => {
                let size = self.function()?;
                self.remember(size)
            }
            _ => None,
        }
    }

    fn function(&mut self) -> Size {
        self.expect(b'F')?;
        self.take(b'Y');
        self.until_end(|reader| {
            if (reader.next_is(0, b'R') || reader.next_is(0, b'O')) && reader.next_is(1, b'E') {
                reader.at += 1;
                return Some(2);
            }
            reader.type_()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_decode_to_ordinary_lengths() {
        for name in [
            "_ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKcm",
            "_ZNSt3__16vectorINS_4pairINS_12basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEES7_EENS5_IS8_EEE9push_backEOS8_",
            "_ZN4absl12lts_2024011618container_internal12raw_hash_setINS1_17FlatHashMapPolicyINSt3__112basic_stringIcNS4_11char_traitsIcEENS4_9allocatorIcEEEES9_EENS1_10StringHashENS1_8StringEqENS7_INS4_4pairIKS9_S9_EEEEE6resizeEm",
            "_ZZN5Outer5innerEvENKUlvE_clEv",
            "_ZN10proxy_wasm9hostcalls3log17h0123456789abcdefE",
        ] {
            let Decoded::Bytes(bytes) = decoded(name.as_bytes()) else { panic!("{name}") };
            assert!((10..4_000).contains(&bytes), "{name}: {bytes}");
        }
    }

    #[test]
    fn a_name_that_doubles_is_counted_without_being_built() {
        let mut name = b"_Z1fPFviiE".to_vec();
        for reference in ["S0_", "S2_", "S4_", "S6_", "S8_", "SA_", "SC_", "SE_", "SG_", "SI_"] {
            name.extend(format!("PFv{reference}{reference}E").into_bytes());
        }
        let Decoded::Bytes(bytes) = decoded(&name) else { panic!("not read") };
        assert!(bytes > 20 * 1024, "{bytes}");
    }
}
