//! A rollout: thousands of proxies ask one process for one digest. On the real binary, whose metrics and
//! statements are its own.
use futures_util::{StreamExt, stream};
use tamis_e2e::{
    client::Person,
    crash::{Instance, Server},
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

/// One series of the metrics, summed over its labels.
async fn metric(person: &Person, name: &str) -> f64 {
    let text = person.get("/metrics").await.expect(200).text();
    let lines = text.lines().filter(|l| l.starts_with(name));
    lines.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

async fn publish(alice: &Person, carl: &Person, name: &str, bytes: &[u8]) {
    alice.upload(&format!("alice/{name}"), "1.0.0", bytes.to_vec()).await.expect(201);
    let review = alice.submit(&format!("alice/{name}"), "1.0.0", "publish").await.expect(201).json();
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    while carl.get(&path).await.expect(200).json()["state"] == "checking" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

/// Pulls it by each of its addresses, each time with one read of the store in all and few of the database.
async fn pulled(server: &Server, nobody: &Person, name: &str, bytes: &[u8], fetches: f64) {
    let pulls = if std::env::var("TAMIS_TEST_FULL").is_ok() { 10_000 } else { 1_000 };
    let mut statements = vec![];
    for path in [
        format!("/modules/sha256/{}.wasm", sha256(bytes)),
        format!("/v2/wasm/alice/{name}/blobs/sha256:{}", sha256(bytes)),
        format!("/api/v1/filters/alice/{name}/releases/1.0.0/module"),
    ] {
        let (before, begun) = (server.log().len(), std::time::Instant::now());
        let one = |_| {
            let (nobody, path) = (nobody.clone(), path.clone());
            async move { nobody.get(&path).await.expect(200).body.len() }
        };
        let sizes: Vec<_> = stream::iter(0..pulls).map(one).buffer_unordered(100).collect().await;
        assert!(sizes.len() == pulls && sizes.iter().all(|size| *size == bytes.len()));
        assert_eq!(metric(nobody, "tamis_module_fetches_total").await, fetches, "{path}");
        let log = &server.log()[before..];
        let asked = log.lines().filter(|l| l.contains("sqlx::query") && l.contains("FROM")).count();
        statements.push((asked as f64, begun.elapsed().as_secs_f64()));
    }
    println!("{pulls} pulls of {} bytes: (statements, seconds) {statements:?}", bytes.len());
    // Two a second for each thing that is asked about a digest, and what the background asks meanwhile.
    let rarely =
        |(asked, seconds): &(f64, f64)| *asked < 100.0 + 20.0 * seconds && *asked < pulls as f64 / 5.0;
    assert!(statements[..2].iter().all(rarely), "{statements:?} for {pulls} pulls each");
    // By its name the release is looked up each time, and the module is not.
    assert!(statements[2].0 < 6.0 * pulls as f64, "{statements:?} for {pulls} pulls each");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_pulls_of_a_cold_digest_read_the_store_once_and_the_database_rarely() {
    let mut instance = Instance::new().await;
    instance.set("TAMIS_LOG", "warn,sqlx::query=trace");
    let alice = instance.user("alice", Role::User).await;
    let carl = instance.user("carl", Role::Curator).await;
    let (small, large) = (distinct("rollout", 100_000), distinct("a larger rollout", 1_000_000));
    {
        let _server = instance.start(&[]).await;
        publish(&alice, &carl, "small", &small).await;
        publish(&alice, &carl, "large", &large).await;
    }
    let server = instance.start(&[]).await;
    let nobody = Person { token: None, ..alice.clone() };
    pulled(&server, &nobody, "small", &small, 1.0).await;
    // Ten times the size is one more read of the store, and no more statements.
    pulled(&server, &nobody, "large", &large, 2.0).await;
}
