//! Typos: each word of the query is replaced by the words of the vocabulary that are spelt
//! almost like it or contain it. Correcting words and not documents keeps the cost with the
//! vocabulary, which grows far slower than the texts. Knows no SQL.
use super::{
    candidates::{MOST_CANDIDATES, Search},
    rank::{Candidate, Spellings},
    text::{Query, forgiven, slips},
    wanted::Wanted,
};
use crate::error::Result;
use sea_orm::ConnectionTrait;

/// Spellings that are tried in one statement.
const AT_ONCE: usize = 100;
/// Statements that are tried: words that only hidden documents have cost time, not hits.
const ROUNDS: usize = 20;
/// Shorter words have nothing in common that would be more than chance.
const SHORTEST: usize = 3;
/// How close a word is that contains the other, at most; a slip of the finger is closer.
const CONTAINS: f32 = 0.4;

/// A word of the query in another spelling, and how close that is.
type Spelling = (String, f32);

/// What is found with other spellings, and which they are, a set for each word of the query.
/// Parts of words count only where slips of the finger explain nothing.
pub async fn matches<C: ConnectionTrait>(
    search: &Search<'_, C>,
    query: &Query,
) -> Result<(Vec<Candidate>, Vec<Spellings>)> {
    let all = spellings(search, query).await?;
    let slips: Vec<_> = all.iter().map(|of| slips_of(of)).collect();
    let mut found = any_of(search, &slips).await?;
    if found.is_empty() && all.iter().zip(&slips).any(|(all, slips)| all.len() > slips.len()) {
        found = any_of(search, &all.iter().map(Vec::as_slice).collect::<Vec<_>>()).await?;
    }
    Ok((found, by_word(all)))
}

/// What has any of the words as it may have been meant.
pub async fn any_word<C: ConnectionTrait>(
    search: &Search<'_, C>,
    query: &Query,
) -> Result<(Vec<Candidate>, Vec<Spellings>)> {
    let all = spellings(search, query).await?;
    let each = AT_ONCE / query.words.len().max(1);
    let any = all.iter().flat_map(|of| slips_of(of).iter().take(each)).map(|(word, _)| word.as_str());
    let wanted = Wanted { groups: vec![any.collect()], open_end: false, head: false };
    let found = search.matching(&wanted).await?;
    Ok((found, by_word(all)))
}

/// Of each word of the query, closest first.
async fn spellings<C: ConnectionTrait>(search: &Search<'_, C>, query: &Query) -> Result<Vec<Vec<Spelling>>> {
    let mut all = Vec::with_capacity(query.words.len());
    for word in &query.words {
        let alike = match word.chars().count() {
            0..SHORTEST => String::new(),
            _ => search.alike(word, forgiven(word)).await?,
        };
        all.push(closest_first(word, &alike));
    }
    Ok(all)
}

/// Those that slips of the finger explain.
fn slips_of(spellings: &[Spelling]) -> &[Spelling] {
    &spellings[..spellings.partition_point(|(_, close)| *close > CONTAINS)]
}

fn by_word(all: Vec<Vec<Spelling>>) -> Vec<Spellings> {
    all.into_iter().map(|of| of.into_iter().collect()).collect()
}

async fn any_of<C: ConnectionTrait>(
    search: &Search<'_, C>,
    spellings: &[&[Spelling]],
) -> Result<Vec<Candidate>> {
    let widest = (0..spellings.len()).max_by_key(|at| spellings[*at].len()).unwrap_or(0);
    let mut found = vec![];
    for round in spellings.get(widest).copied().unwrap_or_default().chunks(AT_ONCE).take(ROUNDS) {
        let groups = spellings.iter().enumerate().map(|(at, all)| {
            let words = if at == widest { round } else { &all[..all.len().min(AT_ONCE)] };
            words.iter().map(|(word, _)| word.as_str()).collect()
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
fn closest_first(word: &str, alike: &str) -> Vec<Spelling> {
    let closeness = |other: &str| match slips(word, other) {
        Some(slips) => Some(0.65 - 0.1 * slips as f32),
        None => other.contains(word).then(|| CONTAINS * word.len() as f32 / other.len() as f32),
    };
    let others = alike.split(' ').filter(|other| *other != word);
    let mut all: Vec<_> = others.filter_map(|other| Some((other.to_owned(), closeness(other)?))).collect();
    all.push((word.to_owned(), 1.0));
    all.sort_unstable_by(|(a, close_a), (b, close_b)| close_b.total_cmp(close_a).then_with(|| a.cmp(b)));
    all
}

#[cfg(test)]
mod tests {
    use super::closest_first;

    #[test]
    fn spellings_come_closest_first_and_strangers_not_at_all() {
        let found = closest_first("guard", "bodyguard guards quard quack bodyguards guard");
        let words: Vec<_> = found.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["guard", "guards", "quard", "bodyguard", "bodyguards"]);
    }
}
