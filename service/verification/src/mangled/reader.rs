//! Reads a mangled name piece by piece: letters, numbers, back references. Knows no production.

/// Nesting that is followed; names of real code stay far below.
const DEEPEST: u32 = 100;

pub struct Reader<'a> {
    pub text: &'a [u8],
    pub at: usize,
    /// Sizes of what `S_`, `S0_`, ... stand for.
    pub known: Vec<u64>,
    /// Sizes of what `T_`, `T0_`, ... stand for.
    pub arguments: Vec<u64>,
    pub depth: u32,
    /// The largest size seen.
    pub last: u64,
}

/// `None`: not understood.
pub type Size = Option<u64>;

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at, known: Vec::new(), arguments: Vec::new(), depth: 0, last: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn next_is(&self, ahead: usize, byte: u8) -> bool {
        self.text.get(self.at + ahead) == Some(&byte)
    }

    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.next_is(0, byte);
        self.at += usize::from(found);
        found
    }

    pub fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    pub fn number(&mut self) -> Option<usize> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    /// Digits and capitals up to an underscore, as an index that starts one later.
    pub fn sequence(&mut self) -> Option<usize> {
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

    pub fn remember(&mut self, size: u64) -> Size {
        self.known.push(size);
        self.last = self.last.max(size);
        Some(size)
    }

    pub fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Size) -> Size {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let size = read(self);
        self.depth -= 1;
        size
    }

    pub fn source(&mut self) -> Size {
        let length = self.number()?;
        self.at = self.at.checked_add(length).filter(|at| *at <= self.text.len())?;
        Some(length as u64)
    }
}
