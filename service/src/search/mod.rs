//! Full-text search that forgives typos, over the two lists that people search. Owns the
//! tables `search_*`; the engines' own SQL is in `sqlite` and `postgres` and nowhere else.
//! Knows nothing of HTTP or of who may see what: the caller says that as a condition.
mod correct;
mod postgres;
mod rank;
mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use crate::error::Result;
use rank::Candidate;
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DeriveIden, ExprTrait, FromQueryResult, Order,
    sea_query::{Expr, Query as Sql, SelectStatement},
};
use std::collections::{BTreeSet, HashSet};
use text::{Folded, Query};
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use text::LONGEST_QUERY;

/// Matches of one kind that are looked at before ranking. A word that more documents have
/// than this ranks only the ones first met, title and name before summary and README.
const MOST_CANDIDATES: u64 = 1000;
/// Rows that are fetched one by one without a second thought. Few in tests, so that those
/// reach both sides of it.
const MANY: u64 = if cfg!(test) { 50 } else { 5000 };
/// Filters whose name begins with the query, and filters of the namespace that it names.
const MOST_NAMED: u64 = 200;
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

#[derive(Clone, Copy, DeriveIden)]
enum SearchDocuments {
    Table,
    FilterId,
    Corpus,
    Namespace,
    Name,
    Words,
    Title,
    Summary,
}

/// Of a `Candidate`.
const COLUMNS: [SearchDocuments; 6] = {
    use SearchDocuments as D;
    [D::FilterId, D::Namespace, D::Name, D::Words, D::Title, D::Summary]
};

/// What the engine shall find: of each group at least one word.
struct Wanted<'a> {
    groups: Vec<Vec<&'a str>>,
    /// The first word of the last group may be the start of a longer one.
    open_end: bool,
    /// Only in namespace, name, title and labels.
    head: bool,
}

/// Adds a document or replaces it, within the caller's transaction.
pub async fn put<C: ConnectionTrait>(txn: &C, corpus: Corpus, document: &Document<'_>) -> Result<()> {
    let folded = Folded::new(document);
    let old = stored(txn, corpus, document.filter_id).await?;
    match txn.get_database_backend() {
        DbBackend::Postgres => postgres::put(txn, corpus, document.filter_id, &folded).await?,
        _ => sqlite::put(txn, corpus, document.filter_id, &folded).await?,
    }
    let words = folded.vocabulary();
    let known: BTreeSet<_> = old.iter().flat_map(Candidate::vocabulary).collect();
    learn(txn, &words).await?;
    forget(txn, known.difference(&words).copied().collect()).await
}

/// Removes a document; one that is not there is gone already.
pub async fn remove<C: ConnectionTrait>(txn: &C, corpus: Corpus, filter_id: Uuid) -> Result<()> {
    let Some(old) = stored(txn, corpus, filter_id).await? else { return Ok(()) };
    let mut delete = Sql::delete();
    delete.from_table(SearchDocuments::Table).cond_where(this(corpus, filter_id));
    txn.execute(&delete).await?;
    forget(txn, old.vocabulary().into_iter().collect()).await
}

/// The documents that match, best first: the filter or namespace of that name, names that
/// begin with it, full text, and only if that finds nothing of use, words that are spelt
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
    let within = within.filter(|within| !within.is_empty());
    let search = Search { db, corpus, within, visible: OnceCell::new() };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Found::default();
    for select in named(corpus, &query) {
        found.add(search.named(select).await?);
    }
    let groups: Vec<_> = query.words.iter().map(|word| vec![word.as_str()]).collect();
    for (head, open_end) in [(true, false), (false, false), (false, true)] {
        // Each step finds what the one before it found, and more.
        let needless = search.sees_few() && !open_end;
        if !needless && found.candidates.len() < limit.min(MOST_CANDIDATES as usize) {
            found.add(search.matching(&Wanted { groups: groups.clone(), open_end, head }).await?);
        }
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

#[derive(Default)]
struct Found {
    candidates: Vec<Candidate>,
    ids: HashSet<Uuid>,
}

impl Found {
    fn add(&mut self, more: Vec<Candidate>) {
        self.candidates.extend(more.into_iter().filter(|candidate| self.ids.insert(candidate.filter_id)));
    }
}

struct Search<'a, C> {
    db: &'a C,
    corpus: Corpus,
    within: Option<Condition>,
    /// Asked for once, and only if it helps.
    visible: OnceCell<Visible>,
}

#[derive(FromQueryResult)]
struct Visible {
    count: i64,
    /// In the form that the engine takes them back in.
    keys: String,
}

impl<C: ConnectionTrait> Search<'_, C> {
    async fn named(&self, select: SelectStatement) -> Result<Vec<Candidate>> {
        self.run(select, sqlite::ROW, MOST_NAMED).await
    }

    async fn matching(&self, wanted: &Wanted<'_>) -> Result<Vec<Candidate>> {
        let (select, row) = match self.db.get_database_backend() {
            DbBackend::Postgres => (postgres::matching(self.corpus, wanted), ""),
            _ => (sqlite::matching(self.corpus, wanted), sqlite::index_row(self.corpus)),
        };
        self.run(select, row, MOST_CANDIDATES).await
    }

    /// Runs a selection from `search_documents`, limited to what the caller may see. `row` is
    /// where SQLite reads the key of a document first.
    ///
    /// Reading an index costs next to nothing; fetching the rows behind it is what takes time.
    /// So when many documents match and the caller may see few of them, the few come first.
    async fn run(&self, mut select: SelectStatement, row: &str, most: u64) -> Result<Vec<Candidate>> {
        if let Some(within) = &self.within {
            let many = self.visible.initialized() || self.is_more_than_many(&select).await?;
            let visible = match many {
                true => Some(self.visible.get_or_try_init(|| self.visible(within)).await?),
                false => None,
            };
            match visible.filter(|visible| visible.count <= MANY as i64) {
                Some(few) => {
                    select.and_where(match self.db.get_database_backend() {
                        DbBackend::Postgres => postgres::among(&few.keys),
                        _ => sqlite::among(row, &few.keys),
                    });
                }
                None => {
                    let (rows, key) = self.corpus.rows();
                    // On SQLite a cross join also fixes the order: from the matches to the rows.
                    select.cross_join(rows).cond_where(within.clone());
                    select.and_where(
                        Expr::col((rows, key)).equals((SearchDocuments::Table, SearchDocuments::FilterId)),
                    );
                }
            }
        }
        select.columns(COLUMNS.map(|column| (SearchDocuments::Table, column)));
        let rows = self.db.query_all(select.limit(most)).await?;
        Ok(rows.iter().map(|row| Candidate::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    async fn is_more_than_many(&self, matching: &SelectStatement) -> Result<bool> {
        let mut beyond = matching.clone();
        beyond.expr(Expr::cust("1")).offset(MANY).limit(1);
        Ok(self.db.query_one(&beyond).await?.is_some())
    }

    /// The keys of all that the caller may see, or of one more than many.
    async fn visible(&self, within: &Condition) -> Result<Visible> {
        let (mut some, all) = match self.db.get_database_backend() {
            DbBackend::Postgres => (postgres::keys(self.corpus), postgres::KEYS),
            _ => (sqlite::keys(self.corpus), sqlite::KEYS),
        };
        some.cond_where(within.clone()).limit(MANY + 1);
        let mut select = Sql::select();
        select
            .expr_as(Expr::cust("count(*)"), "count")
            .expr_as(Expr::cust(all), "keys")
            .from_subquery(some, "some");
        let row = self.db.query_one(&select).await?;
        let visible = row.map(|row| Visible::from_query_result(&row, "")).transpose()?;
        Ok(visible.unwrap_or(Visible { count: 0, keys: String::new() }))
    }

    /// Whether everything that the caller may see would do as candidates.
    fn sees_few(&self) -> bool {
        self.visible.get().is_some_and(|visible| visible.count <= MOST_CANDIDATES as i64)
    }

    /// Words of the vocabulary that share letters with this one, and are as long give or take
    /// `slips` and a plural, or contain it. The vocabulary is one for both lists: a word that
    /// a hidden document alone has leads nowhere.
    async fn alike(&self, word: &str, slips: usize) -> Result<String> {
        let statement = match self.db.get_database_backend() {
            DbBackend::Postgres => postgres::alike(word, slips),
            _ => sqlite::alike(word, slips),
        };
        let row = self.db.query_one_raw(statement).await?;
        let words = row.map(|row| row.try_get::<Option<String>>("", "words")).transpose()?;
        Ok(words.flatten().unwrap_or_default())
    }
}

/// By name, without full text: an exact name is found however many documents have the word.
fn named(corpus: Corpus, query: &Query) -> Vec<SelectStatement> {
    use SearchDocuments as D;
    let column = |column| Expr::col((D::Table, column));
    let mut by_name = Sql::select();
    by_name.from(D::Table).and_where(column(D::Corpus).eq(corpus.number()));
    by_name.order_by((D::Table, D::Name), Order::Asc);
    let mut by_namespace = by_name.clone();
    let mut by_path = by_name.clone();
    by_namespace.and_where(column(D::Namespace).eq(query.key.as_str()));
    by_name.and_where(column(D::Name).gte(query.key.as_str()));
    by_name.and_where(column(D::Name).lt(format!("{}\u{10ffff}", query.key)));
    let mut all = vec![by_name, by_namespace];
    if let Some((namespace, name)) = &query.path {
        by_path
            .and_where(column(D::Namespace).eq(namespace.as_str()))
            .and_where(column(D::Name).eq(name.as_str()));
        all.push(by_path);
    }
    all
}

fn this(corpus: Corpus, filter_id: Uuid) -> Condition {
    use SearchDocuments as D;
    Condition::all().add(Expr::col(D::FilterId).eq(filter_id)).add(Expr::col(D::Corpus).eq(corpus.number()))
}

async fn stored<C: ConnectionTrait>(txn: &C, corpus: Corpus, filter_id: Uuid) -> Result<Option<Candidate>> {
    use SearchDocuments as D;
    let mut select = Sql::select();
    select.columns(COLUMNS);
    select.from(D::Table).cond_where(this(corpus, filter_id));
    let row = txn.query_one(&select).await?;
    Ok(row.map(|row| Candidate::from_query_result(&row, "")).transpose()?)
}

/// Adds words to the vocabulary, in one order always, so that two writers never wait in a circle.
async fn learn<C: ConnectionTrait>(txn: &C, words: &BTreeSet<&str>) -> Result<()> {
    let words: Vec<_> = words.iter().copied().collect();
    let statement = match txn.get_database_backend() {
        DbBackend::Postgres => postgres::learn(&words),
        _ => sqlite::learn(&words),
    };
    txn.execute_raw(statement).await?;
    Ok(())
}

/// Drops the words that no document has any more. Another writer who brings one back in this
/// very moment may lose it: until the next change of the text, that word corrects no typo.
async fn forget<C: ConnectionTrait>(txn: &C, words: Vec<&str>) -> Result<()> {
    if words.is_empty() {
        return Ok(());
    }
    let statement = match txn.get_database_backend() {
        DbBackend::Postgres => postgres::forget(&words),
        _ => sqlite::forget(&words),
    };
    txn.execute_raw(statement).await?;
    Ok(())
}
