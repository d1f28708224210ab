//! A client in another language, made from the committed document by another people's tool:
//! generated, type-checked, and run against this server. Lives in `tests/clients`.
#![cfg(feature = "engines")]
use super::root;
use std::process::Command;
use tamis_e2e::{app::TestApp, fixtures};

/// Runs a command of the client's folder; its output, or the test ends with it.
fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root().join("tests/clients"))
        .envs(environment.iter().copied())
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}; this test needs Node 20 or newer with npm"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

/// The lock file's packages, fetched once: `npm ci` begins by removing them.
fn install() {
    let folder = root().join("tests/clients");
    let lock = std::fs::read_to_string(folder.join("package-lock.json")).unwrap();
    let mark = folder.join("node_modules/.installed-from");
    if std::fs::read_to_string(&mark).is_ok_and(|was| was == lock) {
        return;
    }
    run("npm", &["ci", "--no-audit", "--no-fund"], &[]);
    std::fs::write(mark, lock).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typescript_client_made_from_the_document_does_the_main_job() {
    let version = run("node", &["--version"], &[]);
    let major: u32 = version.trim_start_matches('v').split('.').next().unwrap().parse().unwrap();
    assert!(major >= 20, "Node {version}");
    tokio::task::spawn_blocking(|| {
        install();
        run("npm", &["run", "generate"], &[]);
        run("npm", &["run", "check"], &[]);
    })
    .await
    .unwrap();

    let app = TestApp::spawn().await;
    let (author, curator) = (app.author("tess").await, app.curator("carl").await);
    let module = app.directory.path().join("module.wasm");
    let bytes = fixtures::distinct("typescript", 20);
    std::fs::write(&module, &bytes).unwrap();
    let (base, path) = (app.base.clone(), module.display().to_string());
    let said = tokio::task::spawn_blocking(move || {
        let environment = [
            ("TAMIS_URL", base.as_str()),
            ("AUTHOR_TOKEN", author.token.as_deref().unwrap()),
            ("CURATOR_TOKEN", curator.token.as_deref().unwrap()),
            ("MODULE", path.as_str()),
        ];
        run("npm", &["run", "start"], &environment)
    });
    let said = said.await.unwrap();
    assert!(
        said.contains(&format!("tess/from-typescript@1.0.0 sha256:{}", fixtures::sha256(&bytes))),
        "{said}"
    );
    let shown = app.anonymous().get("/api/v1/catalog/tess/from-typescript").await.expect(200).json();
    assert_eq!(shown["digest"], format!("sha256:{}", fixtures::sha256(&bytes)));
    app.drain_jobs().await;
}
