//! What operators do: commands beside a running server and before its first start, what they
//! print and how they exit, backups, the audit chain, and sign-in links.
use reqwest::{Method, redirect};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    process::{Output, Stdio},
    time::Duration,
};
use tamis::{db::Db, operate::accounts};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    crash::{Instance, eventually, instance::text, random::Random},
    database,
    fixtures::{filter, sha256, small},
};
use tamis_entities::value::Role;

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_tokens_are_made_beside_a_running_server() {
    let instance = Instance::new().await;
    let _server = instance.start(&[]).await;
    assert_eq!(instance.ok(&["user", "create", "zoe", "--role", "curator"]).await, "created curator zoe\n");
    let output = instance.run(&["token", "create", "--user", "zoe"]).await;
    let token = text(&output.stdout);
    assert!(token.starts_with("tms_") && token.split_whitespace().count() == 1, "{token}");
    assert_eq!((code(&output), text(&output.stderr).as_str()), (0, ""));
    let zoe = instance.person("zoe").await;
    let me = zoe.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["handle"].as_str().or(me["name"].as_str()), Some("zoe"), "{me}");
    let narrow = instance.ok(&["token", "create", "--user", "zoe", "--scope", "filters:read"]).await;
    let reader = Person { token: Some(narrow.trim().to_owned()), ..zoe };
    reader.get("/api/v1/filters").await.expect(200);
    reader.upload("zoe/f", "1.0.0", small()).await.expect_problem(403, "insufficient-scope");

    let output = instance.run(&["token", "create", "--user", "nobody"]).await;
    assert_eq!((code(&output), text(&output.stdout).as_str()), (2, ""));
    assert!(text(&output.stderr).contains("tamis user create nobody"), "{}", text(&output.stderr));
    let output = instance.run(&["user", "create", "zoe"]).await;
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("zoe"), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_makes_the_catalog_which_it_was_to_find_says_so() {
    let instance = Instance::new().await;
    let mistyped = instance.path().join("mistyped");
    let run = async || {
        let mut command = instance.command(&["migrate", "--data-dir", mistyped.to_str().unwrap()]);
        command.env_remove("TAMIS_DATABASE_URL");
        let child = command.spawn().expect("tamis migrate");
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
        assert_eq!((code(&output), text(&output.stdout).as_str()), (0, "the database is up to date\n"));
        text(&output.stderr)
    };
    let said = run().await;
    assert!(said.contains("a new, empty catalog in") && said.contains("--data-dir"), "{said}");
    assert_eq!(run().await, "", "it is there now");
}

/// An instance whose database has no tables at all.
async fn untouched() -> Instance {
    let mut instance = Instance::new().await;
    if let Some(server) = database::server() {
        let name = format!("empty_{}", uuid::Uuid::new_v4().simple());
        let admin = Db::connect(&server, 2).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        instance.set("TAMIS_DATABASE_URL", &url);
        instance.database_url = url;
    }
    instance
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_may_migrate_a_new_database_at_once() {
    for _ in 0..3 {
        let instance = untouched().await;
        let mut children: Vec<_> =
            (0..4).map(|_| instance.command(&["migrate"]).spawn().expect("tamis migrate")).collect();
        for child in children.drain(..) {
            let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
            assert_eq!(code(&output), 0, "{}", text(&output.stderr));
            assert_eq!(text(&output.stdout), "the database is up to date\n");
        }
        assert!(instance.fsck().await.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_was_killed_at_any_moment_is_finished_by_the_next() {
    let mut random = Random::new(tamis_e2e::crash::seed());
    let instance = untouched().await;
    for _ in 0..12 {
        let mut server = instance.launch(&[], instance.port);
        tokio::time::sleep(Duration::from_millis(1 + random.below(150))).await;
        server.kill();
    }
    let server = instance.start(&[]).await;
    instance.user("alice", Role::User).await.upload("alice/f", "1.0.0", small()).await.expect(201);
    instance.assert_sound().await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_leaves_a_link_that_only_its_owner_reads() {
    let instance = untouched().await;
    let server = instance.start(&[]).await;
    let file = instance.path().join("admin-sign-in-link");
    let found = eventually(Duration::from_secs(5), async || file.exists()).await;
    assert!(found, "{}", server.log());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let link = std::fs::read_to_string(&file).unwrap();
    assert!(link.starts_with(&format!("{}/sign-in/", server.base)), "{link}");
    assert!(!server.log().contains(link.trim()), "the link is in the log");
    let reply = post_link(link.trim(), &server.base).await;
    assert_eq!(reply.status(), 303);
    // Links of commands beside it lead to the server as well, wherever it listens.
    let another = instance.ok(&["user", "link", "root"]).await;
    assert!(another.starts_with(&format!("{}/sign-in/", server.base)), "{another}");
    let told = instance.ok(&["user", "link", "root", "--public-url", "https://tamis.example"]).await;
    assert!(told.starts_with("https://tamis.example/sign-in/"), "{told}");
}

/// Presses the button of the page, as a browser on our own origin does.
async fn post_link(link: &str, origin: &str) -> reqwest::Response {
    let http = tamis_e2e::client::http().redirect(redirect::Policy::none()).build().unwrap();
    http.post(link).header("origin", origin).send().await.unwrap()
}

/// Where the link leads in this test, whatever the public URL says.
fn at(app: &TestApp, link: &str) -> String {
    format!("{}/sign-in/{}", app.base, link.rsplit_once('/').unwrap().1)
}

async fn link_for(app: &TestApp, name: &str) -> String {
    at(app, &accounts::link(&app.state, &name.parse().unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_link_is_used_by_the_button_once_and_lapses_after_half_an_hour() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let link = link_for(&app, "alice").await;
    for _ in 0..2 {
        let page = reqwest::get(&link).await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.headers().get("set-cookie").is_none());
        assert!(page.text().await.unwrap().contains("<form method=\"post\">"));
    }
    assert_eq!(post_link(&link, "http://evil.example").await.status(), 403);
    let used = post_link(&link, &app.base).await;
    assert_eq!(used.status(), 303);
    let cookie = used.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("tamis_session="), "{cookie}");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    let nobody = app.anonymous();
    let session = cookie.split(';').next().unwrap();
    let me = nobody.request(Method::GET, "/api/v1/me").header("cookie", session);
    nobody.send(me).await.expect(200);
    assert_eq!(post_link(&link, &app.base).await.status(), 404);

    let late = link_for(&app, "alice").await;
    app.clock.advance(Duration::from_secs(30 * 60 + 1));
    let refused = post_link(&late, &app.base).await;
    assert_eq!(refused.status(), 404);
    assert!(refused.text().await.unwrap().contains("link-used"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_https_has_the_host_cookie_and_plain_http_elsewhere_has_none() {
    let origin = "https://tamis.example.org";
    let app = TestApp::spawn_with(&["--public-url", origin]).await;
    app.author("alice").await;
    let used = post_link(&link_for(&app, "alice").await, origin).await;
    let cookie = used.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tamis=") && cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("Path=/"), "{cookie}");

    let origin = "http://tamis.example.org";
    let app = TestApp::spawn_with(&["--public-url", origin]).await;
    app.author("alice").await;
    let refused = post_link(&link_for(&app, "alice").await, origin).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.headers().get("set-cookie").is_none());
    assert!(refused.text().await.unwrap().contains("insecure-sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_says_by_its_exit_code_what_it_found_and_prints_the_servers_report() {
    let instance = Instance::new().await;
    let file = |name: &str, bytes: &[u8]| {
        let path = instance.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let good = file("good.wasm", filter("header-guard"));
    let bad = file("bad.wasm", b"not wasm at all");
    assert!(instance.ok(&["verify", &good]).await.contains(&sha256(filter("header-guard"))));
    let local: Value = serde_json::from_str(&instance.ok(&["verify", &good, "--json"]).await).unwrap();
    let output = instance.run(&["verify", &bad, "--json"]).await;
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refused["verdict"], "fail");
    assert_eq!(code(&instance.run(&["verify", "/no/such/file.wasm"]).await), 2);

    let _server = instance.start(&[]).await;
    let alice = instance.user("alice", Role::User).await;
    alice.upload("alice/f", "1.0.0", filter("header-guard")).await.expect(201);
    let served = alice.get("/api/v1/filters/alice/f/releases/1.0.0/report").await.expect(200).json();
    assert_eq!(local, served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_setting_is_told_by_the_flags_name() {
    let instance = Instance::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: &[(&[&str], &str)] = &[
        (&["serve", "--listen", &taken], "--listen"),
        (&["serve", "--listen", "nowhere"], "--listen"),
        (&["serve", "--public-url", "ftp://tamis.example.org"], "--public-url"),
        (&["serve", "--public-url", "http://tamis.example.org/below"], "--public-url"),
        (&["serve", "--max-module-bytes", "5"], "--max-module-bytes"),
        (&["serve", "--allow-network", "10.1.0.0/99"], "--allow-network"),
        (&["migrate", "--blobs", "gs://bucket"], "--blobs"),
        (&["migrate", "--database-url", "mysql://here/db"], "--database-url"),
        (&["migrate", "--database-url", "postgres://127.0.0.1:1/db"], "--database-url"),
        (&["migrate", "--data-dir", "/proc/nowhere"], "--data-dir"),
        (&["gc", "--grace", "5"], "--grace"),
        (&["token", "create", "--user", "alice", "--expires", "2 years"], "--expires"),
        (&["token", "create", "--user", "alice", "--scope", "everything"], "--scope"),
        (&["user", "create", "alice", "--role", "king"], "--role"),
    ];
    let mut wrong = Vec::new();
    for (args, flag) in cases {
        let output = instance.run(args).await;
        let said = text(&output.stderr);
        if code(&output) != 2 || said.matches(flag).count() == 0 || !output.stdout.is_empty() {
            wrong.push(format!("{args:?} exited {} and said {said}", code(&output)));
        }
        if said.contains(&format!("{flag}: {flag}")) {
            wrong.push(format!("{args:?} stutters: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_whether_a_server_is_there_and_ready() {
    let instance = Instance::new().await;
    let listen = format!("127.0.0.1:{}", instance.port);
    let output = instance.run(&["health", "--listen", &listen]).await;
    assert!(code(&output) == 1 && text(&output.stdout).starts_with("not ready"), "{}", text(&output.stdout));
    let server = instance.start(&[]).await;
    assert_eq!(instance.ok(&["health", "--listen", &listen]).await, "ready\n");
    let http = tamis_e2e::client::http().build().unwrap();
    assert_eq!(http.get(format!("{}/health/live", server.base)).send().await.unwrap().status(), 204);
}

async fn sealed(instance: &Instance) -> Value {
    let mut found = Value::Null;
    let done = eventually(Duration::from_secs(20), async || {
        let output = instance.run(&["audit", "verify", "--json"]).await;
        found = serde_json::from_slice(&output.stdout).unwrap();
        found["unsealed"] == 0
    });
    assert!(done.await, "{found}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_and_a_removed_audit_row_are_found_by_their_place() {
    let instance = Instance::new().await;
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    for number in 0..4 {
        alice.upload(&format!("alice/f{number}"), "1.0.0", small()).await.expect(201);
    }
    let found = sealed(&instance).await;
    assert!(found["broken_at"].is_null() && found["sealed"].as_i64().unwrap() >= 6, "{found}");
    assert!(instance.ok(&["audit", "verify"]).await.contains("entries fit"));

    let db = instance.db().await;
    let broken_at = async || {
        let output = instance.run(&["audit", "verify", "--json"]).await;
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        (code(&output), found["broken_at"].clone())
    };
    db.execute_unprepared("UPDATE audit_entries SET actor = 'user:eve' WHERE seq = 3").await.unwrap();
    assert_eq!(broken_at().await, (1, 3.into()));
    let said = Instance::expect(instance.run(&["audit", "verify"]).await, 1);
    assert!(said.contains("entry 3"), "{said}");
    db.execute_unprepared("DELETE FROM audit_entries WHERE seq = 2").await.unwrap();
    assert_eq!(broken_at().await, (1, 2.into()));
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn output_into_a_closed_pipe_is_no_failure() {
    let instance = Instance::new().await;
    let mut child = instance.command(&["openapi"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
