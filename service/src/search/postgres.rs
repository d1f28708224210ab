//! The SQL of PostgreSQL's full text search and trigrams. Knows neither folding nor ranking:
//! words come as letters and digits only, and are quoted all the same.
use super::{Corpus, Wanted, text::Folded};
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

pub fn learn(corpus: Corpus, words: &[&str]) -> Statement {
    let sql = "INSERT INTO search_words (corpus, word) SELECT $1, unnest(string_to_array($2, ' ')) ON CONFLICT DO NOTHING";
    statement(sql, [corpus.number().into(), words.join(" ").into()])
}

pub fn forget(corpus: Corpus, words: &[&str]) -> Statement {
    let sql = format!(
        "DELETE FROM search_words WHERE corpus = {corpus} AND word = ANY (string_to_array($1, ' ')) \
         AND NOT EXISTS (SELECT 1 FROM search_documents \
         WHERE search_documents.corpus = {corpus} AND body @@ plainto_tsquery('search_text', word))",
        corpus = corpus.number()
    );
    statement(sql, [words.join(" ").into()])
}

/// `~` with alternatives reads the trigram index without a threshold that sessions could set.
pub fn alike(corpus: Corpus, word: &str, slips: usize) -> Statement {
    let letters: Vec<_> = word.chars().collect();
    let mut parts: Vec<String> = letters.windows(3).map(|three| three.iter().collect()).collect();
    if let ([first, second, ..], [.., before, last]) = (letters.as_slice(), letters.as_slice()) {
        parts.extend([format!("^{first}{second}"), format!("{before}{last}$")]);
    }
    let sql = "SELECT string_agg(word, ' ') AS words FROM search_words WHERE corpus = $1 AND word ~ $2 \
               AND (char_length(word) BETWEEN $3 AND $4 OR position($5 IN word) > 0)";
    let length = letters.len() as i32;
    let values = [
        corpus.number().into(),
        parts.join("|").into(),
        (length - 1 - slips as i32).into(),
        (length + 1 + slips as i32).into(),
        word.into(),
    ];
    statement(sql, values)
}
