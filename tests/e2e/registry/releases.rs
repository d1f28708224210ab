//! A push under a version is a release, in whatever form the module came; everything else is content.
use super::{CONFIG, DOCKER, IMAGE, INDEX, LAYER, Repo, code, digest, layer, repo};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, sha256},
};

const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const SOLO_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const SOLO_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// Pushes the blobs; the manifest that names them.
async fn form(own: &Repo<'_>, kind: &str, module: &[u8]) -> (&'static str, Vec<u8>) {
    let packed = layer(&[("etc/readme", b"hello"), ("./plugin.wasm", module)]);
    let (media, config, layers) = match kind {
        "compat" => (IMAGE, own.blob(b"{}", CONFIG).await, vec![own.blob(&packed, LAYER).await]),
        "two layers" => {
            let base = own.blob(&layer(&[("base", b"x")]), LAYER).await;
            (IMAGE, own.blob(b"{}", CONFIG).await, vec![base, own.blob(&packed, LAYER).await])
        }
        "docker" => {
            (DOCKER, own.blob(b"{}", DOCKER_CONFIG).await, vec![own.blob(&packed, DOCKER_LAYER).await])
        }
        "solo" => {
            let config = own.blob(b"{\"type\":\"envoy_proxy\"}", SOLO_CONFIG).await;
            (IMAGE, config.clone(), vec![config, own.blob(module, SOLO_LAYER).await])
        }
        _ => (IMAGE, own.blob(b"{}", WASM_CONFIG).await, vec![own.blob(module, "application/wasm").await]),
    };
    let manifest = json!({"schemaVersion": 2, "mediaType": media, "config": config, "layers": layers});
    (media, serde_json::to_vec(&manifest).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_known_form_under_a_version_is_a_draft_with_exactly_its_bytes() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let own = repo(&alice, "alice/f");
    for (n, kind) in ["compat", "two layers", "docker", "solo", "cncf"].into_iter().enumerate() {
        let module = distinct(kind, 100);
        let (media, bytes) = form(&own, kind, &module).await;
        let (version, tag) = (format!("1.{n}.0"), format!("{}1.{n}.0", if n % 2 == 0 { "" } else { "v" }));
        let made = own.put(&tag, media, &bytes).await.expect(201);
        assert_eq!(made.header("docker-content-digest"), digest(&bytes));
        let path = format!("/api/v1/filters/alice/f/releases/{version}");
        let release = alice.get(&path).await.expect(200).json();
        assert_eq!(release["digest"], digest(&module), "{kind}");
        assert_eq!((&release["state"], &release["created_by"]), (&json!("draft"), &json!("alice")));
        assert_eq!(alice.get(&format!("{path}/module")).await.expect(200).body, module);
        let back = own.get(&format!("/manifests/{tag}")).await.expect(200);
        assert_eq!((back.header("content-type"), &back.body), (media, &bytes), "{kind}");
        // The other forms are there, too.
        let kinds: Vec<_> =
            release["forms"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["oci-compat", "oci-pushed", "oci-wasm", "raw"]);
        let wasm =
            repo(&alice, "wasm/alice/f").get(&format!("/manifests/{version}")).await.expect(200).json();
        assert_eq!(wasm["layers"][0]["digest"], digest(&module));
        // Again is no other.
        own.put(&tag, media, &bytes).await.expect(201);
    }
    // It is published like any other, and pulled as it was pushed.
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let others = repo(&nobody, "alice/f");
    let pulled = others.get("/manifests/latest").await.expect(200);
    assert_eq!(pulled.body, own.get("/manifests/1.0.0").await.expect(200).body);
    for part in pulled.json()["layers"].as_array().unwrap() {
        others.get(&format!("/blobs/{}", part["digest"].as_str().unwrap())).await.expect(200);
    }
    others.get("/manifests/v1.1.0").await.expect(404);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_in_the_query_makes_a_release_and_stands_alone() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let module = distinct("by query", 10);
    let (media, bytes) = form(&own, "compat", &module).await;
    let name = digest(&bytes);
    let refused = own.put(&format!("{name}?tag=1.0.0&tag=edge"), media, &bytes).await.expect(400);
    assert_eq!(code(&refused), "MANIFEST_INVALID");
    alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(404);
    let made = own.put(&format!("{name}?tag=1.0.0"), media, &bytes).await.expect(201);
    assert_eq!(made.header("oci-tag"), "1.0.0");
    let release = alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert_eq!(release["digest"], digest(&module));
    assert_eq!(own.get("/manifests/1.0.0").await.expect(200).body, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn wasm_tools_push_below_their_prefix_and_it_is_the_same_release() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "wasm/alice/f");
    let module = distinct("wkg", 100);
    let (media, bytes) = form(&own, "cncf", &module).await;
    own.put("1.0.0", media, &bytes).await.expect(201);
    assert_eq!(own.get("/manifests/1.0.0").await.expect(200).body, bytes);
    let compat = repo(&alice, "alice/f").get("/manifests/1.0.0").await.expect(200).json();
    assert_eq!(compat["layers"][0]["mediaType"], LAYER);
    let release = alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert_eq!(release["digest"], format!("sha256:{}", sha256(&module)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_module_answers_with_its_findings_and_leaves_no_tag() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for kind in ["compat", "cncf"] {
        let (media, bytes) = form(&own, kind, b"no wasm at all").await;
        let refused = own.put("1.0.0", media, &bytes).await.expect(400);
        assert_eq!(code(&refused), "MANIFEST_INVALID");
        let detail = refused.json()["errors"][0]["detail"].clone();
        assert!(!detail["findings"].as_array().unwrap().is_empty(), "{detail}");
        own.get("/manifests/1.0.0").await.expect(404);
    }
    // Two readers would take two different files; and what unpacks to more than may be.
    let two = layer(&[("plugin.wasm", &distinct("1", 10)), ("x/plugin.wasm", &distinct("2", 10))]);
    let config = own.blob(b"{}", CONFIG).await;
    let manifest = |packed: &Value| {
        serde_json::to_vec(&json!({"schemaVersion": 2, "config": config, "layers": [packed]})).unwrap()
    };
    let packed = own.blob(&two, LAYER).await;
    assert_eq!(code(&own.put("1.0.0", IMAGE, &manifest(&packed)).await.expect(400)), "MANIFEST_INVALID");
    let bomb = layer(&[("plugin.wasm", &vec![0; 80 << 20])]);
    assert!(bomb.len() < 1 << 20);
    let packed = own.blob(&bomb, LAYER).await;
    assert_eq!(code(&own.put("1.0.0", IMAGE, &manifest(&packed)).await.expect(400)), "MANIFEST_INVALID");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_no_module_or_has_no_version_is_plain_content_and_in_no_catalog() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    own.image("1.0.0", "no archive").await;
    let config = own.blob(b"{}", CONFIG).await;
    let packed = own.blob(&layer(&[("filter.wasm", &distinct("x", 10))]), LAYER).await;
    let bytes =
        serde_json::to_vec(&json!({"schemaVersion": 2, "config": config, "layers": [packed]})).unwrap();
    own.put("2.0.0", IMAGE, &bytes).await.expect(201);
    let (media, bytes) = form(&own, "compat", &distinct("tagged", 10)).await;
    own.put("edge", media, &bytes).await.expect(201);
    own.put(&digest(&bytes), media, &bytes).await.expect(201);
    let index = serde_json::to_vec(&json!({"schemaVersion": 2, "manifests": []})).unwrap();
    own.put("3.0.0", INDEX, &index).await.expect(201);
    let releases = alice.get("/api/v1/filters/alice/f/releases").await.expect(200).json();
    assert_eq!(releases["items"], json!([]));
    // An upload takes such a tag over.
    alice.upload("alice/f", "1.0.0", distinct("real", 10)).await.expect(201);
    assert_eq!(own.get("/manifests/1.0.0").await.expect(200).json()["layers"][0]["mediaType"], LAYER);
    let refused = own.put("1.0.0", INDEX, &index).await.expect(403);
    assert_eq!(code(&refused), "DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_tag_never_names_anything_else() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let module = distinct("first", 10);
    alice.upload("alice/f", "1.0.0", module.clone()).await.expect(201);
    let compat = own.get("/manifests/1.0.0").await.expect(200);
    // Other bytes, the same bytes in another wrapping, something that is no module.
    for kind in ["compat", "cncf"] {
        let (media, other) = form(&own, kind, &distinct("second", 10)).await;
        for tag in ["1.0.0", "v1.0.0"] {
            assert_eq!(code(&own.put(tag, media, &other).await.expect(403)), "DENIED", "{kind} {tag}");
        }
        let (media, wrapped) = form(&own, kind, &module).await;
        assert_eq!(code(&own.put("1.0.0", media, &wrapped).await.expect(403)), "DENIED");
    }
    assert_eq!(own.get("/manifests/1.0.0").await.expect(200).body, compat.body);
    // Exactly what it names is fine, and the other spelling of the version may name another wrapping.
    own.put("1.0.0", IMAGE, &compat.body).await.expect(201);
    let (media, wrapped) = form(&own, "cncf", &module).await;
    own.put("v1.0.0", media, &wrapped).await.expect(201);
    assert_eq!(own.get("/manifests/v1.0.0").await.expect(200).body, wrapped);
    // Its version is never given to others, even when it is gone.
    alice.delete("/api/v1/filters/alice/f/releases/1.0.0").await.expect(204);
    own.get("/manifests/v1.0.0").await.expect(404);
    let (media, other) = form(&own, "compat", &distinct("second", 10)).await;
    assert_eq!(code(&own.put("1.0.0", media, &other).await.expect(403)), "DENIED");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_uploads_pushes_releases_and_nothing_else() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let ci = app.token("alice", Some("releases:stage filters:read")).await;
    let own = repo(&ci, "alice/f");
    let (media, bytes) = form(&own, "compat", &distinct("ci", 10)).await;
    own.put("1.0.0", media, &bytes).await.expect(201);
    for reference in ["edge", &digest(&bytes)] {
        assert_eq!(code(&own.put(reference, media, &bytes).await.expect(403)), "DENIED");
    }
    own.delete("/manifests/1.0.0").await.expect(403);
    alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200);
}
