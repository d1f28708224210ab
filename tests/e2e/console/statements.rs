//! A page asks the database as often for a hundred things as for one.
use serde_json::json;
use tamis_e2e::{crash::instance::Instance, fixtures::distinct, statements};
use tamis_entities::value::Role;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_takes_few_statements_however_much_it_shows() {
    let mut instance = Instance::new().await;
    instance.set("TAMIS_LOG", "info,sqlx::query=trace");
    let alice = instance.user("alice", Role::User).await;
    let carl = instance.user("carl", Role::Curator).await;
    let server = instance.start(&[]).await;
    let publish = async |name: &str, version: &str| {
        alice
            .upload(&format!("alice/{name}"), version, distinct(&format!("{name}{version}"), 10))
            .await
            .expect(201);
        let review = alice.submit(&format!("alice/{name}"), version, "publish").await.expect(201).json();
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        while carl.get(&path).await.expect(200).json()["state"] == "checking" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        carl.vote(&review, "approve").await.expect(200);
        alice.release(&review).await.expect(200);
    };
    let appeal = async |name: &str| {
        alice.upload(&format!("alice/{name}"), "1.0.0", distinct(name, 10)).await.expect(201);
        let review = alice.submit(&format!("alice/{name}"), "1.0.0", "publish").await.expect(201).json();
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        while carl.get(&path).await.expect(200).json()["state"] == "checking" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let no = json!({"decision": "reject", "digest": review["digest"], "reason": "licence"});
        carl.post(&format!("{path}/votes"), &no).await.expect(200);
        alice.post(&format!("{path}/appeal"), &json!({"note": "It has one."})).await.expect(200);
    };
    // Jobs and duties ask now and then, too: the least of some rounds is what the page itself asks.
    let costs = async |path: &str| {
        let mut least = usize::MAX;
        for _ in 0..5 {
            let before = server.log().len();
            alice.get(path).await.expect(200);
            least = least.min(statements::reads(&server.log()[before..]).count());
        }
        least
    };
    publish("one", "1.0.0").await;
    appeal("refused").await;
    let mut few = vec![];
    let pages = [
        "/",
        "/catalog?view=table",
        "/filters/alice/one",
        "/filters/alice/one?tab=releases",
        "/my",
        "/reviews?view=all",
        "/reviews?view=appeals",
        "/api/v1/reviews",
    ];
    for page in pages {
        few.push(costs(page).await);
    }
    for i in 0..6 {
        publish(&format!("other-{i}"), "1.0.0").await;
        appeal(&format!("refused-{i}")).await;
        publish("one", &format!("1.{}.0", i + 1)).await;
    }
    for (page, few) in pages.into_iter().zip(few) {
        let many = costs(page).await;
        assert!(many <= few + 3 && many < 30, "{page}: {few} statements for one, {many} for seven");
    }
}
