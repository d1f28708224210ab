//! Blobs come in every way that the specification has, and every way that clients have.
use super::{LAYER, code, digest, digest512, repo};
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, client::Person};

fn noise(salt: u8, size: usize) -> Vec<u8> {
    (0..size).map(|n| ((n * 31 + usize::from(salt) * 7) % 253) as u8).collect()
}

async fn chunk(
    who: &Person,
    location: &str,
    range: Option<String>,
    bytes: &[u8],
) -> tamis_e2e::client::Reply {
    let request = repo(who, "").at(Method::PATCH, location);
    let request = match range {
        Some(range) => request.header("content-range", range),
        None => request,
    };
    who.send(request.header("content-type", "application/octet-stream").body(bytes.to_vec())).await
}

async fn finish(who: &Person, location: &str, digest: &str, bytes: &[u8]) -> tamis_e2e::client::Reply {
    let location = format!("{location}{}digest={digest}", if location.contains('?') { '&' } else { '?' });
    who.send(repo(who, "").at(Method::PUT, &location).body(bytes.to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_pushed_in_one_request_in_two_as_a_stream_and_in_chunks_of_any_size() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for (named, salt) in [(digest as fn(&[u8]) -> String, 0), (digest512 as fn(&[u8]) -> String, 100)] {
        // One POST.
        let bytes = noise(salt + 1, 3000);
        let name = named(&bytes);
        let request = own.request(Method::POST, &format!("/blobs/uploads/?digest={name}"));
        let made = alice.send(request.body(bytes.clone())).await.expect(201);
        assert_eq!(made.header("docker-content-digest"), name);
        let back = alice.send(own.at(Method::GET, made.header("location"))).await.expect(200);
        assert_eq!((back.body.as_slice(), back.header("docker-content-digest")), (&bytes[..], &*name));
        // POST, then PUT with the body.
        let bytes = noise(salt + 2, 3000);
        let made = finish(&alice, &own.start().await, &named(&bytes), &bytes).await.expect(201);
        assert_eq!(alice.send(own.at(Method::GET, made.header("location"))).await.expect(200).body, bytes);
        // One PATCH without a range, in chunked coding, then an empty PUT.
        let bytes = noise(salt + 3, 300_000);
        let pieces: Vec<_> = bytes.chunks(7000).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let sent = alice.send(own.at(Method::PATCH, &own.start().await).body(body)).await.expect(202);
        assert_eq!(sent.header("range"), format!("0-{}", bytes.len() - 1));
        finish(&alice, sent.header("location"), &named(&bytes), b"").await.expect(201);
        assert_eq!(own.get(&format!("/blobs/{}", named(&bytes))).await.expect(200).body, bytes);
        // Chunks in order, the last one in the PUT.
        let bytes = noise(salt + 4, 5000);
        let mut location = own.start().await;
        for (i, part) in bytes[..4096].chunks(1024).enumerate() {
            let range = format!("{}-{}", i * 1024, i * 1024 + part.len() - 1);
            let sent = chunk(&alice, &location, Some(range), part).await.expect(202);
            assert_eq!(sent.header("range"), format!("0-{}", (i + 1) * 1024 - 1));
            location = sent.header("location").to_owned();
        }
        finish(&alice, &location, &named(&bytes), &bytes[4096..]).await.expect(201);
        assert_eq!(own.get(&format!("/blobs/{}", named(&bytes))).await.expect(200).body, bytes);
    }
    // A blob of nothing.
    finish(&alice, &own.start().await, &digest(b""), b"").await.expect(201);
    let empty = own.get(&format!("/blobs/{}", digest(b""))).await.expect(200);
    assert_eq!((empty.body.len(), empty.header("content-length")), (0, "0"));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_out_of_order_is_refused_and_the_session_goes_on() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = noise(9, 3000);
    let location = own.start().await;
    let refused = chunk(&alice, &location, Some("1000-1999".into()), &bytes[1000..2000]).await.expect(416);
    assert_eq!(code(&refused), "BLOB_UPLOAD_INVALID");
    let status = alice.send(own.at(Method::GET, &location)).await.expect(204);
    assert_eq!(status.header("range"), "0-0");
    assert!(!status.header("location").is_empty());
    chunk(&alice, &location, Some("0-999".into()), &bytes[..1000]).await.expect(202);
    for wrong in ["0-999", "2000-2999"] {
        let refused = chunk(&alice, &location, Some(wrong.into()), &bytes[..1000]).await.expect(416);
        assert_eq!(refused.header("range"), "0-999");
        assert!(!refused.header("location").is_empty());
    }
    // The last part, in a PUT, out of order.
    let put = own.at(Method::PUT, &format!("{location}?digest={}", digest(&bytes)));
    alice.send(put.header("content-range", "2000-2999").body(bytes[2000..].to_vec())).await.expect(416);
    let status = alice.send(own.at(Method::GET, &location)).await.expect(204);
    assert_eq!(status.header("range"), "0-999");
    chunk(&alice, &location, Some("1000-2999".into()), &bytes[1000..]).await.expect(202);
    finish(&alice, &location, &digest(&bytes), b"").await.expect(201);
    // A range that speaks of other bytes than come, and one that cannot be read.
    let location = own.start().await;
    chunk(&alice, &location, Some("0-9".into()), b"four").await.expect(400);
    for wrong in ["x", "5-1", "-5", "0-99999999999999999999999", "5"] {
        chunk(&alice, &location, Some(wrong.into()), b"four").await.expect(400);
    }
    assert_eq!(alice.send(own.at(Method::GET, &location)).await.expect(204).header("range"), "0-0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_makes_no_blob_and_a_cancelled_session_is_gone() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for bad in [digest(b"other"), digest512(b"other"), "sha256:baddigeststring".into(), "md5:00".into()] {
        let refused = finish(&alice, &own.start().await, &bad, b"bytes").await.expect(400);
        assert_eq!(code(&refused), "DIGEST_INVALID", "{bad}");
        let request = own.request(Method::POST, &format!("/blobs/uploads/?digest={bad}")).body("bytes");
        alice.send(request).await.expect(400);
    }
    own.head(&format!("/blobs/{}", digest(b"bytes"))).await.expect(404);
    let location = own.start().await;
    chunk(&alice, &location, None, b"bytes").await.expect(202);
    alice.send(own.at(Method::DELETE, &location)).await.expect(204);
    let gone = alice.send(own.at(Method::GET, &location)).await.expect(404);
    assert_eq!(code(&gone), "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(chunk(&alice, &location, None, b"more").await.status, 404);
    assert_eq!(finish(&alice, &location, &digest(b"bytes"), b"").await.status, 404);
    for id in ["nonsense", "00000000-0000-4000-8000-000000000000"] {
        own.get(&format!("/blobs/uploads/{id}")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_chunks_that_race_for_one_place_leave_one_of_them() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let location = own.start().await;
    let all = (0..8u8).map(|n| {
        let (alice, location) = (alice.clone(), location.clone());
        async move { chunk(&alice, &location, Some("0-99".into()), &[n; 100]).await.status }
    });
    let mut answers = futures_util::future::join_all(all).await;
    answers.sort_unstable();
    assert_eq!(answers, [202, 416, 416, 416, 416, 416, 416, 416]);
    let status = alice.send(own.at(Method::GET, &location)).await.expect(204);
    assert_eq!(status.header("range"), "0-99");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_two_finish_at_once_gives_the_blob_once() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for parts in 1..=2 {
        let bytes = noise(parts, 2000);
        let location = own.start().await;
        for part in bytes.chunks(2000 / usize::from(parts)) {
            chunk(&alice, &location, None, part).await.expect(202);
        }
        let all = (0..6).map(|_| {
            let (alice, location, name) = (alice.clone(), location.clone(), digest(&bytes));
            async move { finish(&alice, &location, &name, b"").await.status }
        });
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.contains(&201), "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 201 | 404 | 416)), "{answers:?}");
        assert_eq!(own.get(&format!("/blobs/{}", digest(&bytes))).await.expect(200).body, bytes);
        alice.send(own.at(Method::GET, &location)).await.expect(404);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_adds_nothing_and_the_session_goes_on() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let (bytes, location) = (noise(7, 3000), own.start().await);
    chunk(&alice, &location, None, &bytes[..1000]).await.expect(202);
    let (path, host) = (location.strip_prefix(&app.base).unwrap(), app.base.strip_prefix("http://").unwrap());
    let token = alice.token.clone().unwrap();
    for framing in ["content-length: 2000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n7d0\r\n"] {
        let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
        let head =
            format!("PATCH {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{framing}");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&bytes[1000..1500]).await.unwrap();
        stream.shutdown().await.unwrap();
        // The answer, if there is one, or the end of the connection.
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
        let status = alice.send(own.at(Method::GET, &location)).await.expect(204);
        assert_eq!(status.header("range"), "0-999");
    }
    chunk(&alice, &location, Some("1000-2999".into()), &bytes[1000..]).await.expect(202);
    finish(&alice, &location, &digest(&bytes), b"").await.expect(201);
    assert_eq!(own.get(&format!("/blobs/{}", digest(&bytes))).await.expect(200).body, bytes);
    app.assert_sound().await;
}

/// Some say beforehand which digest they will name the blob by; which it is, is seen at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_may_say_its_kind_of_digest_first() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = noise(8, 500);
    for (said, name) in
        [("sha256", digest(&bytes)), ("sha512", digest512(&bytes)), ("sha256", digest512(&bytes))]
    {
        let begun = own.post(&format!("/blobs/uploads/?digest-algorithm={said}")).await.expect(202);
        finish(&alice, begun.header("location"), &name, &bytes).await.expect(201);
        own.head(&format!("/blobs/{name}")).await.expect(200);
    }
    // As the specification has it for what a registry does not know: a session, or a refusal.
    let unknown = own.post("/blobs/uploads/?digest-algorithm=md5").await;
    assert!(matches!(unknown.status, 202 | 400), "{}", unknown.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_mounted_from_where_its_reader_may_read_it_and_uploaded_otherwise() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    own.blob(b"shared bytes", LAYER).await;
    let name = digest(b"shared bytes");
    let other = repo(&alice, "alice/g");
    let made = other.post(&format!("/blobs/uploads/?mount={name}&from=alice/f")).await.expect(201);
    assert_eq!(made.header("docker-content-digest"), name);
    assert!(made.header("location").ends_with(&format!("/v2/alice/g/blobs/{name}")));
    assert_eq!(other.get(&format!("/blobs/{name}")).await.expect(200).body, b"shared bytes");
    // From wherever it is, of one's own.
    repo(&alice, "alice/h").post(&format!("/blobs/uploads/?mount={name}")).await.expect(201);
    // The other name of a repository is the same one, on either side.
    let below = repo(&alice, "wasm/alice/i");
    below.post(&format!("/blobs/uploads/?mount={name}&from=wasm/alice/f")).await.expect(201);
    assert_eq!(
        repo(&alice, "alice/i").get(&format!("/blobs/{name}")).await.expect(200).body,
        b"shared bytes"
    );
    repo(&alice, "alice/k")
        .post(&format!("/blobs/uploads/?mount={name}&from=wasm/alice/i"))
        .await
        .expect(201);
    let named = digest512(b"by the other digest");
    let request = own.request(Method::POST, &format!("/blobs/uploads/?digest={named}"));
    alice.send(request.body("by the other digest")).await.expect(201);
    let made = other.post(&format!("/blobs/uploads/?mount={named}&from=alice/f")).await.expect(201);
    assert_eq!(made.header("docker-content-digest"), named);
    // What is nowhere becomes a session.
    let unknown = digest(b"nothing");
    for from in ["&from=alice/f", "&from=alice/nowhere", "&from=NOT/valid", "&from=", ""] {
        let begun = other.post(&format!("/blobs/uploads/?mount={unknown}{from}")).await.expect(202);
        finish(&alice, begun.header("location"), &digest(from.as_bytes()), from.as_bytes()).await.expect(201);
    }
    let bad = other.post("/blobs/uploads/?mount=sha256:bad&from=alice/f").await.expect(400);
    assert_eq!(code(&bad), "DIGEST_INVALID");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_it_fills_the_disk() {
    let app = TestApp::spawn_with(&["--max-blob-bytes", "10000"]).await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = noise(1, 10_001);
    let request = own.request(Method::POST, &format!("/blobs/uploads/?digest={}", digest(&bytes)));
    assert_eq!(code(&alice.send(request.body(bytes.clone())).await.expect(413)), "SIZE_INVALID");
    let location = own.start().await;
    chunk(&alice, &location, None, &bytes[..9000]).await.expect(202);
    chunk(&alice, &location, None, &bytes[..2000]).await.expect(413);
    chunk(&alice, &location, None, &bytes[9000..10_000]).await.expect(202);
    finish(&alice, &location, &digest(&bytes[..10_000]), b"").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_nobody_goes_on_with_ends_and_its_bytes_are_collected() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let location = own.start().await;
    chunk(&alice, &location, None, b"half of it").await.expect(202);
    // While it goes on the collector keeps away.
    tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    app.clock.advance(std::time::Duration::from_secs(23 * 3600));
    let fresh = app.token("alice", None).await;
    chunk(&fresh, &location, None, b"the rest").await.expect(202);
    app.clock.advance(std::time::Duration::from_secs(2 * 3600));
    let fresh = app.token("alice", None).await;
    let status = fresh.send(repo(&fresh, "").at(Method::GET, &location)).await;
    assert_eq!(status.status, 204, "used two hours ago: {}", status.text());
    app.clock.advance(std::time::Duration::from_secs(25 * 3600));
    let fresh = app.token("alice", None).await;
    assert_eq!(fresh.send(repo(&fresh, "").at(Method::GET, &location)).await.status, 404);
    tamis::registry::uploads::forget_expired(&app.state).await.unwrap();
    let gone = tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    assert!(gone.modules >= 1, "{}", json!(gone));
    app.assert_sound().await;
}
