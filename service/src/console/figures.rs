//! Numbers, sizes, ages and digests as people read them. Pure.
use std::borrow::Borrow;
use tamis_entities::value::{Sha256, Timestamp};

/// `214 KiB`: three digits at most.
pub fn size(bytes: impl Borrow<u64>) -> String {
    let units = ["B", "KiB", "MiB", "GiB"];
    let (mut value, mut unit) = (*bytes.borrow() as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit > 0 && value < 9.95 {
        true => format!("{value:.1} {}", units[unit]),
        false => format!("{value:.0} {}", units[unit]),
    }
}

/// `48.2k`.
pub fn count(n: i64) -> String {
    match n {
        ..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{:.1}k", n as f64 / 1e3),
        _ => format!("{:.1}M", n as f64 / 1e6),
    }
}

fn several(n: i64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// How long it is from one to the other, in the largest unit: `2 days`.
pub fn span(from: &Timestamp, to: &Timestamp) -> String {
    let minutes = to.0.saturating_sub(from.0).max(0) / 60_000_000;
    match minutes {
        0 => "moments".into(),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        1_440..10_080 => several(minutes / 1_440, "day"),
        10_080..43_200 => several(minutes / 10_080, "week"),
        43_200..525_600 => several(minutes / 43_200, "month"),
        _ => several(minutes / 525_600, "year"),
    }
}

/// `2 days ago`.
pub fn ago(then: &Timestamp, now: &Timestamp) -> String {
    match span(then, now) {
        moments if moments == "moments" => "just now".into(),
        span => format!("{span} ago"),
    }
}

/// `Publish`, from `publish`.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `9c3b1ad4…40fe`, as cards show it.
pub fn short(digest: &Sha256) -> String {
    format!("{}…{}", &digest.hex()[..8], &digest.hex()[60..])
}

/// `9c3b…40fe`, as tables and buttons show it.
pub fn tiny(digest: &Sha256) -> String {
    format!("{}…{}", &digest.hex()[..4], &digest.hex()[60..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_like_the_words_of_a_person() {
        let said: Vec<_> = [0, 999, 1000, 219_136, 3_565_158, 33_554_432].map(|n: u64| size(n)).into();
        assert_eq!(said, ["0 B", "999 B", "1.0 KiB", "214 KiB", "3.4 MiB", "32 MiB"]);
        assert_eq!([0, 999, 48_211, 1_200_000].map(count), ["0", "999", "48.2k", "1.2M"]);
        let minute = |n: i64| span(&Timestamp(0), &Timestamp(n * 60_000_000));
        assert_eq!([0, 5, 61, 2_900, 20_200].map(minute), ["moments", "5 min", "1 h", "2 days", "2 weeks"]);
        // A clock that went back makes no negative age.
        assert_eq!(ago(&Timestamp(5), &Timestamp(0)), "just now");
    }
}
