//! What name was meant: the closest known one, if it is close enough to be worth saying.

/// Longer names are not typing mistakes, and comparing them takes time.
const LONGEST: usize = 64;
const CLOSE: f64 = 0.85;

pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= CLOSE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}
