//! URLs that are a secret: who makes them, what they open and until when, and that they are told to nobody else.
use reqwest::Method;
use serde_json::{Value, json};
use std::{net::TcpListener, process::Stdio, time::Duration};
use tamis_e2e::{
    app::TestApp,
    binary,
    client::Person,
    fixtures::{distinct, sha256},
};

const URLS: &str = "/api/v1/filters/alice/guard/capability-urls";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn make(alice: &Person, name: &str) -> Value {
    alice.post(URLS, &json!({"name": name, "version": "1.0.0"})).await.expect(201).json()
}

fn path(app: &TestApp, made: &Value) -> String {
    made["url"].as_str().unwrap().strip_prefix(&app.base).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_the_url_gets_the_bytes_until_it_is_revoked() {
    let app = TestApp::spawn().await;
    let (alice, nobody) = (app.author("alice").await, app.anonymous());
    let bytes = distinct("capability", 300_000);
    alice.upload("alice/guard", "1.0.0", bytes.clone()).await.expect(201);
    let made = make(&alice, "edge").await;
    let path = path(&app, &made);
    let whole = nobody.get(&path).await.expect(200);
    assert_eq!(whole.body, bytes);
    assert_eq!(whole.header("cache-control"), "private, no-store");
    assert_eq!(whole.header("content-length"), bytes.len().to_string());
    let part = nobody.request(Method::GET, &path).header("range", "bytes=5-9");
    assert_eq!(nobody.send(part).await.expect(206).body, &bytes[5..10]);
    let head = nobody.send(nobody.request(Method::HEAD, &path)).await.expect(200);
    assert_eq!(head.header("content-length"), bytes.len().to_string());

    // Listed by name, without the secret; it opens nothing else.
    let list = alice.get(URLS).await.expect(200);
    assert!(!list.text().contains("/modules/private/"), "{}", list.text());
    let item = &list.json()["items"][0];
    assert_eq!((&item["name"], &item["version"]), (&json!("edge"), &json!("1.0.0")));
    assert_eq!(item["digest"], format!("sha256:{}", sha256(&bytes)));
    nobody.get(&format!("/modules/sha256/{}.wasm", sha256(&bytes))).await.expect(404);
    alice.post(URLS, &json!({"name": "edge", "version": "1.0.0"})).await.expect_problem(409, "name-taken");

    alice.delete(&format!("{URLS}/{}", made["id"].as_str().unwrap())).await.expect(204);
    nobody.get(&path).await.expect(404);
    alice.get(&path).await.expect(404);
    assert_eq!(alice.get(URLS).await.expect(200).json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lasts_a_year_its_owners_are_warned_and_renewal_keeps_the_url() {
    let app = TestApp::spawn().await;
    let (alice, bob, nobody) = (app.author("alice").await, app.author("bob").await, app.anonymous());
    alice.upload("alice/guard", "1.0.0", distinct("renewal", 10)).await.expect(201);
    alice.put("/api/v1/filters/alice/guard/grants/user:bob", &json!({"level": "read"})).await.expect(200);
    let made = make(&alice, "edge").await;
    let path = path(&app, &made);
    let news = || async {
        tamis::capability_urls::warn::run(&app.state).await.unwrap();
        app.drain_jobs().await;
        // Tokens of the test have ended meanwhile.
        let alice = app.token("alice", None).await;
        let page = alice.get("/api/v1/me/inbox").await.expect(200).json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|i| i["kind"] == "capability-url.ending")
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!(news().await.is_empty());
    app.clock.advance(DAY * 334);
    assert!(news().await.is_empty(), "a month and a day before");
    app.clock.advance(DAY * 2);
    let told = news().await;
    assert_eq!(told.len(), 1);
    assert!(
        told[0]["about"]["reason"].as_str().unwrap().starts_with("the capability URL `edge` ends on "),
        "{}",
        told[0]
    );
    assert_eq!(news().await.len(), 1, "told once");
    let bob = app.token(&bob.name, None).await;
    assert_eq!(bob.get("/api/v1/me/inbox").await.expect(200).json()["items"], json!([]));

    let alice = app.token("alice", None).await;
    let renewal = format!("{URLS}/{}/renewal", made["id"].as_str().unwrap());
    let renewed = alice.post(&renewal, &json!({})).await.expect(200).json();
    assert_eq!(renewed["url"], made["url"]);
    assert!(renewed["expires_at"].as_str() > made["expires_at"].as_str());
    app.clock.advance(DAY * 364);
    nobody.get(&path).await.expect(200);
    assert_eq!(news().await.len(), 2, "warned anew");
    app.clock.advance(DAY * 2);
    nobody.get(&path).await.expect(404);
    // One that has ended gives its name back; renewing one that lasts longer takes nothing from it.
    let alice = app.token("alice", None).await;
    let other = make(&alice, "edge").await;
    assert_ne!(other["url"], made["url"]);
    let renewal = format!("{URLS}/{}/renewal", other["id"].as_str().unwrap());
    let far = app.state.clock.now().plus(DAY * 900).to_string();
    let long = alice.post(&renewal, &json!({"expires_at": far})).await.expect(200).json();
    assert_eq!(alice.post(&renewal, &json!({})).await.expect(200).json()["expires_at"], long["expires_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_the_filter_makes_one_and_sees_it_in_a_configuration() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/guard", "1.0.0", distinct("managed", 10)).await.expect(201);
    alice.put("/api/v1/filters/alice/guard/grants/user:bob", &json!({"level": "write"})).await.expect(200);
    bob.post(URLS, &json!({"name": "mine", "version": "1.0.0"})).await.expect(403);
    let reader = app.token("alice", Some("filters:read filters:write")).await;
    reader
        .post(URLS, &json!({"name": "mine", "version": "1.0.0"}))
        .await
        .expect_problem(403, "insufficient-scope");
    let made = make(&alice, "edge").await;

    let config = "/api/v1/filters/alice/guard/releases/1.0.0/config";
    for query in ["type=http", "type=http&capability_url=edge"] {
        let text = alice.get(&format!("{config}/envoy?{query}")).await.expect(200).text();
        let until = &made["expires_at"].as_str().unwrap()[..10];
        assert!(text.contains(&format!("uri: {}", made["url"])), "{text}");
        assert!(
            text.contains(&format!(
                "# The URL is a secret: the capability URL \"edge\", which ends on {until}"
            )),
            "{text}"
        );
    }
    for who in [&bob, &reader] {
        who.get(&format!("{config}/envoy?type=http")).await.expect_problem(400, "invalid");
        let named = format!("{config}/envoy?type=http&capability_url=edge");
        who.get(&named).await.expect_problem(403, "insufficient-scope");
    }
    for name in ["other", "no/name", ""] {
        let named = format!("{config}/envoy?type=http&capability_url={name}");
        alice.get(&named).await.expect_problem(400, "invalid");
    }
    // One release, not another.
    alice.upload("alice/guard", "1.1.0", distinct("managed more", 10)).await.expect(201);
    alice
        .get("/api/v1/filters/alice/guard/releases/1.1.0/config/envoy?type=http&capability_url=edge")
        .await
        .expect(400);
    for (field, body) in [
        ("version", json!({"name": "x", "version": "9.9.9"})),
        ("expires_at", json!({"name": "x", "version": "1.0.0", "expires_at": "2001-01-01T00:00:00Z"})),
        ("expires_at", json!({"name": "x", "version": "1.0.0", "expires_at": "2999-01-01T00:00:00Z"})),
    ] {
        let reply = alice.post(URLS, &body).await.expect_problem(400, "invalid");
        assert_eq!(reply.json()["errors"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_who_sees_the_filter_and_why_is_told_of_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/guard", "1.0.0", distinct("audience", 10)).await.expect(201);
    let made = make(&alice, "edge").await;
    let lines = async || -> Vec<Value> {
        let page = alice.get("/api/v1/filters/alice/guard/access").await.expect(200).json();
        let of_url = |item: &&Value| item["because"] == "capability_url";
        page["items"].as_array().unwrap().iter().filter(of_url).cloned().collect()
    };
    let shown = lines().await;
    assert_eq!((shown.len(), &shown[0]["principal"]), (1, &json!("capability-url:edge")));
    assert_eq!(shown[0]["expires_at"], made["expires_at"]);
    assert!(!shown[0].to_string().contains("http"), "the URL itself is a secret");
    let browser = crate::console::pages::signed_in(&app, "alice").await;
    let html = crate::console::admin::page(&browser, "/filters/alice/guard/access").await;
    assert!(html.contains("Whoever knows the URL edge"), "{html}");
    alice.delete(&format!("{URLS}/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert!(lines().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_stops_it_and_made_up_keys_are_absent() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let bytes = distinct("stopped", 10);
    alice.upload("alice/guard", "1.0.0", bytes.clone()).await.expect(201);
    let made = make(&alice, "edge").await;
    let path = path(&app, &made);
    let key = path.strip_prefix("/modules/private/").unwrap().strip_suffix(".wasm").unwrap();
    for wrong in ["", "AAAA", &key[1..], &format!("{key}A"), &key.to_lowercase(), "%00", &"A".repeat(10_000)]
    {
        let status = nobody.get(&format!("/modules/private/{wrong}.wasm")).await.status;
        assert!([404, 414].contains(&status), "{wrong}: {status}");
    }
    nobody.get(&format!("/modules/private/{key}")).await.expect(404);
    let review = alice.submit("alice/guard", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    let reason = json!({"reason": "leaks"});
    carl.post("/api/v1/filters/alice/guard/releases/1.0.0/quarantine", &reason).await.expect(200);
    nobody.get(&path).await.expect_problem(403, "quarantined");
}

/// On the real binary, which writes one log.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_in_no_log_no_metric_no_table_and_no_audit_entry() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let text = |args: &[&str]| String::from_utf8(binary::run(&data, args).stdout).unwrap().trim().to_owned();
    text(&["user", "create", "alice", "--role", "admin"]);
    let token = text(&["token", "create", "--user", "alice"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = directory.path().join("log");
    let listen = format!("127.0.0.1:{port}");
    let mut child = binary::command(&data, &["serve", "--no-seed", "--listen", &listen])
        .env("RUST_LOG", "trace")
        .env("TAMIS_LOG", "trace")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let alice = Person {
        name: "alice".into(),
        token: Some(token),
        base: format!("http://{listen}"),
        http: tamis_e2e::client::http().build().unwrap(),
    };
    for _ in 0..400 {
        if alice.request(Method::GET, "/health/ready").send().await.is_ok_and(|r| r.status().is_success()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    alice.upload("alice/guard", "1.0.0", distinct("log", 10)).await.expect(201);
    let made = make(&alice, "edge").await;
    let url = made["url"].as_str().unwrap().to_owned();
    let key = url.rsplit('/').next().unwrap().strip_suffix(".wasm").unwrap().to_owned();
    let path = format!("/modules/private/{key}");
    alice.get(&format!("{path}.wasm")).await.expect(200);
    alice.get(&path).await.expect(404);
    alice.post(&format!("{path}.wasm"), &json!({})).await.expect(405);
    let config = "/api/v1/filters/alice/guard/releases/1.0.0/config/envoy";
    let again =
        alice.request(Method::POST, config).header("idempotency-key", "1").json(&json!({"type": "http"}));
    assert!(alice.send(again).await.expect(200).text().contains(&key));
    let renewal = format!("{URLS}/{}/renewal", made["id"].as_str().unwrap());
    let again = alice.request(Method::POST, &renewal).header("idempotency-key", "2").json(&json!({}));
    alice.send(again).await.expect(200);
    let metrics = alice.get("/metrics").await.expect(200).text();
    let audit = alice.get("/api/v1/audit").await.expect(200).text();
    assert!(audit.contains("capability-url.create") && audit.contains("capability-url.renew"), "{audit}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!metrics.contains(&key) && !audit.contains(&key));
    let mut files = vec![log.clone()];
    files.extend(std::fs::read_dir(&data).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()));
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(key.len()).any(|window| window == key.as_bytes());
        assert!(!found, "{} has the secret", file.display());
    }
    assert!(
        std::fs::read_to_string(&log).unwrap().contains("/modules/private/{file}"),
        "requests are logged by their route"
    );
}
