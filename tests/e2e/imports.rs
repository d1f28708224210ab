//! Importing by URL, from a stand-in server on loopback that counts who comes.
pub(crate) mod stub;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{io::Write, sync::atomic::Ordering::Relaxed, time::Duration};
use stub::{Answer, Stub};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, sha256, small},
};
use tamis_entities::value::Role;

const LOOPBACK: [&str; 2] = ["--allow-network", "127.0.0.0/8"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

async fn import(who: &Person, url: &str, version: &str) -> Reply {
    import_with(who, url, version, Value::Null).await
}

async fn import_with(who: &Person, url: &str, version: &str, sha256: Value) -> Reply {
    let body = json!({"url": url, "namespace": "alice", "filter": "f", "version": version, "sha256": sha256});
    who.post("/api/v1/imports", &body).await
}

fn digest(bytes: &[u8]) -> Value {
    json!(format!("sha256:{}", sha256(bytes)))
}

/// Nothing of a failed import stays: no file, no filter.
async fn assert_nothing_left(app: &TestApp, who: &Person) {
    let spool = app.directory.path().join("spool");
    for _ in 0..40 {
        if std::fs::read_dir(&spool).unwrap().count() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 0);
    who.get("/api/v1/filters/alice/f").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_is_found_in_whatever_it_came_wrapped_in() {
    let (a, b) = (distinct("a", 100), distinct("b", 100));
    let stub = Stub::start([
        ("/plain.wasm", Answer::Body(a.clone())),
        ("/f.wasm.gz", Answer::Body(gzip(&a))),
        ("/one.tar.gz", Answer::Body(archive(&[("README", b"x"), ("dir/f.wasm", &a)]))),
        ("/two.tar.gz", Answer::Body(archive(&[("x/a.wasm", &a), ("x/b.wasm", &b)]))),
        ("/moved", Answer::Redirect("/plain.wasm".into())),
    ])
    .await;
    let app = TestApp::spawn_with(&LOOPBACK).await;
    let alice = app.author("alice").await;
    let several =
        import(&alice, &stub.url("/two.tar.gz"), "1.0.0").await.expect_problem(422, "unpack-failed");
    let told = several.json()["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("x/a.wasm") && told.contains("x/b.wasm") && told.contains('#'), "{told}");
    let missing = import(&alice, &stub.url("/two.tar.gz#x/c.wasm"), "1.0.0").await;
    assert!(missing.expect_problem(422, "unpack-failed").text().contains("x/a.wasm"));
    assert_nothing_left(&app, &alice).await;
    for (i, (path, bytes)) in [
        ("/plain.wasm", &a),
        ("/f.wasm.gz", &a),
        ("/one.tar.gz", &a),
        ("/two.tar.gz#x/b.wasm", &b),
        ("/moved", &a),
    ]
    .into_iter()
    .enumerate()
    {
        let version = format!("1.0.{i}");
        let made = import_with(&alice, &stub.url(path), &version, digest(bytes)).await.expect(201).json();
        assert_eq!(made["digest"], digest(bytes), "{path}");
        assert_eq!(made["state"], "draft");
        import(&alice, &stub.url(path), &version).await.expect(200);
    }
    import(&alice, &stub.url("/two.tar.gz#x/b.wasm"), "1.0.0").await.expect_problem(409, "release-exists");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_not_wasm_or_not_what_was_promised_leaves_nothing() {
    let stub = Stub::start([
        ("/f.wasm", Answer::Body(small())),
        ("/text", Answer::Body(b"<html>sign in</html>".to_vec())),
        ("/empty", Answer::Body(vec![])),
        ("/short", Answer::Short),
        ("/cut.gz", Answer::Body(gzip(&small())[..500].to_vec())),
        ("/none.tar.gz", Answer::Body(archive(&[("README", b"x")]))),
        ("/zip", Answer::Body(b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec())),
        ("/gone", Answer::Status(410)),
        ("/broken", Answer::Status(500)),
        ("/round", Answer::Redirect("/round".into())),
        ("/nowhere", Answer::Redirect("".into())),
        ("/file", Answer::Redirect("file:///etc/passwd".into())),
        ("/ftp", Answer::Redirect("ftp://127.0.0.1/f.wasm".into())),
        ("/user", Answer::Redirect("http://user:pw@127.0.0.1/f.wasm".into())),
    ])
    .await;
    let app = TestApp::spawn_with(&LOOPBACK).await;
    let alice = app.author("alice").await;
    for (path, code) in [
        ("/nothing", "fetch-failed"),
        ("/gone", "fetch-failed"),
        ("/broken", "fetch-failed"),
        ("/short", "fetch-failed"),
        ("/round", "fetch-failed"),
        ("/nowhere", "fetch-failed"),
        ("/file", "fetch-failed"),
        ("/ftp", "fetch-failed"),
        ("/user", "fetch-failed"),
        ("/cut.gz", "unpack-failed"),
        ("/none.tar.gz", "unpack-failed"),
        ("/zip", "unpack-failed"),
        ("/empty", "module-refused"),
        ("/text", "module-refused"),
    ] {
        let reply = import(&alice, &stub.url(path), "1.0.0").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (422, Some(code)),
            "{path}: {}",
            reply.text()
        );
    }
    let other = digest(b"something else");
    let reply = import_with(&alice, &stub.url("/f.wasm"), "1.0.0", other).await;
    assert!(reply.expect_problem(422, "digest-mismatch").text().contains(&sha256(&small())));
    assert_nothing_left(&app, &alice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_to_pages_of_a_github_server_are_read_as_people_mean_them() {
    let (a, b) = (distinct("a", 100), distinct("b", 100));
    let tree = archive(&[("r-main/filters/a/a.wasm", &a), ("r-main/filters/b/b.wasm", &b)]);
    let stub = Stub::start([
        ("/o/r/archive/main.tar.gz", Answer::Body(tree)),
        ("/o/r/archive/feature/x.tar.gz", Answer::Body(archive(&[("r-x/dir/b.wasm", &b)]))),
        ("/o/r/raw/main/filters/a/a.wasm", Answer::Body(a.clone())),
        ("/o/r/releases/download/v1/f.wasm", Answer::Redirect("/assets/1".into())),
        ("/assets/1", Answer::Body(b.clone())),
    ])
    .await;
    let app = TestApp::spawn_with(&["--allow-network", "127.0.0.0/8", "--github-url", &stub.base]).await;
    let alice = app.author("alice").await;
    for (i, (path, bytes)) in [
        ("/o/r/tree/main/filters/a", &a),
        ("/o/r/tree/feature/x/dir", &b),
        ("/o/r/tree/main#filters/b/b.wasm", &b),
        ("/o/r/blob/main/filters/a/a.wasm", &a),
        ("/o/r/raw/main/filters/a/a.wasm", &a),
        ("/o/r/releases/download/v1/f.wasm", &b),
    ]
    .into_iter()
    .enumerate()
    {
        let made = import(&alice, &stub.url(path), &format!("1.0.{i}")).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text());
        assert_eq!(made.json()["digest"], digest(bytes), "{path}");
    }
    import(&alice, &stub.url("/o/r/tree/main"), "2.0.0").await.expect_problem(422, "unpack-failed");
    import(&alice, &stub.url("/o/r/tree/none"), "2.0.0").await.expect_problem(422, "fetch-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_url_makes_the_server_connect_to_itself_or_its_neighbours() {
    let stub = Stub::start([("/", Answer::Body(small()))]).await;
    let six = Stub::on("[::1]:0", [("/", Answer::Body(small()))]).await;
    let port = stub.base.rsplit_once(':').unwrap().1.to_owned();
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "127.255.255.254",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "198.18.0.1",
        "192.0.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
    ];
    for host in hosts {
        let reply = import(&alice, &format!("http://{host}:{port}/"), "1.0.0").await;
        reply.expect_problem(422, "address-refused");
    }
    let told = import(&alice, &stub.url("/"), "1.0.0").await.json();
    assert!(told["detail"].as_str().unwrap().contains("--allow-network 127.0.0.1"), "{told}");
    import(&alice, &six.url("/"), "1.0.0").await.expect_problem(422, "address-refused");
    for url in [
        String::new(),
        "x".into(),
        "http://".into(),
        "http:///".into(),
        "//127.0.0.1/".into(),
        "file:///etc/passwd".into(),
        "gopher://127.0.0.1/".into(),
        "ftp://127.0.0.1/".into(),
        "unix:/run/docker.sock".into(),
        "data:application/wasm,x".into(),
        "javascript:1".into(),
        "http+unix://x/".into(),
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://user:pw@127.0.0.1:{port}/"),
        format!("http://example.org\\@127.0.0.1:{port}/"),
        format!("http:\\\\127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/\r\nHost: x"),
        format!("http://127.0.0.1:{port}/\n"),
        format!(" http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1\t:{port}/"),
        "http://127.0.0.1:22/".into(),
        "http://127.0.0.1:6379/".into(),
        "http://127.0.0.1:99999/".into(),
        "http://127.0.0.1:-1/".into(),
        format!("http://[fe80::1%25lo]:{port}/"),
        format!("http://[::1:{port}/"),
        "http://.".into(),
        format!("http://a/{}", "x".repeat(3_000)),
        "http://xn--/".into(),
    ] {
        let reply = import(&alice, &url, "1.0.0").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (400, Some("invalid")),
            "{url:?}: {}",
            reply.text()
        );
        assert_eq!(reply.json()["errors"][0]["field"], "url", "{url:?}");
    }
    assert_eq!((stub.opened(), six.opened()), (0, 0), "connections to what is refused");
    assert_nothing_left(&app, &alice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_judged_like_a_first_address_and_carries_no_credential() {
    let six = Stub::on("[::1]:0", [("/f.wasm", Answer::Body(small()))]).await;
    let open = Stub::start([("/f.wasm", Answer::Body(small()))]).await;
    let stub = Stub::start([
        ("/six", Answer::Redirect(six.url("/f.wasm"))),
        ("/metadata", Answer::Redirect("http://169.254.169.254/latest/meta-data/".into())),
        ("/private", Answer::Redirect("http://10.255.255.1/".into())),
        ("/mapped", Answer::Redirect("http://[::ffff:10.0.0.1]/".into())),
        ("/zero", Answer::Redirect("http://0.0.0.0:80/".into())),
        ("/open", Answer::Redirect(open.url("/f.wasm"))),
    ])
    .await;
    let app = TestApp::spawn_with(&LOOPBACK).await;
    let alice = app.author("alice").await;
    for path in ["/six", "/metadata", "/private", "/mapped", "/zero"] {
        import(&alice, &stub.url(path), "1.0.0").await.expect_problem(422, "address-refused");
    }
    assert_eq!(six.opened(), 0);
    import(&alice, &stub.url("/open"), "1.0.0").await.expect(201);
    for head in stub.heads.lock().unwrap().iter().chain(open.heads.lock().unwrap().iter()) {
        let lower = head.to_lowercase();
        assert!(
            !lower.contains("authorization") && !lower.contains("cookie") && !lower.contains("tms_"),
            "{head}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_packed_or_unpacked_is_cut_off_early() {
    let zeros = gzip(&vec![0; 20 << 20]);
    let over = distinct("over", 150_000);
    let stub = Stub::start([
        ("/endless", Answer::Endless),
        ("/announced", Answer::Announced(1 << 40)),
        ("/bomb.gz", Answer::Body(zeros.clone())),
        ("/nested.gz", Answer::Body(gzip(&zeros))),
        ("/bomb.tar.gz", Answer::Body(archive(&[("f.wasm", &vec![0; 20 << 20])]))),
        ("/over.wasm", Answer::Body(over.clone())),
        ("/over.gz", Answer::Body(gzip(&over))),
    ])
    .await;
    let app = TestApp::spawn_with(&["--allow-network", "127.0.0.0/8", "--max-module-bytes", "100000"]).await;
    let alice = app.author("alice").await;
    for path in ["/endless", "/announced", "/bomb.gz", "/nested.gz", "/bomb.tar.gz", "/over.wasm", "/over.gz"]
    {
        let reply = import(&alice, &stub.url(path), "1.0.0").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (413, Some("module-too-large")),
            "{path}: {}",
            reply.text()
        );
    }
    // What lies in the buffers of two sockets, and not more.
    assert!(stub.sent.load(Relaxed) < 16 << 20, "{} bytes were taken", stub.sent.load(Relaxed));
    assert_nothing_left(&app, &alice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_the_server_fetch_for_a_place_they_may_not_write() {
    let stub = Stub::start([("/f.wasm", Answer::Body(small()))]).await;
    let app = TestApp::spawn_with(&LOOPBACK).await;
    let (alice, bob, admin) =
        (app.author("alice").await, app.author("bob").await, app.user("root", Role::Admin).await);
    let reader = app.token("alice", Some("filters:read")).await;
    let url = stub.url("/f.wasm");
    for (who, status, code) in [
        (&app.anonymous(), 401, "unauthenticated"),
        (&reader, 403, "insufficient-scope"),
        (&bob, 404, "not-found"),
        (&admin, 404, "not-found"),
    ] {
        import(who, &url, "1.0.0").await.expect_problem(status, code);
    }
    alice.put("/api/v1/filters/alice/f", &json!({"visibility": "public"})).await.expect(201);
    import(&bob, &url, "1.0.0").await.expect_problem(403, "role");
    let nowhere = json!({"url": url, "namespace": "nobody", "filter": "f", "version": "1.0.0"});
    alice.post("/api/v1/imports", &nowhere).await.expect_problem(404, "not-found");
    let system = json!({"url": url, "namespace": "tamis", "filter": "f", "version": "1.0.0"});
    alice.post("/api/v1/imports", &system).await.expect_problem(404, "not-found");
    assert_eq!(stub.opened(), 0);
    import(&alice, &url, "1.0.0").await.expect(201);
    assert_eq!(stub.opened(), 1);
}
