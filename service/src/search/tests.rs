//! Search against a real engine: SQLite, or PostgreSQL when `TAMIS_TEST_DATABASE_URL` names
//! a server. Every expectation here holds on both.
use super::{Corpus, Document, find, find_some, put, remove};
use crate::db::Db;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, ExprTrait,
    sea_query::{Expr, Query as Sql},
};
use std::collections::BTreeSet;
use tamis_entities::filter;
use uuid::Uuid;

struct Shelf {
    db: Db,
    namespace: Uuid,
}

#[derive(Clone, Copy, Default)]
struct Text<'a> {
    namespace: &'a str,
    title: &'a str,
    summary: &'a str,
    labels: &'a [&'a str],
    readme: &'a str,
}

impl Shelf {
    async fn new() -> Self {
        let db = match std::env::var("TAMIS_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) {
            None => Db::connect("sqlite::memory:", 1).await.unwrap(),
            Some(server) => {
                let name = format!("s_{}", Uuid::new_v4().simple());
                let admin = Db::connect(&server, 1).await.unwrap();
                admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
                Db::connect(&format!("{}/{name}", server.rsplit_once('/').unwrap().0), 4).await.unwrap()
            }
        };
        db.migrate(None).await.unwrap();
        let namespace = Uuid::now_v7();
        let mut insert = Sql::insert();
        insert.into_table("namespaces").columns(["id", "handle", "skeleton", "kind", "created_at"]);
        insert.values_panic([namespace.into(), "acme".into(), "acme".into(), "team".into(), 0i64.into()]);
        db.execute(&insert).await.unwrap();
        Self { db, namespace }
    }

    /// The usual three, and nothing that looks like them.
    async fn stocked() -> Self {
        let shelf = Self::new().await;
        let waf =
            Text { title: "Web application firewall", summary: "Stops known attacks", ..Text::default() };
        shelf.add("waf", waf).await;
        shelf
            .add("header-guard", Text { summary: "Checks the headers of a request", ..Text::default() })
            .await;
        let limit = Text {
            title: "Rate limit",
            labels: &["traffic"],
            readme: "Counts in a token bucket.",
            ..Text::default()
        };
        shelf.add("limiter", limit).await;
        shelf
    }

    async fn row(&self, name: &str, visibility: &str) -> Uuid {
        let id = Uuid::now_v7();
        let mut insert = Sql::insert();
        let columns = [
            "id",
            "meshery_id",
            "namespace_id",
            "name",
            "skeleton",
            "title",
            "summary",
            "visibility",
            "defaults",
            "published_releases",
            "row_version",
            "created_by",
            "created_at",
            "updated_at",
        ];
        insert.into_table("filters").columns(columns).values_panic([
            id.into(),
            Uuid::new_v4().into(),
            self.namespace.into(),
            name.into(),
            name.into(),
            "".into(),
            "".into(),
            visibility.into(),
            serde_json::json!({}).into(),
            0i64.into(),
            1i64.into(),
            self.namespace.into(),
            0i64.into(),
            0i64.into(),
        ]);
        self.db.execute(&insert).await.unwrap();
        id
    }

    async fn add(&self, name: &str, text: Text<'_>) -> Uuid {
        let id = self.row(name, "public").await;
        self.put(Corpus::Filters, id, name, text).await;
        id
    }

    async fn put(&self, corpus: Corpus, filter_id: Uuid, name: &str, text: Text<'_>) {
        let labels: Vec<_> = text.labels.iter().map(|label| (*label).to_owned()).collect();
        let namespace = if text.namespace.is_empty() { "acme" } else { text.namespace };
        let Text { title, summary, readme, .. } = text;
        let readme = Some(readme).filter(|r| !r.is_empty());
        let document = Document { filter_id, namespace, name, title, summary, labels: &labels, readme };
        let txn = self.db.begin_write().await.unwrap();
        put(&txn, corpus, &document).await.unwrap();
        txn.commit().await.unwrap();
    }

    /// The names of the hits, best first.
    async fn names(&self, q: &str) -> Vec<String> {
        self.named(find(&*self.db, Corpus::Filters, q, None, 1000).await.unwrap()).await
    }

    async fn visible_names(&self, q: &str) -> Vec<String> {
        let within = Condition::all().add(filter::Column::Visibility.eq("public"));
        self.named(find(&*self.db, Corpus::Filters, q, Some(within), 1000).await.unwrap()).await
    }

    async fn named(&self, ids: Vec<Uuid>) -> Vec<String> {
        let mut names = vec![];
        for id in ids {
            let mut select = Sql::select();
            select.column("name").from("filters").and_where(Expr::col("id").eq(id));
            names.push(self.db.query_one(&select).await.unwrap().unwrap().try_get("", "name").unwrap());
        }
        names
    }

    async fn vocabulary(&self) -> BTreeSet<String> {
        let mut select = Sql::select();
        select.column("word").from("search_words");
        let rows = self.db.query_all(&select).await.unwrap();
        rows.iter().map(|row| row.try_get("", "word").unwrap()).collect()
    }
}

#[actix_web::test]
async fn small_typos_are_forgiven() {
    let shelf = Shelf::stocked().await;
    for (q, name) in [
        ("firewal aplication", "waf"),
        ("web aplicaton firewall", "waf"),
        ("haeder-guard", "header-guard"),
        ("hedaer", "header-guard"),
        ("rate limt", "limiter"),
        ("trafic", "limiter"),
        ("ratte", "limiter"),
        ("Häder gard", "header-guard"),
    ] {
        assert_eq!(shelf.names(q).await, [name], "{q}");
    }
}

#[actix_web::test]
async fn parts_starts_and_endings_of_words_are_found() {
    let shelf = Shelf::stocked().await;
    for (q, name) in [
        ("guard", "header-guard"),
        ("eader", "header-guard"),
        ("uar", "header-guard"),
        ("headerguard", "header-guard"),
        ("HEADER_GU", "header-guard"),
        ("header guard", "header-guard"),
        ("appl", "waf"),
        ("a firewall for the web", "waf"),
        ("limiting", "limiter"),
        ("limits", "limiter"),
        ("bucket", "limiter"),
        ("token traffic", "limiter"),
        ("acme/limiter", "limiter"),
    ] {
        assert_eq!(shelf.names(q).await.first().map(String::as_str), Some(name), "{q}");
    }
    assert_eq!(shelf.names("firewall bucket").await, Vec::<String>::new(), "no document has both");
    assert_eq!(shelf.names("quantum").await, Vec::<String>::new());
}

#[actix_web::test]
async fn of_several_words_some_are_enough_where_that_is_asked_for_and_most_of_them_come_first() {
    let shelf = Shelf::stocked().await;
    let some = async |q: &str| {
        shelf.named(find_some(&*shelf.db, Corpus::Filters, q, None, 1000).await.unwrap()).await
    };
    assert_eq!(some("rate limit quantum").await, ["limiter"]);
    assert_eq!(some("quantum bucket physics firewall").await, ["waf", "limiter"], "a README weighs least");
    assert_eq!(some("firewal quantum").await, ["waf"], "spelt almost like it");
    assert_eq!(
        some("of quantum the").await,
        Vec::<String>::new(),
        "one word, as nothing was said by the others"
    );
    assert_eq!(some("firewall").await, Vec::<String>::new());
    assert_eq!(some("quantum physics").await, Vec::<String>::new());
}

#[actix_web::test]
async fn the_exact_name_comes_first_then_its_prefixes_then_text_then_readmes() {
    let shelf = Shelf::new().await;
    shelf.add("a", Text { readme: "guard", ..Text::default() }).await;
    shelf.add("b", Text { summary: "A guard for everything", ..Text::default() }).await;
    shelf.add("c", Text { title: "Guard of tokens", ..Text::default() }).await;
    shelf.add("my-guard", Text::default()).await;
    shelf.add("guard-rail", Text::default()).await;
    shelf.add("d", Text { namespace: "guard", ..Text::default() }).await;
    shelf.add("guard", Text::default()).await;
    assert_eq!(shelf.names("guard").await, ["guard", "d", "guard-rail", "my-guard", "c", "b", "a"]);
    assert_eq!(shelf.names("guard").await.first().unwrap(), "guard");
}

#[actix_web::test]
async fn a_path_finds_the_filter_that_it_names_and_is_text_where_it_names_none() {
    let shelf = Shelf::new().await;
    shelf.add("guard", Text::default()).await;
    shelf.add("other", Text { summary: "Like acme guard, for bodies", ..Text::default() }).await;
    assert_eq!(shelf.names("acme/guard").await, ["guard"]);
    assert_eq!(shelf.names("acme guard").await, ["guard", "other"]);
    assert_eq!(shelf.names("acme/bodies").await, ["other"]);
}

#[actix_web::test]
async fn what_the_caller_may_not_see_takes_no_place_from_what_they_may() {
    let shelf = Shelf::new().await;
    shelf.add("mine", Text { title: "Firewall", summary: "limits", ..Text::default() }).await;
    for i in 0..1100 {
        let name = format!("firewall-{i}");
        let id = shelf.row(&name, "private").await;
        let text = Text {
            title: "Firewall",
            summary: "limits firewalk firewart",
            readme: "firewall",
            ..Text::default()
        };
        shelf.put(Corpus::Filters, id, &name, text).await;
    }
    for q in ["firewall", "fire", "firewal", "irewal", "limt", "firewaal", "limit", "acme"] {
        assert_eq!(shelf.visible_names(q).await, ["mine"], "{q}");
    }
    assert_eq!(shelf.visible_names("firewalk").await, ["mine"], "corrected as if nobody had written it");
    let all = find(&*shelf.db, Corpus::Filters, "firewall", None, 1000).await.unwrap();
    assert_eq!(all.len(), 1000);
    let publish = "UPDATE filters SET visibility = 'public' WHERE name LIKE 'firewall-1%'";
    shelf.db.execute_unprepared(publish).await.unwrap();
    for q in ["firewall", "fire", "firewal", "irewal", "limt", "limit", "acme"] {
        assert_eq!(shelf.visible_names(q).await.len(), 212, "{q}");
    }
}

#[actix_web::test]
async fn the_two_lists_are_searched_apart() {
    let shelf = Shelf::new().await;
    let id = shelf.add("draft", Text { title: "Secret plan", ..Text::default() }).await;
    shelf.put(Corpus::Catalog, id, "draft", Text { title: "Public plan", ..Text::default() }).await;
    let catalog = async |q: &'static str| find(&*shelf.db, Corpus::Catalog, q, None, 10).await.unwrap();
    assert_eq!(catalog("public").await, [id]);
    for q in ["secret", "secre", "sceret", "ecre"] {
        assert_eq!(catalog(q).await, Vec::<Uuid>::new(), "{q}");
        assert_eq!(shelf.names(q).await, ["draft"], "{q}");
    }
}

#[actix_web::test]
async fn replaced_and_removed_words_are_found_no_more() {
    let shelf = Shelf::new().await;
    let id = shelf.add("one", Text { title: "Zeppelin", readme: "balloon", ..Text::default() }).await;
    shelf.add("two", Text { title: "Airship", ..Text::default() }).await;
    shelf.put(Corpus::Filters, id, "one", Text { title: "Airship", ..Text::default() }).await;
    for q in ["zeppelin", "zeplin", "balloon", "ppeli"] {
        assert_eq!(shelf.names(q).await, Vec::<String>::new(), "{q}");
    }
    assert_eq!(shelf.names("airship").await, ["one", "two"]);
    assert_eq!(shelf.vocabulary().await, ["acme", "airship", "one", "two"].map(String::from).into());

    let txn = shelf.db.begin_write().await.unwrap();
    remove(&txn, Corpus::Filters, id).await.unwrap();
    remove(&txn, Corpus::Filters, id).await.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(shelf.names("airship").await, ["two"]);
    assert_eq!(shelf.vocabulary().await, ["acme", "airship", "two"].map(String::from).into());
}

#[actix_web::test]
async fn a_deleted_filter_takes_its_words_out_of_the_index() {
    let shelf = Shelf::stocked().await;
    shelf.db.execute_unprepared("DELETE FROM filters WHERE name = 'waf'").await.unwrap();
    let hits = find(&*shelf.db, Corpus::Filters, "firewall", None, 10).await.unwrap();
    assert!(hits.is_empty());
    shelf.add("waf", Text { title: "Firewall again", ..Text::default() }).await;
    assert_eq!(shelf.names("firewall").await, ["waf"]);
}

#[actix_web::test]
async fn a_write_that_is_rolled_back_leaves_no_trace() {
    let shelf = Shelf::new().await;
    let filter_id = shelf.row("ghost", "public").await;
    let txn = shelf.db.begin_write().await.unwrap();
    let (namespace, name, title) = ("acme", "ghost", "Phantom");
    let document = Document { filter_id, namespace, name, title, summary: "", labels: &[], readme: None };
    put(&txn, Corpus::Filters, &document).await.unwrap();
    drop(txn);
    assert_eq!(shelf.names("phantom").await, Vec::<String>::new());
    assert!(shelf.vocabulary().await.is_empty());
}

#[actix_web::test]
async fn any_text_is_a_query_and_any_text_a_document() {
    let shelf = Shelf::stocked().await;
    let syntax = [
        "",
        " ",
        "\"",
        "''",
        "a\"b",
        "a' OR 1=1 --",
        "head:guard",
        "{head}:x",
        "^guard",
        "guard*",
        "*",
        "NEAR(a b)",
        "a AND",
        "NOT guard",
        "OR",
        "(",
        "a:b:c",
        "&|!",
        "guard:*",
        "<->",
        "\\",
        "'\\",
        "%_",
        "$1 ?",
        "\0",
        "gu\0ard",
        "1e999",
        "-1.5",
        "a@b.example",
        "http://x.example/y?z=1",
        "٣٤٥",
        "𞤀𞤣𞤤𞤢𞤥",
        "İı",
        "\u{202e}drag\u{200d}",
        "e\u{301}\u{301}\u{301}",
        "👩‍👩‍👧",
        "^^a|b$$",
        "[a-z]+",
        "x{1,99999}",
        "rate.limit",
        "限流 器",
        "\u{fffd}\u{10ffff}",
        "ﷺ",
        "NULL",
        "rank MATCH 'x'",
        "the of and",
    ];
    for (at, text) in syntax.iter().enumerate() {
        shelf.names(text).await;
        let doubled = format!("{text}{text} guar{text}");
        shelf.names(&doubled).await;
        let labels = [*text];
        let id = shelf.row(&format!("odd-{at}"), "public").await;
        let odd = Text { namespace: "acme", title: text, summary: text, labels: &labels, readme: text };
        shelf.put(Corpus::Filters, id, "odd", odd).await;
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..300 {
        let mut text = String::new();
        for _ in 0..12 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let ceiling = [0x80, 0x800, 0x3000, 0x11_0000][(seed >> 60) as usize % 4];
            text.extend(char::from_u32((seed >> 16) as u32 % ceiling));
        }
        shelf.names(&text).await;
    }
    assert_eq!(shelf.names("限流").await.len(), 1);
    assert!(find(&*shelf.db, Corpus::Filters, &"x".repeat(201), None, 10).await.is_err());
}
