//! Words: how text is folded, how a document and a query are cut into words, and how many
//! slips of the finger a word forgives. Folding happens here and nowhere else, so that both
//! engines index and look up the very same words. Knows no SQL.
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest query, in characters.
const LONGEST_QUERY: usize = 200;
/// Words of a query beyond these say nothing new.
const MOST_WORDS: usize = 12;
/// Longer ones are hashes and the like; what matters is that both sides cut alike.
const LONGEST_WORD: usize = 48;
/// Of a README, in bytes.
const README: usize = 16 * 1024;
/// Of every other field, in bytes; the API allows less.
const FIELD: usize = 4 * 1024;
/// Words that people put between the words they look for.
const FILLERS: [&str; 14] =
    ["a", "an", "and", "as", "at", "by", "for", "in", "is", "of", "or", "the", "to", "with"];

/// The words of a text in their order: lower case, without accents, letters and digits only.
pub fn words(text: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word = String::new();
    for c in text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)) {
        let alone = is_ideograph(c);
        if (alone || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(finish(&mut word));
        }
        match c {
            _ if alone => words.push(c.to_string()),
            'ß' => word.push_str("ss"),
            'æ' => word.push_str("ae"),
            'œ' => word.push_str("oe"),
            'ø' => word.push('o'),
            'đ' => word.push('d'),
            'ł' => word.push('l'),
            'ı' => word.push('i'),
            _ if c.is_alphanumeric() => word.push(c),
            _ => {}
        }
    }
    if !word.is_empty() {
        words.push(finish(&mut word));
    }
    words
}

fn finish(word: &mut String) -> String {
    std::mem::take(word).nfc().take(LONGEST_WORD).collect()
}

/// Scripts that write no blanks between words: each character stands for itself.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Without any separator: `header-guard`, `header_guard` and `HeaderGuard` are one name.
pub fn key(text: &str) -> String {
    words(text).concat()
}

/// The parts of a document as the engines store them: words with one blank between.
pub struct Folded {
    pub namespace: String,
    pub name: String,
    /// The words of the name.
    pub words: String,
    /// Title and labels.
    pub title: String,
    pub summary: String,
    /// What weighs most: namespace, name, title, labels.
    pub head: String,
    /// Summary and README.
    pub body: String,
}

impl Folded {
    pub fn new(document: &super::Document<'_>) -> Self {
        let fold = |text: &str| words(start(text, FIELD)).join(" ");
        let (namespace, name) = (key(document.namespace), key(document.name));
        let words_of_name = fold(document.name);
        let mut title = fold(document.title);
        for label in document.labels {
            title = format!("{title} {}", fold(label));
        }
        let title = start(title.trim(), FIELD).trim_end().to_owned();
        let summary = fold(document.summary);
        let readme = document.readme.map(|r| words(start(r, README)).join(" ")).unwrap_or_default();
        let head = format!("{} {namespace} {words_of_name} {name} {title}", fold(document.namespace));
        let body = format!("{summary} {readme}");
        Self { namespace, name, words: words_of_name, title, summary, head, body }
    }

    /// The vocabulary of typo correction; READMEs would fill it with noise.
    pub fn vocabulary(&self) -> BTreeSet<&str> {
        vocabulary([&self.namespace, &self.words, &self.title, &self.summary])
    }
}

pub fn vocabulary(fields: [&str; 4]) -> BTreeSet<&str> {
    fields.into_iter().flat_map(|text| text.split(' ')).filter(|word| !word.is_empty()).collect()
}

/// What a caller looks for.
#[derive(Debug)]
pub struct Query {
    pub words: Vec<String>,
    /// All of it as a name.
    pub key: String,
    /// `namespace/name`, when it is written like that.
    pub path: Option<(String, String)>,
}

impl Query {
    /// `None`: there is no word in it.
    pub fn parse(q: &str) -> Result<Option<Self>> {
        if q.chars().count() > LONGEST_QUERY {
            return Err(Error::invalid("q", format!("at most {LONGEST_QUERY} characters")));
        }
        let all = words(q);
        let Some(last) = all.last().cloned() else { return Ok(None) };
        let path = q.split_once('/').map(|(namespace, name)| (key(namespace), key(name)));
        let mut seen = BTreeSet::new();
        let mut words: Vec<_> = all.iter().filter(|w| seen.insert(w.as_str())).cloned().collect();
        words.truncate(MOST_WORDS);
        let telling = words.iter().any(|w| !FILLERS.contains(&w.as_str()));
        // The last word may only be the start of one.
        words.retain(|w| !telling || *w == last || !FILLERS.contains(&w.as_str()));
        Ok(Some(Self {
            words,
            key: all.concat(),
            path: path.filter(|(a, b)| !a.is_empty() && !b.is_empty()),
        }))
    }
}

impl Query {
    /// Where some of the words are enough, those between them say nothing.
    pub fn without_fillers(mut self) -> Self {
        let filler = |word: &String| FILLERS.contains(&word.as_str());
        if !self.words.iter().all(filler) {
            self.words.retain(|word| !filler(word));
        }
        self
    }
}

/// How many slips a word of this length forgives.
pub fn forgiven(word: &str) -> usize {
    match word.chars().count() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// How many slips lie between the two, if they are forgiven. Two neighbours swapped are one
/// slip, and a plural is none.
pub fn slips(query: &str, word: &str) -> Option<usize> {
    let most = forgiven(query);
    let between = |a: &str, b: &str| {
        let close = most > 0 && a.chars().count().abs_diff(b.chars().count()) <= most;
        Some(strsim::osa_distance(a, b)).filter(|slips| close && *slips <= most)
    };
    let singular = |word| str::strip_suffix(word, 's').unwrap_or(word);
    between(query, word).or_else(|| between(singular(query), singular(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Document;

    fn query(q: &str) -> Option<Query> {
        Query::parse(q).unwrap()
    }

    #[test]
    fn folding_drops_case_accents_and_punctuation() {
        assert_eq!(
            words("Über-Ärger: the STRASSE/Straße, naïve_Łódź"),
            ["uber", "arger", "the", "strasse", "strasse", "naive", "lodz"]
        );
        assert_eq!(words("ﬁlter x² İstanbul"), ["filter", "x2", "istanbul"]);
    }

    #[test]
    fn composed_and_decomposed_spellings_are_one_word() {
        assert_eq!(words("caf\u{e9}"), words("cafe\u{301}"));
        assert_eq!(words("한국어"), ["한국어"]);
    }

    #[test]
    fn scripts_without_blanks_are_cut_into_characters() {
        assert_eq!(words("限流filter过滤器"), ["限", "流", "filter", "过", "滤", "器"]);
    }

    #[test]
    fn no_separator_control_or_quote_survives_folding() {
        let hostile = "a\"b'c\\d*e:f(g)h^i{j}k\0l\u{1}m&n|o!p<q-r%s_t$u?v;w";
        assert!(words(hostile).iter().all(|w| w.chars().all(char::is_alphanumeric)));
        assert_eq!(words(hostile).len(), 23);
    }

    #[test]
    fn a_query_without_a_word_is_no_query() {
        for q in ["", "  \t", "\"", "*", "-- %' \u{1f525} ^", "\0", "\u{200b}\u{301}"] {
            assert!(query(q).is_none(), "{q:?}");
        }
    }

    #[test]
    fn a_query_of_more_than_two_hundred_characters_is_invalid() {
        assert!(query(&"ä".repeat(200)).is_some());
        assert!(Query::parse(&"ä".repeat(201)).is_err());
    }

    #[test]
    fn fillers_are_left_out_when_other_words_remain() {
        assert_eq!(query("a filter for the rate of").unwrap().words, ["filter", "rate", "of"]);
        assert_eq!(query("the").unwrap().words, ["the"]);
    }

    #[test]
    fn a_query_with_a_slash_names_a_filter() {
        let path = query("Acme/header-guard").unwrap().path.unwrap();
        assert_eq!(path, ("acme".into(), "headerguard".into()));
        assert!(query("/x").unwrap().path.is_none());
    }

    #[test]
    fn a_document_is_folded_within_bounds_at_any_boundary() {
        let long = "ä€𝕏 ".repeat(20_000);
        let labels = vec![long.clone(), "Edge".into()];
        let document = Document {
            filter_id: uuid::Uuid::nil(),
            namespace: "acme",
            name: "header-guard",
            title: &long,
            summary: &long,
            labels: &labels,
            readme: Some(&long),
        };
        let folded = Folded::new(&document);
        assert!(folded.title.len() <= FIELD && folded.body.len() <= README + FIELD + 1);
        assert!(folded.head.starts_with("acme acme header guard headerguard"));
        assert!(folded.vocabulary().contains("guard"));
    }

    #[test]
    fn short_words_forgive_nothing_and_long_ones_two_slips() {
        assert_eq!(slips("jwt", "jwk"), None);
        assert_eq!(slips("limt", "limit"), Some(1));
        assert_eq!(slips("haeder", "header"), Some(1));
        assert_eq!(slips("authentcaton", "authentication"), Some(2));
        assert_eq!(slips("limt", "limits"), Some(1));
        assert_eq!(slips("limt", "limited"), None);
    }
}
