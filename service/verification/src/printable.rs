//! Names from a module, made safe to show: a hostile name must not break a terminal, a log line,
//! a page or the size of a report. Knows nothing of wasm.

/// Longest piece of a module's own text that is repeated anywhere, in bytes as shown.
const LONGEST: usize = 120;

/// The name with control, formatting and invisible characters escaped, cut to a sane length.
pub fn printable(name: &str) -> String {
    limited(name.chars(), name.len())
}

/// The same for bytes that need not be UTF-8.
pub fn printable_bytes(name: &[u8]) -> String {
    // Four bytes per character is the most that UTF-8 uses, so this cut never shortens what is shown.
    let head = &name[..name.len().min(LONGEST * 4 + 4)];
    limited(String::from_utf8_lossy(head).chars(), name.len())
}

fn limited(chars: impl Iterator<Item = char>, bytes: usize) -> String {
    let mut out = String::new();
    for ch in chars {
        if out.len() >= LONGEST {
            out.push_str(&format!("… ({bytes} bytes)"));
            break;
        }
        if ch == ' ' || ch.is_ascii_graphic() || ch.is_alphanumeric() {
            out.push(ch);
        } else {
            out.extend(ch.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_name_is_unchanged() {
        assert_eq!(printable("proxy_on_request_headers"), "proxy_on_request_headers");
        assert_eq!(printable("größe"), "größe");
    }

    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\\u{a}\\u{202e}b");
    }

    #[test]
    fn a_long_name_is_cut_and_says_how_long_it_was() {
        let shown = printable(&"x".repeat(100_000));
        assert!(shown.len() < 200, "{}", shown.len());
        assert!(shown.ends_with("… (100000 bytes)"));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_with_replacement_characters() {
        assert_eq!(printable_bytes(b"a\xffb"), "a\\u{fffd}b");
    }
}
