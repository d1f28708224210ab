//! The bytes on their way out.
use reqwest::Method;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, sha256},
};

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
