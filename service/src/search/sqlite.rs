//! The SQL of SQLite's FTS5. Knows neither folding nor ranking: words come as letters and
//! digits only, and are quoted all the same.
use super::{Corpus, MOST_CANDIDATES, Search, Wanted, rank::Candidate, text::Folded};
use crate::error::{Error, Result};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, ExprTrait, Statement, Value,
    sea_query::{Expr, Order, Query as Sql, SelectStatement},
};
use uuid::Uuid;

/// Rows that are fetched one by one without a second thought.
const MANY: u64 = 5000;

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

/// Newest first: without an order of rank FTS5 stops reading as soon as it has enough.
///
/// Reading the index costs next to nothing, fetching the rows behind it is what takes time.
/// So when many documents match and the caller may see few, the few are fetched first.
pub async fn matching<C: ConnectionTrait>(
    search: &Search<'_, C>,
    wanted: &Wanted<'_>,
) -> Result<Vec<Candidate>> {
    let index = table(search.corpus);
    let matches = Expr::cust_with_values(format!("{index} MATCH ?"), [expression(wanted)]);
    let mut select = Sql::select();
    select.from(index).cross_join("search_documents").and_where(matches.clone());
    select.and_where(Expr::cust(format!("search_documents.id = {index}.rowid")));
    select.order_by((index, "rowid"), Order::Desc);
    if search.within.is_some() && is_more(search, MANY, Sql::select().from(index).and_where(matches)).await? {
        let visible = visible(search, MANY + 1).await?;
        if visible.len() as u64 <= MANY {
            // `+` keeps SQLite from asking the index once for every visible row.
            let visible = serde_json::json!(visible).to_string();
            let few = format!("+{index}.rowid IN (SELECT value FROM json_each(?))");
            select.and_where(Expr::cust_with_values(few, [visible]));
            return search.pick(select, MOST_CANDIDATES).await;
        }
    }
    search.run(select, MOST_CANDIDATES).await
}

async fn is_more<C: ConnectionTrait>(
    search: &Search<'_, C>,
    than: u64,
    select: &SelectStatement,
) -> Result<bool> {
    let mut beyond = select.clone();
    beyond.expr(Expr::cust("1")).limit(1).offset(than);
    Ok(search.db.query_one(&beyond).await?.is_some())
}

async fn visible<C: ConnectionTrait>(search: &Search<'_, C>, most: u64) -> Result<Vec<i64>> {
    let (rows, key) = search.corpus.rows();
    let mut select = Sql::select();
    select.column(("search_documents", "id")).from(rows).cross_join("search_documents").limit(most);
    select.and_where(Expr::col(("search_documents", "filter_id")).equals((rows, key)));
    select.and_where(Expr::col(("search_documents", "corpus")).eq(search.corpus.number()));
    select.cond_where(search.within.clone().unwrap_or_else(Condition::all));
    let rows = search.db.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
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
