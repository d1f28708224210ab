//! Replaces several texts in one pass: what has been put in is not searched again,
//! and where two texts start at the same place, the one configured first wins.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    find: String,
    replace: String,
}

pub struct Rewriter {
    replacements: Vec<Replacement>,
    largest: usize,
}

/// The result would be larger than allowed.
#[derive(Debug, PartialEq)]
pub struct TooLarge;

impl Rewriter {
    pub fn new(replacements: Vec<Replacement>, largest: usize) -> Result<Self, String> {
        if replacements.iter().any(|replacement| replacement.find.is_empty()) {
            return Err("`find` must not be empty".to_owned());
        }
        if replacements.len() > 32 {
            return Err("at most 32 `replacements` are allowed".to_owned());
        }
        Ok(Self { replacements, largest })
    }

    pub fn is_idle(&self) -> bool {
        self.replacements.is_empty()
    }

    /// The new body, or `None` if nothing was found.
    pub fn rewrite(&self, body: &[u8]) -> Result<Option<Vec<u8>>, TooLarge> {
        let mut next: Vec<Option<usize>> =
            self.replacements.iter().map(|replacement| position(body, 0, &replacement.find)).collect();
        let mut changed = Vec::with_capacity(body.len());
        let mut done = 0;
        while let Some((place, index)) =
            next.iter().enumerate().filter_map(|(index, place)| place.map(|place| (place, index))).min()
        {
            let replacement = &self.replacements[index];
            changed.extend_from_slice(&body[done..place]);
            changed.extend_from_slice(replacement.replace.as_bytes());
            done = place + replacement.find.len();
            if changed.len() > self.largest {
                return Err(TooLarge);
            }
            for (place, replacement) in next.iter_mut().zip(&self.replacements) {
                if place.is_some_and(|place| place < done) {
                    *place = position(body, done, &replacement.find);
                }
            }
        }
        if done == 0 {
            return Ok(None);
        }
        changed.extend_from_slice(&body[done..]);
        if changed.len() > self.largest { Err(TooLarge) } else { Ok(Some(changed)) }
    }
}

fn position(body: &[u8], from: usize, find: &str) -> Option<usize> {
    memchr::memmem::find(&body[from..], find.as_bytes()).map(|place| from + place)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rewrite(pairs: &[(&str, &str)], body: &str) -> Option<String> {
        let replacements = pairs
            .iter()
            .map(|(find, replace)| Replacement { find: (*find).into(), replace: (*replace).into() });
        let rewriter = Rewriter::new(replacements.collect(), 64).unwrap();
        rewriter.rewrite(body.as_bytes()).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn every_occurrence_is_replaced_and_nothing_else() {
        assert_eq!(rewrite(&[("ab", "x")], "ab-ab-a-b-ab").unwrap(), "x-x-a-b-x");
        assert_eq!(rewrite(&[("ab", "")], "abab").unwrap(), "");
        assert_eq!(rewrite(&[("ab", "x")], "nothing here"), None);
        assert_eq!(rewrite(&[("aa", "x")], "aaaaa").unwrap(), "xxa");
    }

    #[test]
    fn what_was_put_in_is_not_searched_again() {
        assert_eq!(rewrite(&[("a", "b"), ("b", "a")], "abba").unwrap(), "baab");
    }

    #[test]
    fn the_first_of_two_texts_at_the_same_place_wins() {
        assert_eq!(rewrite(&[("ab", "1"), ("abc", "2")], "abc").unwrap(), "1c");
        assert_eq!(rewrite(&[("abc", "2"), ("ab", "1")], "abcab").unwrap(), "21");
        assert_eq!(rewrite(&[("bc", "1"), ("ab", "2")], "abc").unwrap(), "2c");
    }

    #[test]
    fn a_body_that_would_explode_is_refused() {
        let replacement = Replacement { find: "a".into(), replace: "aaaaaaaaaa".into() };
        let rewriter = Rewriter::new(vec![replacement], 64).unwrap();
        assert_eq!(rewriter.rewrite(&[b'a'; 7]), Err(TooLarge));
        assert!(rewriter.rewrite(&[b'a'; 6]).unwrap().is_some());
    }
}
