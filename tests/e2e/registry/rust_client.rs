//! The client that wasm tools are built on, against this registry: it asks for its own tokens, pushes in
//! chunks of its own size and checks every digest.
use super::{CONFIG, LAYER, digest, layer, repo};
use oci_client::{
    Reference,
    client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer},
    secrets::RegistryAuth,
};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

const WASM: &str = "application/wasm";
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

fn client() -> Client {
    Client::new(ClientConfig { protocol: ClientProtocol::Http, ..Default::default() })
}

fn credentials(who: &Person) -> RegistryAuth {
    RegistryAuth::Basic(who.name.clone(), who.token.clone().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_pushes_and_pulls_the_forms_of_wasm() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let registry = app.base.strip_prefix("http://").unwrap();
    // More than one of its chunks of 4 MiB.
    let module = distinct("rust client", 5_000_000);
    let packed = layer(&[("plugin.wasm", &distinct("packed", 100))]);
    for (name, media, config, bytes) in [
        ("wasm/alice/cncf:1.0.0", WASM, WASM_CONFIG, module.clone()),
        ("alice/compat:1.0.0", LAYER, CONFIG, packed),
    ] {
        let reference: Reference = format!("{registry}/{name}").parse().unwrap();
        let layers = [ImageLayer::new(bytes.clone(), media.to_owned(), None)];
        let config = Config::new(b"{}".to_vec(), config.to_owned(), None);
        client().push(&reference, &layers, config, &credentials(&alice), None).await.unwrap();
        let pulled = client().pull(&reference, &credentials(&alice), vec![media]).await.unwrap();
        assert_eq!(pulled.layers[0].data, bytes);
        let tags = client().list_tags(&reference, &credentials(&alice), None, None).await.unwrap();
        assert_eq!(tags.tags, ["1.0.0"]);
    }
    let release = alice.get("/api/v1/filters/alice/cncf/releases/1.0.0").await.expect(200).json();
    assert_eq!(release["digest"], digest(&module));
    // What Tamis made itself, by anyone, once it is public.
    app.publish(&alice, &carl, "alice/guard", "2.0.0", &module).await;
    let anyone = RegistryAuth::Anonymous;
    let wasm: Reference = format!("{registry}/wasm/alice/guard:2.0.0").parse().unwrap();
    let pulled = client().pull(&wasm, &anyone, vec![WASM]).await.unwrap();
    assert_eq!((pulled.layers.len(), &pulled.layers[0].data[..]), (1, &module[..]));
    let compat: Reference = format!("{registry}/alice/guard:latest").parse().unwrap();
    let (_, named) = client().pull_manifest(&compat, &anyone).await.unwrap();
    let ours = repo(&app.anonymous(), "alice/guard").get("/manifests/2.0.0").await.expect(200);
    assert_eq!(named, ours.header("docker-content-digest"));
    assert!(
        client()
            .push(&compat, &[], Config::new(b"{}".to_vec(), CONFIG.to_owned(), None), &anyone, None)
            .await
            .is_err()
    );
}
