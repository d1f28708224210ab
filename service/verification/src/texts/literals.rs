//! Where texts lie in a module's data, and where one ends and the next begins. Compilers put
//! literals side by side without anything between them; only the code, and tables in the data, tell
//! where each starts. So the constants that point into the data are looked for first.

use wasmparser::{
    BinaryReader, CodeSectionReader, DataKind, DataSectionReader, FunctionBody, Operator, OperatorsReader,
};

const CODE: u8 = 10;
const DATA: u8 = 11;
/// The specification's limit for engines in JavaScript; valid modules have no more.
const MOST_SEGMENTS: usize = 100_000;
/// Linkers put no data below this address, so a smaller number is only a number.
const LOWEST: u64 = 1024;
/// Bytes of the longest literal that a table of texts may name.
const LONGEST_LITERAL: u32 = 4096;

struct Segment<'a> {
    /// Where it comes to lie in memory, if that is written in the module.
    address: Option<u64>,
    /// Place of its first byte among all bytes of all segments.
    first: usize,
    bytes: &'a [u8],
}

pub struct Literals<'a> {
    /// In the order of their addresses; those without one first.
    segments: Vec<Segment<'a>>,
    /// A bit for each byte of all segments: something points here.
    starts: Vec<u64>,
}

impl<'a> Literals<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        let (mut code, mut data) = (None, None);
        for (id, body) in sections(bytes) {
            match id {
                CODE => code = Some(body),
                DATA => data = Some(body),
                _ => {}
            }
        }
        let segments = data.map(segments).unwrap_or_default();
        let total: usize = segments.iter().map(|s| s.bytes.len()).sum();
        let found = Self { segments, starts: Vec::new() };
        let mut starts = vec![0; total.div_ceil(64)];
        if let Some(code) = code {
            found.follow_code(code, &mut starts);
        }
        found.follow_tables(&mut starts);
        Self { starts, ..found }
    }

    /// The segment that covers an address, and how far into it that is.
    fn find(&self, address: u64) -> Option<(&Segment<'a>, usize)> {
        let after = self.segments.partition_point(|s| s.address.is_none_or(|at| at <= address));
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let offset = usize::try_from(address - segment.address?).ok()?;
        (offset < segment.bytes.len()).then_some((segment, offset))
    }

    fn point(&self, starts: &mut [u64], address: u64) {
        if let Some((segment, offset)) = self.find(address).filter(|_| address >= LOWEST) {
            let place = segment.first + offset;
            starts[place / 64] |= 1 << (place % 64);
        }
    }

    fn starts_at(&self, place: usize) -> bool {
        self.starts.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    fn follow_code(&self, code: &[u8], starts: &mut [u64]) {
        let Ok(bodies) = CodeSectionReader::new(BinaryReader::new(code, 0)) else { return };
        for body in bodies.into_iter().map_while(Result::ok) {
            for address in constants(&body) {
                self.point(starts, address);
            }
        }
    }

    /// Pairs of address and length, as compilers for 32 bits write them.
    fn follow_tables(&self, starts: &mut [u64]) {
        for segment in &self.segments {
            let skew = segment.address.map_or(0, |at| (4 - at % 4) as usize % 4);
            let words = segment.bytes.get(skew..).unwrap_or_default().as_chunks::<4>().0;
            for pair in words.windows(2) {
                let (address, length) = (u32::from_le_bytes(pair[0]), u32::from_le_bytes(pair[1]));
                if (1..=LONGEST_LITERAL).contains(&length) && self.is_text(address, length) {
                    self.point(starts, u64::from(address));
                    self.point(starts, u64::from(address) + u64::from(length));
                }
            }
        }
    }

    /// Both ends are enough to look at: most numbers do not even point into the data.
    fn is_text(&self, address: u32, length: u32) -> bool {
        let byte = |at: u64| self.find(at).map(|(segment, offset)| segment.bytes[offset]);
        let readable = |at: u64| byte(at).is_some_and(|b| b == b'\n' || !b.is_ascii_control());
        readable(u64::from(address)) && readable(u64::from(address) + u64::from(length) - 1)
    }
}

/// Calls `see` with every stretch of readable characters, cut where something points into it.
pub fn each(literals: &Literals<'_>, mut see: impl FnMut(&str)) {
    for segment in &literals.segments {
        for chunk in segment.bytes.utf8_chunks() {
            for run in chunk.valid().split(|c: char| !is_readable(c)) {
                let offset = run.as_ptr().addr() - segment.bytes.as_ptr().addr();
                cut(literals, segment.first + offset, run, &mut see);
            }
        }
    }
}

fn is_readable(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

fn cut(literals: &Literals<'_>, first: usize, run: &str, see: &mut impl FnMut(&str)) {
    let mut from = 0;
    for at in 1..run.len() {
        if literals.starts_at(first + at) && run.is_char_boundary(at) {
            see(&run[from..at]);
            from = at;
        }
    }
    see(&run[from..]);
}

/// Ids and bodies of the sections, as far as they can be told apart. Custom sections are stepped
/// over whatever they are called.
fn sections(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = BinaryReader::new(bytes.strip_prefix(b"\0asm\x01\0\0\0").unwrap_or_default(), 0);
    std::iter::from_fn(move || {
        let id = reader.read_u8().ok()?;
        let size = usize::try_from(reader.read_var_u32().ok()?).ok()?;
        Some((id, reader.read_bytes(size).ok()?))
    })
}

fn segments(data: &[u8]) -> Vec<Segment<'_>> {
    let Ok(reader) = DataSectionReader::new(BinaryReader::new(data, 0)) else { return Vec::new() };
    let mut all = Vec::new();
    let mut first = 0;
    for data in reader.into_iter().map_while(Result::ok).take(MOST_SEGMENTS) {
        let address = match &data.kind {
            DataKind::Active { offset_expr, .. } => constant(offset_expr.get_operators_reader()),
            DataKind::Passive => None,
        };
        all.push(Segment { address, first, bytes: data.data });
        first += data.data.len();
    }
    all.sort_by_key(|segment| segment.address);
    all
}

/// The value of an expression that is one constant and nothing else.
fn constant(mut expression: OperatorsReader<'_>) -> Option<u64> {
    let value = value_of(&expression.read().ok()?)?;
    matches!(expression.read().ok()?, Operator::End).then_some(value)
}

fn value_of(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

fn constants(body: &FunctionBody<'_>) -> impl Iterator<Item = u64> {
    let mut operators = body.get_operators_reader().ok();
    std::iter::from_fn(move || {
        let reader = operators.as_mut()?;
        while !reader.eof() {
            if let Some(value) = value_of(&reader.read().ok()?) {
                return Some(value);
            }
        }
        None
    })
}
