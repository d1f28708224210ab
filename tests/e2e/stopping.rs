//! How a server ends: nothing in flight is cut, and nobody is left with a dead connection.
use reqwest::Method;
use std::time::Duration;
use tamis_e2e::{
    crash::{Instance, eventually},
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_download_and_an_upload_in_flight_finish() {
    let instance = Instance::new().await;
    let alice = instance.user("alice", Role::User).await;
    let mut server = instance.start(&[]).await;
    // More than the sockets between us hold.
    let bytes = distinct("drained", 16_000_000);
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    let path = "/api/v1/filters/alice/f/releases/1.0.0/module";
    let mut download = alice.request(Method::GET, path).send().await.unwrap();
    let mut received = download.chunk().await.unwrap().unwrap().to_vec();

    let (more, parts) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let parts = futures_util::stream::unfold(parts, |mut p| async { Some((p.recv().await?, p)) });
    let late = distinct("late", 200_000);
    more.send(Ok(late[..100_000].to_vec())).await.unwrap();
    let upload = tokio::spawn({
        let alice = alice.clone();
        async move { alice.upload("alice/late", "1.0.0", reqwest::Body::wrap_stream(parts)).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;

    server.signal("TERM");
    let closed = eventually(Duration::from_secs(5), async || !server.listens());
    assert!(closed.await, "new connections are still taken");
    more.send(Ok(late[100_000..].to_vec())).await.unwrap();
    drop(more);
    upload.await.unwrap().expect(201);
    while let Some(chunk) = download.chunk().await.expect("the download goes on") {
        received.extend_from_slice(&chunk);
    }
    assert_eq!(sha256(&received), sha256(&bytes));
    let ended = server.ended(Duration::from_secs(40)).await.expect("the server ends");
    assert_eq!(ended.code(), Some(0), "{}", server.log());
    instance.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_stops_a_server_sends_its_clients_elsewhere() {
    let instance = Instance::new().await;
    let anyone = instance.user("alice", Role::User).await;
    let mut server = instance.start(&[]).await;
    let before = anyone.get("/health/ready").await.expect(200);
    assert_eq!(before.header("connection"), "");
    server.signal("TERM");
    let told = async || {
        let reply = anyone.get("/health/ready").await;
        reply.status == 503 && reply.header("connection") == "close"
    };
    assert!(eventually(Duration::from_secs(2), told).await, "no farewell: {}", server.log());
    let ended = server.ended(Duration::from_secs(40)).await.expect("the server ends");
    assert_eq!(ended.code(), Some(0), "{}", server.log());
}
