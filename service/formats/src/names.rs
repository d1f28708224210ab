//! Names as Kubernetes and the environment of a process have them.

/// RFC 1123: a part of a name, and the name of a namespace.
pub fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

/// RFC 1123: parts with dots between them, as most objects are called.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

fn is_part(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(|c| edge(c) || c == '-')
}

/// The key of a label: a name, with a domain before it or without.
pub fn is_label_key(text: &str) -> bool {
    let (domain, name) = text.rsplit_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    domain.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

pub fn is_label_value(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || matches!(c, '-' | '_' | '.');
    text.is_empty()
        || text.len() <= 63 && text.starts_with(edge) && text.ends_with(edge) && text.chars().all(inner)
}

/// As the metadata of releases has them.
pub fn is_variable(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        let (long, longer) = ("a".repeat(63), "a".repeat(64));
        for (text, label, subdomain) in [
            ("a", true, true),
            ("1-a", true, true),
            ("a.b", false, true),
            (&long, true, true),
            (&longer, false, true),
            ("a..b", false, false),
            ("a-.b", false, false),
            (".a", false, false),
            ("A", false, false),
            ("a_b", false, false),
            ("-a", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_label(text), is_subdomain(text)), (label, subdomain), "{text:?}");
        }
        assert!(!is_subdomain(&"a.".repeat(127)), "{}", 254);
    }

    #[test]
    fn labels_are_those_of_kubernetes() {
        for key in ["app", "App_1.x", "example.com/app", "a/b"] {
            assert!(is_label_key(key), "{key}");
        }
        let long = "a".repeat(64);
        for key in ["", "/a", "a/", "-a", "a-", "a/b/c", "Ex/a", "a b", "*", &long] {
            assert!(!is_label_key(key), "{key}");
        }
        assert!(
            is_label_value("") && is_label_value("v1.2_x") && !is_label_value("-") && !is_label_value(&long)
        );
    }
}
