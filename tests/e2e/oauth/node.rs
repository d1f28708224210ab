//! A client in another language: npm `openid-client` finds everything by discovery, signs somebody in,
//! fetches a private module, renews and revokes. Its script is `tests/identity/client.mjs`.
#![cfg(feature = "engines")]
use super::flow::*;
use serde_json::json;
use std::{path::PathBuf, process::Stdio};
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, sha256},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_openid_client_of_npm_gets_in_by_code_and_by_device() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let browser = Browser::sign_in(&app, "alice").await;
    let (id, secret) = register(&alice, json!({})).await;
    let bytes = distinct("node", 10);
    alice.upload("alice/private", "1.0.0", bytes.clone()).await.expect(201);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("identity");
    assert!(folder.join("node_modules/openid-client").is_dir(), "run `npm ci` in {}", folder.display());
    let mut script = Command::new("node")
        .arg("client.mjs")
        .current_dir(folder)
        .env("TAMIS_URL", &app.base)
        .env("CLIENT_ID", &id)
        .env("CLIENT_SECRET", &secret)
        .env("REDIRECT_URI", CALLBACK)
        .env("DIGEST", sha256(&bytes))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut heard = script.stdin.take().unwrap();
    let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let mut said = vec![];
    // Each line of the script is a thing for the person to do, or the news.
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("visit", url) => {
                let back = browser.allow(url).await;
                heard.write_all(format!("{back}\n").as_bytes()).await.unwrap();
            }
            ("type", code) => {
                browser.decide(code, "yes").await.expect(200);
                // Its next poll is in five seconds of its own; ours pass now.
                app.clock.advance(std::time::Duration::from_secs(6));
            }
            _ => said.push(line),
        }
    }
    assert!(script.wait().await.unwrap().success(), "{said:#?}");
    let expected = ["issuer", "signed in as alice", "module", "renewed", "revoked", "device"];
    assert_eq!(said, expected, "{said:#?}");
}
