//! What `tamis backup` saves of the registry: everything that can be pulled, and nothing that cannot.
use super::{CONFIG, IMAGE, LAYER, digest, repo};
use serde_json::json;
use tamis_e2e::{client::Person, crash::Instance, fixtures::distinct};
use tamis_entities::value::Role;

/// About the embedded default; PostgreSQL and S3 have tools of their own.
#[tokio::test(flavor = "multi_thread")]
async fn plain_manifests_tags_and_referrers_come_back_from_a_backup() {
    let instance = Instance::new().await;
    if !instance.is_embedded() {
        return;
    }
    let alice = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    alice.upload("alice/guard", "1.0.0", distinct("saved", 1000)).await.expect(201);
    let own = repo(&alice, "alice/guard");
    let plain = own.image("edge", "one").await;
    own.put("also", IMAGE, &plain).await.expect(201);
    let release = own.get("/manifests/1.0.0").await.expect(200).body;
    let gone = own.image("gone", "two").await;
    own.delete(&format!("/manifests/{}", digest(&gone))).await.expect(202);
    let (config, layer) = (own.blob(b"{}", CONFIG).await, own.blob(b"a signature", LAYER).await);
    let signature = json!({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": "application/vnd.test.signature",
        "config": config, "layers": [layer],
        "subject": {"mediaType": IMAGE, "digest": digest(&release), "size": release.len()}});
    let signature = serde_json::to_vec(&signature).unwrap();
    own.put(&digest(&signature), IMAGE, &signature).await.expect(201);
    let asked = ["/tags/list".to_owned(), format!("/referrers/{}", digest(&release))];
    let mut before = vec![];
    for path in &asked {
        before.push(own.get(path).await.expect(200).json());
    }
    assert_eq!(before[1]["manifests"].as_array().unwrap().len(), 2, "{}", before[1]);

    let saved = instance.path().join("saved").display().to_string();
    instance.ok(&["backup", &saved]).await;
    drop(server);
    let directory = tempfile::Builder::new().prefix("tamis-restored").tempdir_in(instance.path()).unwrap();
    let second = Instance::in_directory(directory).await;
    second.ok(&["restore", &saved]).await;
    let (found, clean) = second.fsck().await;
    assert!(clean && found["orphans"].as_array().unwrap().is_empty(), "{found}");
    let _server = second.start(&[]).await;
    let alice = Person { base: format!("http://127.0.0.1:{}", second.port), ..alice };
    let own = repo(&alice, "alice/guard");
    for (path, before) in asked.iter().zip(&before) {
        assert_eq!(own.get(path).await.expect(200).json(), *before);
    }
    for (reference, bytes) in
        [("edge", &plain), ("also", &plain), ("1.0.0", &release), (&digest(&signature), &signature)]
    {
        let manifest = own.get(&format!("/manifests/{reference}")).await.expect(200);
        assert!(manifest.body == **bytes, "{reference}");
        for part in manifest.json()["layers"].as_array().unwrap() {
            let blob = own.get(&format!("/blobs/{}", part["digest"].as_str().unwrap())).await.expect(200);
            assert_eq!(part["digest"], digest(&blob.body));
        }
    }
    own.get("/manifests/gone").await.expect(404);
    // What nobody names is collected, and all else is still whole.
    second.ok(&["gc", "--grace", "0s"]).await;
    let (found, clean) = second.fsck().await;
    assert!(clean, "{found}");
    own.get("/manifests/edge").await.expect(200);
}
