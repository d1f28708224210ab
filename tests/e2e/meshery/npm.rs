//! The published client of Meshery Cloud's API, in Node: its script is `tests/meshery/client.mjs`.
#![cfg(feature = "engines")]
use std::path::PathBuf;
use tamis_e2e::{app::TestApp, fixtures::distinct};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_npm_keeps_filters_here_and_finds_its_schemas_kept() {
    let app = TestApp::spawn().await;
    let (alice, cora) = (app.author("alice").await, app.curator("cora").await);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("meshery");
    assert!(folder.join("node_modules/@meshery/schemas").is_dir(), "run `npm ci` in {}", folder.display());
    let module = app.directory.path().join("module.wasm");
    std::fs::write(&module, distinct("npm", 10)).unwrap();
    let script = Command::new("node")
        .arg("client.mjs")
        .current_dir(folder)
        .env("TAMIS_URL", &app.base)
        .env("AUTHOR_TOKEN", alice.token.unwrap())
        .env("CURATOR_TOKEN", cora.token.unwrap())
        .env("MODULE", &module)
        .kill_on_drop(true)
        .output();
    let done = script.await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let did: Vec<_> = said.lines().collect();
    let expected = [
        "saved",
        "listed",
        "got",
        "updated",
        "cloned",
        "downloaded",
        "deleted",
        "asked",
        "approved",
        "browsed",
        "taken back",
    ];
    assert_eq!(did, expected);
    app.drain_jobs().await;
}
