//! Typos: each word of the query is replaced by the words of the vocabulary that are spelt
//! almost like it or contain it. Correcting words and not documents keeps the cost with the
//! vocabulary, which grows far slower than the texts. Knows no SQL.
use super::{
    MOST_CANDIDATES, Search, Wanted,
    rank::Candidate,
    text::{Query, forgiven, slips},
};
use crate::error::Result;
use sea_orm::ConnectionTrait;

/// Spellings that are tried in one statement.
const AT_ONCE: usize = 500;
/// Statements that are tried: words that only hidden documents have cost time, not hits.
const ROUNDS: usize = 20;
/// Shorter words have nothing in common that would be more than chance.
const SHORTEST: usize = 3;

pub async fn matches<C: ConnectionTrait>(search: &Search<'_, C>, query: &Query) -> Result<Vec<Candidate>> {
    let mut spellings = Vec::with_capacity(query.words.len());
    for word in &query.words {
        let alike = match word.chars().count() {
            0..SHORTEST => String::new(),
            _ => search.alike(word, forgiven(word)).await?,
        };
        spellings.push(closest_first(word, &alike));
    }
    let widest = (0..spellings.len()).max_by_key(|at| spellings[*at].len()).unwrap_or(0);
    let mut found = vec![];
    for round in spellings.get(widest).map(Vec::as_slice).unwrap_or_default().chunks(AT_ONCE).take(ROUNDS) {
        let groups = spellings.iter().enumerate().map(|(at, all)| match at == widest {
            true => round.iter().map(String::as_str).collect(),
            false => all.iter().take(AT_ONCE).map(String::as_str).collect(),
        });
        found.extend(
            search.matching(&Wanted { groups: groups.collect(), open_end: false, head: false }).await?,
        );
        if found.len() as u64 >= MOST_CANDIDATES {
            break;
        }
    }
    Ok(found)
}

/// The word itself, then what it may have been meant to be.
fn closest_first(word: &str, alike: &str) -> Vec<String> {
    let distance = |other: &str| match slips(word, other) {
        Some(slips) => Some((slips, 0)),
        None => other.contains(word).then_some((usize::MAX, other.len())),
    };
    let mut others: Vec<_> =
        alike.split(' ').filter(|o| *o != word).filter_map(|o| Some((distance(o)?, o))).collect();
    others.sort_unstable();
    std::iter::once(word).chain(others.into_iter().map(|(_, other)| other)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::closest_first;

    #[test]
    fn spellings_come_closest_first_and_strangers_not_at_all() {
        let alike = "bodyguard guards quard bodyguards quack guard";
        assert_eq!(closest_first("guard", alike), ["guard", "quard", "guards", "bodyguard", "bodyguards"]);
    }
}
