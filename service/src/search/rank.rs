//! The order of hits: the same on every engine, and made only from the query and the
//! document itself. Statistics of the whole index would let documents that the caller may
//! not see shine through. Knows no SQL.
use super::text::{Query, vocabulary};
use sea_orm::FromQueryResult;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};
use uuid::Uuid;

/// A document that matches, as far as its order needs it.
#[derive(Debug, FromQueryResult)]
pub struct Candidate {
    pub filter_id: Uuid,
    pub namespace: String,
    pub name: String,
    pub words: String,
    pub title: String,
    pub summary: String,
}

impl Candidate {
    pub fn vocabulary(&self) -> BTreeSet<&str> {
        vocabulary([&self.namespace, &self.words, &self.title, &self.summary])
    }
}

/// From the best down; the order of the variants is the order of the hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Path,
    Name,
    Namespace,
    NamePrefix,
    Text,
    Typo,
}

const NAME: f32 = 8.0;
const TITLE: f32 = 5.0;
const NAMESPACE: f32 = 4.0;
const SUMMARY: f32 = 2.0;
/// Found by the engine in none of the other fields.
const README: f32 = 0.5;

/// Other spellings of a word of the query, and how close each is: below 0.7.
pub type Spellings = HashMap<String, f32>;

/// Is this the filter whose path the query spells out?
pub fn is_path(query: &Query, candidate: &Candidate) -> bool {
    tier(query, candidate) == Tier::Path
}

/// Is each word of the query in a short field, spelt like that?
pub fn is_plain(query: &Query, candidate: &Candidate) -> bool {
    tier(query, candidate) < Tier::Text
        || query.words.iter().all(|word| field(word, candidate, None).is_some())
}

/// Best first; documents that are equally good by name. `spellings` has one entry for each
/// word of the query, or none when nothing was corrected.
pub fn best_first(query: &Query, candidates: Vec<Candidate>, spellings: &[Spellings]) -> Vec<Uuid> {
    let mut ranked: Vec<_> = candidates.into_iter().map(|c| (place(query, &c, spellings), c)).collect();
    ranked.sort_by(|((tier_a, score_a), a), ((tier_b, score_b), b)| {
        let better = tier_a.cmp(tier_b).then(score_b.total_cmp(score_a));
        better.then_with(|| (a.name.len(), &a.name, a.filter_id).cmp(&(b.name.len(), &b.name, b.filter_id)))
    });
    ranked.into_iter().map(|(_, candidate)| candidate.filter_id).collect()
}

/// The same of documents that have some of the words only: those with most of them first.
pub fn most_words_first(query: &Query, candidates: Vec<Candidate>, spellings: &[Spellings]) -> Vec<Uuid> {
    let has = |candidate: &Candidate| {
        let found = query.words.iter().enumerate().filter(|(at, word)| {
            let corrected = || field(word, candidate, Some(spellings.get(*at)?));
            field(word, candidate, None).or_else(corrected).is_some()
        });
        found.count()
    };
    let mut ranked = BTreeMap::<_, Vec<_>>::new();
    for candidate in candidates {
        ranked.entry(Reverse(has(&candidate))).or_default().push(candidate);
    }
    ranked.into_values().flat_map(|alike| best_first(query, alike, spellings)).collect()
}

fn place(query: &Query, candidate: &Candidate, spellings: &[Spellings]) -> (Tier, f32) {
    let (mut score, mut tier) = (0.0, tier(query, candidate));
    for (at, word) in query.words.iter().enumerate() {
        let found = field(word, candidate, None).or_else(|| {
            let corrected = field(word, candidate, Some(spellings.get(at)?))?;
            tier = tier.max(Tier::Typo);
            Some(corrected)
        });
        score += found.unwrap_or(README);
    }
    if query.words.len() > 1 {
        let phrase = query.words.join(" ");
        score += if candidate.words.contains(&phrase) || candidate.title.contains(&phrase) {
            4.0
        } else if candidate.summary.contains(&phrase) {
            1.0
        } else {
            0.0
        };
    }
    (tier, score)
}

fn tier(query: &Query, candidate: &Candidate) -> Tier {
    let path = query
        .path
        .as_ref()
        .is_some_and(|(namespace, name)| *namespace == candidate.namespace && *name == candidate.name);
    match () {
        () if path => Tier::Path,
        () if query.key == candidate.name => Tier::Name,
        () if query.key == candidate.namespace => Tier::Namespace,
        () if candidate.name.starts_with(&query.key) => Tier::NamePrefix,
        () => Tier::Text,
    }
}

/// The weight of the best field that has the word.
fn field(word: &str, candidate: &Candidate, spellings: Option<&Spellings>) -> Option<f32> {
    let texts = [
        (NAME, &candidate.name),
        (NAME, &candidate.words),
        (TITLE, &candidate.title),
        (NAMESPACE, &candidate.namespace),
        (SUMMARY, &candidate.summary),
    ];
    let mut best: Option<f32> = None;
    for (weight, text) in texts {
        if best.is_some_and(|best| best >= weight) {
            continue;
        }
        for (at, other) in text.split(' ').enumerate() {
            let close = match spellings {
                Some(spellings) => spellings.get(other).copied().unwrap_or(0.0),
                None => closeness(word, other),
            };
            if close > 0.0 {
                // What a text begins with it is more likely about.
                let early = 1.0 / (1.0 + at as f32 / 50.0);
                best = Some(best.unwrap_or(0.0).max(weight * close * early));
            }
        }
    }
    best
}

/// 1 for the same word, 0 for another one.
fn closeness(word: &str, other: &str) -> f32 {
    if other.starts_with(word) {
        return if other.len() == word.len() { 1.0 } else { 0.85 };
    }
    // Endings that a stemmer takes off: `limiting`, `limiter`, `limits`.
    let shared = word.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    if shared >= 4 && shared * 10 >= word.len().max(other.len()) * 6 { 0.7 } else { 0.0 }
}
