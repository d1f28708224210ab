//! The SQL of SQLite's FTS5. Knows neither folding nor ranking: words come as letters and
//! digits only, and are quoted all the same.
use super::{Corpus, text::Folded, wanted::Wanted};
use crate::error::{Error, Result};
use sea_orm::{
    ConnectionTrait, DbBackend, ExprTrait, Statement, Value,
    sea_query::{Expr, Order, Query as Sql, SelectStatement},
};
use uuid::Uuid;

fn table(corpus: Corpus) -> &'static str {
    match corpus {
        Corpus::Catalog => "search_catalog",
        Corpus::Filters => "search_filters",
    }
}

fn statement<const N: usize>(sql: impl Into<String>, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

pub fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

fn expression(wanted: &Wanted<'_>) -> String {
    let last = wanted.groups.len().saturating_sub(1);
    let group = |(at, words): (usize, &Vec<&str>)| {
        let mut words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        if let (true, Some(first)) = (wanted.open_end && at == last, words.first_mut()) {
            first.push_str(" *");
        }
        format!("({})", words.join(" OR "))
    };
    let all = wanted.groups.iter().enumerate().map(group).collect::<Vec<_>>().join(" AND ");
    if wanted.head { format!("head : ({all})") } else { all }
}

/// The matches, without the documents.
pub fn index(corpus: Corpus, wanted: &Wanted<'_>) -> SelectStatement {
    let index = table(corpus);
    let mut select = Sql::select();
    select.from(index);
    select.and_where(Expr::cust_with_values(format!("{index} MATCH ?"), [expression(wanted)]));
    select
}

/// Newest first: without an order of rank FTS5 stops reading as soon as it has enough.
pub fn matching(corpus: Corpus, wanted: &Wanted<'_>) -> SelectStatement {
    let mut select = index(corpus, wanted);
    select.cross_join("search_documents");
    select.and_where(Expr::cust(format!("{ROW} = {}", index_row(corpus))));
    select.order_by((table(corpus), "rowid"), Order::Desc);
    select
}

/// FTS5 knows nothing of a document but its row id.
pub const KEYS: &str = "json_group_array(id)";

pub fn keys(corpus: Corpus) -> SelectStatement {
    let (rows, id) = corpus.rows();
    let mut select = Sql::select();
    select.column(("search_documents", "id")).from(rows).cross_join("search_documents");
    select.and_where(Expr::col(("search_documents", "filter_id")).equals((rows, id)));
    select.and_where(Expr::col(("search_documents", "corpus")).eq(corpus.number()));
    select
}

pub const ROW: &str = "search_documents.id";

/// Known before the row itself is read.
pub fn index_row(corpus: Corpus) -> &'static str {
    match corpus {
        Corpus::Catalog => "search_catalog.rowid",
        Corpus::Filters => "search_filters.rowid",
    }
}

/// `+` keeps SQLite from asking the index once for every key.
pub fn among(row: &str, keys: &str) -> Expr {
    Expr::cust_with_values(format!("+{row} IN (SELECT value FROM json_each(?))"), [keys])
}

pub async fn put<C: ConnectionTrait>(txn: &C, corpus: Corpus, filter_id: Uuid, text: &Folded) -> Result<()> {
    // The trigger takes the old words out of the index with the old row.
    let sql = "DELETE FROM search_documents WHERE filter_id = ? AND corpus = ?";
    txn.execute_raw(statement(sql, [filter_id.into(), corpus.number().into()])).await?;
    let sql = "INSERT INTO search_documents (filter_id, corpus, namespace, name, words, title, summary) \
               VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id";
    let values = [
        filter_id.into(),
        corpus.number().into(),
        text.namespace.as_str().into(),
        text.name.as_str().into(),
        text.words.as_str().into(),
        text.title.as_str().into(),
        text.summary.as_str().into(),
    ];
    let row = txn.query_one_raw(statement(sql, values)).await?;
    let id: i64 = row.ok_or_else(|| Error::internal("no row id of a search document"))?.try_get("", "id")?;
    let sql = format!("INSERT INTO {} (rowid, head, body) VALUES (?, ?, ?)", table(corpus));
    txn.execute_raw(statement(sql, [id.into(), text.head.as_str().into(), text.body.as_str().into()]))
        .await?;
    Ok(())
}

fn list(words: &[&str]) -> Value {
    serde_json::json!(words).to_string().into()
}

pub fn learn(words: &[&str]) -> Statement {
    let sql =
        "INSERT INTO search_words (word) SELECT value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING";
    statement(sql, [list(words)])
}

pub fn forget(words: &[&str]) -> Statement {
    let sql = "DELETE FROM search_words WHERE word IN (SELECT value FROM json_each(?)) \
               AND NOT EXISTS (SELECT 1 FROM search_catalog WHERE search_catalog MATCH '\"' || search_words.word || '\"') \
               AND NOT EXISTS (SELECT 1 FROM search_filters WHERE search_filters MATCH '\"' || search_words.word || '\"')";
    statement(sql, [list(words)])
}

pub fn alike(word: &str, slips: usize) -> Statement {
    let letters: Vec<_> = format!(" {word} ").chars().collect();
    let trigrams: Vec<_> =
        letters.windows(3).map(|three| quoted(&three.iter().collect::<String>())).collect();
    let sql = "SELECT group_concat(search_words.word, ' ') AS words FROM search_trigrams CROSS JOIN search_words \
               WHERE search_trigrams MATCH ? AND search_words.id = search_trigrams.rowid \
               AND (length(search_words.word) BETWEEN ? AND ? OR instr(search_words.word, ?) > 0)";
    let (length, give) = ((letters.len() - 2) as i64, 1 + slips as i64);
    let values = [trigrams.join(" OR ").into(), (length - give).into(), (length + give).into(), word.into()];
    statement(sql, values)
}
