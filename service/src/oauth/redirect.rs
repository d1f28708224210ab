//! Where an answer may be sent: exactly to what the client registered (RFC 9700 section 2.1), but
//! for the port of a loopback address, which a native client gets only when it starts (RFC 8252
//! section 7.3).
use url::{Host, Url};

const LONGEST: usize = 2000;

/// What a client may register; else how it should be.
pub fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("at most 2000 characters");
    }
    let url = Url::parse(text).map_err(|_| "an absolute URL, e.g. https://app.example.org/callback")?;
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("without a fragment and without a user name");
    }
    if url.as_str() != text {
        return Err(
            "written as browsers write it: a lower-case host, a path that begins with /, no default port, no dot segments",
        );
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        _ => Err("https, or http on the loopback address: http://127.0.0.1/… or http://[::1]/…"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// On this machine: whatever listens there may be any program.
pub fn to_this_machine(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_loopback(&url))
}

pub fn matches(registered: &str, given: &str) -> bool {
    registered == given || same_but_for_port(registered, given)
}

fn same_but_for_port(registered: &str, given: &str) -> bool {
    let (Ok(mut ours), Ok(mut theirs)) = (Url::parse(registered), Url::parse(given)) else { return false };
    // Only what is written in one way is compared: `127.1` is a loopback address too.
    if ours.scheme() != "http" || !is_loopback(&ours) || check(given).is_err() {
        return false;
    }
    ours.set_port(None).is_ok() && theirs.set_port(None).is_ok() && ours == theirs
}

/// Host and port, for a person to recognise.
pub fn place(text: &str) -> String {
    let url = Url::parse(text).ok();
    url.and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_else(|| "an unknown place".to_owned())
}

/// As a source of a content security policy. Its grammar has no IPv6 address, so that takes the scheme.
pub fn policy_source(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if matches!(url.host(), Some(Host::Ipv6(_))) => format!("{}:", url.scheme()),
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "'none'".to_owned(),
    }
}

/// The answer's parameters behind whatever query the client registered.
pub fn with(text: &str, parameters: &[(&str, &str)]) -> String {
    match Url::parse(text) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(parameters);
            url.into()
        }
        Err(_) => text.to_owned(),
    }
}
