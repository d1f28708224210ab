//! The productions of a mangled name, each giving the length of what it stands for. What is left out
//! (expressions, rare forms of types) makes the whole name unknown.

use super::reader::{Reader, Size};

/// Text for one of the standard library's short forms, and for an operator or a simple type.
const LONG_WORD: u64 = 70;
const WORD: u64 = 16;

impl Reader<'_> {
    pub fn encoding(&mut self) -> Size {
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
            b'D' => return self.type_d(),
            byte if is_builtin(byte) => {
                self.at += 1;
                return Some(WORD);
            }
            b'S' if !self.next_is(1, b't') => {
                let size = self.substitution()?;
                if !self.next_is(0, b'I') {
                    return Some(size);
                }
                size.saturating_add(self.template_arguments(false)?)
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
            b'F' => self.function()?,
            byte @ (b'r' | b'V' | b'K' | b'P' | b'R' | b'O' | b'C' | b'G' | b'U' | b'u' | b'A' | b'M') => {
                self.at += 1;
                self.compound(byte)?
            }
            _ => self.name(false)?,
        };
        self.remember(size)
    }

    /// A type made of another, behind its first letter.
    fn compound(&mut self, letter: u8) -> Size {
        match letter {
            b'r' | b'V' | b'K' => {
                while matches!(self.peek()?, b'r' | b'V' | b'K') {
                    self.at += 1;
                }
                Some(self.type_()?.saturating_add(WORD))
            }
            b'U' => {
                let qualifier = self.source()?.saturating_add(self.template_arguments(false)?);
                Some(self.type_()?.saturating_add(qualifier))
            }
            b'u' => self.source(),
            b'A' => {
                if !self.next_is(0, b'_') {
                    self.number()?;
                }
                self.expect(b'_')?;
                Some(self.type_()?.saturating_add(WORD))
            }
            b'M' => Some(self.type_()?.saturating_add(self.type_()?)),
            // Pointers, references, complex and imaginary numbers.
            _ => Some(self.type_()?.saturating_add(2)),
        }
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

fn is_builtin(byte: u8) -> bool {
    matches!(
        byte,
        b'v' | b'w'
            | b'b'
            | b'c'
            | b'a'
            | b'h'
            | b's'
            | b't'
            | b'i'
            | b'j'
            | b'l'
            | b'm'
            | b'x'
            | b'y'
            | b'n'
            | b'o'
            | b'f'
            | b'd'
            | b'e'
            | b'g'
            | b'z'
    )
}
