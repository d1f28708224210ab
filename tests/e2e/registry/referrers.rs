//! What refers to a manifest is listed with it, whether by the registry's own list or by the tag that
//! clients keep without one.
use super::{CONFIG, IMAGE, INDEX, digest, digest512, repo};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};

fn digests(list: &Value) -> Vec<String> {
    let mut all: Vec<_> = list["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["digest"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

fn sorted(all: &[&[u8]]) -> Vec<String> {
    let mut all: Vec<_> = all.iter().map(|b| digest(b)).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn referrers_are_listed_with_type_and_annotations_and_can_be_narrowed() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    // Before anything is there, even the repository.
    let empty = own.get(&format!("/referrers/{}", digest(b"nothing"))).await.expect(200);
    assert_eq!(empty.header("content-type"), INDEX);
    assert_eq!(empty.json(), json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}));
    assert_eq!(own.get("/referrers/sha256:bad").await.status, 400);

    let config = own.blob(b"{}", "application/vnd.example.sbom").await;
    let subject = json!({"mediaType": IMAGE, "digest": digest(b"later"), "size": 5});
    let make = |more: Value| {
        let mut all = json!({"schemaVersion": 2, "subject": subject}).as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        serde_json::to_vec(&Value::Object(all)).unwrap()
    };
    let by_config = make(
        json!({"mediaType": IMAGE, "config": config, "layers": [], "annotations": {"org.example": "é"}}),
    );
    let by_type = make(
        json!({"mediaType": IMAGE, "artifactType": "application/vnd.example.signature", "config": config, "layers": []}),
    );
    let index = make(json!({"mediaType": INDEX, "manifests": []}));
    for (media, bytes) in [(IMAGE, &by_config), (IMAGE, &by_type), (INDEX, &index)] {
        let made = own.put(&digest(bytes), media, bytes).await.expect(201);
        assert_eq!(made.header("oci-subject"), digest(b"later"));
    }
    let path = format!("/referrers/{}", digest(b"later"));
    let list = own.get(&path).await.expect(200);
    assert!(list.header("oci-filters-applied").is_empty());
    let list = list.json();
    assert_eq!(digests(&list), sorted(&[&by_config, &by_type, &index]));
    for entry in list["manifests"].as_array().unwrap() {
        match entry["digest"].as_str().unwrap() {
            d if d == digest(&by_config) => {
                assert_eq!(entry["artifactType"], "application/vnd.example.sbom");
                assert_eq!(entry["annotations"], json!({"org.example": "é"}));
                assert_eq!(entry["size"], by_config.len());
            }
            d if d == digest(&by_type) => {
                assert_eq!(entry["artifactType"], "application/vnd.example.signature")
            }
            _ => assert!(entry.get("artifactType").is_none() && entry["mediaType"] == INDEX, "{entry}"),
        }
    }
    let only = own.get(&format!("{path}?artifactType=application/vnd.example.signature")).await.expect(200);
    assert_eq!(only.header("oci-filters-applied"), "artifactType");
    assert_eq!(digests(&only.json()), sorted(&[&by_type]));
    // A referrer that is deleted leaves the list, and comes back with its own push.
    own.delete(&format!("/manifests/{}", digest(&by_type))).await.expect(202);
    assert_eq!(digests(&own.get(&path).await.expect(200).json()), sorted(&[&by_config, &index]));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_the_fallback_tag_are_part_of_the_list() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let image = own.image("base", "base").await;
    let entry = |bytes: &[u8], kind: &str| json!({"mediaType": IMAGE, "digest": digest(bytes), "size": bytes.len(), "artifactType": kind});
    for subject in [digest(&image), digest512(&image)] {
        let kept = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(b"one", "a/b"), entry(b"two", "c/d")]});
        let (algorithm, hex) = subject.split_once(':').unwrap();
        own.put(&format!("{algorithm}-{}", &hex[..64]), INDEX, &serde_json::to_vec(&kept).unwrap())
            .await
            .expect(201);
        let list = own.get(&format!("/referrers/{subject}")).await.expect(200).json();
        assert_eq!(digests(&list), sorted(&[b"one", b"two"]));
        let list = own.get(&format!("/referrers/{subject}?artifactType=c%2Fd")).await.expect(200).json();
        assert_eq!(digests(&list), sorted(&[b"two"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_a_release_is_read_by_whoever_reads_the_release() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let (own, others) = (repo(&alice, "alice/f"), repo(&nobody, "alice/f"));
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("signed", 10)).await;
    let release = own.get("/manifests/1.0.0").await.expect(200);
    let subject = json!({"mediaType": IMAGE, "digest": release.header("docker-content-digest"), "size": release.body.len()});
    let config = own.blob(b"{}", CONFIG).await;
    let payload = own.blob(b"a signature", "application/vnd.example.payload").await;
    let signature = json!({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": "application/vnd.example.signature",
        "config": config, "layers": [payload], "subject": subject});
    let signature = serde_json::to_vec(&signature).unwrap();
    own.put(&digest(&signature), IMAGE, &signature).await.expect(201);
    // Of the signature, in turn.
    let of_signature = json!({"mediaType": IMAGE, "digest": digest(&signature), "size": signature.len()});
    let stamp = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [], "subject": of_signature});
    let stamp = serde_json::to_vec(&stamp).unwrap();
    own.put(&digest(&stamp), IMAGE, &stamp).await.expect(201);
    let list =
        others.get(&format!("/referrers/{}", release.header("docker-content-digest"))).await.expect(200);
    let listed = digests(&list.json());
    assert!(listed.contains(&digest(&signature)), "{listed:?}");
    for bytes in [&signature, &stamp] {
        assert_eq!(&others.get(&format!("/manifests/{}", digest(bytes))).await.expect(200).body, bytes);
    }
    others.get(&format!("/blobs/{}", digest(b"a signature"))).await.expect(200);
    // What refers to nothing that is public stays inside.
    let private = own.image("private", "private").await;
    others.get("/manifests/private").await.expect(404);
    others.get(&format!("/manifests/{}", digest(&private))).await.expect(404);
    others.get(&format!("/blobs/{}", digest(b"layer private"))).await.expect(404);
    app.assert_sound().await;
}
