//! The bytes on their way out.
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    client::{self, Person},
    crash::Instance,
    fixtures::{distinct, sha256},
    statements,
};
use tamis_entities::value::Role;

#[tokio::test(flavor = "multi_thread")]
async fn ranges_head_and_unchanged_work_by_name_and_by_digest() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = distinct("ranges", 300_000);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &bytes).await;
    let paths = [
        "/api/v1/filters/alice/f/releases/1.0.0/module".to_owned(),
        format!("/modules/sha256/{}.wasm", sha256(&bytes)),
    ];
    for path in &paths {
        let whole = nobody.get(path).await.expect(200);
        assert_eq!(whole.body, bytes);
        assert_eq!(whole.header("etag"), format!("\"sha256:{}\"", sha256(&bytes)));
        assert_eq!(whole.header("content-type"), "application/wasm");
        let head = nobody.send(nobody.request(Method::HEAD, path)).await.expect(200);
        assert_eq!(head.header("content-length"), bytes.len().to_string());
        for (range, expected) in [
            ("bytes=10-19", 10..20),
            ("bytes=299990-", 299_990..bytes.len()),
            ("bytes=-5", bytes.len() - 5..bytes.len()),
        ] {
            let part =
                nobody.send(nobody.request(Method::GET, path).header("range", range)).await.expect(206);
            assert_eq!(part.body, &bytes[expected.clone()]);
            let said = format!("bytes {}-{}/{}", expected.start, expected.end - 1, bytes.len());
            assert_eq!(part.header("content-range"), said);
        }
        nobody
            .send(nobody.request(Method::GET, path).header("range", format!("bytes={}-", bytes.len())))
            .await
            .expect(416);
        let same = nobody.request(Method::GET, path).header("if-none-match", whole.header("etag"));
        assert!(nobody.send(same).await.expect(304).body.is_empty());
    }
    assert_eq!(nobody.get(&paths[1]).await.header("cache-control"), "public, max-age=3600, immutable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_module_is_never_cached_and_never_shown_to_others() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let bytes = distinct("private", 10);
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    let raw = format!("/modules/sha256/{}.wasm", sha256(&bytes));
    assert_eq!(alice.get(&raw).await.expect(200).header("cache-control"), "private, no-store");
    let unknown = format!("/modules/sha256/{}.wasm", sha256(b"unknown"));
    let (theirs, nothing) = (bob.get(&raw).await, bob.get(&unknown).await);
    assert_eq!((theirs.status, nothing.status), (404, 404));
    let shape = |r: &tamis_e2e::client::Reply| {
        let mut json = r.json();
        json["instance"] = "".into();
        json
    };
    assert_eq!(shape(&theirs), shape(&nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_is_not_for_everyone_costs_as_little_however_many_releases_hold_it() {
    let mut instance = Instance::new().await;
    instance.set("TAMIS_LOG", "info,sqlx::query=trace");
    let alice = instance.user("alice", Role::User).await;
    let bob = instance.user("bob", Role::User).await;
    let server = instance.start(&[]).await;
    let bytes = distinct("popular", 10);
    let path = format!("/modules/sha256/{}.wasm", sha256(&bytes));
    // Duties ask now and then, too: the least of some rounds is what the request itself asks.
    let costs = async |who: &Person, status: u16| {
        let mut least = usize::MAX;
        for _ in 0..5 {
            let before = server.log().len();
            who.get(&path).await.expect(status);
            least = least.min(statements::reads(&server.log()[before..]).count());
        }
        least
    };
    alice.upload("alice/f0", "1.0.0", bytes.clone()).await.expect(201);
    let few = (costs(&bob, 404).await, costs(&alice, 200).await);
    for n in 1..9 {
        alice.upload(&format!("alice/f{n}"), "1.0.0", bytes.clone()).await.expect(201);
    }
    let many = (costs(&bob, 404).await, costs(&alice, 200).await);
    assert!(few.0 > 0, "no statement was logged");
    assert!(many.0 <= few.0 + 1 && many.1 <= few.1 + 1, "{few:?} questions for one, {many:?} for nine");
    // One of them that they may read is enough.
    alice.put("/api/v1/filters/alice/f5/grants/user:bob", &json!({"level": "read"})).await.expect(200);
    assert!(bob.get(&path).await.expect(200).body == bytes);
}

/// Envoy follows no redirect, and registries' clients refuse some.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_from_where_they_were_asked_for() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = distinct("here", 10);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &bytes).await;
    let http = client::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let direct = Person { http, ..nobody };
    let manifest = direct.get("/v2/alice/f/manifests/1.0.0").await.expect(200);
    let by_digest = format!("/v2/alice/f/manifests/{}", manifest.header("docker-content-digest"));
    let layer = format!("/v2/alice/f/blobs/{}", manifest.json()["layers"][0]["digest"].as_str().unwrap());
    let module = format!("/modules/sha256/{}.wasm", sha256(&bytes));
    let release = "/api/v1/filters/alice/f/releases/1.0.0/module".to_owned();
    for path in [&by_digest, &layer, &module, &release] {
        for method in [Method::GET, Method::HEAD] {
            direct.send(direct.request(method, path)).await.expect(200);
        }
    }
    for door in ["/v2", "/v2/"] {
        direct.get(door).await.expect(401);
    }
}
