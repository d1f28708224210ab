//! Reading a URL that somebody gave us. The parsed form is the only one used from here on:
//! the guard judges the host that the connecting code will see, never the text.

use url::{Host, Url};

use crate::error::OutboundError;

const MAX_LENGTH: usize = 2048;

/// Ports of protocols that can be made to read an HTTP request as commands, or that are never
/// a web server: the Fetch standard's "bad ports" and the usual databases, queues and desktops.
const BLOCKED_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427, 445, 465, 512,
    513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433,
    1521, 1719, 1720, 1723, 2049, 2181, 3268, 3269, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672,
    5900, 6000, 6379, 6380, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092, 10080, 11211, 26379,
    27017, 27018,
];

/// Takes http and https with a host, without credentials, on a port that may be a web server.
pub fn parse_url(text: &str) -> Result<Url, OutboundError> {
    if text.len() > MAX_LENGTH {
        return Err(OutboundError::invalid(format!("it is longer than {MAX_LENGTH} characters")));
    }
    // The parser drops tabs and line breaks and reads `\` as `/`; another program that sees the
    // same text may not. Nobody writes them in earnest.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(OutboundError::invalid("it contains spaces, control characters or backslashes"));
    }
    let url = Url::parse(text).map_err(|error| OutboundError::invalid(error.to_string()))?;
    check_parsed(&url)?;
    Ok(url)
}

/// The rules above for a URL that is parsed already (a redirect's target, a caller's value).
pub(crate) fn check_parsed(url: &Url) -> Result<(), OutboundError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::invalid(format!("the scheme `{}` is not http or https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::invalid("it contains a user name or password"));
    }
    match url.host() {
        None => return Err(OutboundError::invalid("it names no host")),
        Some(Host::Domain(name)) if name.trim_end_matches('.').is_empty() => {
            return Err(OutboundError::invalid("it names no host"));
        }
        Some(_) => {}
    }
    if url.as_str().len() > MAX_LENGTH * 3 {
        return Err(OutboundError::invalid("it is too long once encoded"));
    }
    match url.port_or_known_default() {
        Some(port) if !BLOCKED_PORTS.contains(&port) => Ok(()),
        Some(port) => Err(OutboundError::invalid(format!("port {port} is not used for HTTP"))),
        None => Err(OutboundError::invalid("it names no port")),
    }
}
