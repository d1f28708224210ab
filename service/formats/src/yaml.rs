//! Values as YAML that every reader takes the same way: block style, keys in the order given,
//! each text in double quotes, so that no `n`, `on` or `1e3` is ever taken for something else.
use serde_json::{Number, Value};

/// Words that some reader of YAML takes for a boolean or for nothing.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

pub fn write(comments: &[String], value: &Value) -> String {
    let mut out = String::new();
    for comment in comments {
        // What was typed must not end the comment.
        let line: String = comment.chars().filter(|c| !is_special(*c)).collect();
        out.push_str("# ");
        out.push_str(&line);
        out.push('\n');
    }
    block(&mut out, value, 0);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// A value on lines of its own, or at the end of the line that names it.
fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                key(out, name);
                out.push(':');
                nested(out, member, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                out.push_str("- ");
                block(out, item, depth + 1);
            }
        }
        scalar => {
            out.push_str(&plain(scalar));
            out.push('\n');
        }
    }
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            indent(out, depth + 1);
            block(out, value, depth + 1);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            indent(out, depth + 1);
            block(out, value, depth + 1);
        }
        scalar => {
            out.push(' ');
            block(out, scalar, depth);
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn key(out: &mut String, name: &str) {
    let simple = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name.to_ascii_lowercase().as_str());
    match simple {
        true => out.push_str(name),
        false => out.push_str(&quoted(name)),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Number(number) => decimal(number),
        // An empty list, an empty object, true, false and null are the same in JSON and YAML.
        other => other.to_string(),
    }
}

/// `1e300` is a text in YAML 1.1, `1.0e+300` is a number everywhere.
fn decimal(number: &Number) -> String {
    let text = number.to_string();
    let Some((digits, power)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if power.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{power}")
}

fn is_special(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_special(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_text_is_quoted_and_nothing_else_is() {
        let value = json!({"name": "on", "y": {"list": ["no", 1, true, null, {}, []], "empty": {}},
            "deep": [{"a b": 1e300, "@type": "x"}, [["z"]]], "text": "a\n\"\\\u{2028}é"});
        let want = "# one line\nname: \"on\"\n\"y\":\n  list:\n    - \"no\"\n    - 1\n    - true\n    - null\n    - {}\n    - []\n  empty: {}\n\
deep:\n  - \"a b\": 1.0e+300\n    \"@type\": \"x\"\n  - - - \"z\"\ntext: \"a\\n\\\"\\\\\\u2028é\"\n";
        assert_eq!(write(&["one\n line".into()], &value), want);
    }
}
