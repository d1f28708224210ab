//! The same bytes by other names: of another algorithm, or as the release of another filter. Neither is a way around.
use super::{CONFIG, IMAGE, LAYER, digest, repo};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha512};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_draft_are_not_had_by_their_name_in_another_algorithm() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let own = repo(&alice, "alice/f");
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("public", 10)).await;
    let manifest = own.get("/manifests/1.0.0").await.expect(200);
    let subject = json!({"mediaType": IMAGE, "digest": manifest.header("docker-content-digest"), "size": manifest.body.len()});
    let module = distinct("draft", 100);
    alice.upload("alice/f", "2.0.0", module.clone()).await.expect(201);
    let long = format!("sha512:{}", hex::encode(Sha512::digest(&module)));
    let sent = own.request(Method::POST, &format!("/blobs/uploads/?digest={long}"));
    alice.send(sent.body(module.clone())).await.expect(201);
    let layer = json!({"mediaType": LAYER, "digest": long, "size": module.len()});
    let config = own.blob(b"{}", CONFIG).await;
    let plain = json!({"schemaVersion": 2, "config": config, "layers": [layer], "subject": subject});
    let plain = serde_json::to_vec(&plain).unwrap();
    own.put(&digest(&plain), IMAGE, &plain).await.expect(201);
    own.get(&format!("/blobs/{long}")).await.expect(200);
    let others = repo(&nobody, "alice/f");
    for name in [long, digest(&module)] {
        let status = others.get(&format!("/blobs/{name}")).await.status;
        assert!(matches!(status, 401 | 404), "{name}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_quarantined_as_another_filters_release_is_had_by_no_name() {
    let app = TestApp::spawn().await;
    let (alice, bea, carl) = (app.author("alice").await, app.author("bea").await, app.curator("carl").await);
    let (eve, nobody) = (app.author("eve").await, app.anonymous());
    let bytes = distinct("copied", 1000);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &bytes).await;
    app.publish(&bea, &carl, "bea/copy", "1.0.0", &bytes).await;
    let (module, layer) = ("/api/v1/filters/alice/guard/releases/1.0.0/module", digest(&bytes));
    let pull = async |who: &Person| {
        let (image, module) = (repo(who, "alice/guard"), who.get(module).await.status);
        [
            module,
            image.get("/manifests/1.0.0").await.status,
            image.get(&format!("/blobs/{layer}")).await.status,
        ]
    };
    for who in [&nobody, &eve] {
        assert_eq!(pull(who).await, [200; 3]);
    }
    let why = json!({"reason": "It sends cookies away."});
    carl.post("/api/v1/filters/bea/copy/releases/1.0.0/quarantine", &why).await.expect(200);
    for who in [&nobody, &eve] {
        assert_eq!(pull(who).await, [403; 3]);
    }
    let told = eve.get(module).await.expect_problem(403, "quarantined").json();
    assert!(told["detail"].as_str().unwrap().contains("bea/copy 1.0.0"), "{told}");
    let copy = json!({"namespace": "eve", "name": "mine", "version": "1.0.0"});
    eve.post("/api/v1/filters/alice/guard/clone", &copy).await.expect_problem(403, "quarantined");
    // Its authors and curators may look at what it is about.
    for who in [&alice, &carl] {
        assert_eq!(sha256(&who.get(module).await.expect(200).body), sha256(&bytes));
    }
    // What the filter has besides stays as open as it was.
    app.publish(&alice, &carl, "alice/guard", "1.1.0", &distinct("better", 10)).await;
    let image = repo(&nobody, "alice/guard").get("/manifests/1.1.0").await.expect(200).json();
    for part in image["layers"].as_array().unwrap().iter().chain([&image["config"]]) {
        let path = format!("/blobs/{}", part["digest"].as_str().unwrap());
        repo(&nobody, "alice/guard").get(&path).await.expect(200);
    }
}
