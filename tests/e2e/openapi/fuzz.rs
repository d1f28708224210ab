//! A second opinion on the document: schemathesis makes up requests from it, as everybody in
//! turn, and judges the answers. Driven by `tests/fuzz-api/run`.
#![cfg(feature = "engines")]
use super::root;
use serde_json::{Value, json};
use std::process::Command;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

/// Ids of what is managed by id.
async fn things(uma: &Person) -> Vec<Value> {
    uma.post("/api/v1/teams/acme/robots", &json!({"handle": "acme-bot", "role": "member"})).await.expect(201);
    let place = json!({"user": "cora", "role": "member"});
    let program = json!({"name": "Program", "redirect_uris": ["https://program.example/"],
        "grant_types": ["authorization_code"], "scopes": ["openid"]});
    let token = json!({"name": "token", "scopes": ["filters:read"]});
    let mut ids = vec![];
    for (path, body, id) in [
        ("/api/v1/teams/acme/invitations", place, "id"),
        ("/api/v1/oauth-clients", program, "client_id"),
        ("/api/v1/tokens", token, "id"),
        ("/api/v1/namespaces/uma/webhooks", json!({"url": "https://hooks.example/"}), "id"),
    ] {
        ids.push(uma.post(path, &body).await.expect(201).json()[id].clone());
    }
    ids
}

/// Names that exist, so that made-up requests meet something.
async fn world(app: &TestApp) -> Value {
    let (uma, cora) = (app.author("uma").await, app.curator("cora").await);
    let ada = app.user("ada", Role::Admin).await;
    uma.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let bytes = distinct("fuzz", 10);
    app.publish(&uma, &cora, "uma/guard", "1.0.0", &bytes).await;
    let (mut ids, mut revisions) = (things(&uma).await, vec![]);
    for (filter, version) in [("uma/guard", "2.0.0-rc.1"), ("acme/draft", "1.0.0")] {
        uma.upload(filter, version, distinct(filter, 10)).await.expect(201);
        let review = uma.submit(filter, version, "publish").await.expect(201).json();
        ids.push(review["id"].clone());
        revisions.push(review["revision"].clone());
    }
    app.drain_jobs().await;
    let module = app.directory.path().join("module.wasm");
    std::fs::write(&module, &bytes).unwrap();
    json!({
        "tokens": {"user": uma.token, "curator": cora.token, "admin": ada.token},
        "values": {
            "namespace": ["uma", "acme", "ada"],
            "filter": ["guard", "draft", "new"],
            "name": ["copy", "copy-2"],
            "version": ["1.0.0", "2.0.0-rc.1", "3.0.0"],
            "id": ids,
            "team": ["acme"],
            "robot": ["acme-bot"],
            "user": ["cora", "uma"],
            "subject": ["user:cora", "team:acme"],
            "file": [format!("{}.wasm", sha256(&bytes)), tamis::console::assets::path("console.css").trim_start_matches("/assets/")],
            "revision": revisions,
            "evidence": [""],
            "decision": ["approve", "request_changes", "uphold"],
            "way": ["take", "back"],
            "theme": ["light", "dark", "system"],
            "view": ["grid", "table"],
            "next": ["/catalog"],
            "note": ["Read the report, ran the sample."],
            "body": ["Which cluster does it call?"],
            "readme": ["# Guard"],
            "licence": ["Apache-2.0"],
            "digest": [format!("sha256:{}", sha256(&bytes))],
            "module": [module.display().to_string()],
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_server_error_and_no_schema_violation() {
    let app = TestApp::spawn().await;
    let file = app.directory.path().join("fuzz.json");
    std::fs::write(&file, world(&app).await.to_string()).unwrap();
    let base = app.base.clone();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(root().join("tests/fuzz-api/run"))
            .arg(base)
            .arg(file)
            .output()
            .expect("tests/fuzz-api/run")
    });
    let output = output.await.unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}");
    // Four callers, and each of them asked for something.
    assert_eq!(said.matches(" generated").count(), 4, "{said}");
    // And most of what was asked for has happened at least once.
    let counted = said.split_once("operations that did something: ").unwrap().1.lines().next().unwrap();
    let (did, of) = counted.split_once(" of ").unwrap();
    let (did, of): (usize, usize) = (did.parse().unwrap(), of.parse().unwrap());
    assert!(of >= 50 && did * 10 >= of * 6, "{said}");
    app.drain_jobs().await;
    app.assert_sound().await;
}
