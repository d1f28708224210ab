//! The contract over an S3 server in this process, and what happens when that server, or the network
//! before it, misbehaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tamis_blobs::{BlobError, BlobStore, Entry, Location, S3Store, connect};

use crate::contract::contract;
use crate::in_process::{BUCKET, Fault, Server};
use crate::subject::{Sample, Subject, put, read, read_all, sample};
use crate::wire::Wire;

async fn open() -> Subject {
    let server = Server::start().await;
    let store = connect(&Location::S3(server.config(server.address))).await.unwrap();
    Subject::over_directory(store, server.root, &format!("{BUCKET}/pre/fix"))
}

contract!(open);

async fn faulty() -> (Server, S3Store) {
    let server = Server::start().await;
    let store = S3Store::connect(server.config(server.address)).await.unwrap();
    (server, store)
}

/// Below and above the size from which an upload goes in parts.
fn small_and_large() -> [Sample; 2] {
    [sample(300_000, 1), sample(17 * 1024 * 1024, 2)]
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, BlobError>) {
    assert!(matches!(result, Err(BlobError::Unavailable(_))), "{result:?}");
}

async fn every_call_is_unavailable(store: &dyn BlobStore, sample: &Sample) {
    unavailable(put(store, sample).await);
    unavailable(read_all(store, sample).await);
    unavailable(store.stat(&sample.key).await);
    unavailable(store.delete(&sample.key).await);
    unavailable(store.list().try_collect::<Vec<Entry>>().await);
    unavailable(store.health().await);
}

#[tokio::test]
async fn a_store_that_asks_to_slow_down_twice_is_asked_again() {
    let (server, store) = faulty().await;
    let sample = sample(300_000, 3);
    server.state.set(Fault::SlowDown(2));
    put(&store, &sample).await.unwrap();
    server.state.set(Fault::SlowDown(2));
    assert!(read_all(&store, &sample).await.unwrap() == sample.bytes);
}

#[tokio::test]
async fn a_store_that_refuses_for_good_is_unavailable_and_nothing_else() {
    let (server, store) = faulty().await;
    let sample = sample(1000, 4);
    put(&store, &sample).await.unwrap();
    for fault in [Fault::SlowDown(usize::MAX), Fault::Denied] {
        server.state.set(fault);
        every_call_is_unavailable(&store, &sample).await;
    }
    server.state.set(Fault::None);
    assert!(read_all(&store, &sample).await.unwrap() == sample.bytes);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_unavailable_and_no_object_is_called_absent() {
    let (server, store) = faulty().await;
    std::fs::remove_dir_all(server.root.path().join(BUCKET)).unwrap();
    every_call_is_unavailable(&store, &sample(1000, 5)).await;
}

#[tokio::test]
async fn a_wrong_secret_is_unavailable_and_shows_in_no_message() {
    let server = Server::start().await;
    let mut config = server.config(server.address);
    config.secret_key = Some("canary-secret".into());
    let store = S3Store::connect(config).await.unwrap();
    let error = put(&store, &sample(10, 6)).await.unwrap_err();
    assert!(matches!(&error, BlobError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?} {}", store.describe()).contains("canary"));
}

#[tokio::test]
async fn an_acknowledged_object_that_is_missing_or_wrong_is_no_success() {
    for fault in [Fault::NotStored, Fault::StoredWrong, Fault::StoredHalf] {
        let (server, store) = faulty().await;
        for sample in small_and_large() {
            server.state.set(fault);
            let result = put(&store, &sample).await;
            match fault {
                Fault::NotStored => unavailable(result),
                _ => assert!(matches!(result, Err(BlobError::Corrupt { .. })), "{fault:?}: {result:?}"),
            }
            server.state.set(Fault::None);
            put(&store, &sample).await.unwrap();
            assert!(read_all(&store, &sample).await.unwrap() == sample.bytes, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn an_object_that_is_there_already_is_not_sent_again() {
    let (server, store) = faulty().await;
    for sample in small_and_large() {
        put(&store, &sample).await.unwrap();
        server.state.calls();
        put(&store, &sample).await.unwrap();
        assert_eq!(server.state.calls(), ["get_object"]);
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_or_changed_on_the_way_never_completes() {
    let (server, store) = faulty().await;
    let sample = sample(700_000, 7);
    put(&store, &sample).await.unwrap();
    for fault in [Fault::GetCut, Fault::GetHalf, Fault::GetFlips] {
        server.state.set(fault);
        for range in [0..700_000, 0..10, 349_000..351_000, 699_999..700_000] {
            let (bytes, end) = read(&store, &sample, range.clone()).await;
            assert!(bytes.len() < (range.end - range.start) as usize, "{fault:?}, {range:?}");
            match fault {
                Fault::GetCut => unavailable(end),
                _ => assert!(matches!(end, Err(BlobError::Corrupt { .. })), "{fault:?}, {range:?}: {end:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_upload_with_a_part_that_fails_is_aborted() {
    let (server, store) = faulty().await;
    let [_, large] = small_and_large();
    server.state.set(Fault::PartRefused);
    assert!(put(&store, &large).await.is_err());
    let calls = server.state.calls();
    assert_eq!(calls.last(), Some(&"abort_multipart_upload"), "{calls:?}");
    assert_eq!(store.stat(&large.key).await, Ok(None));
    // What is left in the server's directory are the bucket and nothing of the upload.
    let left: Vec<_> =
        std::fs::read_dir(server.root.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("upload")), "{left:?}");
}

#[tokio::test]
async fn an_upload_whose_caller_has_gone_still_comes_to_an_end() {
    let (server, store) = faulty().await;
    let large = Arc::new(sample(17 * 1024 * 1024, 8));
    let caller = tokio::spawn({
        let (store, large) = (store.clone(), large.clone());
        async move { put(&store, &large).await }
    });
    let mut seen = Vec::new();
    while !seen.contains(&"create_multipart_upload") {
        tokio::time::sleep(Duration::from_millis(1)).await;
        seen.extend(server.state.calls());
    }
    caller.abort();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !seen.iter().any(|call| call.starts_with("complete") || call.starts_with("abort")) {
        assert!(Instant::now() < deadline, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
        seen.extend(server.state.calls());
    }
}

#[tokio::test]
async fn checksums_are_sent_unless_the_store_is_too_old_for_them() {
    let (server, store) = faulty().await;
    let [small, large] = small_and_large();
    put(&store, &small).await.unwrap();
    let mut config = server.config(server.address);
    config.checksums_when_required = true;
    let plain = S3Store::connect(config).await.unwrap();
    let other = sample(300_000, 9);
    put(&plain, &other).await.unwrap();
    put(&plain, &large).await.unwrap();
    assert!(read_all(&plain, &large).await.unwrap() == large.bytes);
    let sent: Vec<bool> = server.state.checksums().iter().map(Option::is_some).collect();
    assert_eq!(sent, [true, false]);
}

#[tokio::test]
async fn a_server_without_a_list_of_unfinished_uploads_has_nothing_to_sweep() {
    let (_server, store) = faulty().await;
    assert_eq!(store.sweep(i64::MAX).await, Ok(0));
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable_in_time_and_back_at_once() {
    let server = Server::start().await;
    let wire = Wire::to(server.address).await;
    let store = S3Store::connect(server.config(wire.address)).await.unwrap();
    let sample = sample(300_000, 10);
    put(&store, &sample).await.unwrap();

    wire.refuse().await;
    let began = Instant::now();
    every_call_is_unavailable(&store, &sample).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());

    wire.go_silent().await;
    let began = Instant::now();
    unavailable(store.health().await);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());

    wire.pass().await;
    store.health().await.unwrap();
    assert!(read_all(&store, &sample).await.unwrap() == sample.bytes);
}

#[tokio::test]
async fn a_connection_that_breaks_anywhere_in_an_answer_never_makes_it_complete() {
    let server = Server::start().await;
    let wire = Wire::to(server.address).await;
    let store = S3Store::connect(server.config(wire.address)).await.unwrap();
    let sample = sample(50_000, 11);
    put(&store, &sample).await.unwrap();
    for bytes in [0, 1, 100, 600, 1000, 20_000, 50_000] {
        wire.cut_after(bytes).await;
        let (read, end) = read(&store, &sample, 0..50_000).await;
        unavailable(end);
        assert!(read.len() < 50_000, "{bytes}");
    }
    wire.pass().await;
    assert!(read_all(&store, &sample).await.unwrap() == sample.bytes);
}
