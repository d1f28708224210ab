//! What search looks at: one row a document, the full-text index of each engine, and the
//! vocabulary that typos are corrected against. Full text is where the two engines differ
//! too much for one statement.
use crate::table::index;
use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    // SQLite would otherwise keep half of a failed step.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let sql = match m.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        m.get_connection().execute_unprepared(sql).await?;
        // What a stranger may see is asked for by this column, and may be little of much.
        m.create_index(index("filters", &["published_releases"], false)).await
    }
}

// The text comes folded, with one blank between words, so `ascii` splits exactly at the
// blanks and leaves every other letter alone. The indexes keep no copy of the text.
const SQLITE: &str = "
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY,
    filter_id uuid_text NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
    corpus smallint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    words text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    UNIQUE (filter_id, corpus)
);
CREATE INDEX ix_search_documents_name ON search_documents (corpus, name);
CREATE INDEX ix_search_documents_namespace ON search_documents (corpus, namespace, name);

CREATE VIRTUAL TABLE search_catalog USING fts5 (
    head, body, content = '', contentless_delete = 1, detail = column, prefix = '2 3', tokenize = 'porter ascii'
);
CREATE VIRTUAL TABLE search_filters USING fts5 (
    head, body, content = '', contentless_delete = 1, detail = column, prefix = '2 3', tokenize = 'porter ascii'
);
CREATE TRIGGER search_documents_gone AFTER DELETE ON search_documents BEGIN
    DELETE FROM search_catalog WHERE old.corpus = 0 AND rowid = old.id;
    DELETE FROM search_filters WHERE old.corpus = 1 AND rowid = old.id;
END;

CREATE TABLE search_words (id INTEGER PRIMARY KEY, word text NOT NULL UNIQUE);
CREATE VIRTUAL TABLE search_trigrams USING fts5 (
    word, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER search_words_new AFTER INSERT ON search_words BEGIN
    INSERT INTO search_trigrams (rowid, word) VALUES (new.id, ' ' || new.word || ' ');
END;
CREATE TRIGGER search_words_gone AFTER DELETE ON search_words BEGIN
    DELETE FROM search_trigrams WHERE rowid = old.id;
END;
";

// The stemmer without its stop words: a filter may well be called `about` or `off`.
// `fastupdate` would make readers search a list of pending entries one by one. The function
// exists for its settings: one letter wrong in five leaves less alike than the default asks.
const POSTGRES: &str = r#"
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TEXT SEARCH DICTIONARY search_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION search_text (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION search_text ALTER MAPPING FOR asciiword, word, numword WITH search_stem;

CREATE TABLE search_documents (
    filter_id uuid NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
    corpus smallint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    words text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    head tsvector NOT NULL,
    body tsvector NOT NULL,
    PRIMARY KEY (filter_id, corpus)
);
CREATE INDEX ix_search_documents_name ON search_documents (corpus, name);
CREATE INDEX ix_search_documents_namespace ON search_documents (corpus, namespace, name);
CREATE INDEX ix_search_catalog_head ON search_documents USING gin (head) WITH (fastupdate = off) WHERE corpus = 0;
CREATE INDEX ix_search_catalog_body ON search_documents USING gin (body) WITH (fastupdate = off) WHERE corpus = 0;
CREATE INDEX ix_search_filters_head ON search_documents USING gin (head) WITH (fastupdate = off) WHERE corpus = 1;
CREATE INDEX ix_search_filters_body ON search_documents USING gin (body) WITH (fastupdate = off) WHERE corpus = 1;

CREATE TABLE search_words (word text COLLATE "C" PRIMARY KEY);
CREATE INDEX ix_search_words_trigrams ON search_words USING gin (word gin_trgm_ops) WITH (fastupdate = off);
CREATE FUNCTION search_alike(near text) RETURNS SETOF text LANGUAGE sql STABLE
    SET pg_trgm.similarity_threshold = 0.2 SET enable_seqscan = off
    AS $$ SELECT word FROM search_words WHERE word % near OR word LIKE '%' || near || '%' $$;
"#;
