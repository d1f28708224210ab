//! Narrowing the catalog, and what one would find by narrowing it further.
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    modules::{Draft, custom},
};

/// A module of its own that imports these.
fn module(salt: &str, abi: &str, imports: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut draft = Draft::of(abi);
    for (from, name, ty) in imports {
        draft.import(from, name, ty);
    }
    let mut bytes = draft.bytes();
    bytes.extend(custom(b"salt", salt.as_bytes()));
    bytes
}

const CALL: (&str, &str, &str) = ("env", "proxy_http_call", "iiiiiiiiii>i");
const SHARE: (&str, &str, &str) = ("env", "proxy_set_shared_data", "iiiii>i");
/// Only the newest hosts have it.
const NEW: (&str, &str, &str) = ("wasi_snapshot_preview1", "clock_res_get", "ii>i");

struct World {
    app: TestApp,
    alice: Person,
    carl: Person,
    nobody: Person,
}

/// Five filters of two people.
async fn world() -> World {
    let app = TestApp::spawn().await;
    let (alice, bob, carl) = (app.author("alice").await, app.author("bob").await, app.curator("carl").await);
    let filters = [
        (&alice, "alice/caller", Some("http"), "MIT", module("1", "0_2_1", &[CALL])),
        (&alice, "alice/plain", Some("http"), "Apache-2.0", module("2", "0_2_0", &[])),
        (&alice, "alice/stream", None, "MIT", module("3", "0_2_1", &[SHARE])),
        (&bob, "bob/both", Some("http"), "MIT", module("4", "0_2_1", &[CALL, SHARE])),
        (&bob, "bob/newest", Some("http"), "MPL-2.0", module("5", "0_2_1", &[NEW])),
    ];
    for (who, name, kind, licence, bytes) in filters {
        let defaults = json!({"type": kind, "licence": licence});
        let filter = json!({"summary": "A filter of this test.", "defaults": defaults});
        who.put(&format!("/api/v1/filters/{name}"), &filter).await.expect(201);
        app.publish(who, &carl, name, "1.0.0", &bytes).await;
    }
    let nobody = app.anonymous();
    World { app, alice, carl, nobody }
}

impl World {
    async fn names(&self, query: &str) -> Vec<String> {
        let page = self.nobody.get(&format!("/api/v1/catalog?sort=name&{query}")).await.expect(200).json();
        page["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap().to_owned()).collect()
    }

    async fn counts(&self, query: &str) -> Value {
        self.nobody.get(&format!("/api/v1/catalog/facets?{query}")).await.expect(200).json()
    }
}

fn of(counts: &Value, facet: &str) -> BTreeMap<String, u64> {
    let facet = counts["facets"].as_array().unwrap().iter().find(|f| f["name"] == facet).unwrap();
    let pair = |v: &Value| (v["value"].as_str().unwrap().to_owned(), v["count"].as_u64().unwrap());
    facet["values"].as_array().unwrap().iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_by_several_values_at_once() {
    let world = world().await;
    for (query, names) in [
        ("", vec!["both", "caller", "newest", "plain", "stream"]),
        ("licence=MIT&licence=MPL-2.0", vec!["both", "caller", "newest", "stream"]),
        ("licence=MIT,MPL-2.0&type=http", vec!["both", "caller", "newest"]),
        ("abi=0.2.0&abi=0.2.1&namespace=alice", vec!["caller", "plain", "stream"]),
        ("namespace=alice&namespace=bob&abi=0.2.0", vec!["plain"]),
        ("capability=http-call", vec!["both", "caller"]),
        ("capability=http-call&capability=shared-data", vec!["both"]),
        ("without=http-call", vec!["newest", "plain", "stream"]),
        ("capability=http-call&without=shared-data", vec!["caller"]),
        ("loads_in=envoy-1.40", vec!["both", "caller", "newest", "plain", "stream"]),
        ("loads_in=envoy-1.36", vec!["both", "caller", "plain", "stream"]),
        ("loads_in=envoy-1.36&loads_in=istio-1.28&without=shared-data,http-call", vec!["plain"]),
        ("capability=shared-queue", vec![]),
        ("type=", vec!["both", "caller", "newest", "plain", "stream"]),
        ("namespace=nobody-of-this-name", vec![]),
    ] {
        assert_eq!(world.names(query).await, names, "{query}");
        let counts = world.counts(query).await;
        assert_eq!((&counts["total"], &counts["all"]), (&json!(names.len()), &json!(5)), "{query}: {counts}");
        if !query.is_empty() && query != "type=" {
            let found = world.names(&format!("q=filter&{query}")).await;
            assert_eq!(found, names, "q=filter&{query}");
            let searched = world.counts(&format!("q=filter&{query}")).await;
            assert_eq!(searched, counts, "q=filter&{query}");
        }
    }
    for bad in [
        "capability=fly",
        "without=fly",
        "loads_in=nginx-1.27",
        "loads_in=envoy",
        "type=wasm",
        "type=http&type=wasm",
        "namespace=A",
        "sort=best",
        "q=a&q=b",
        "limit=1&limit=2",
    ] {
        for path in ["/api/v1/catalog", "/api/v1/catalog/facets"] {
            world.nobody.get(&format!("{path}?{bad}")).await.expect_problem(400, "invalid");
        }
    }
    let many = "licence=x&".repeat(21);
    world.nobody.get(&format!("/api/v1/catalog?{many}")).await.expect_problem(400, "invalid");
}

/// The promise itself: whatever is chosen, choosing one value more finds as many as it says.
#[tokio::test(flavor = "multi_thread")]
async fn each_count_is_what_one_finds_by_choosing_the_value() {
    let world = world().await;
    for query in [
        "",
        "licence=MIT",
        "capability=http-call",
        "without=shared-data&abi=0.2.1",
        "namespace=bob&type=http",
        "loads_in=envoy-1.36",
        "q=filter&licence=MIT",
    ] {
        let counts = world.counts(query).await;
        assert_eq!(counts["capped"], false);
        for facet in counts["facets"].as_array().unwrap() {
            let name = facet["name"].as_str().unwrap();
            // Of what any value will do for, the choices made already stay out of the count.
            let any = ["type", "abi", "licence", "namespace"].contains(&name);
            let others: Vec<_> =
                query.split('&').filter(|part| !(any && part.starts_with(&format!("{name}=")))).collect();
            for value in facet["values"].as_array().unwrap() {
                let chosen = format!("{}&{name}={}", others.join("&"), value["value"].as_str().unwrap());
                let found = world.names(&chosen).await.len();
                assert_eq!(value["count"], json!(found), "{query}: {name} {value}");
                let selected = query.contains(&format!("{name}={}", value["value"].as_str().unwrap()));
                assert_eq!(value["selected"], selected, "{query}: {name} {value}");
            }
        }
    }
    let all = world.counts("").await;
    assert_eq!(of(&all, "namespace"), [("alice".to_owned(), 3), ("bob".to_owned(), 2)].into());
    assert_eq!(of(&all, "capability")["http-call"], 2);
    assert_eq!(of(&all, "without")["http-call"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_narrowed_list_hold_everything_once() {
    let world = world().await;
    for sort in ["newest", "published", "relevance", "name"] {
        for q in ["", "&q=filter"] {
            let (mut seen, mut after) = (vec![], String::new());
            loop {
                let path = format!("/api/v1/catalog?licence=MIT&without=timer&sort={sort}{q}&limit=1{after}");
                let page = world.nobody.get(&path).await.expect(200).json();
                seen.extend(
                    page["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap().to_owned()),
                );
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            match (sort, q) {
                ("name", _) => assert_eq!(seen, ["both", "caller", "stream"]),
                ("relevance", "&q=filter") => {}
                _ => assert_eq!(seen, ["both", "stream", "caller"], "{sort}{q}"),
            }
            seen.sort();
            assert_eq!(seen, ["both", "caller", "stream"], "{sort}{q}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_follow_what_is_published_and_are_found_out_for_older_entries() {
    use sea_orm::{ConnectionTrait, EntityTrait};
    use tamis_entities::catalog_entry;
    let world = world().await;
    let before = world.counts("").await;
    let db = &*world.app.state.db;
    db.execute_unprepared("UPDATE catalog_entries SET facets = NULL").await.unwrap();
    db.execute_unprepared("DELETE FROM catalog_facets").await.unwrap();
    assert_eq!(world.names("capability=http-call").await, Vec::<String>::new());
    tamis::catalog::facets::fill(&world.app.state).await.unwrap();
    assert!(catalog_entry::Entity::find().all(db).await.unwrap().iter().all(|e| e.facets.is_some()));
    assert_eq!(world.counts("").await, before);

    let World { app, alice, carl, .. } = &world;
    app.publish(alice, carl, "alice/plain", "2.0.0", &module("6", "0_2_1", &[CALL])).await;
    assert_eq!(world.names("capability=http-call").await, ["both", "caller", "plain"]);
    alice.post("/api/v1/filters/alice/plain/releases/2.0.0/yank", &json!({})).await.expect(200);
    assert_eq!(world.names("capability=http-call").await, ["both", "caller"]);
    assert_eq!(of(&world.counts("").await, "abi")["0.2.0"], 1);
}
