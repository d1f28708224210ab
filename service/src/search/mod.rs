//! Full-text search that forgives typos, over the two lists that people search. Owns the
//! tables `search_*`; the engines' own SQL is in `sqlite` and `postgres` and nowhere else.
//! Knows nothing of HTTP or of who may see what: the caller says that as a condition.
mod candidates;
mod correct;
mod postgres;
mod rank;
mod some;
mod sqlite;
#[cfg(test)]
mod tests;
mod text;
mod wanted;

use crate::{db::WriteTxn, error::Result};
use candidates::{COLUMNS, Found, MOST_CANDIDATES, Search, SearchDocuments};
use rank::Candidate;
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, ExprTrait, FromQueryResult, Statement,
    sea_query::{Expr, Query as Sql},
};
use std::collections::BTreeSet;
use text::{Folded, Query};
use uuid::Uuid;
use wanted::Wanted;

/// With so many hits in READMEs alone, nobody needs to be corrected.
const ENOUGH: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// The public text of approved snapshots.
    Catalog,
    /// Text of drafts too: search it only under a condition on what the caller may see.
    Filters,
}

impl Corpus {
    fn number(self) -> i16 {
        match self {
            Self::Catalog => 0,
            Self::Filters => 1,
        }
    }

    /// The table that conditions are about, and its key.
    fn rows(self) -> (&'static str, &'static str) {
        match self {
            Self::Catalog => ("catalog_entries", "filter_id"),
            Self::Filters => ("filters", "id"),
        }
    }
}

pub struct Document<'a> {
    pub filter_id: Uuid,
    pub namespace: &'a str,
    pub name: &'a str,
    pub title: &'a str,
    pub summary: &'a str,
    pub labels: &'a [String],
    pub readme: Option<&'a str>,
}

/// Adds a document or replaces it, within the caller's transaction.
pub async fn put(txn: &WriteTxn<'_>, corpus: Corpus, document: &Document<'_>) -> Result<()> {
    let folded = Folded::new(document);
    let old = stored(txn, corpus, document.filter_id).await?;
    match txn.get_database_backend() {
        DbBackend::Postgres => postgres::put(&**txn, corpus, document.filter_id, &folded).await?,
        _ => sqlite::put(&**txn, corpus, document.filter_id, &folded).await?,
    }
    let words = folded.vocabulary();
    let known: BTreeSet<_> = old.iter().flat_map(Candidate::vocabulary).collect();
    txn.gather(LEARN, learn, words.iter().copied());
    txn.gather(FORGET, forget, known.difference(&words).copied());
    Ok(())
}

/// Removes a document; one that is not there is gone already.
pub async fn remove(txn: &WriteTxn<'_>, corpus: Corpus, filter_id: Uuid) -> Result<()> {
    let Some(old) = stored(txn, corpus, filter_id).await? else { return Ok(()) };
    let mut delete = Sql::delete();
    delete.from_table(SearchDocuments::Table).cond_where(this(corpus, filter_id));
    txn.execute(&delete).await?;
    txn.gather(FORGET, forget, old.vocabulary());
    Ok(())
}

/// The documents that match, best first: a filter whose path this is, and then nothing else but
/// names; the filter or namespace of that name, names that begin with it, full text, and only if that finds nothing of use, words that are spelt
/// almost like it or contain it.
///
/// `within` is a condition on `catalog_entries` for the catalog and on `filters` for filters.
/// It is applied where candidates are picked, so what the caller may not see takes no place
/// from what they may. Of each kind of match 1,000 candidates are ranked at most.
/// A query without a word finds nothing; any text of at most 200 characters is a query.
pub async fn find<C: ConnectionTrait>(
    db: &C,
    corpus: Corpus,
    q: &str,
    within: Option<Condition>,
    limit: u64,
) -> Result<Vec<Uuid>> {
    let Some(query) = Query::parse(q)? else { return Ok(vec![]) };
    let search = Search::new(db, corpus, within);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Found::default();
    for select in candidates::named(corpus, &query) {
        found.add(search.named(select).await?);
    }
    // Who spells out a path means that filter, not what shares words with it.
    if found.candidates.iter().any(|candidate| rank::is_path(&query, candidate)) {
        let mut ranked = rank::best_first(&query, found.candidates, &[]);
        ranked.truncate(limit);
        return Ok(ranked);
    }
    let groups: Vec<_> = query.words.iter().map(|word| vec![word.as_str()]).collect();
    found.add(search.titles_first(groups.clone()).await?);
    if found.candidates.len() < limit.min(MOST_CANDIDATES as usize) {
        found.add(search.matching(&Wanted { groups, open_end: true, head: false }).await?);
    }
    let plain = found.candidates.iter().any(|candidate| rank::is_plain(&query, candidate));
    let mut spellings = vec![];
    if !plain && found.candidates.len() < ENOUGH {
        let (more, tried) = correct::matches(&search, &query).await?;
        found.add(more);
        spellings = tried;
    }
    let mut ranked = rank::best_first(&query, found.candidates, &spellings);
    ranked.truncate(limit);
    Ok(ranked)
}

/// Documents that have some of the words, those with most of them first: for when `find` finds nothing. A query of one
/// word has none.
pub async fn find_some<C: ConnectionTrait>(
    db: &C,
    corpus: Corpus,
    q: &str,
    within: Option<Condition>,
    limit: u64,
) -> Result<Vec<Uuid>> {
    let Some(query) = Query::parse(q)?.map(Query::without_fillers) else { return Ok(vec![]) };
    let (found, spellings) = some::matches(&Search::new(db, corpus, within), &query).await?;
    let mut ranked = rank::most_words_first(&query, found, &spellings);
    ranked.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(ranked)
}

fn this(corpus: Corpus, filter_id: Uuid) -> Condition {
    use SearchDocuments as D;
    Condition::all().add(Expr::col(D::FilterId).eq(filter_id)).add(Expr::col(D::Corpus).eq(corpus.number()))
}

async fn stored(txn: &WriteTxn<'_>, corpus: Corpus, filter_id: Uuid) -> Result<Option<Candidate>> {
    use SearchDocuments as D;
    let mut select = Sql::select();
    select.columns(COLUMNS);
    select.from(D::Table).cond_where(this(corpus, filter_id));
    let row = txn.query_one(&select).await?;
    Ok(row.map(|row| Candidate::from_query_result(&row, "")).transpose()?)
}

/// Words that are new come before words that may go: the steps of every transaction's end.
const LEARN: u8 = 0;
const FORGET: u8 = 1;

fn learn(backend: DbBackend, words: &[&str]) -> Statement {
    match backend {
        DbBackend::Postgres => postgres::learn(words),
        _ => sqlite::learn(words),
    }
}

/// Drops the words that no document has any more. Another writer who brings one back in this
/// very moment may lose it: until the next change of the text, that word corrects no typo.
fn forget(backend: DbBackend, words: &[&str]) -> Statement {
    match backend {
        DbBackend::Postgres => postgres::forget(words),
        _ => sqlite::forget(words),
    }
}
