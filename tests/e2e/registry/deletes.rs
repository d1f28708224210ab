//! What is deleted is gone at once, here and nowhere else; what a release is made of stays.
use super::{IMAGE, LAYER, code, digest, repo};
use tamis_e2e::{app::TestApp, fixtures::distinct};

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_goes_alone_and_a_manifest_with_all_its_tags() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = own.image("one", "x").await;
    own.put("two", IMAGE, &bytes).await.expect(201);
    let by_digest = format!("/manifests/{}", digest(&bytes));
    own.delete("/manifests/one").await.expect(202);
    own.head("/manifests/one").await.expect(404);
    own.head("/manifests/two").await.expect(200);
    own.head(&by_digest).await.expect(200);
    own.delete(&by_digest).await.expect(202);
    for gone in ["/manifests/two", &by_digest] {
        own.head(gone).await.expect(404);
        let again = own.delete(gone).await.expect(404);
        assert_eq!(code(&again), "MANIFEST_UNKNOWN");
    }
    let blob = format!("/blobs/{}", digest(b"layer x"));
    own.delete(&blob).await.expect(202);
    own.head(&blob).await.expect(404);
    assert_eq!(code(&own.delete(&blob).await.expect(404)), "BLOB_UNKNOWN");
    assert_eq!(own.delete("/blobs/sha256:bad").await.status, 400);
    // Pushed again it is there again.
    own.blob(b"layer x", LAYER).await;
    own.head(&blob).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_is_made_of_stays_and_goes_with_its_draft() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    alice.upload("alice/f", "1.0.0", distinct("draft", 10)).await.expect(201);
    let manifest = own.get("/manifests/1.0.0").await.expect(200);
    let by_digest = format!("/manifests/{}", manifest.header("docker-content-digest"));
    let layer = format!("/blobs/{}", manifest.json()["layers"][0]["digest"].as_str().unwrap());
    for path in ["/manifests/1.0.0", &by_digest, &layer] {
        let refused = own.delete(path).await.expect(405);
        assert_eq!(code(&refused), "UNSUPPORTED", "{path}");
        own.head(path).await.expect(200);
    }
    alice.delete("/api/v1/filters/alice/f/releases/1.0.0").await.expect(204);
    for path in ["/manifests/1.0.0", &by_digest, &layer] {
        own.head(path).await.expect(404);
    }
    tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    let left = tamis::operate::fsck::run(&app.state).await.unwrap();
    assert!(left.is_clean() && left.modules == 0 && left.orphans.is_empty(), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_live_as_long_as_any_repository_has_them() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    for (who, name) in [(&alice, "alice/f"), (&bob, "bob/f")] {
        repo(who, name).blob(b"of two", LAYER).await;
    }
    let path = format!("/blobs/{}", digest(b"of two"));
    repo(&alice, "alice/f").delete(&path).await.expect(202);
    tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(repo(&bob, "bob/f").get(&path).await.expect(200).body, b"of two");
    repo(&bob, "bob/f").delete(&path).await.expect(202);
    let gone = tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(gone.modules, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn below_wasm_a_repository_has_tags_of_its_own_and_the_same_content() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let (own, below) = (repo(&alice, "alice/f"), repo(&alice, "wasm/alice/f"));
    let bytes = own.image("edge", "both").await;
    below.put("edge", IMAGE, &bytes).await.expect(201);
    below.delete("/manifests/edge").await.expect(202);
    below.head("/manifests/edge").await.expect(404);
    assert_eq!(code(&below.delete("/manifests/edge").await.expect(404)), "MANIFEST_UNKNOWN");
    own.head("/manifests/edge").await.expect(200);
    let by_digest = format!("/manifests/{}", digest(&bytes));
    below.delete(&by_digest).await.expect(202);
    for gone in ["/manifests/edge", &by_digest] {
        own.head(gone).await.expect(404);
    }
    let blob = format!("/blobs/{}", digest(b"layer both"));
    below.delete(&blob).await.expect(202);
    own.head(&blob).await.expect(404);
    // What a release is made of stays by either name.
    alice.upload("alice/f", "1.0.0", distinct("below", 10)).await.expect(201);
    for path in ["/manifests/1.0.0".to_owned(), {
        let manifest = below.get("/manifests/1.0.0").await.expect(200);
        format!("/manifests/{}", manifest.header("docker-content-digest"))
    }] {
        assert_eq!(code(&below.delete(&path).await.expect(405)), "UNSUPPORTED", "{path}");
    }
    app.assert_sound().await;
}
