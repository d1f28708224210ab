//! The SQL of PostgreSQL's full text search and trigrams. Knows neither folding nor ranking:
//! words come as letters and digits only, and are quoted all the same.
use super::{Corpus, text::Folded, wanted::Wanted};
use crate::error::Result;
use sea_orm::{
    ConnectionTrait, DbBackend, Statement, Value,
    sea_query::{Expr, Query as Sql, SelectStatement},
};
use uuid::Uuid;

fn statement<const N: usize>(sql: impl Into<String>, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}

fn expression(wanted: &Wanted<'_>) -> String {
    let last = wanted.groups.len().saturating_sub(1);
    let group = |(at, words): (usize, &Vec<&str>)| {
        let mut words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        if let (true, Some(first)) = (wanted.open_end && at == last, words.first_mut()) {
            first.push_str(":*");
        }
        format!("({})", words.join(" | "))
    };
    wanted.groups.iter().enumerate().map(group).collect::<Vec<_>>().join(" & ")
}

/// The corpus is written out: only a constant proves that a partial index will do.
pub fn matching(corpus: Corpus, wanted: &Wanted<'_>) -> SelectStatement {
    let column = if wanted.head { "head" } else { "body" };
    let matches = format!("search_documents.{column} @@ to_tsquery('search_text', $1)");
    let mut select = Sql::select();
    select.from("search_documents");
    select.and_where(Expr::cust(format!("search_documents.corpus = {}", corpus.number())));
    select.and_where(Expr::cust_with_values(matches, [expression(wanted)]));
    select
}

pub const KEYS: &str = "coalesce(string_agg(id::text, ' '), '')";

pub fn keys(corpus: Corpus) -> SelectStatement {
    let (rows, id) = corpus.rows();
    let mut select = Sql::select();
    select.expr_as(Expr::col((rows, id)), "id").from(rows);
    select
}

pub fn among(keys: &str) -> Expr {
    let few = "search_documents.filter_id = ANY (string_to_array($1, ' ')::uuid[])";
    Expr::cust_with_values(few, [keys])
}

pub async fn put<C: ConnectionTrait>(txn: &C, corpus: Corpus, filter_id: Uuid, text: &Folded) -> Result<()> {
    // Positions are of no use: the order of hits is not the engine's. `body` has the head
    // too, since the words of a query may stand in different fields.
    let sql = "INSERT INTO search_documents (filter_id, corpus, namespace, name, words, title, summary, head, body) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, strip(to_tsvector('search_text', $8)), \
               strip(to_tsvector('search_text', $9))) \
               ON CONFLICT (filter_id, corpus) DO UPDATE SET namespace = excluded.namespace, name = excluded.name, \
               words = excluded.words, title = excluded.title, summary = excluded.summary, head = excluded.head, \
               body = excluded.body";
    let values = [
        filter_id.into(),
        corpus.number().into(),
        text.namespace.as_str().into(),
        text.name.as_str().into(),
        text.words.as_str().into(),
        text.title.as_str().into(),
        text.summary.as_str().into(),
        text.head.as_str().into(),
        format!("{} {}", text.head, text.body).into(),
    ];
    txn.execute_raw(statement(sql, values)).await?;
    Ok(())
}

pub fn learn(words: &[&str]) -> Statement {
    let sql =
        "INSERT INTO search_words (word) SELECT unnest(string_to_array($1, ' ')) ON CONFLICT DO NOTHING";
    statement(sql, [words.join(" ").into()])
}

/// Locks what it deletes in the order of the words, like everybody.
pub fn forget(words: &[&str]) -> Statement {
    let other = |corpus| {
        format!(
            "NOT EXISTS (SELECT 1 FROM search_documents \
             WHERE search_documents.corpus = {corpus} AND body @@ plainto_tsquery('search_text', word))"
        )
    };
    let sql = format!(
        "DELETE FROM search_words WHERE word IN (SELECT word FROM search_words \
         WHERE word = ANY (string_to_array($1, ' ')) AND {} AND {} ORDER BY word FOR UPDATE)",
        other(Corpus::Catalog.number()),
        other(Corpus::Filters.number())
    );
    statement(sql, [words.join(" ").into()])
}

pub fn alike(word: &str, slips: usize) -> Statement {
    let sql = "SELECT string_agg(word, ' ') AS words FROM search_alike($1) AS word \
               WHERE char_length(word) BETWEEN $2 AND $3 OR position($1 IN word) > 0";
    let (length, give) = (word.chars().count() as i32, 1 + slips as i32);
    statement(sql, [word.into(), (length - give).into(), (length + give).into()])
}
