//! What is published is pulled: each form, by tag and by digest, whole and in part, the same bytes
//! each time.
use super::{IMAGE, LAYER, code, digest, repo};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, filter},
};

/// What a runtime does with the compat form.
fn unpacked(layer: &[u8]) -> Vec<u8> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(layer));
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    assert_eq!(entry.path().unwrap().to_str(), Some("plugin.wasm"));
    let mut bytes = vec![];
    entry.read_to_end(&mut bytes).unwrap();
    assert!(entries.next().is_none());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_release_is_pulled_in_every_form_by_anyone_once_it_is_published() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = filter("header-guard");
    let made = alice.upload("alice/guard", "1.2.0", bytes).await.expect(201).json();
    let forms = |kind: &str| {
        let all = made["forms"].as_array().unwrap();
        all.iter().find(|f| f["kind"] == kind).unwrap()["digest"].as_str().unwrap().to_owned()
    };
    // Before it is published: for members, and for nobody else.
    let (own, others) = (repo(&alice, "alice/guard"), repo(&nobody, "alice/guard"));
    own.get("/manifests/1.2.0").await.expect(200);
    assert_eq!(others.get("/manifests/1.2.0").await.status, 401);
    let review = alice.submit("alice/guard", "1.2.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);

    let compat = others.get("/manifests/1.2.0").await.expect(200);
    assert_eq!(compat.header("content-type"), IMAGE);
    assert_eq!(compat.header("docker-content-digest"), forms("oci-compat"));
    assert_eq!(digest(&compat.body), forms("oci-compat"));
    let manifest = compat.json();
    assert_eq!(manifest["mediaType"], IMAGE);
    assert_eq!(manifest["annotations"]["module.wasm.image/variant"], "compat");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
    let blob = |descriptor: &Value| format!("/blobs/{}", descriptor["digest"].as_str().unwrap());
    let layer = others.get(&blob(&manifest["layers"][0])).await.expect(200);
    assert_eq!(layer.body.len() as u64, manifest["layers"][0]["size"].as_u64().unwrap());
    assert_eq!(unpacked(&layer.body), bytes);
    let config = others.get(&blob(&manifest["config"])).await.expect(200).json();
    let mut tar = vec![];
    flate2::read::GzDecoder::new(layer.body.as_slice()).read_to_end(&mut tar).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([digest(&tar)]));

    // The form of wasm tools: under its own name, and by digest in the same repository.
    let wasm = repo(&nobody, "wasm/alice/guard").get("/manifests/1.2.0").await.expect(200);
    assert_eq!(wasm.header("docker-content-digest"), forms("oci-wasm"));
    others.get(&format!("/manifests/{}", forms("oci-wasm"))).await.expect(200);
    let wasm = wasm.json();
    assert_eq!(wasm["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(wasm["subject"]["digest"], forms("oci-compat"));
    assert_eq!(others.get(&blob(&wasm["layers"][0])).await.expect(200).body, bytes);
    let config = others.get(&blob(&wasm["config"])).await.expect(200).json();
    assert_eq!(config["os"], "wasip1");
    assert_eq!(config["layerDigests"], json!([digest(bytes)]));

    for name in ["alice/guard", "wasm/alice/guard"] {
        let list = repo(&nobody, name).get("/tags/list").await.expect(200).json();
        assert_eq!(list, json!({"name": name, "tags": ["1.2", "1.2.0", "latest"]}));
        for tag in ["1.2", "latest"] {
            let there = repo(&nobody, name).get(&format!("/manifests/{tag}")).await.expect(200);
            let exact = repo(&nobody, name).get("/manifests/1.2.0").await.expect(200);
            assert_eq!(there.body, exact.body);
        }
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_layers_of_solo_are_made_once_where_somebody_asks_for_them() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let (bob, bytes) = (app.author("bob").await, distinct("solo", 1000));
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &bytes).await;
    let release = "/api/v1/filters/alice/guard/releases/1.0.0";
    let form = format!("{release}/forms/oci-solo");
    bob.send(bob.request(Method::PUT, &form)).await.expect(403);
    let made = alice.send(alice.request(Method::PUT, &form)).await.expect(201).json();
    let again = alice.send(alice.request(Method::PUT, &form)).await.expect(200).json();
    let kind = |view: &Value| {
        let forms = view["forms"].as_array().unwrap().clone();
        forms.into_iter().find(|f| f["kind"] == "oci-solo").map(|f| f["digest"].as_str().unwrap().to_owned())
    };
    let solo = kind(&made).unwrap();
    assert_eq!(kind(&again).as_ref(), Some(&solo));
    // Anyone pulls it by its digest; the tag stays with the image.
    let nobody = app.anonymous();
    let door = repo(&nobody, "alice/guard");
    let manifest = door.get(&format!("/manifests/{solo}")).await.expect(200).json();
    let layers = manifest["layers"].as_array().unwrap();
    let types: Vec<_> = layers.iter().map(|l| l["mediaType"].as_str().unwrap()).collect();
    let wanted =
        "application/vnd.module.wasm.config.v1+json application/vnd.module.wasm.content.layer.v1+wasm";
    assert_eq!(types.join(" "), wanted);
    assert_eq!(layers[1]["digest"], digest(&bytes));
    let module = door.get(&format!("/blobs/{}", layers[1]["digest"].as_str().unwrap())).await.expect(200);
    assert!(module.body == bytes);
    let config =
        door.get(&format!("/blobs/{}", layers[0]["digest"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((&config["type"], &config["abiVersions"][0]), (&json!("envoy_proxy"), &json!("v0.2.1")));
    let tagged = door.get("/manifests/1.0.0").await.expect(200);
    assert_ne!(tagged.header("docker-content-digest"), solo);
    // The same release elsewhere has the same digest, and it goes with its draft.
    let dora = app.author("dora").await;
    dora.upload("dora/guard", "1.0.0", bytes.clone()).await.expect(201);
    let path = "/api/v1/filters/dora/guard/releases/1.0.0";
    let made =
        dora.send(dora.request(Method::PUT, &format!("{path}/forms/oci-solo"))).await.expect(201).json();
    assert_eq!(kind(&made).as_ref(), Some(&solo));
    dora.delete(path).await.expect(204);
    repo(&dora, "dora/guard").get(&format!("/manifests/{solo}")).await.expect(404);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_module_gives_the_same_layer_wherever_it_is_uploaded() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let bytes = distinct("same", 5000);
    let mut seen = vec![];
    for (who, name) in [(&alice, "alice/f"), (&bob, "bob/f")] {
        who.upload(name, "1.0.0", bytes.clone()).await.expect(201);
        seen.push(repo(who, name).get("/manifests/1.0.0").await.expect(200).body);
    }
    assert_eq!(seen[0], seen[1]);
    let copy = json!({"namespace": "bob", "name": "copy"});
    app.curator("carl").await;
    bob.post("/api/v1/filters/bob/f/clone", &copy).await.expect(201);
    let copied = repo(&bob, "bob/copy").get("/manifests/1.0.0").await.expect(200).json();
    let first: Value = serde_json::from_slice(&seen[0]).unwrap();
    assert_eq!(copied["layers"], first["layers"]);
    assert_eq!(copied["annotations"]["org.opencontainers.image.title"], "copy");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_come_whole_or_in_part_and_say_what_they_are() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes: Vec<u8> = (0..2000u32).map(|n| (n * 7 % 251) as u8).collect();
    own.blob(&bytes, LAYER).await;
    let path = format!("/blobs/{}", digest(&bytes));
    for method in [Method::GET, Method::HEAD] {
        let whole = alice.send(own.request(method.clone(), &path)).await.expect(200);
        assert_eq!(whole.header("content-length"), "2000");
        assert_eq!(whole.header("docker-content-digest"), digest(&bytes));
        assert_eq!(whole.header("etag"), format!("\"{}\"", digest(&bytes)));
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("cache-control"), "private, no-store");
        assert_eq!(whole.body, if method == Method::GET { bytes.clone() } else { vec![] });
    }
    // Escaped as some clients do.
    own.get(&path.replace(':', "%3A")).await.expect(200);
    for (range, from, to) in [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 2000),
        ("bytes=-500", 1500, 2000),
        ("bytes=1900-9999", 1900, 2000),
        ("bytes=0-0", 0, 1),
    ] {
        let part = alice.send(own.request(Method::GET, &path).header("range", range)).await.expect(206);
        assert_eq!(part.body, bytes[from..to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/2000", to - 1));
        assert_eq!(part.header("content-length"), (to - from).to_string());
    }
    for range in ["bytes=2000-", "bytes=500-0", "bytes=9999-10000"] {
        let refused = alice.send(own.request(Method::GET, &path).header("range", range)).await.expect(416);
        assert_eq!(refused.header("content-range"), "bytes */2000", "{range}");
    }
    // Several at once are more than has to be served.
    let several = own.request(Method::GET, &path).header("range", "bytes=0-1,5-9");
    assert_eq!(alice.send(several).await.expect(200).body, bytes);
    let etag = format!("\"{}\"", digest(&bytes));
    for method in [Method::GET, Method::HEAD] {
        let same = alice.send(own.request(method, &path).header("if-none-match", &etag)).await;
        assert!(same.status == 304 && same.body.is_empty());
    }
    // Half of another blob is of no use.
    for (held, status, size) in [(etag.as_str(), 206, 1500), ("\"sha256:other\"", 200, 2000)] {
        let part = own.request(Method::GET, &path).header("range", "bytes=500-").header("if-range", held);
        assert_eq!(alice.send(part).await.expect(status).body.len(), size);
    }
    let unknown = own.get(&format!("/blobs/{}", digest(b"nothing"))).await.expect(404);
    assert_eq!(code(&unknown), "BLOB_UNKNOWN");
    for bad in ["sha256:baddigeststring", "md5:00", "nonsense"] {
        assert_eq!(own.get(&format!("/blobs/{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_what_is_published_is_that_part_for_everyone() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    // Longer than one piece of the way from the store.
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("in parts", 400_000)).await;
    let others = repo(&nobody, "alice/f");
    let manifest = others.get("/manifests/1.0.0").await.expect(200);
    let layer = format!("/blobs/{}", manifest.json()["layers"][0]["digest"].as_str().unwrap());
    let whole = others.get(&layer).await.expect(200).body;
    let size = whole.len();
    assert!(size > 300_000, "{size} bytes");
    for (from, to) in [(1, size), (size - 7, size), (131_071, 131_074), (200_000, 290_001)] {
        // Twice: what is remembered of it for a moment is the same.
        for _ in 0..2 {
            let range = format!("bytes={from}-{}", to - 1);
            let request = others.request(Method::GET, &layer).header("range", range);
            let part = nobody.send(request).await.expect(206);
            assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{size}", to - 1));
            assert!(part.body == whole[from..to], "{from}..{to}");
        }
    }
    let by_digest = format!("/manifests/{}", manifest.header("docker-content-digest"));
    for path in ["/manifests/1.0.0", &by_digest, &layer] {
        let head = others.head(path).await.expect(200);
        let same = others.request(Method::HEAD, path).header("if-none-match", head.header("etag"));
        let same = nobody.send(same).await.expect(304);
        assert_eq!((same.header("etag"), same.body.len()), (head.header("etag"), 0), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pulls_of_a_release_are_counted_and_head_requests_are_not() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("counted", 10)).await;
    let others = repo(&nobody, "alice/f");
    for _ in 0..3 {
        others.get("/manifests/latest").await.expect(200);
        others.head("/manifests/latest").await.expect(200);
    }
    tamis::counts::flush::flush(&app.state).await.unwrap();
    let release = nobody.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert_eq!(release["downloads"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_of_a_time_without_forms_get_the_same_ones_later() {
    use sea_orm::EntityTrait;
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("older", 3000)).await;
    let others = repo(&nobody, "alice/f");
    let before = others.get("/manifests/1.0.0").await.expect(200);
    // As an upgrade finds it: the release alone.
    let db = &*app.state.db;
    tamis_entities::registry_manifest::Entity::delete_many().exec(db).await.unwrap();
    tamis_entities::registry_blob::Entity::delete_many().exec(db).await.unwrap();
    app.state.registry.forget();
    others.get("/manifests/1.0.0").await.expect(404);
    tamis::modules::gc::run(&app.state, std::time::Duration::ZERO).await.unwrap();
    tamis::registry::forms::fill(&app.state).await.unwrap();
    let after = others.get("/manifests/1.0.0").await.expect(200);
    assert_eq!(after.body, before.body);
    repo(&nobody, "wasm/alice/f").get("/manifests/latest").await.expect(200);
    app.assert_sound().await;
}
