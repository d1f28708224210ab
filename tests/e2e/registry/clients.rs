//! The tools that people have, against this registry with token authentication: what they push, they
//! pull again byte by byte.
#![cfg(feature = "engines")]

use super::{digest, layer, repo};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Output,
};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, filter},
};
use tempfile::TempDir;
use tokio::process::Command;

/// A place of its own for a tool: no credentials and no images of anybody else.
struct Bench {
    home: TempDir,
    /// `127.0.0.1:port`.
    registry: String,
    /// `alice:tms_…`
    credentials: String,
}

impl Bench {
    fn new(app: &TestApp, who: &Person) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("auth.json"), "{}").unwrap();
        Self {
            home,
            registry: app.base.strip_prefix("http://").unwrap().to_owned(),
            credentials: format!("{}:{}", who.name, who.token.as_ref().unwrap()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn image(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.registry)
    }

    async fn run(&self, tool: &str, args: &[&str]) -> Output {
        let mut command = Command::new(tool);
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", self.home.path());
        command.env("REGISTRY_AUTH_FILE", self.path("auth.json")).current_dir(self.home.path());
        command.output().await.unwrap_or_else(|e| panic!("{tool}: {e}; tests/setup installs it"))
    }

    async fn good(&self, tool: &str, args: &[&str]) -> String {
        let output = self.run(tool, args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn python(&self, script: &str, args: &[&str]) -> String {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python");
        let args: Vec<&str> = ["-c", script].iter().chain(args).copied().collect();
        self.good(python, &args).await
    }
}

/// What a directory of skopeo's `dir:` holds: the manifest and the blobs by digest.
fn copied(place: &Path) -> (Vec<u8>, Value) {
    let bytes = std::fs::read(place.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    for part in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
        let name = part["digest"].as_str().unwrap();
        let blob = std::fs::read(place.join(name.strip_prefix("sha256:").unwrap())).unwrap();
        assert_eq!(digest(&blob), name);
    }
    (bytes, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_logs_in_inspects_copies_lists_and_deletes() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let module = filter("header-guard");
    app.publish(&alice, &carl, "alice/guard", "1.2.0", module).await;
    let bench = Bench::new(&app, &alice);
    // Anonymous, of what is public.
    let image = bench.image("alice/guard:1.2.0");
    let seen: Value =
        serde_json::from_str(&bench.good("skopeo", &["inspect", "--tls-verify=false", &image]).await)
            .unwrap();
    let manifest = repo(&app.anonymous(), "alice/guard").get("/manifests/1.2.0").await.expect(200);
    assert_eq!(seen["Digest"], manifest.header("docker-content-digest"));
    let raw = bench.good("skopeo", &["inspect", "--raw", "--tls-verify=false", &image]).await;
    assert_eq!(raw.as_bytes(), manifest.body);
    let wasm = bench.image("wasm/alice/guard:1.2.0");
    bench.good("skopeo", &["inspect", "--raw", "--tls-verify=false", &wasm]).await;
    let place = bench.path("pulled");
    let to = format!("dir:{}", place.display());
    bench.good("skopeo", &["copy", "--src-tls-verify=false", &image, &to]).await;
    assert_eq!(copied(&place).0, manifest.body);
    // Writing takes a login.
    let into = bench.image("alice/copy:3.0.0");
    let refused = bench.run("skopeo", &["copy", "--dest-tls-verify=false", &to, &into]).await;
    assert!(!refused.status.success());
    let (user, password) = bench.credentials.split_once(':').unwrap();
    let wrong = ["login", "--tls-verify=false", "-u", user, "-p", "tms_wrong", &bench.registry];
    assert!(!bench.run("skopeo", &wrong).await.status.success());
    bench.good("skopeo", &["login", "--tls-verify=false", "-u", user, "-p", password, &bench.registry]).await;
    bench.good("skopeo", &["copy", "--dest-tls-verify=false", &to, &into]).await;
    let back = bench.path("back");
    let from = format!("dir:{}", back.display());
    bench.good("skopeo", &["copy", "--src-tls-verify=false", &into, &from]).await;
    assert_eq!(copied(&back).0, manifest.body);
    let release = alice.get("/api/v1/filters/alice/copy/releases/3.0.0").await.expect(200).json();
    assert_eq!(release["digest"], digest(module));
    // From one repository into another: blobs are mounted.
    let (source, target) = (bench.image("alice/copy:3.0.0"), bench.image("alice/other:edge"));
    let both = ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &source, &target];
    bench.good("skopeo", &both).await;
    let list = bench.good("skopeo", &["list-tags", "--tls-verify=false", &bench.image("alice/other")]).await;
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["Tags"], serde_json::json!(["edge"]));
    bench.good("skopeo", &["delete", "--tls-verify=false", &target]).await;
    repo(&alice, "alice/other").get("/manifests/edge").await.expect(404);
    // A release is not deleted by this door.
    assert!(!bench.run("skopeo", &["delete", "--tls-verify=false", &into]).await.status.success());
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buildah_builds_from_scratch_and_pushes_both_formats_which_are_releases() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bench = Bench::new(&app, &alice);
    let module = distinct("buildah", 50_000);
    std::fs::write(bench.path("plugin.wasm"), &module).unwrap();
    std::fs::write(bench.path("Dockerfile"), "FROM scratch\nCOPY plugin.wasm ./plugin.wasm\n").unwrap();
    let (root, run) = (bench.path("root").display().to_string(), bench.path("run").display().to_string());
    let global = ["--storage-driver", "vfs", "--root", &root, "--runroot", &run];
    let with =
        |rest: &[&str]| -> Vec<String> { global.iter().chain(rest).map(|text| (*text).to_owned()).collect() };
    let built = with(&["bud", "--isolation", "chroot", "-t", "filter", "."]);
    bench.good("buildah", &built.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (format, version) in [("oci", "1.0.0"), ("v2s2", "1.1.0")] {
        let to = bench.image(&format!("alice/built:{version}"));
        let pushed =
            with(&["push", "--tls-verify=false", "--creds", &bench.credentials, "-f", format, "filter", &to]);
        bench.good("buildah", &pushed.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let release = alice.get(&format!("/api/v1/filters/alice/built/releases/{version}")).await;
        assert_eq!(release.expect(200).json()["digest"], digest(&module), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn podman_pulls_what_is_public_pushes_and_makes_manifest_lists() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("podman", 100)).await;
    let bench = Bench::new(&app, &alice);
    let (root, run) = (bench.path("root").display().to_string(), bench.path("run").display().to_string());
    let global = ["--storage-driver", "vfs", "--root", &root, "--runroot", &run];
    let image = format!("{}/alice/guard:1.0.0", bench.registry);
    let copy = format!("{}/alice/copy:edge", bench.registry);
    let list = format!("docker://{}/alice/copy:list", bench.registry);
    let steps: [&[&str]; 5] = [
        &["pull", "--tls-verify=false", &image],
        &["push", "--tls-verify=false", "--creds", &bench.credentials, &image, &copy],
        &["manifest", "create", "many"],
        &["manifest", "add", "--tls-verify=false", "--creds", &bench.credentials, "many", &copy],
        &["manifest", "push", "--all", "--tls-verify=false", "--creds", &bench.credentials, "many", &list],
    ];
    for step in steps {
        let args: Vec<&str> = global.iter().chain(step).copied().collect();
        bench.good("podman", &args).await;
    }
    let own = repo(&alice, "alice/copy");
    let pushed = own.get("/manifests/edge").await.expect(200).json();
    let origin = repo(&alice, "alice/guard").get("/manifests/1.0.0").await.expect(200).json();
    // The module is the same, though podman packs layers anew.
    assert_eq!(pushed["config"]["digest"], origin["config"]["digest"]);
    let many = own.get("/manifests/list").await.expect(200);
    assert!(many.header("content-type").contains("index") || many.header("content-type").contains("list"));
    assert_eq!(many.json()["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn oras_pushes_files_of_any_kind_and_pulls_them_again() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bench = Bench::new(&app, &alice);
    let module = distinct("oras", 2_000_000);
    std::fs::write(bench.path("filter.wasm"), &module).unwrap();
    std::fs::write(bench.path("notes.txt"), "some notes").unwrap();
    let script = r#"
import sys, json
from oras.client import OrasClient
registry, user, password = sys.argv[1:]
client = OrasClient(hostname=registry, insecure=True, auth_backend="token")
client.login(username=user, password=password, hostname=registry, tls_verify=False)
for chunked, tag in [(False, "one"), (True, "two")]:
    reply = client.push(target=f"{registry}/alice/notes:{tag}", disable_path_validation=True, do_chunked=chunked, chunk_size=700000,
        files=["filter.wasm:application/vnd.example", "notes.txt:text/plain"], manifest_annotations={"org.example": "x"})
    assert reply.status_code in (200, 201), reply.text
files = client.pull(target=f"{registry}/alice/notes:two", outdir="out")
print(json.dumps({"tags": client.get_tags(f"{registry}/alice/notes"), "files": files, "layers": len(client.get_manifest(f"{registry}/alice/notes:one")["layers"])}))
"#;
    let (user, password) = bench.credentials.split_once(':').unwrap();
    let said = bench.python(script, &[&bench.registry, user, password]).await;
    let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(said["tags"], serde_json::json!(["one", "two"]));
    assert_eq!(said["layers"], 2);
    assert_eq!(std::fs::read(bench.path("out/filter.wasm")).unwrap(), module);
}

#[tokio::test(flavor = "multi_thread")]
async fn dxf_pushes_a_blob_names_it_and_pulls_it_again() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bench = Bench::new(&app, &alice);
    let bytes = layer(&[("a.txt", b"of dxf")]);
    std::fs::write(bench.path("blob"), &bytes).unwrap();
    // It sends no password over plain http, so it is given a token.
    let script = r#"
import sys, json, base64, requests
from dxf import DXF
registry, user, password = sys.argv[1:]
url = f"http://{registry}/v2/token?service={registry}&scope=repository:alice/dxf:pull,push,*"
token = requests.get(url, auth=(user, password)).json()["token"]
dxf = DXF(registry, "alice/dxf", insecure=True)
dxf.token = token
digest = dxf.push_blob("blob")
dxf.set_alias("named", digest)
open("back", "wb").write(b"".join(dxf.pull_blob(dxf.get_alias("named")[0])))
size = dxf.blob_size(digest)
print(json.dumps({"aliases": dxf.list_aliases(), "digest": digest, "size": size}))
"#;
    let (user, password) = bench.credentials.split_once(':').unwrap();
    let said = bench.python(script, &[&bench.registry, user, password]).await;
    let said: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(said["aliases"], serde_json::json!(["named"]));
    assert_eq!(said["digest"], digest(&bytes));
    assert_eq!(std::fs::read(bench.path("back")).unwrap(), bytes);
}
