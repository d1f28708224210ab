//! Query strings: what may be asked for is an enumerated list, and everything else is refused.
use super::{assert_clear, assert_field, raw, rows};
use sea_orm::{IdenStatic, Iterable};
use serde_json::json;
use std::collections::BTreeSet;
use tamis_e2e::{app::TestApp, fixtures::small};
use tamis_entities::{
    api_token, audit_entry, catalog_entry, filter, grant, module, namespace, release, review, session, user,
    value::Role,
};

const LISTS: [&str; 5] = [
    "/api/v1/filters",
    "/api/v1/catalog",
    "/api/v1/reviews",
    "/api/v1/filters/alice/f/releases",
    "/api/v1/audit",
];

/// Every name of a column that a list could be bent to sort or filter by.
fn columns() -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    macro_rules! add {
        ($($entity:ident),+) => { $(all.extend($entity::Column::iter().map(|c| c.as_str()));)+ };
    }
    add!(
        api_token,
        audit_entry,
        catalog_entry,
        filter,
        grant,
        module,
        namespace,
        release,
        review,
        session,
        user
    );
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_takes_its_own_parameters_and_no_others() {
    let app = TestApp::spawn().await;
    let admin = app.user("alice", Role::Admin).await;
    admin.upload("alice/f", "1.0.0", small()).await.expect(201);
    let before = rows(&app).await;
    let bad = [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1000000000",
        "limit=1e30",
        "limit=99999999999999999999",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=%31%00",
        "limit=10&limit=20",
        "limit[]=1",
        "after[]=x",
        "after=",
        "after=x",
        "after=%00",
        "after=%ff",
        "after=a&after=b",
        "sort[]=name",
        "page=1",
        "offset=1",
        "n=1",
        "=x",
        "%00=x",
        "q%00=1",
        "order_by=name",
        "__proto__=1",
        "limit=%EF%BC%91",
    ];
    for list in LISTS {
        for query in bad {
            let reply = raw::request(&admin, "GET", &format!("{list}?{query}"), &[], b"").await;
            assert_clear(&reply, 400, "invalid", &format!("{list}?{query}"));
        }
        for query in ["limit=1", "limit=100", "&&&", "&", ""] {
            let reply = raw::request(&admin, "GET", &format!("{list}?{query}"), &[], b"").await;
            assert_eq!(reply.status, 200, "{list}?{query}: {}", reply.text());
        }
        // Longer targets are refused before anything is looked at, by the parser of HTTP itself.
        let longer =
            raw::request(&admin, "GET", &format!("{list}?x={}", "a".repeat(100_000)), &[], b"").await;
        assert!((400..500).contains(&longer.status), "{list}: {}", longer.status);
        let long = format!("{list}?x={}", "a".repeat(60_000));
        assert_clear(&raw::request(&admin, "GET", &long, &[], b"").await, 400, "invalid", "60 KB");
        let many = format!("{list}?{}", "limit=1&".repeat(7_000));
        assert_clear(&raw::request(&admin, "GET", &many, &[], b"").await, 400, "invalid", "7,000 parameters");
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_column_can_be_sorted_or_filtered_by_unless_it_is_offered() {
    let app = TestApp::spawn().await;
    let admin = app.user("alice", Role::Admin).await;
    admin.upload("alice/f", "1.0.0", small()).await.expect(201);
    let offered = |list: &str| -> &[&str] {
        match list {
            "/api/v1/filters" => &["visibility", "namespace"],
            "/api/v1/catalog" => &["namespace", "licence"],
            "/api/v1/reviews" => &["state", "namespace"],
            "/api/v1/audit" => &["actor", "action", "object"],
            _ => &[],
        }
    };
    let injections = [
        "name;DROP TABLE filters",
        "name desc",
        "-name",
        "name,id",
        "(select 1)",
        "name--",
        "1",
        "name/**/",
        "NAME",
        "case when 1=1 then name end",
        "secret_sha256",
        "user.email",
        "name\u{0}",
        "updated_at desc;ATTACH",
    ];
    for list in LISTS {
        let sortable = matches!(list, "/api/v1/filters" | "/api/v1/catalog");
        for column in columns().into_iter().chain(injections) {
            let ok = sortable && ["name", "downloads"].contains(&column);
            let reply = admin.get(&format!("{list}?sort={}", raw::encode(column))).await;
            match ok {
                true => assert_eq!(reply.status, 200, "{list} sort={column}"),
                false => assert_clear(&reply, 400, "invalid", &format!("{list} sort={column}")),
            }
        }
        for column in columns() {
            if offered(list).contains(&column) {
                continue;
            }
            let reply = admin.get(&format!("{list}?{column}=x")).await;
            assert_clear(&reply, 400, "invalid", &format!("{list}?{column}=x"));
        }
    }
    for (list, bad) in [
        ("/api/v1/filters", "visibility=secret"),
        ("/api/v1/filters", "namespace=A"),
        ("/api/v1/filters", "type=wasm"),
        ("/api/v1/reviews", "state=done"),
        ("/api/v1/catalog", "namespace=%2e%2e"),
    ] {
        assert_clear(&admin.get(&format!("{list}?{bad}")).await, 400, "invalid", bad);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_can_be_searched_for_and_none_is_a_language() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let secret = json!({"title": "Zanzibar secret", "defaults": {"readme": "zanzibar"}});
    alice.put("/api/v1/filters/alice/hidden", &secret).await.expect(201);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &small()).await;
    let mut texts: Vec<String> = [
        "\"",
        "\"\"",
        "'",
        "''",
        "a\"b",
        "*",
        "gua*",
        "^guard",
        "guard AND",
        "AND",
        "OR",
        "NOT",
        "NEAR(a b)",
        "guard NEAR/1 x",
        "{name}:guard",
        "name:guard",
        "- guard",
        "-guard",
        "+guard",
        "(",
        ")",
        "((((",
        "a:*",
        "a & b",
        "a | !b",
        "<->",
        "guard <-> x",
        ":",
        "\\",
        "\\'",
        "%",
        "_",
        "%%",
        "a%b_c",
        "guard'; DROP TABLE filters; --",
        "1=1",
        "\u{301}",
        "e\u{301}",
        "ﬁ",
        "İ",
        "ß",
        "💩",
        "\u{200b}",
        "\u{202e}guard",
        "\u{feff}guard",
        "\u{fffd}",
        "\t\n\r",
        "\u{1b}[31m",
        "\u{7f}",
        "guard/guard",
        "/",
        "//",
        "alice/",
        "/guard",
        "alice/guard/x",
        "..",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    ]
    .map(str::to_owned)
    .into();
    texts.extend(columns().into_iter().map(str::to_owned));
    texts.extend(["a ".repeat(99), "\"".repeat(200), "é".repeat(100), "漢".repeat(60), "x".repeat(200)]);
    for list in ["/api/v1/catalog", "/api/v1/filters"] {
        for text in &texts {
            let reply = nobody.get(&format!("{list}?q={}", raw::encode(text))).await;
            assert_eq!(reply.status, 200, "{list} {text:?}: {}", reply.text());
            let found = reply.json();
            assert!(
                found["items"].as_array().unwrap().iter().all(|i| i["name"] == "guard"),
                "{list} {text:?}: {found}"
            );
        }
        for encoded in ["%ff", "%c0%80", "%ed%a0%80", "%f8%88%80%80%80", "a%ffb", "%c3", "%", "%zz"] {
            let reply = raw::request(&nobody, "GET", &format!("{list}?q={encoded}"), &[], b"").await;
            assert_eq!(reply.status, 200, "{list} {encoded}: {}", reply.text());
        }
        assert_field(
            &raw::request(&nobody, "GET", &format!("{list}?q=a%00b"), &[], b"").await,
            "query",
            "NUL",
        );
        for long in ["x".repeat(201), "x ".repeat(5_000), "x".repeat(60_000)] {
            let reply =
                raw::request(&nobody, "GET", &format!("{list}?q={}", long.replace(' ', "+")), &[], b"").await;
            assert_field(&reply, "q", "a long query");
        }
        for q in ["zanzibar", "hidden", "secret", "alice/hidden"] {
            let found = nobody.get(&format!("{list}?q={q}")).await.expect(200).json();
            assert!(found["items"].as_array().unwrap().iter().all(|i| i["name"] != "hidden"), "{q}");
        }
    }
}
