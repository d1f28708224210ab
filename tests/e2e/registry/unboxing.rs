//! The module that is approved is the one that every reader of its image runs.
use super::{CONFIG, IMAGE, LAYER, Repo, code, layer, repo};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};

const SOLO_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// A gzip of a tar, entry by entry: type, name and body.
fn crafted(entries: &[(u8, &str, &[u8])]) -> Vec<u8> {
    let mut tar = vec![];
    for (kind, name, body) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(0o644);
        header.set_size(body.len() as u64);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(body);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    gzip.finish().unwrap()
}

async fn image(own: &Repo<'_>, layers: &[(&[u8], &str)]) -> Vec<u8> {
    let config = own.blob(b"{}", CONFIG).await;
    let mut all: Vec<Value> = vec![];
    for (bytes, media_type) in layers {
        all.push(own.blob(bytes, media_type).await);
    }
    serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": all}))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_in_which_readers_find_different_modules_is_no_release() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let (good, evil) = (distinct("good", 10), distinct("evil", 10));
    let good: (u8, &str, &[u8]) = (b'0', "plugin.wasm", &good);
    let archives = [
        crafted(&[(b'0', "plugin.wasm/", &evil), good]),
        crafted(&[(b'7', "plugin.wasm", &evil), good]),
        crafted(&[(b'x', "p", b"10 path=x\n20 path=plugin.wasm\n"), (b'0', "y", &evil), good]),
        crafted(&[(b'0', "./a/plugin.wasm", &evil), good]),
        crafted(&[good, (b'0', ".//plugin.wasm", &evil)]),
        crafted(&[(b'2', "plugin.wasm", b""), good]),
        crafted(&[(b'5', "plugin.wasm", b""), good]),
        crafted(&[(b'L', "l", &[b'a'; 1 << 20]), (b'0', "y", &evil), good]),
    ];
    for (n, archive) in archives.iter().enumerate() {
        let bytes = image(&own, &[(archive, LAYER)]).await;
        let refused = own.put("1.0.0", IMAGE, &bytes).await.expect(400);
        assert_eq!(code(&refused), "MANIFEST_INVALID", "{n}");
        own.get("/manifests/1.0.0").await.expect(404);
    }
    let releases = alice.get("/api/v1/filters/alice/f/releases").await.expect(200).json();
    assert_eq!(releases["items"], json!([]));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_two_forms_is_no_release() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let (good, evil) = (distinct("good", 10), distinct("evil", 10));
    let packed = layer(&[("plugin.wasm", &good)]);
    for layers in [
        &[(&*evil, SOLO_LAYER), (&*packed, LAYER)][..],
        &[(&*packed, LAYER), (&*evil, SOLO_LAYER)],
        &[(&*evil, "application/wasm"), (&*packed, LAYER)],
        &[(&*good, SOLO_LAYER), (&*evil, SOLO_LAYER)],
    ] {
        let bytes = image(&own, layers).await;
        assert_eq!(code(&own.put("1.0.0", IMAGE, &bytes).await.expect(400)), "MANIFEST_INVALID");
        // As plain content it is nobody's module.
        own.put("edge", IMAGE, &bytes).await.expect(201);
    }
    let releases = alice.get("/api/v1/filters/alice/f/releases").await.expect(200).json();
    assert_eq!(releases["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_reviewed_gets_no_form_that_was_not() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let own = repo(&alice, "alice/f");
    let module = distinct("module", 10);
    let first = image(&own, &[(&layer(&[("plugin.wasm", &module)]), LAYER)]).await;
    own.put("v1.0.0", IMAGE, &first).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let forms = || async {
        let release = alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
        release["forms"].as_array().unwrap().len()
    };
    let before = forms().await;
    let second = image(&own, &[(&layer(&[("other", b"x"), ("plugin.wasm", &module)]), LAYER)]).await;
    let below = repo(&alice, "wasm/alice/f");
    for (place, tag) in [(&own, "1.0.0"), (&own, "v1.0.0"), (&below, "v1.0.0")] {
        assert_eq!(code(&place.put(tag, IMAGE, &second).await.expect(403)), "DENIED", "{tag}");
    }
    // Another tag for what was reviewed is another name that nobody has looked at.
    assert_eq!(code(&below.put("v1.0.0", IMAGE, &first).await.expect(403)), "DENIED");
    assert_eq!(forms().await, before);
    below.get("/manifests/v1.0.0").await.expect(404);
    // What is there already may be pushed again.
    own.put("v1.0.0", IMAGE, &first).await.expect(201);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_goes_leaves_what_somebody_named_otherwise() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let packed = layer(&[("plugin.wasm", &distinct("module", 10))]);
    let bytes = image(&own, &[(&packed, LAYER)]).await;
    own.put("edge", IMAGE, &bytes).await.expect(201);
    own.put("1.0.0", IMAGE, &bytes).await.expect(201);
    alice.delete("/api/v1/filters/alice/f/releases/1.0.0").await.expect(204);
    own.get("/manifests/1.0.0").await.expect(404);
    let kept = own.get("/manifests/edge").await.expect(200);
    assert_eq!(kept.body, bytes);
    let digest = kept.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(own.get(&format!("/blobs/{digest}")).await.expect(200).body, packed);
    app.assert_sound().await;
}
