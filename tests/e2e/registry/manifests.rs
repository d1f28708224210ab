//! Manifests: kept byte by byte, read strictly, named by what they are.
use super::{CONFIG, DOCKER, IMAGE, INDEX, LAYER, code, digest, digest512, repo};
use reqwest::Method;
use serde_json::json;
use tamis_e2e::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_comes_back_as_it_went_in() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    // Odd spacing, fields of nobody, no mediaType, data inside a descriptor.
    let odd = format!(
        "{{ \"layers\":[ ],\n\t\"config\": {config}, \"schemaVersion\" :2, \"x-own\":{{\"a\":[1.50,null,\"\\u00e9\"]}} }}\n"
    );
    for named in [digest as fn(&[u8]) -> String, digest512] {
        let name = named(odd.as_bytes());
        let made = own.put(&name, IMAGE, odd.as_bytes()).await.expect(201);
        assert_eq!(made.header("docker-content-digest"), name);
        let place = made.header("location").to_owned();
        let back = alice.send(own.at(Method::GET, &place)).await.expect(200);
        assert_eq!(back.body, odd.as_bytes());
        assert_eq!(back.header("content-type"), IMAGE);
        assert_eq!(back.header("docker-content-digest"), name);
        let head = own.head(&format!("/manifests/{name}")).await.expect(200);
        assert_eq!(head.header("content-length"), odd.len().to_string());
        assert!(head.body.is_empty() && head.header("content-type") == IMAGE);
    }
    // By a tag, with parameters in its type, asked for by those who accept other things.
    let request = own.request(Method::PUT, "/manifests/some_Tag.1-x");
    let request = request.header("content-type", format!("{IMAGE}; charset=utf-8"));
    alice.send(request.body(odd.clone())).await.expect(201);
    let request = own.request(Method::GET, "/manifests/some_Tag.1-x").header("accept", INDEX);
    let back = alice.send(request.header("accept", "text/html")).await.expect(200);
    assert_eq!((back.header("content-type"), back.text()), (IMAGE, odd));
    let etag = back.header("etag").to_owned();
    let same = own.request(Method::GET, "/manifests/some_Tag.1-x").header("if-none-match", etag);
    assert_eq!(alice.send(same).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_megabytes_of_manifest_are_taken_and_more_are_not() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let annotations: serde_json::Map<_, _> =
        (0..390).map(|n| (format!("note.{n}"), json!("x".repeat(10_000)))).collect();
    let large = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [], "annotations": annotations});
    let bytes = serde_json::to_vec(&large).unwrap();
    assert!(bytes.len() > 3_900_000);
    own.put("large", IMAGE, &bytes).await.expect(201);
    assert_eq!(own.get("/manifests/large").await.expect(200).body, bytes);
    let beyond = own.put("larger", IMAGE, &vec![b' '; 4 * 1024 * 1024 + 1]).await.expect(413);
    code(&beyond);
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_nest_may_be_empty_and_may_name_what_is_not_here() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let child = own.image("", "child").await;
    let entry =
        |media: &str, bytes: &[u8]| json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()});
    let index = |entries: Vec<serde_json::Value>| {
        serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})).unwrap()
    };
    let inner = index(vec![entry(IMAGE, &child)]);
    own.put(&digest(&inner), INDEX, &inner).await.expect(201);
    for (tag, bytes) in [
        ("nested", index(vec![entry(INDEX, &inner), entry(IMAGE, &child)])),
        ("empty", index(vec![])),
        ("sparse", index(vec![entry(IMAGE, b"elsewhere")])),
    ] {
        own.put(tag, INDEX, &bytes).await.expect(201);
        let back = own.get(&format!("/manifests/{tag}")).await.expect(200);
        assert_eq!((back.header("content-type"), &back.body), (INDEX, &bytes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_manifest_names_must_be_there_but_for_what_never_is() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let missing = |media: &str| json!({"mediaType": media, "digest": digest(b"absent"), "size": 6});
    let bytes =
        serde_json::to_vec(&json!({"schemaVersion": 2, "config": config, "layers": [missing(LAYER)]}))
            .unwrap();
    let refused = own.put("t", IMAGE, &bytes).await.expect(400);
    assert_eq!(code(&refused), "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(refused.json()["errors"][0]["detail"]["digest"], digest(b"absent"));
    own.get("/manifests/t").await.expect(404);
    let foreign = missing("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
    let bytes =
        serde_json::to_vec(&json!({"schemaVersion": 2, "config": config, "layers": [foreign]})).unwrap();
    own.put("t", IMAGE, &bytes).await.expect(201);
}

/// CVE-2021-41190: one document, two readings.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2021_41190_what_can_be_read_in_two_ways_is_refused() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let cases = [
        (IMAGE, format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"manifests":[]}}"#)),
        (INDEX, format!(r#"{{"schemaVersion":2,"manifests":[],"config":{config}}}"#)),
        (INDEX, r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#.into()),
        (IMAGE, format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"layers":[]}}"#)),
        (IMAGE, format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"Layers":[]}}"#)),
        (IMAGE, format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","config":{config},"layers":[]}}"#)),
        (INDEX, format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","manifests":[]}}"#)),
        (DOCKER, format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{config},"layers":[]}}"#)),
        (IMAGE, format!(r#"{{"schemaVersion":1,"config":{config},"layers":[]}}"#)),
        (IMAGE, r#"{"schemaVersion":2,"layers":[]}"#.into()),
        (IMAGE, "not JSON".into()),
        (IMAGE, "[]".into()),
        (IMAGE, String::new()),
        (IMAGE, "[".repeat(100_000)),
        (
            IMAGE,
            format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"annotations":{{"a":"\u0000"}}}}"#),
        ),
        ("text/plain", format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#)),
    ];
    for (media, body) in cases {
        let refused = own.put("t", media, body.as_bytes()).await.expect(400);
        assert_eq!(code(&refused), "MANIFEST_INVALID", "{body:.200}");
    }
    own.get("/manifests/t").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_must_be_that_of_the_body_and_be_one_at_all() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let config = own.blob(b"{}", CONFIG).await;
    let body = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#);
    // Blanks after the document belong to its bytes.
    for (name, sent) in [(digest(body.as_bytes()), format!("{body}  \n")), (digest(b"other"), body.clone())] {
        let refused = own.put(&name, IMAGE, sent.as_bytes()).await.expect(400);
        assert_eq!(code(&refused), "DIGEST_INVALID");
    }
    for bad in ["sha256:baddigeststring", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", ".dot", "a b"] {
        own.put(bad, IMAGE, body.as_bytes()).await.expect(400);
        assert!(matches!(own.get(&format!("/manifests/{bad}")).await.status, 400 | 404), "{bad}");
    }
    assert_eq!(own.put(&"t".repeat(129), IMAGE, body.as_bytes()).await.status, 400);
    own.put(&"t".repeat(128), IMAGE, body.as_bytes()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_gives_many_tags() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = own.image("", "many").await;
    let names: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    let query = names.iter().map(|n| format!("tag={n}")).collect::<Vec<_>>().join("&");
    let made = own.put(&format!("{}?{query}", digest(&bytes)), IMAGE, &bytes).await.expect(201);
    let mut given: Vec<_> =
        made.headers.get_all("oci-tag").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
    given.sort();
    let mut wanted = names.clone();
    wanted.sort();
    assert_eq!(given, wanted);
    for name in names {
        assert_eq!(own.get(&format!("/manifests/{name}")).await.expect(200).body, bytes);
    }
    // By the digest that it was pushed under.
    let by512 = own.put(&format!("{}?tag=by512", digest512(&bytes)), IMAGE, &bytes).await.expect(201);
    assert_eq!(
        (by512.header("docker-content-digest"), by512.header("oci-tag")),
        (&*digest512(&bytes), "by512")
    );
    let back = own.get("/manifests/by512").await.expect(200);
    assert_eq!((back.header("docker-content-digest"), &back.body), (&*digest512(&bytes), &bytes));
    own.put("other?tag=more", IMAGE, &bytes).await.expect(400);
    let many = (0..100).map(|n| format!("tag=m{n}")).collect::<Vec<_>>().join("&");
    own.put(&format!("{}?{many}", digest(&bytes)), IMAGE, &bytes).await.expect(414);
    own.put(&format!("{}?tag=.bad", digest(&bytes)), IMAGE, &bytes).await.expect(400);
}
