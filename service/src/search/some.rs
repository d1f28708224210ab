//! Some of the words, where no document has all of them: all but one of them, or else any, or else any in another
//! spelling. The first of these that finds something ends it. Knows no SQL.
use super::{
    candidates::Search,
    correct,
    rank::{Candidate, Spellings},
    text::Query,
};
use crate::error::Result;
use sea_orm::ConnectionTrait;

/// What is found, and with which other spellings if there were any.
pub async fn matches<C: ConnectionTrait>(
    search: &Search<'_, C>,
    query: &Query,
) -> Result<(Vec<Candidate>, Vec<Spellings>)> {
    let words: Vec<&str> = query.words.iter().map(String::as_str).collect();
    if words.len() < 2 {
        return Ok((vec![], vec![]));
    }
    for groups in [all_but_one(&words), vec![words.clone()]] {
        let found = search.titles_first(groups).await?;
        if !found.is_empty() {
            return Ok((found, vec![]));
        }
    }
    correct::any_word(search, query).await
}

/// Of any two words at least one: whatever has that lacks one of them at most.
fn all_but_one<'a>(words: &[&'a str]) -> Vec<Vec<&'a str>> {
    let pairs = words.iter().enumerate().flat_map(|(at, a)| words.iter().skip(at + 1).map(|b| vec![*a, *b]));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::all_but_one;

    #[test]
    fn of_two_words_one_is_enough_and_of_three_two_are_needed() {
        assert_eq!(all_but_one(&["a", "b"]), [["a", "b"]]);
        assert_eq!(all_but_one(&["a", "b", "c"]), [["a", "b"], ["a", "c"], ["b", "c"]]);
    }
}
