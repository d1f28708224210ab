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

/// Targets and rules of deployment, several, since some callers delete what they meet.
async fn targets(uma: &Person) -> (Vec<Value>, Vec<Value>) {
    let (mut targets, mut rules) = (vec![], vec![]);
    for n in 0..6 {
        let url = format!("https://hooks.example/{n}");
        let target = json!({"namespace": "uma", "name": format!("hook-{n}"), "kind": "webhook", "url": url});
        let target = uma.post("/api/v1/targets", &target).await.expect(201).json()["id"].clone();
        let selector = json!({"query": "namespace=nobody", "version": "^1"});
        let rule = json!({"target": target, "name": format!("rule-{n}"), "selector": selector});
        rules.push(uma.post("/api/v1/deployment-rules", &rule).await.expect(201).json()["id"].clone());
        targets.push(target);
    }
    (targets, rules)
}

/// Names that exist, so that made-up requests meet something.
async fn world(app: &TestApp) -> Value {
    let (uma, cora) = (app.author("uma").await, app.curator("cora").await);
    let ada = app.user("ada", Role::Admin).await;
    uma.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let bytes = distinct("fuzz", 10);
    app.publish(&uma, &cora, "uma/guard", "1.0.0", &bytes).await;
    let (ids, mut reviews, mut revisions) = (things(&uma).await, vec![], vec![]);
    let mut digests = vec![format!("sha256:{}", sha256(&bytes))];
    let candidates = (1..=6).map(|n| ("uma/guard", format!("2.0.0-rc.{n}")));
    for (filter, version) in candidates.chain([("acme/draft", "1.0.0".to_owned())]) {
        let bytes = distinct(&format!("{filter} {version}"), 10);
        digests.push(format!("sha256:{}", sha256(&bytes)));
        uma.upload(filter, &version, bytes).await.expect(201);
        let review = uma.submit(filter, &version, "publish").await.expect(201).json();
        reviews.push(review["id"].clone());
        revisions.push(review["revision"].clone());
    }
    app.drain_jobs().await;
    let (targets, rules) = targets(&uma).await;
    let key = json!({"name": "edge", "version": "1.0.0"});
    let key = uma.post("/api/v1/filters/uma/guard/capability-urls", &key).await.expect(201).json();
    let many = [json!({"id": reviews[0], "digest": digests[1], "revision": revisions[0]})];
    let module = app.directory.path().join("module.wasm");
    std::fs::write(&module, &bytes).unwrap();
    json!({
        "tokens": {"user": uma.token, "curator": cora.token, "admin": ada.token},
        "values": {
            "ids": {"reviews": reviews, "invitations": ids[0..1], "oauth-clients": ids[1..2], "tokens": ids[2..3], "webhooks": ids[3..4], "capability-urls": [key["id"]], "targets": targets, "deployment-rules": rules},
            "items": [many],
            "namespace": ["uma", "acme", "ada"],
            "filter": ["guard", "draft", "new"],
            "name": ["copy", "copy-2"],
            "version": ["1.0.0", "2.0.0-rc.1", "2.0.0-rc.2", "3.0.0"],
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
            "assignee": ["cora"],
            "ticked": [["summary-true"], []],
            "theme": ["light", "dark", "system"],
            "view": ["grid", "table"],
            "next": ["/catalog"],
            "note": ["Read the report, ran the sample."],
            "body": ["Which cluster does it call?"],
            "readme": ["# Guard"],
            "licence": ["Apache-2.0"],
            "kind": ["user"],
            "until": ["", "2100-01-01"],
            "to": ["acme", "cora"],
            "digest": digests,
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
    for (what, least, percent) in [("operations", 50, 60), ("pages", 30, 33)] {
        let counted =
            said.split_once(&format!("{what} that did something: ")).unwrap().1.lines().next().unwrap();
        let (did, of) = counted.split_once(" of ").unwrap();
        let (did, of): (usize, usize) = (did.parse().unwrap(), of.parse().unwrap());
        assert!(of >= least && did * 100 >= of * percent, "{said}");
    }
    app.drain_jobs().await;
    app.assert_sound().await;
}
