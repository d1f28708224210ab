//! Several owners, the same bytes: what one has is nothing to the other. Tests are named after the
//! advisories of registries that failed here.
use super::{CONFIG, IMAGE, LAYER, code, digest, repo};
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, client::Reply, fixtures::distinct};

/// All of an answer that two requests could differ in.
fn shape(reply: &Reply) -> (u16, Vec<String>, String) {
    let varies = ["date", "x-request-id", "connection", "location", "docker-upload-uuid"];
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !varies.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    (reply.status, headers, reply.text())
}

/// Distribution CVE-2026-35172: a cache of digests, filled by one repository, made a blob that had been
/// deleted in another readable there again.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2026_35172_a_blob_deleted_here_stays_deleted_while_it_is_read_there() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let (here, there) = (repo(&alice, "alice/f"), repo(&bob, "bob/f"));
    let bytes = b"the same bytes in two repositories";
    let path = format!("/blobs/{}", digest(bytes));
    for own in [&here, &there] {
        own.blob(bytes, LAYER).await;
        own.get(&path).await.expect(200);
    }
    here.delete(&path).await.expect(202);
    for _ in 0..5 {
        there.get(&path).await.expect(200);
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(alice.send(here.request(method, &path)).await.status, 404);
        }
        there.blob(bytes, LAYER).await;
    }
}

/// zot CVE-2024-39897: whoever knew a digest was served the blob from wherever it was.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_39897_a_digest_opens_nothing_that_its_holder_may_not_read() {
    let app = TestApp::spawn().await;
    let (alice, eve, nobody) = (app.author("alice").await, app.author("eve").await, app.anonymous());
    let own = repo(&alice, "alice/secret");
    let manifest = own.image("t", "secret").await;
    alice.upload("alice/draft", "1.0.0", distinct("draft", 10)).await.expect(201);
    let draft = repo(&alice, "alice/draft").get("/manifests/1.0.0").await.expect(200);
    let draft_layer = draft.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
    let known = [digest(b"layer secret"), draft_layer];
    let unknown = digest(b"of nobody");
    let eves = repo(&eve, "eve/f");
    for private in &known {
        // In her own repository, by name and by mount.
        for who in [Method::GET, Method::HEAD] {
            let a = eve.send(eves.request(who.clone(), &format!("/blobs/{private}"))).await;
            let b = eve.send(eves.request(who, &format!("/blobs/{unknown}"))).await;
            assert_eq!(shape(&a), shape(&b));
        }
        for from in ["&from=alice/secret", "&from=alice/draft", "&from=wasm/alice/draft", ""] {
            let a = eves.post(&format!("/blobs/uploads/?mount={private}{from}")).await.expect(202);
            let b = eves.post(&format!("/blobs/uploads/?mount={unknown}{from}")).await.expect(202);
            assert_eq!(shape(&a), shape(&b));
        }
        assert_eq!(eves.get(&format!("/blobs/{private}")).await.status, 404);
    }
    // A private repository is an absent one, to her and to nobody.
    let secret = digest(&manifest);
    for rest in [
        "/tags/list".to_owned(),
        "/manifests/t".into(),
        format!("/manifests/{secret}"),
        format!("/blobs/{}", known[0]),
        format!("/referrers/{secret}"),
    ] {
        for who in [&eve, &nobody] {
            let a = shape(&repo(who, "alice/secret").get(&rest).await);
            let b = shape(&repo(who, "alice/absent").get(&rest).await);
            let c = shape(&repo(who, "nowhere/absent").get(&rest).await);
            let same = |x: (u16, Vec<String>, String)| {
                let plain = |t: String| {
                    t.replace("alice/secret", "N").replace("alice/absent", "N").replace("nowhere/absent", "N")
                };
                (x.0, x.1.into_iter().map(plain).collect::<Vec<_>>(), plain(x.2))
            };
            assert_eq!(same(a.clone()), same(b), "{rest}");
            assert_eq!(same(a), same(c), "{rest}");
        }
    }
    for method in [Method::PUT, Method::DELETE] {
        let a = eve.send(repo(&eve, "alice/secret").request(method.clone(), "/manifests/t")).await;
        let b = eve.send(repo(&eve, "alice/absent").request(method, "/manifests/t")).await;
        assert_eq!(shape(&a), shape(&b));
    }
}

/// Gitea CVE-2026-58426: the state of an upload was believed wherever it was shown.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2026_58426_an_upload_belongs_to_who_began_it_and_to_its_repository() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.put("/api/v1/filters/alice/f", &json!({})).await.expect(201);
    alice.put("/api/v1/filters/alice/f/grants/user:bob", &json!({"level": "write"})).await.expect(200);
    let location = repo(&alice, "alice/f").start().await;
    let id = location.rsplit('/').next().unwrap();
    let other = |name: &str| format!("/v2/{name}/blobs/uploads/{id}");
    let elsewhere = [
        (&bob, other("alice/f")),
        (&bob, other("bob/f")),
        (&alice, other("alice/g")),
        (&bob, location.replace(&app.base, "")),
    ];
    bob.put("/api/v1/filters/bob/f", &json!({})).await.expect(201);
    alice.put("/api/v1/filters/alice/g", &json!({})).await.expect(201);
    for (who, path) in elsewhere {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let reply = who.send(who.request(method.clone(), &path).body("x")).await.expect(404);
            assert!(reply.text().is_empty() || code(&reply) == "BLOB_UPLOAD_UNKNOWN", "{method} {path}");
        }
        let put = who.request(Method::PUT, &format!("{path}?digest={}", digest(b"x"))).body("x");
        who.send(put).await.expect(404);
    }
    // Nothing of it has moved; her own may come by the other name of the repository.
    let same = location.replace("/v2/alice", "/v2/wasm/alice");
    let status = alice.send(repo(&alice, "").at(Method::GET, &same)).await.expect(204);
    assert_eq!(status.header("range"), "0-0");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_to_write_finishes_nothing() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.put("/api/v1/filters/alice/f", &json!({})).await.expect(201);
    let grant = "/api/v1/filters/alice/f/grants/user:bob";
    alice.put(grant, &json!({"level": "write"})).await.expect(200);
    let bobs = repo(&bob, "alice/f");
    let location = bobs.start().await;
    bob.send(bobs.at(Method::PATCH, &location).body("bytes")).await.expect(202);
    alice.delete(grant).await.expect(204);
    let put = bobs.at(Method::PUT, &format!("{location}?digest={}", digest(b"bytes")));
    bob.send(put).await.expect(404);
    repo(&alice, "alice/f").head(&format!("/blobs/{}", digest(b"bytes"))).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_release_gives_its_reason_and_no_bytes_by_any_name() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let mia = app.author("mia").await;
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("bad", 10)).await;
    alice.put("/api/v1/filters/alice/f/grants/user:mia", &json!({"level": "read"})).await.expect(200);
    let others = repo(&nobody, "alice/f");
    let manifest = others.get("/manifests/1.0.0").await.expect(200);
    let layer = format!("/blobs/{}", manifest.json()["layers"][0]["digest"].as_str().unwrap());
    let by_digest = format!("/manifests/{}", manifest.header("docker-content-digest"));
    others.get(&layer).await.expect(200);
    let reason = json!({"reason": "steals cookies"});
    carl.post("/api/v1/filters/alice/f/releases/1.0.0/quarantine", &reason).await.expect(200);
    for who in [&nobody, &mia] {
        for path in ["/manifests/1.0.0", &by_digest, &layer] {
            let refused = repo(who, "alice/f").get(path).await.expect(403);
            assert_eq!(code(&refused), "DENIED");
            assert!(refused.text().contains("steals cookies"));
        }
        repo(who, "alice/f").get("/manifests/latest").await.expect(404);
    }
    // Who made it may look.
    repo(&alice, "alice/f").get(&layer).await.expect(200);
    // No mount is a way around.
    let mias = repo(&mia, "mia/f");
    let digest = layer.rsplit('/').next().unwrap();
    mias.post(&format!("/blobs/uploads/?mount={digest}&from=alice/f")).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_and_store_finish_each_others_uploads() {
    // What one server keeps in memory, the other has not.
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let second =
        tamis::state::State::open(app.state.store.clone(), app.state.serve.clone(), app.clock.clone());
    let second = second.await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(tamis::app::run(second, listener, Some(stopped))).unwrap();
    });
    let there = tamis_e2e::client::Person { base, ..alice.clone() };
    let location = own.start().await;
    let path = location.strip_prefix(&app.base).unwrap().to_owned();
    // Gitea CVE-2026-58426: nobody goes on with what somebody else began, at whichever server.
    let bob = app.author("bob").await;
    for base in [&app.base, &there.base] {
        let bob = tamis_e2e::client::Person { base: base.clone(), ..bob.clone() };
        for method in [Method::PATCH, Method::PUT, Method::GET, Method::DELETE] {
            let path = format!("{path}?digest={}", digest(b""));
            assert_eq!(bob.send(bob.request(method, &path)).await.status, 404);
        }
    }
    let bytes: Vec<u8> = (0..30_000u32).map(|n| (n % 249) as u8).collect();
    for (n, part) in bytes.chunks(10_000).enumerate() {
        let who = if n % 2 == 0 { &there } else { &alice };
        let range = format!("{}-{}", n * 10_000, (n + 1) * 10_000 - 1);
        let request = who.request(Method::PATCH, &path).header("content-range", range);
        who.send(request.body(part.to_vec())).await.expect(202);
    }
    let put = there.request(Method::PUT, &format!("{path}?digest={}", digest(&bytes)));
    there.send(put).await.expect(201);
    assert_eq!(own.get(&format!("/blobs/{}", digest(&bytes))).await.expect(200).body, bytes);
    // Distribution CVE-2026-35172, with two servers: deleted here is deleted there, whoever else has it.
    let blob = format!("/blobs/{}", digest(&bytes));
    repo(&bob, "bob/f").blob(&bytes, LAYER).await;
    repo(&there, "alice/f").get(&blob).await.expect(200);
    own.delete(&blob).await.expect(202);
    for who in [&alice, &there] {
        repo(who, "alice/f").get(&blob).await.expect(404);
    }
    repo(&bob, "bob/f").get(&blob).await.expect(200);
    let config = own.blob(b"{}", CONFIG).await;
    let body = serde_json::to_vec(&json!({"schemaVersion": 2, "config": config, "layers": []})).unwrap();
    repo(&there, "alice/f").put("t", IMAGE, &body).await.expect(201);
    own.get("/manifests/t").await.expect(200);
    own.delete("/manifests/t").await.expect(202);
    repo(&there, "alice/f").get("/manifests/t").await.expect(404);
    stop.send(()).unwrap();
    thread.join().unwrap();
}
