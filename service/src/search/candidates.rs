//! Picking candidates: by name and by full text, only among what the caller may see, and
//! never more than can be ranked at once. Knows the tables of search, not the engines' SQL.
use super::{Corpus, postgres, rank::Candidate, sqlite, text::Query, wanted::Wanted};
use crate::error::Result;
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DeriveIden, ExprTrait, FromQueryResult, Order,
    sea_query::{Expr, Query as Sql, SelectStatement},
};
use std::collections::HashSet;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Matches of one kind that are looked at before ranking. A word that more documents have
/// than this ranks only the ones first met, title and name before summary and README.
pub const MOST_CANDIDATES: u64 = 1000;
/// Rows that are fetched one by one without a second thought. Few in tests, so that those
/// reach both sides of it.
const MANY: u64 = if cfg!(test) { 50 } else { 5000 };
/// One more than both of these.
const COUNTED: u64 = if MANY > MOST_CANDIDATES { MANY + 1 } else { MOST_CANDIDATES + 1 };
/// Filters whose name begins with the query, and filters of the namespace that it names.
const MOST_NAMED: u64 = 200;

#[derive(Clone, Copy, DeriveIden)]
pub enum SearchDocuments {
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
pub const COLUMNS: [SearchDocuments; 6] = {
    use SearchDocuments as D;
    [D::FilterId, D::Namespace, D::Name, D::Words, D::Title, D::Summary]
};

#[derive(Default)]
pub struct Found {
    pub candidates: Vec<Candidate>,
    ids: HashSet<Uuid>,
}

impl Found {
    pub fn add(&mut self, more: Vec<Candidate>) {
        self.candidates.extend(more.into_iter().filter(|candidate| self.ids.insert(candidate.filter_id)));
    }
}

pub struct Search<'a, C> {
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

impl<'a, C: ConnectionTrait> Search<'a, C> {
    pub fn new(db: &'a C, corpus: Corpus, within: Option<Condition>) -> Self {
        Self { db, corpus, within: within.filter(|within| !within.is_empty()), visible: OnceCell::new() }
    }

    pub async fn named(&self, select: SelectStatement) -> Result<Vec<Candidate>> {
        let many = self.within.is_some() && self.hits(select.clone()).await? > MANY;
        self.run(select, sqlite::ROW, MOST_NAMED, many).await
    }

    pub async fn matching(&self, wanted: &Wanted<'_>) -> Result<Vec<Candidate>> {
        let many = self.within.is_some() && self.hits(self.index(wanted)).await? > MANY;
        self.documents(wanted, many).await
    }

    /// What has one word of each group. Of more than can be ranked, what has them in its title, name or labels
    /// comes first: the others only if those leave a place.
    pub async fn titles_first(&self, groups: Vec<Vec<&str>>) -> Result<Vec<Candidate>> {
        let anywhere = Wanted { groups, open_end: false, head: false };
        let hits = self.hits(self.index(&anywhere)).await?;
        let mut found = Found::default();
        if hits > MOST_CANDIDATES {
            let titles = Wanted { head: true, ..anywhere.clone() };
            found.add(self.documents(&titles, hits > MANY).await?);
        }
        if (found.candidates.len() as u64) < MOST_CANDIDATES {
            found.add(self.documents(&anywhere, hits > MANY).await?);
        }
        Ok(found.candidates)
    }

    async fn documents(&self, wanted: &Wanted<'_>, many: bool) -> Result<Vec<Candidate>> {
        let (select, row) = match self.db.get_database_backend() {
            DbBackend::Postgres => (postgres::matching(self.corpus, wanted), ""),
            _ => (sqlite::matching(self.corpus, wanted), sqlite::index_row(self.corpus)),
        };
        self.run(select, row, MOST_CANDIDATES, many).await
    }

    /// What `documents` selects, as far as the index knows it.
    fn index(&self, wanted: &Wanted<'_>) -> SelectStatement {
        match self.db.get_database_backend() {
            DbBackend::Postgres => postgres::matching(self.corpus, wanted),
            _ => sqlite::index(self.corpus, wanted),
        }
    }

    /// How many there are, whoever may see them; counted no further than anyone asks.
    async fn hits(&self, mut selection: SelectStatement) -> Result<u64> {
        selection.expr_as(Expr::cust("1"), "hit").clear_order_by().limit(COUNTED);
        let mut count = Sql::select();
        count.expr_as(Expr::cust("count(*)"), "count").from_subquery(selection, "hits");
        let row = self.db.query_one(&count).await?;
        let count: i64 = row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or(0);
        Ok(count.unsigned_abs())
    }

    /// Runs a selection from `search_documents`, limited to what the caller may see. `row` is
    /// where SQLite reads the key of a document first.
    ///
    /// Reading an index costs next to nothing; fetching the rows behind it is what takes time.
    /// So when many documents match and the caller may see few of them, the few come first.
    async fn run(
        &self,
        mut select: SelectStatement,
        row: &str,
        most: u64,
        many: bool,
    ) -> Result<Vec<Candidate>> {
        if let Some(within) = &self.within {
            let visible = match many || self.visible.initialized() {
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

    /// Words of the vocabulary that share letters with this one, and are as long give or take
    /// `slips` and a plural, or contain it. The vocabulary is one for both lists: a word that
    /// a hidden document alone has leads nowhere.
    pub async fn alike(&self, word: &str, slips: usize) -> Result<String> {
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
pub fn named(corpus: Corpus, query: &Query) -> Vec<SelectStatement> {
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
