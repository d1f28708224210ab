//! Lists with the most used first.
use super::counted;
use serde_json::json;
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

async fn names(who: &Person, path: &str) -> Vec<String> {
    let (mut seen, mut after) = (vec![], String::new());
    loop {
        let page = who.get(&format!("{path}&limit=2{after}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|i| i["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return seen,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_used_come_first_page_by_page() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    for (n, name) in ["a", "b", "c", "d", "e"].iter().enumerate() {
        let filter = format!("alice/{name}");
        app.publish(&alice, &carl, &filter, "1.0.0", &distinct(name, 10)).await;
        // Two have as many: of those the newer comes first.
        let times = [1, 3, 0, 3, 5][n];
        for _ in 0..times {
            nobody.get(&format!("/api/v1/filters/{filter}/releases/1.0.0/module")).await.expect(200);
        }
        let total = json!({"downloads": times, "clones": 0, "pulls": 0});
        counted(&app, &nobody, &format!("/api/v1/filters/{filter}/counts"), total).await;
    }
    alice.put("/api/v1/filters/alice/own", &json!({})).await.expect(201);
    let want = ["e", "d", "b", "a", "c"];
    for path in ["/api/v1/catalog", "/api/v1/filters"] {
        for more in ["", "&namespace=alice"] {
            let path = format!("{path}?sort=downloads{more}");
            assert_eq!(names(&nobody, &path).await, want, "{path}");
        }
    }
    let mine = names(&alice, "/api/v1/filters?sort=downloads").await;
    assert_eq!(mine[..4], want[..4]);
    assert_eq!(mine.len(), 6);
}
