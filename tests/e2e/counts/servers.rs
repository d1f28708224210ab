//! Counts across processes: two servers that share a database lose nothing between them, and a
//! stop writes what is left.
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use std::time::Duration;
use tamis_e2e::{
    client::Person,
    crash::{Instance, Server, count, eventually},
    fixtures::distinct,
};
use tamis_entities::{filter, release_count, value::Role};

const MODULE: &str = "/api/v1/filters/alice/f/releases/1.0.0/module";

async fn publish(alice: &Person, carl: &Person) {
    alice.upload("alice/f", "1.0.0", distinct("shared", 20_000)).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    let checked =
        eventually(Duration::from_secs(20), async || alice.get(&path).await.json()["state"] != "checking");
    assert!(checked.await);
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
}

async fn stop(mut server: Server) {
    server.signal("TERM");
    let ended = server.ended(Duration::from_secs(40)).await.expect("the server ends");
    assert_eq!(ended.code(), Some(0), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_downloads_at_once_from_two_servers_are_counted_to_the_last() {
    let mut instance = Instance::new().await;
    let other = tempfile::tempdir().unwrap();
    if instance.get("TAMIS_BLOBS").is_none() {
        let blobs = instance.path().join("blobs").display().to_string();
        instance.set("TAMIS_BLOBS", &blobs);
    }
    // An embedded database has one server for each directory; this one is shared on purpose.
    let url = instance.database_url.clone();
    instance.set("TAMIS_DATABASE_URL", &url);
    let first = instance.start(&[]).await;
    let directory = other.path().display().to_string();
    let second = instance.start_second(&[("TAMIS_DATA_DIR", &directory)]).await;
    let alice = Person { base: first.base.clone(), ..instance.user("alice", Role::User).await };
    let carl = Person { base: first.base.clone(), ..instance.user("carl", Role::Curator).await };
    publish(&alice, &carl).await;

    let (clients, each) = (16, count(50, 500));
    let downloads = join_all((0..clients).map(|n| {
        let base = if n % 2 == 0 { &first.base } else { &second.base };
        let who = Person {
            name: "anyone".into(),
            token: None,
            base: base.clone(),
            http: tamis_e2e::client::http().build().unwrap(),
        };
        tokio::spawn(async move {
            for _ in 0..each {
                who.get(MODULE).await.expect(200);
            }
        })
    }));
    downloads.await.into_iter().for_each(|done| done.unwrap());
    stop(first).await;
    stop(second).await;
    let db = instance.db().await;
    let rows = release_count::Entity::find().all(&*db).await.unwrap();
    let sum: i64 = rows.iter().map(|r| r.count).sum();
    assert_eq!(sum, i64::from(clients * each), "{rows:?}");
    let filters = filter::Entity::find().all(&*db).await.unwrap();
    let total: i64 = filters.iter().map(|f| f.downloads).sum();
    assert_eq!(total, sum, "the total is the sum of its days");
    println!("{sum} downloads from two servers counted to the last");
}
