//! A bucket that is away: refused, swallowed, or cut in the middle. Only about S3; a
//! directory does not go away.
use super::proxy::{Mode, Proxy};
use std::time::{Duration, Instant};
use tamis_e2e::{
    crash::{Instance, eventually},
    fixtures::distinct,
};
use tamis_entities::value::Role;

/// Two attempts at a call without a body, and some patience for a busy machine.
const DEADLINE: Duration = Duration::from_secs(45);

/// The instance with its endpoint behind a proxy.
async fn behind_proxy(instance: &mut Instance) -> Proxy {
    let blobs = instance.get("TAMIS_BLOBS").unwrap().to_owned();
    let (before, rest) = blobs.split_once("endpoint=http://").unwrap();
    let (address, after) = rest.split_once('&').map_or((rest, String::new()), |(a, r)| (a, format!("&{r}")));
    let proxy = Proxy::start(address.parse().unwrap()).await;
    instance.set("TAMIS_BLOBS", &format!("{before}endpoint=http://{}{after}", proxy.address));
    proxy
}

async fn away(mode: Mode) {
    let mut instance = Instance::new().await;
    if instance.is_local() {
        return;
    }
    let proxy = behind_proxy(&mut instance).await;
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    alice.upload("alice/before", "1.0.0", distinct("before", 10)).await.expect(201);

    proxy.set(mode);
    let start = Instant::now();
    let upload = alice.upload("alice/f", "1.0.0", distinct("away", 300_000)).await;
    println!("{mode:?}: upload answered {} after {:?}", upload.status, start.elapsed());
    let problem = upload.expect_problem(503, "unavailable");
    assert_eq!(problem.header("retry-after"), "2");
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());

    // What needs the database alone goes on, at once.
    let start = Instant::now();
    let listed = alice.get("/api/v1/filters?namespace=alice").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    alice.get("/api/v1/filters/alice/before/releases/1.0.0").await.expect(200);
    alice.get("/health/live").await.expect(204);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    if mode != Mode::CutAfter(20_000) {
        alice.get("/health/ready").await.expect(503);
    }

    proxy.set(Mode::Pass);
    let back = eventually(Duration::from_secs(30), async || {
        alice.upload("alice/f", "1.0.0", distinct("away", 300_000)).await.status == 201
    });
    assert!(back.await, "uploads do not come back");
    let ready = eventually(Duration::from_secs(30), async || alice.get("/health/ready").await.status == 200);
    assert!(ready.await);
    instance.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_connections_answers_503_and_recovers() {
    away(Mode::Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_swallows_everything_answers_503_and_recovers() {
    away(Mode::Swallow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_breaks_off_in_the_middle_of_a_body_answers_503_and_recovers() {
    away(Mode::CutAfter(20_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_the_bucket_breaks_off_never_ends_as_if_it_were_whole() {
    let mut instance = Instance::new().await;
    if instance.is_local() {
        return;
    }
    let proxy = behind_proxy(&mut instance).await;
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    let bytes = distinct("cut", 500_000);
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    let path = "/api/v1/filters/alice/f/releases/1.0.0/module";
    proxy.set(Mode::CutAnswerAfter(100_000));
    if let Ok(reply) = alice.request(reqwest::Method::GET, path).send().await
        && reply.status().is_success()
    {
        assert!(reply.bytes().await.is_err(), "a part came as the whole");
    }
    proxy.set(Mode::Pass);
    assert_eq!(alice.get(path).await.expect(200).body, bytes);
}
