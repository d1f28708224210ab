//! What a line of text that people read may hold. Pure.

/// Whether it reads as it is written: no control characters, and none of the invisible ones that turn the
/// direction of what follows or hide in a word (Unicode TR 36 section 3, TR 55).
pub fn is_plain_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_hidden(c))
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::is_plain_line;

    #[test]
    fn what_hides_or_turns_text_is_not_plain() {
        for plain in ["", "Rate limit", "Überwachung", "日本語", "שלום", "e\u{301}"] {
            assert!(is_plain_line(plain), "{plain:?}");
        }
        for odd in ["a\nb", "a\u{202e}b", "a\u{200b}b", "\u{2066}a", "\0", "\u{feff}a", "\u{9f}"] {
            assert!(!is_plain_line(odd), "{odd:?}");
        }
    }
}
