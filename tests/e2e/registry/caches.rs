//! A shared cache in front, as many put one there: nginx, which keeps whatever it is allowed to.
#![cfg(feature = "engines")]
use super::repo;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};
use tokio::process::{Child, Command};

/// A cache before this address; killed when dropped, so of one process: workers would outlive their master, and
/// hold what the suite writes to.
struct Cache {
    base: String,
    _process: Child,
    _directory: tempfile::TempDir,
}

impl Cache {
    async fn before(base: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |name: &str| directory.path().join(name).display().to_string();
        let user = if is_root() { "user root;" } else { "" };
        let text = format!(
            "{user} daemon off; master_process off; pid {pid}; error_log {log}; events {{}} http {{ access_log off; \
             client_body_temp_path {t1}; proxy_temp_path {t2}; fastcgi_temp_path {t3}; uwsgi_temp_path {t4}; scgi_temp_path {t5}; \
             proxy_cache_path {kept} keys_zone=kept:1m; server {{ listen 127.0.0.1:{port}; location / {{ \
             proxy_pass {base}; proxy_cache kept; add_header X-Cache $upstream_cache_status always; }} }} }}",
            pid = at("pid"),
            log = at("log"),
            t1 = at("t1"),
            t2 = at("t2"),
            t3 = at("t3"),
            t4 = at("t4"),
            t5 = at("t5"),
            kept = at("kept"),
        );
        std::fs::write(at("nginx.conf"), text).unwrap();
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        let mut nginx = Command::new("nginx");
        nginx.args(["-p", &at(""), "-c", &at("nginx.conf")]).env("PATH", path).kill_on_drop(true);
        let process = nginx.spawn().expect("tests/setup installs nginx");
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { base: format!("http://127.0.0.1:{port}"), _process: process, _directory: directory }
    }

    fn through(&self, who: &Person) -> Person {
        Person { base: self.base.clone(), ..who.clone() }
    }
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|text| text.contains("\nUid:\t0\t"))
}

/// RubyGems CVE-2023-40165 and its kin: what a cache had seen was served to whoever came next.
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_in_front_gives_nobody_what_it_saw_somebody_else_get() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let bytes = distinct("cached", 1000);
    alice.upload("alice/guard", "1.0.0", bytes.clone()).await.expect(201);
    let cache = Cache::before(&app.base).await;
    let (owner, nobody) = (cache.through(&alice), cache.through(&app.anonymous()));
    let manifest = repo(&alice, "alice/guard").get("/manifests/1.0.0").await.expect(200);
    let layer = manifest.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
    let paths = [
        format!("/modules/sha256/{}.wasm", sha256(&bytes)),
        "/api/v1/filters/alice/guard/releases/1.0.0/module".into(),
        "/api/v1/filters/alice/guard/releases/1.0.0".into(),
        "/api/v1/filters/alice/guard".into(),
        "/v2/alice/guard/manifests/1.0.0".into(),
        format!("/v2/alice/guard/manifests/{}", manifest.header("docker-content-digest")),
        format!("/v2/alice/guard/blobs/{layer}"),
        "/v2/alice/guard/tags/list".into(),
    ];
    for path in &paths {
        for _ in 0..2 {
            let own = owner.get(path).await.expect(200);
            assert_ne!(own.header("x-cache"), "HIT", "{path}");
        }
        let theirs = nobody.get(path).await;
        assert!(matches!(theirs.status, 401 | 404), "{path}: {}", theirs.status);
        assert_ne!(theirs.header("x-cache"), "HIT", "{path}");
    }
    let review = alice.submit("alice/guard", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    // What is for everyone is kept there, under its digest, and is the same bytes; a name is asked for again.
    for (path, kept) in [(&paths[0], true), (&paths[6], true), (&paths[4], false)] {
        nobody.get(path).await.expect(200);
        let again = nobody.get(path).await.expect(200);
        assert_eq!(again.header("x-cache") == "HIT", kept, "{path}: {}", again.header("x-cache"));
    }
    assert!(nobody.get(&paths[0]).await.body == bytes);
}
