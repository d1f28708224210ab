//! Where a person goes after signing in: a path of ours and nothing else. Whatever a browser
//! could read as another place is read as the start page.
use url::Url;

const LONGEST: usize = 1000;
/// The login page of Meshery Servers is asked with two addresses in its query.
const LONGEST_LOGIN: usize = 8 * 1024;

/// The path if it is one of ours, else `/`.
pub fn local(given: Option<&str>) -> String {
    given.filter(|path| is_local(path)).unwrap_or("/").to_owned()
}

fn is_local(path: &str) -> bool {
    // Twice, as something on the way may decode once more than it should.
    let once = decoded(path);
    let twice = decoded(&once);
    let rooted = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next() == Some(b'/')
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && !text.contains(['\\', '\u{7f}'])
            && !text.bytes().any(|b| b < 0x20)
    };
    path.len() <= if path.starts_with("/login?") { LONGEST_LOGIN } else { LONGEST }
        && path.bytes().all(|b| (0x21..0x7f).contains(&b))
        && rooted(path)
        && rooted(&once)
        && rooted(&twice)
        && stays(path)
}

/// As a browser would resolve it.
fn stays(path: &str) -> bool {
    let Ok(base) = Url::parse("https://tamis.invalid/sign-in") else { return false };
    base.join(path).is_ok_and(|url| url.origin() == base.origin() && url.username().is_empty())
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_a_path_of_ours_is_followed() {
        for good in ["/", "/reviews?state=open", "/filters/acme/f#x", "/a%20b", "/catalog?q=a%2Fb"] {
            assert_eq!(local(Some(good)), good);
        }
        let bad = [
            "",
            "//h",
            "///h",
            "\\\\h",
            "/\\h",
            "/%09/h",
            "/\t/h",
            "https:h",
            "https://h",
            "http:/h",
            "h",
            "//u:p@h",
            "/%5ch",
            "/%5c%5ch",
            "/%2fh",
            "/%252fh",
            "/%255ch",
            "/\u{a0}/h",
            "/%0d%0aSet-Cookie:a",
            "javascript:alert(1)",
            "/ä",
            "@h",
            "/\r\nx",
            "?next=//h",
            "/a%00",
            ".//h",
        ];
        for bad in bad {
            assert_eq!(local(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(local(Some(&format!("/{}", "a".repeat(2000)))), "/");
        let login = format!("/login?source={}", "a".repeat(3000));
        assert_eq!(local(Some(&login)), login);
        assert_eq!(local(Some(&login.repeat(3))), "/");
        assert_eq!(local(None), "/");
    }
}
