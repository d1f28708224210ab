//! No refused address ever sees a connection. Each test has a listener that counts, and a
//! control that proves that it does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tamis_outbound::{Client, Limits, OutboundError, Resolve, Resolving, parse_url};

use crate::stub::{Answer, Scripted, Stub, client, client_with, guard, limits, ok, redirect};

fn spool() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    (directory, path)
}

#[tokio::test]
async fn loopback_in_any_spelling_sees_no_connection() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"secret"))).await;
    let (_keep, path) = spool();
    let port = stub.address.port();
    let client = client(&[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "00000000",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "registry.localhost",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
    ] {
        let url = parse_url(&format!("http://{host}:{port}/f.wasm")).unwrap();
        let error = client.fetch_to_file(&url, &path).await.unwrap_err();
        assert!(matches!(error, OutboundError::RefusedAddress { .. }), "{host}: {error}");
        let sent =
            client.request(tamis_outbound::Method::POST, &url, Default::default(), Some("x".into())).await;
        assert!(matches!(sent, Err(OutboundError::RefusedAddress { .. })), "{host}");
    }
    assert_eq!(stub.connections(), 0);

    let control = crate::stub::client(&["127.0.0.0/8"]);
    control.fetch_to_file(&stub.url("/f.wasm"), &path).await.unwrap();
    assert_eq!(stub.connections(), 1, "the listener counts");
}

#[tokio::test]
async fn a_name_that_resolves_inside_is_refused_with_the_address_and_the_way_out() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"secret"))).await;
    let (_keep, path) = spool();
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.7", "169.254.169.254", "fd00:ec2::254"] {
        let resolver = Scripted::new(&[&[address]]);
        let url = stub.named("127.0.0.1.nip.example", "/");
        let error = client_with(&[], &resolver).fetch_to_file(&url, &path).await.unwrap_err();
        let OutboundError::RefusedAddress { host, address: refused, .. } = &error else {
            panic!("{address}: {error}");
        };
        assert_eq!((host.as_str(), refused.to_string().as_str()), ("127.0.0.1.nip.example", address));
        let message = error.to_string();
        let width = if address.contains(':') { 128 } else { 32 };
        assert!(message.contains(&format!("--allow-network {address}/{width}")), "{message}");
        assert_eq!(resolver.asked(), ["127.0.0.1.nip.example"]);
    }
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn one_refused_address_in_an_answer_refuses_the_name() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"x"))).await;
    let (_keep, path) = spool();
    for answer in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["10.0.0.1", "127.0.0.1"],
        &["127.0.0.1", "fe80::1"],
        &["127.0.0.1", "::ffff:192.168.0.1"],
    ] {
        let client = client_with(&["127.0.0.1/32"], &Scripted::new(&[answer]));
        let error = client.fetch_to_file(&stub.named("mixed.example", "/"), &path).await.unwrap_err();
        assert_eq!(error.kind(), "refused-address", "{answer:?}: {error}");
    }
    assert_eq!(stub.connections(), 0);
}

/// 127.0.0.1 is open here and stands for the public internet, 127.0.0.2 for the inside.
#[tokio::test]
async fn a_name_that_changes_its_mind_cannot_lead_inside() {
    let outside = Stub::start(|path| match path {
        "/again" => Answer::Bytes(redirect(302, "/second")),
        _ => Answer::Bytes(ok(b"outside")),
    })
    .await;
    let inside = Stub::beside(&outside, "127.0.0.2").await;
    let (_keep, path) = spool();

    let resolver = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = client_with(&["127.0.0.1/32"], &resolver);
    client.fetch_to_file(&outside.named("rebind.example", "/once"), &path).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"outside");
    assert_eq!(resolver.asked().len(), 1, "checked and connected by one and the same answer");

    let resolver = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = client_with(&["127.0.0.1/32"], &resolver);
    let error = client.fetch_to_file(&outside.named("rebind.example", "/again"), &path).await.unwrap_err();
    assert_eq!(error.kind(), "refused-address", "{error}");
    assert_eq!(resolver.asked().len(), 2, "each hop asks anew");
    assert_eq!((outside.connections(), inside.connections()), (2, 0));
    assert!(!path.exists(), "a failed download leaves nothing behind");

    let control = client_with(&["127.0.0.0/8"], &Scripted::new(&[&["127.0.0.2"]]));
    control.fetch_to_file(&outside.named("rebind.example", "/"), &path).await.unwrap();
    assert_eq!(inside.connections(), 1, "the listener inside counts");
}

#[tokio::test]
async fn names_without_addresses_and_dead_resolvers_are_told_apart_from_refusals() {
    struct Broken;
    impl Resolve for Broken {
        fn resolve(&self, _: &str) -> Resolving {
            Box::pin(async { Err(std::io::Error::other("server failure")) })
        }
    }
    struct Hanging;
    impl Resolve for Hanging {
        fn resolve(&self, _: &str) -> Resolving {
            Box::pin(std::future::pending())
        }
    }
    let (_keep, path) = spool();
    let url = parse_url("http://nowhere.example/").unwrap();

    let error = client_with(&[], &Scripted::new(&[&[]])).fetch_to_file(&url, &path).await.unwrap_err();
    assert_eq!(error.kind(), "resolve", "{error}");

    let client = Client::new(guard(&[]), limits(), Arc::new(Broken), "t");
    let error = client.fetch_to_file(&url, &path).await.unwrap_err();
    assert_eq!(error.to_string(), "the name nowhere.example does not resolve: server failure");

    let quick = Limits { connect: Duration::from_millis(300), ..limits() };
    let client = Client::new(guard(&[]), quick, Arc::new(Hanging), "t");
    let start = Instant::now();
    let error = client.fetch_to_file(&url, &path).await.unwrap_err();
    assert_eq!(error.kind(), "timeout", "{error}");
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let stub = Stub::start(|_| Answer::Bytes(ok(b"x"))).await;
    let url = stub.url("/");
    drop(stub);
    // The listener goes when its task has ended.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (_keep, path) = spool();
    let error = client(&["127.0.0.0/8"]).fetch_to_file(&url, &path).await.unwrap_err();
    assert_eq!(error.kind(), "connect", "{error}");
}
