//! How far what is public reaches: a draft stays one whatever it refers to, what refers to a release is its
//! readers', and lists and types are no way around.
use super::{CONFIG, IMAGE, INDEX, LAYER, Repo, code, digest, repo};
use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};

const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

fn bytes_of(manifest: &Value) -> Vec<u8> {
    serde_json::to_vec(manifest).unwrap()
}

/// A descriptor of the manifest of a published release.
async fn published(app: &TestApp, own: &Repo<'_>, version: &str) -> Value {
    let carl = app.curator("carl").await;
    app.publish(own.who, &carl, own.name, version, &distinct(version, 10)).await;
    let manifest = own.get(&format!("/manifests/{version}")).await.expect(200);
    json!({"mediaType": IMAGE, "digest": manifest.header("docker-content-digest"), "size": manifest.body.len()})
}

/// An artifact that refers to something; its bytes.
async fn artifact(own: &Repo<'_>, layer: &[u8], subject: &Value) -> Vec<u8> {
    let (config, layer) = (own.blob(b"{}", CONFIG).await, own.blob(layer, LAYER).await);
    let bytes =
        bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": [layer], "subject": subject}));
    own.put(&digest(&bytes), IMAGE, &bytes).await.expect(201);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_refers_to_a_published_release_stays_a_draft() {
    let app = TestApp::spawn().await;
    let (alice, eve, nobody) = (app.author("alice").await, app.author("eve").await, app.anonymous());
    let own = repo(&alice, "alice/f");
    let subject = published(&app, &own, "1.0.0").await;
    let module = distinct("draft", 100);
    let (config, layer) = (own.blob(b"{}", WASM_CONFIG).await, own.blob(&module, "application/wasm").await);
    let draft =
        bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": [layer], "subject": subject}));
    own.put("2.0.0", IMAGE, &draft).await.expect(201);
    // The same bytes by a public name, and a plain tag beside.
    let plain = artifact(&own, &module, &subject).await;
    own.put("plain", IMAGE, &plain).await.expect(201);
    // What refers to the draft is no way to it.
    let to_draft = json!({"mediaType": IMAGE, "digest": digest(&draft), "size": draft.len()});
    let about = artifact(&own, b"about the draft", &to_draft).await;
    let shut = async || {
        for who in [&nobody, &eve] {
            let others = repo(who, "alice/f");
            for path in [
                "/manifests/2.0.0".to_owned(),
                "/manifests/plain".into(),
                format!("/manifests/{}", digest(&draft)),
                format!("/manifests/{}", digest(&about)),
                format!("/blobs/{}", digest(&module)),
                format!("/blobs/{}", digest(b"about the draft")),
            ] {
                let status = others.get(&path).await.status;
                assert!(matches!(status, 401 | 404), "{path}: {status}");
            }
            let of = format!("/referrers/{}", subject["digest"].as_str().unwrap());
            let list = others.get(&of).await.expect(200).text();
            assert!(!list.contains(&digest(&draft)) && list.contains(&digest(&plain)), "{list}");
            let of = others.get(&format!("/referrers/{}", digest(&draft))).await.expect(200).json();
            assert_eq!(of["manifests"], json!([]));
        }
    };
    shut().await;
    for path in
        ["/manifests/2.0.0".to_owned(), "/manifests/plain".into(), format!("/blobs/{}", digest(&module))]
    {
        own.get(&path).await.expect(200);
    }
    let curator = app.curator("dora").await;
    let reason = json!({"reason": "steals cookies"});
    curator.post("/api/v1/filters/alice/f/releases/2.0.0/quarantine", &reason).await.expect(200);
    shut().await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_many_artifacts_share_is_public_as_soon_as_one_is() {
    let app = TestApp::spawn().await;
    let (alice, nobody) = (app.author("alice").await, app.anonymous());
    let own = repo(&alice, "alice/f");
    alice.upload("alice/f", "2.0.0", distinct("draft", 10)).await.expect(201);
    let draft = own.get("/manifests/2.0.0").await.expect(200);
    let draft = json!({"mediaType": IMAGE, "digest": draft.header("docker-content-digest"), "size": draft.body.len()});
    for n in 0..60 {
        artifact(&own, format!("about a draft {n}").as_bytes(), &draft).await;
    }
    let subject = published(&app, &own, "1.0.0").await;
    let others = repo(&nobody, "alice/f");
    let empty = format!("/blobs/{}", digest(b"{}"));
    others.get(&empty).await.expect(404);
    let first = artifact(&own, b"an SBOM", &subject).await;
    others.get(&empty).await.expect(200);
    others.get(&format!("/blobs/{}", digest(b"an SBOM"))).await.expect(200);
    // Of a signature of an attestation.
    let to_first = json!({"mediaType": IMAGE, "digest": digest(&first), "size": first.len()});
    let second = artifact(&own, b"of the SBOM", &to_first).await;
    let to_second = json!({"mediaType": IMAGE, "digest": digest(&second), "size": second.len()});
    artifact(&own, b"of that", &to_second).await;
    for layer in [b"of the SBOM".as_slice(), b"of that"] {
        others.get(&format!("/blobs/{}", digest(layer))).await.expect(200);
    }
    others.get(&format!("/blobs/{}", digest(b"about a draft 7"))).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_sent_without_a_type_is_of_the_kind_that_it_says() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    own.blob(b"{}", CONFIG).await;
    let send = async |body: String| alice.send(own.request(Method::PUT, "/manifests/t").body(body)).await;
    let long = format!("a/{}+json", "b".repeat(300));
    for kind in ["text/html", "a/b\\n+json", "a/é+json", "a b/c+json", "+json", "a", &long] {
        let body = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[]}}"#);
        assert_eq!(code(&send(body).await.expect(400)), "MANIFEST_INVALID", "{kind}");
        assert_eq!(own.get("/manifests/t").await.status, 404, "{kind}");
    }
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[]}}"#);
    send(body.clone()).await.expect(201);
    let back = own.get("/manifests/t").await.expect(200);
    assert_eq!((back.header("content-type"), back.text()), (INDEX, body));
    // The type of an artifact is shown in lists: it is no longer than a type may be.
    let body =
        format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[],"artifactType":"{long}"}}"#);
    assert_eq!(code(&send(body).await.expect(400)), "MANIFEST_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_referrers_come_in_pages_that_clients_can_read() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let subject = json!({"mediaType": IMAGE, "digest": digest(b"later"), "size": 5});
    let mut all = vec![];
    for n in 0..5 {
        let bytes = bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": [], "subject": subject,
            "annotations": {"n": n.to_string(), "note": "x".repeat(1_400_000)}}));
        own.put(&digest(&bytes), IMAGE, &bytes).await.expect(201);
        all.push(digest(&bytes));
    }
    // Clients' own list has two of them and one besides.
    let entry = |digest: &str| json!({"mediaType": IMAGE, "digest": digest, "size": 1});
    let kept = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(&all[0]), entry(&all[4]), entry(&digest(b"besides"))]});
    let hex = digest(b"later").split_once(':').unwrap().1.to_owned();
    own.put(&format!("sha256-{hex}"), INDEX, &bytes_of(&kept)).await.expect(201);
    all.push(digest(b"besides"));
    let (mut seen, mut pages) = (vec![], 0);
    let mut path = format!("/v2/alice/f/referrers/{}", digest(b"later"));
    loop {
        let page = alice.get(&path).await.expect(200);
        assert!(page.body.len() < 4 << 20, "{}", page.body.len());
        let list = page.json();
        seen.extend(
            list["manifests"].as_array().unwrap().iter().map(|d| d["digest"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let link = page.header("link").to_owned();
        let Some(next) = link.strip_prefix('<').and_then(|l| l.split_once('>')) else { break };
        path = next.0.to_owned();
    }
    all.sort();
    seen.sort();
    assert_eq!(seen, all);
    assert!(pages >= 3, "{pages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_manifests_at_once_wait_for_each_other_and_all_come_in() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let put = |n: usize| {
        let body = format!(
            r#"{{"schemaVersion":2,"config":{config},"layers":[],"n":{n},"x":[0{}]}}"#,
            ",0".repeat(200_000)
        );
        let own = &own;
        async move { own.put(&format!("t{n}"), IMAGE, body.as_bytes()).await.status }
    };
    let statuses = futures_util::future::join_all((0..8).map(put)).await;
    assert_eq!(statuses, [201; 8]);
    assert_eq!(app.state.readings.available_permits(), std::thread::available_parallelism().unwrap().get());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_draft_leaves_what_has_another_name() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let module = distinct("shared", 100);
    let (config, layer) = (own.blob(b"{}", WASM_CONFIG).await, own.blob(&module, "application/wasm").await);
    let bytes = bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": [layer]}));
    for tag in ["edge", "1.0.0", "2.0.0"] {
        own.put(tag, IMAGE, &bytes).await.expect(201);
    }
    alice.delete("/api/v1/filters/alice/f/releases/2.0.0").await.expect(204);
    own.get("/manifests/2.0.0").await.expect(404);
    own.get("/manifests/1.0.0").await.expect(200);
    alice.delete("/api/v1/filters/alice/f/releases/1.0.0").await.expect(204);
    own.get("/manifests/1.0.0").await.expect(404);
    assert_eq!(own.get("/manifests/edge").await.expect(200).body, bytes);
    assert_eq!(own.get(&format!("/blobs/{}", digest(&module))).await.expect(200).body, module);
    // It is plain content now and goes like it.
    own.delete(&format!("/manifests/{}", digest(&bytes))).await.expect(202);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_and_a_push_of_the_same_at_once_leave_no_release_without_its_parts() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for n in 0..6 {
        let module = distinct(&format!("race {n}"), 100);
        let (config, layer) =
            (own.blob(b"{}", WASM_CONFIG).await, own.blob(&module, "application/wasm").await);
        let bytes = bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": [layer]}));
        own.put("edge", IMAGE, &bytes).await.expect(201);
        let (manifest, blob) =
            (format!("/manifests/{}", digest(&bytes)), format!("/blobs/{}", digest(&module)));
        let version = format!("1.0.{n}");
        let (made, ..) =
            tokio::join!(own.put(&version, IMAGE, &bytes), own.delete(&manifest), own.delete(&blob));
        if made.status == 201 {
            assert_eq!(own.get(&format!("/manifests/{version}")).await.expect(200).body, bytes);
            own.get(&blob).await.expect(200);
        }
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_name_no_release_are_their_owners() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let own = repo(&alice, "alice/f");
    let plain = own.image("v1.0.0", "plain").await;
    own.put("1.3", IMAGE, &plain).await.expect(201);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("release", 10)).await;
    assert_eq!(own.get("/manifests/v1.0.0").await.expect(200).body, plain);
    own.delete("/manifests/v1.0.0").await.expect(202);
    own.delete("/manifests/1.0.0").await.expect(405);
    // 1.0 follows what is published; there is nothing that 1.3 could follow.
    own.delete("/manifests/1.0").await.expect(405);
    own.put("1.3", IMAGE, &plain).await.expect(201);
    own.delete("/manifests/1.3").await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_fails_makes_no_repository() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/typo");
    own.post("/blobs/uploads/?digest=md5:0").await.expect(400);
    own.post("/blobs/uploads/?mount=md5:0").await.expect(400);
    let other = own.request(Method::POST, &format!("/blobs/uploads/?digest={}", digest(b"a"))).body("b");
    alice.send(other).await.expect(400);
    own.put("t", IMAGE, b"no manifest").await.expect(400);
    own.put(".bad", IMAGE, b"{}").await.expect(400);
    let empty = bytes_of(&json!({"schemaVersion": 2, "manifests": []}));
    for reference in [&digest(b"other"), "t?tag=u"] {
        own.put(reference, INDEX, &empty).await.expect(400);
    }
    alice.get("/api/v1/filters/alice/typo").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_has_two_spellings_and_head_knows_no_range() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let asked = app.anonymous().get("/v2").await.expect(401);
    assert!(asked.header("www-authenticate").starts_with("Bearer realm="));
    alice.get("/v2").await.expect(200);
    let own = repo(&alice, "alice/f");
    own.blob(b"0123456789", LAYER).await;
    let path = format!("/blobs/{}", digest(b"0123456789"));
    for range in ["bytes=2-4", "bytes=90-"] {
        let head = alice.send(own.request(Method::HEAD, &path).header("range", range)).await.expect(200);
        assert_eq!(head.header("content-length"), "10");
    }
    let refused = own.get("/tags/list?n=x").await.expect(400);
    assert_eq!(code(&refused), "UNSUPPORTED");
    // A descriptor says how large what it names is.
    let mut config = own.blob(b"{}", CONFIG).await;
    config["size"] = json!(3);
    let bytes = bytes_of(&json!({"schemaVersion": 2, "config": config, "layers": []}));
    assert_eq!(code(&own.put("t", IMAGE, &bytes).await.expect(400)), "MANIFEST_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_an_end_to_its_requests() {
    use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
    use tamis_entities::{registry_part, registry_upload};
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let location = own.start().await;
    alice.send(own.at(Method::PATCH, &location).body("x")).await.expect(202);
    let db = &*app.state.db;
    let part = registry_part::Entity::find().one(db).await.unwrap().unwrap();
    let more = (1..10_000).map(|start| {
        let like = part.clone().into_active_model().reset_all();
        registry_part::ActiveModel { start: Set(start), ..like }
    });
    for some in more.collect::<Vec<_>>().chunks(1000) {
        registry_part::Entity::insert_many(some.to_vec()).exec_without_returning(db).await.unwrap();
    }
    let upload = registry_upload::Entity::find().one(db).await.unwrap().unwrap();
    let upload = registry_upload::ActiveModel { received: Set(10_000), ..upload.into_active_model() };
    registry_upload::Entity::update(upload).exec(db).await.unwrap();
    let refused = alice.send(own.at(Method::PATCH, &location).body("x")).await.expect(413);
    assert_eq!(code(&refused), "SIZE_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_forgotten_when_the_change_is_seen() {
    use sea_orm::ActiveValue::Set;
    use tamis_entities::{release, value::ReleaseState};
    let app = TestApp::spawn().await;
    let (alice, nobody) = (app.author("alice").await, app.anonymous());
    published(&app, &repo(&alice, "alice/f"), "1.0.0").await;
    let others = repo(&nobody, "alice/f");
    let row = release::Entity::find().one(&*app.state.db).await.unwrap().unwrap();
    let txn = app.state.db.begin_write().await.unwrap();
    let change = release::ActiveModel {
        id: Set(row.id),
        state: Set(ReleaseState::Quarantined),
        prior_state: Set(Some(ReleaseState::Published)),
        ..Default::default()
    };
    release::Entity::update(change).exec(&*txn).await.unwrap();
    tamis::catalog::refresh(&app.state, &txn, row.filter_id).await.unwrap();
    others.get("/manifests/1.0.0").await.expect(200);
    txn.commit().await.unwrap();
    others.get("/manifests/1.0.0").await.expect(403);
}
