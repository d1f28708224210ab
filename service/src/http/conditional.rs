//! Conditional requests: `If-Match` on writes, `If-None-Match` and `Range` on downloads
//! (RFC 9110 sections 13 and 14).
use crate::error::{Error, Kind, Result};
use actix_web::{
    HttpRequest,
    http::header::{self, HeaderName},
};
use std::ops::Range;

fn texts(request: &HttpRequest, name: HeaderName) -> Option<String> {
    // A value that is no text still counts: an unreadable condition is not an absent one.
    let all: Vec<_> =
        request.headers().get_all(name).map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// Weak comparison, for reads: `W/` makes no difference.
fn lists(text: &str, etag: &str) -> bool {
    text.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == etag)
}

/// Strong comparison, for writes: a weak tag names no exact state.
fn lists_strongly(text: &str, etag: &str) -> bool {
    text.split(',').map(str::trim).any(|t| t == "*" || t == etag)
}

/// Refuses the write when the caller's picture of the object is out of date.
pub fn check_if_match(request: &HttpRequest, etag: &str) -> Result<()> {
    match texts(request, header::IF_MATCH) {
        Some(text) if !lists_strongly(&text, etag) => {
            Err(Error::new(Kind::Stale, "stale", "it has changed since you read it; read it again"))
        }
        _ => Ok(()),
    }
}

/// True when the caller holds these bytes already.
pub fn is_unchanged(request: &HttpRequest, etag: &str) -> bool {
    texts(request, header::IF_NONE_MATCH).is_some_and(|text| lists(&text, etag))
}

#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    Part(Range<u64>),
    Unsatisfiable,
}

/// One byte range; several, or a form that we do not know, mean the whole (RFC 9110, 14.2).
pub fn wanted(request: &HttpRequest, size: u64, etag: &str) -> Wanted {
    if let Some(condition) = texts(request, header::IF_RANGE)
        && condition.trim() != etag
    {
        return Wanted::All;
    }
    match texts(request, header::RANGE) {
        Some(text) => parse_range(&text, size),
        None => Wanted::All,
    }
}

fn parse_range(text: &str, size: u64) -> Wanted {
    let Some((from, to)) = text.trim().strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Wanted::All;
    };
    let number = |t: &str| t.trim().parse::<u64>();
    match (from.trim(), to.trim()) {
        ("", suffix) => match number(suffix) {
            Ok(0) => Wanted::Unsatisfiable,
            Ok(n) if size > 0 => Wanted::Part(size.saturating_sub(n)..size),
            Ok(_) => Wanted::Unsatisfiable,
            Err(_) => Wanted::All,
        },
        (from, "") => match number(from) {
            Ok(n) if n < size => Wanted::Part(n..size),
            Ok(_) => Wanted::Unsatisfiable,
            Err(_) => Wanted::All,
        },
        (from, to) => match (number(from), number(to)) {
            (Ok(a), Ok(b)) if a <= b && a < size => Wanted::Part(a..b.saturating_add(1).min(size)),
            (Ok(_), Ok(_)) => Wanted::Unsatisfiable,
            _ => Wanted::All,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_rfc_9110() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=5-", Wanted::Part(5..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=2-99", Wanted::Part(2..10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=5-2", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=0-1,3-4", Wanted::All),
            ("items=0-1", Wanted::All),
            ("bytes=a-b", Wanted::All),
        ];
        for (text, want) in cases {
            assert_eq!(parse_range(text, 10), want, "{text}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Wanted::Unsatisfiable);
    }
}
