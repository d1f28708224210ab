//! Custom sections: counted and named, and three kinds looked into for a few short strings. Their
//! contents never invalidate a module, so whatever cannot be read is left alone.

use wasmparser::{BinaryReader, CustomSectionReader, KnownCustom, Name, ProducersSectionReader};

use crate::facts::{Facts, NameHints, Producer, SectionFact, SectionName, Sections};
use crate::printable::printable;

/// Sections that are listed; a file can hold millions of empty ones.
const MOST_SECTIONS: usize = 2_000;
const MOST_PRODUCERS: usize = 20;
/// Function names that are looked at for hints.
const MOST_NAMES: usize = 200_000;

pub fn keep<'a>(facts: &mut Facts<'a>, reader: &CustomSectionReader<'a>) {
    let name = reader.name();
    let size = reader.range().end.saturating_sub(reader.range().start);
    if is_debug(name) {
        facts.sections.debug_bytes += size;
    }
    if name.contains("precompiled_") {
        facts.sections.precompiled_bytes += size;
    }
    facts.sections.push(SectionFact { name: SectionName::Custom(name.as_bytes()), size, count: None });
    match reader.as_known() {
        KnownCustom::Producers(producers) => keep_producers(facts, producers),
        KnownCustom::Name(names) => keep_names(&mut facts.hints, names),
        _ => {}
    }
}

fn is_debug(name: &str) -> bool {
    name.starts_with(".debug")
        || name.starts_with("reloc..debug")
        || name == "sourceMappingURL"
        || name == "external_debug_info"
}

impl<'a> Sections<'a> {
    pub fn push(&mut self, section: SectionFact<'a>) {
        if self.list.len() < MOST_SECTIONS {
            self.list.push(section);
        } else {
            self.left_out += 1;
        }
    }
}

fn keep_producers(facts: &mut Facts<'_>, producers: ProducersSectionReader<'_>) {
    for field in producers.into_iter().map_while(Result::ok) {
        let kind = match field.name {
            "language" => "language",
            "processed-by" => "processed-by",
            _ => "sdk",
        };
        for value in field.values.into_iter().map_while(Result::ok) {
            if facts.producers.len() >= MOST_PRODUCERS {
                return;
            }
            facts.producers.push(Producer {
                field: kind,
                name: printable(value.name),
                version: printable(value.version),
            });
        }
    }
}

fn keep_names(hints: &mut NameHints, names: wasmparser::NameSectionReader<'_>) {
    for part in names.map_while(Result::ok) {
        let Name::Function(functions) = part else { continue };
        for naming in functions.into_iter().map_while(Result::ok).take(MOST_NAMES) {
            hints.look_at(naming.name);
        }
    }
}

impl NameHints {
    fn look_at(&mut self, name: &str) {
        // A hint sits near the front of a name; the rest of a long one is not worth the time.
        let head = name.char_indices().nth(400).map_or(name, |(cut, _)| &name[..cut]);
        if head.contains("proxy_wasm") {
            self.rust_sdk |= head.contains("dispatcher") || head.contains("hostcalls");
            self.http_context |= has_method(head, "HttpContext");
            self.stream_context |= has_method(head, "StreamContext");
            self.root_context |= has_method(head, "RootContext");
        }
        // The Go compiler writes what is no letter as an underscore.
        self.go_sdk |= head.contains("proxy-wasm-go-sdk") || head.contains("proxy_wasm_go_sdk");
        self.cpp_sdk |=
            head.contains("exports::") || head.contains("_ZN7Context") || head.contains("RootContext");
        self.tinygo |= head.starts_with("tinygo") || head == "runtime.alloc";
        self.go |= head.starts_with("runtime.mallocgc") || head.starts_with("runtime.gcStart");
        self.assemblyscript |= head.starts_with("~lib/");
    }
}

/// Both of Rust's manglings put the length of the method's name behind the trait it belongs to.
fn has_method(name: &str, of: &str) -> bool {
    name.match_indices(of).any(|(at, _)| {
        let rest = &name[at + of.len()..];
        rest.strip_prefix("$GT$").unwrap_or(rest).starts_with(|next: char| next.is_ascii_digit())
    })
}

/// The length of the custom section that `rest` starts with, for a name that only this parser minds;
/// nothing if it is another section, or one that an engine refuses too.
pub fn skip<'a>(facts: &mut Facts<'a>, rest: &'a [u8]) -> Option<usize> {
    let mut reader = BinaryReader::new(rest, 0);
    if reader.read_u8().ok()? != 0 {
        return None;
    }
    let size = usize::try_from(reader.read_var_u32().ok()?).ok()?;
    let body = reader.read_bytes(size).ok()?;
    let end = reader.current_position();
    let mut body = BinaryReader::new(body, 0);
    let name = usize::try_from(body.read_var_u32().ok()?).ok()?;
    let name = body.read_bytes(name).ok()?;
    std::str::from_utf8(name).ok()?;
    facts.sections.push(SectionFact { name: SectionName::Custom(name), size: size as u64, count: None });
    Some(end)
}
