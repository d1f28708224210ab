//! Where a login is to lead back to, as a browser brings it: text of an attacker until it is known to be
//! somebody's own machine or a Meshery Server that was let in. Pure.
use super::tokens::LENIENT;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use url::{Host, Url};

const LONGEST: usize = 1000;

/// An address that a token could be sent to.
#[derive(Clone, Debug)]
pub struct Source(Url);

impl Source {
    /// From the query parameter: base64 of the URL.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > 2 * LONGEST {
            return None;
        }
        let bare = text.trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(bare).or_else(|_| LENIENT.decode(bare)).ok()?;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= LONGEST && text.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
        let schemed = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        let url = Url::parse(text).ok().filter(|_| plain && schemed)?;
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        // `http:///host` and the like are read as the same by browsers; we want what was written.
        let written = text.split("://").nth(1)?.split(['/', '?']).next()?;
        (bare && url.has_host() && !written.is_empty() && !written.contains('@')).then_some(Self(url))
    }

    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// A listener on the person's own machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The address with what the login gives; of these names there is no other in it.
    pub fn with(mut self, given: &[(&str, &str)]) -> String {
        let ours = |name: &str| ["token", "session_cookie", "ref"].contains(&name);
        let kept: Vec<(String, String)> =
            self.0.query_pairs().into_owned().filter(|(name, _)| !ours(name)).collect();
        self.0.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(given);
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Option<Source> {
        Source::decode(&URL_SAFE_NO_PAD.encode(text))
    }

    #[test]
    fn only_whole_web_addresses_are_read() {
        for (text, origin, near) in [
            ("http://localhost:9081/api/user/token", "http://localhost:9081", true),
            ("http://127.0.0.1:9081", "http://127.0.0.1:9081", true),
            ("http://[::1]:9081/", "http://[::1]:9081", true),
            ("https://meshery.example/api/user/token?a=b", "https://meshery.example", false),
            ("http://localhost.evil.example/", "http://localhost.evil.example", false),
            ("http://2130706433/", "http://127.0.0.1", true),
        ] {
            let source = source(text).unwrap();
            assert_eq!((source.origin().as_str(), source.is_loopback()), (origin, near), "{text}");
        }
        for bad in [
            "",
            "/",
            "//h",
            "h",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://localhost/",
            "http:/h",
            "http:h",
            "http://",
            "http:///h",
            "http://u@localhost/",
            "http://localhost@evil/",
            "http://u:p@localhost/",
            "http://localhost\\@evil/",
            "http://localhost/#f",
            "http://local host/",
            "http://localhost/\r\nx: y",
            "\u{9}http://localhost/",
            "http://lo\u{ad}calhost/",
            "HTTP://localhost/",
            "http://@localhost/",
        ] {
            assert!(source(bad).is_none(), "{bad:?}");
        }
        assert!(Source::decode("%%%").is_none());
        assert!(source(&format!("http://localhost/{}", "a".repeat(2000))).is_none());
    }

    #[test]
    fn what_is_given_is_escaped_and_stands_alone() {
        let source = source("http://localhost:1/x?token=mine&keep=1&ref=a").unwrap();
        assert_eq!(source.with(&[("token", "a+/=")]), "http://localhost:1/x?keep=1&token=a%2B%2F%3D");
    }
}
