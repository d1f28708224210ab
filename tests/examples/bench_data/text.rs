//! The rows of search, in bulk. What is generated is folded already (lower case, one blank
//! between words), so the fields are put together here as the service does it; the bench
//! checks over HTTP that searches find what they must.
use anyhow::Result;
use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{Expr, OnConflict, Query},
};
use std::collections::BTreeSet;
use tamis::db::WriteTxn;
use uuid::Uuid;

const AT_ONCE: usize = 500;

pub struct Document {
    pub filter_id: Uuid,
    pub namespace: String,
    /// With hyphens.
    pub name: String,
    /// Title and labels.
    pub title: String,
    pub summary: String,
    pub readme: String,
}

impl Document {
    fn words(&self) -> String {
        self.name.replace('-', " ")
    }

    fn key(&self) -> String {
        self.name.replace('-', "")
    }

    fn head(&self) -> String {
        format!("{0} {0} {1} {2} {3}", self.namespace, self.words(), self.key(), self.title)
    }
}

/// One of the two lists that people search.
pub struct Corpus {
    number: i16,
    next_row: i64,
    vocabulary: BTreeSet<String>,
}

impl Corpus {
    pub fn catalog() -> Self {
        Self { number: 0, next_row: 1_000_000, vocabulary: BTreeSet::new() }
    }

    pub fn filters() -> Self {
        Self { number: 1, next_row: 10_000_000, vocabulary: BTreeSet::new() }
    }

    pub async fn add(&mut self, txn: &WriteTxn<'_>, documents: &[Document]) -> Result<()> {
        for some in documents.chunks(AT_ONCE) {
            match txn.get_database_backend() {
                DbBackend::Postgres => self.postgres(txn, some).await?,
                _ => self.sqlite(txn, some).await?,
            }
            for d in some {
                let words = d.words();
                let fields = [d.namespace.as_str(), &words, &d.title, &d.summary];
                self.vocabulary.extend(fields.into_iter().flat_map(|f| f.split(' ')).map(str::to_owned));
            }
        }
        Ok(())
    }

    async fn sqlite(&mut self, txn: &WriteTxn<'_>, documents: &[Document]) -> Result<()> {
        let columns = ["id", "filter_id", "corpus", "namespace", "name", "words", "title", "summary"];
        let mut rows = Query::insert().into_table("search_documents").columns(columns).to_owned();
        let index = if self.number == 0 { "search_catalog" } else { "search_filters" };
        let mut texts = Query::insert().into_table(index).columns(["rowid", "head", "body"]).to_owned();
        for d in documents {
            self.next_row += 1;
            let id = self.next_row;
            rows.values([
                id.into(),
                d.filter_id.into(),
                self.number.into(),
                d.namespace.clone().into(),
                d.key().into(),
                d.words().into(),
                d.title.clone().into(),
                d.summary.clone().into(),
            ])?;
            texts.values([id.into(), d.head().into(), format!("{} {}", d.summary, d.readme).into()])?;
        }
        txn.execute(&rows).await?;
        txn.execute(&texts).await?;
        Ok(())
    }

    async fn postgres(&self, txn: &WriteTxn<'_>, documents: &[Document]) -> Result<()> {
        let columns =
            ["filter_id", "corpus", "namespace", "name", "words", "title", "summary", "head", "body"];
        let mut rows = Query::insert().into_table("search_documents").columns(columns).to_owned();
        let vector = |text: String| Expr::cust_with_values("strip(to_tsvector('search_text', $1))", [text]);
        for d in documents {
            rows.values([
                d.filter_id.into(),
                self.number.into(),
                d.namespace.clone().into(),
                d.key().into(),
                d.words().into(),
                d.title.clone().into(),
                d.summary.clone().into(),
                vector(d.head()),
                vector(format!("{} {} {}", d.head(), d.summary, d.readme)),
            ])?;
        }
        txn.execute(&rows).await?;
        Ok(())
    }

    /// Adds the words of all documents to the vocabulary of typo correction.
    pub async fn finish(self, txn: &WriteTxn<'_>) -> Result<()> {
        let words: Vec<_> = self.vocabulary.into_iter().collect();
        for some in words.chunks(AT_ONCE) {
            let mut rows = Query::insert().into_table("search_words").columns(["word"]).to_owned();
            for word in some {
                rows.values([word.as_str().into()])?;
            }
            rows.on_conflict(OnConflict::new().do_nothing().to_owned());
            txn.execute(&rows).await?;
        }
        Ok(())
    }
}
