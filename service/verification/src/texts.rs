//! The readable texts of a module's data segments and the URLs among them, for people who compare
//! two modules. Few and short however large or hostile the module is: time is linear in its bytes,
//! memory an eighth of its data. Judges nothing, and validates nothing: what cannot be read is left out.

mod literals;
mod sample;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use literals::Literals;
use sample::Sample;
pub use sample::mark;

/// The version of this reading: texts that another one found are not comparable.
pub const READER: &str = "1";

const MOST_STRINGS: usize = 2_000;
const MOST_URLS: usize = 200;
/// Bytes of the shortest text that is told, and how many of them are letters or digits.
const SHORTEST: usize = 6;
const LEAST_LETTERS: usize = 4;
/// Bytes of a text that are shown.
const LONGEST: usize = 120;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// In the order of the alphabet, each once.
    pub strings: BTreeSet<String>,
    /// There are more. Those that are kept are the ones with the smallest marks, whatever their
    /// place: so two modules that share texts keep the same ones.
    pub strings_cut: bool,
    pub urls: BTreeSet<String>,
    pub urls_cut: bool,
}

/// Reads them; a file that is no module has none.
#[must_use]
pub fn texts(bytes: &[u8]) -> Texts {
    let mut strings = Sample::new(MOST_STRINGS);
    let mut urls = Sample::new(MOST_URLS);
    literals::each(&Literals::of(bytes), |text| {
        for url in urls_in(text) {
            urls.add(shown(url));
        }
        let text = text.trim();
        let letters = text.chars().filter(|c| c.is_alphanumeric()).take(LEAST_LETTERS).count();
        if text.len() >= SHORTEST && letters == LEAST_LETTERS {
            strings.add(shown(text));
        }
    });
    let (strings, strings_cut) = strings.into_set();
    let (urls, urls_cut) = urls.into_set();
    Texts { strings, strings_cut, urls, urls_cut }
}

/// A long text is cut, and told apart from others that begin alike by its mark.
fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    let head = &text[..text.floor_char_boundary(LONGEST)];
    format!("{head}… ({} bytes, {:08x})", text.len(), mark(text) >> 32).into()
}

/// `scheme://something`, up to what no URL holds. What comes before the scheme is not looked at far.
fn urls_in(text: &str) -> impl Iterator<Item = &str> {
    const LONGEST_SCHEME: usize = 12;
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + text[from..].find("://")?;
            let rest = &text[at + 3..];
            let ends = |c: char| c == ' ' || "\"'<>{}|\\^`()".contains(c);
            let end = at + 3 + rest.find(ends).unwrap_or(rest.len());
            let scheme = text[from..at].bytes().rev().take(LONGEST_SCHEME);
            let scheme = scheme.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
            let start = at - scheme.count();
            from = end;
            if start < at && end > at + 3 {
                return Some(&text[start..end]);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Texts {
        texts(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn texts_that_follow_each_other_are_told_apart_where_the_code_points_at_them() {
        let found = read(
            r#"(module (memory 2)
                (func (drop (i32.const 65536)) (drop (i32.const 65551)))
                (data (i32.const 65536) "first a literalhttps://example.com/plans\00\01"))"#,
        );
        assert_eq!(found.strings, ["first a literal", "https://example.com/plans"].map(String::from).into());
        assert_eq!(found.urls, ["https://example.com/plans".to_owned()].into());
    }

    #[test]
    fn a_table_of_texts_in_the_data_tells_where_they_begin_and_end() {
        let found = read(
            r#"(module (memory 2)
                (data (i32.const 65536) "plan header missingcustomer unknown\00")
                (data (i32.const 65600) "\00\00\01\00\13\00\00\00\13\00\01\00\10\00\00\00"))"#,
        );
        let wanted = ["customer unknown", "plan header missing"];
        assert_eq!(found.strings, wanted.map(String::from).into());
    }

    #[test]
    fn urls_end_where_urls_end() {
        let text = r#"see "https://a.example/x?y=1", grpc://b:50051 and :// or x:// or(http://c)"#;
        let found: Vec<_> = urls_in(text).collect();
        assert_eq!(found, ["https://a.example/x?y=1", "grpc://b:50051", "http://c"]);
    }

    #[test]
    fn a_text_that_is_cut_differs_from_one_that_begins_alike() {
        let (a, b) = (format!("{}a", "ß".repeat(200)), format!("{}b", "ß".repeat(200)));
        assert_ne!(shown(&a), shown(&b));
        assert!(shown(&a).ends_with(')') && shown(&a).len() < 160, "{}", shown(&a));
    }

    #[test]
    fn what_is_no_module_or_breaks_off_has_the_texts_before_that_point_and_never_panics() {
        let whole = wat::parse_str(r#"(module (memory 1) (data (i32.const 0) "hello world"))"#).unwrap();
        for cut in 0..whole.len() {
            let _ = texts(&whole[..cut]);
        }
        assert_eq!(texts(&whole).strings.len(), 1);
        assert_eq!(texts(b"not wasm at all, but readable"), Texts::default());
    }
}
