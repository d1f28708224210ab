//! Every mutant through a real Envoy: `--mode validate` loads the module, makes its instance and calls
//! its start functions, exactly as a starting proxy does. Two run at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tamis_e2e::modules::{Mutant, Outcome, mutants};
use tamis_verification::Verdict;

use super::as_http;

const AT_ONCE: usize = 2;
/// A module that hangs Envoy has killed it as surely as one that crashes it.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Loads,
    Refuses,
    Dies,
}

#[test]
fn envoy_does_with_every_mutant_what_the_verdict_says() {
    let all = mutants();
    let directory = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(mutant) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = run(directory.path(), mutant);
                    if let Some(complaint) = disagreement(mutant, seen) {
                        wrong.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn disagreement(mutant: &Mutant, seen: Seen) -> Option<String> {
    let expected = match mutant.outcome {
        Outcome::Loads | Outcome::LoadsUntilUsed => Seen::Loads,
        Outcome::Refuses | Outcome::RefusesByRunning => Seen::Refuses,
        Outcome::Dies => Seen::Dies,
    };
    let verdict = as_http(&mutant.bytes).verdict;
    let agrees = match (mutant.outcome, seen) {
        // Only a run tells these two from their neighbours.
        (Outcome::LoadsUntilUsed, _) => verdict == Verdict::Fail,
        (Outcome::RefusesByRunning, _) => matches!(verdict, Verdict::Pass | Verdict::Warn),
        (_, Seen::Loads) => matches!(verdict, Verdict::Pass | Verdict::Warn),
        (_, Seen::Refuses | Seen::Dies) => verdict == Verdict::Fail,
    };
    (seen != expected || !agrees).then(|| {
        format!("{}: written down {:?}, Envoy {seen:?}, verdict {verdict:?}", mutant.name, mutant.outcome)
    })
}

fn run(directory: &Path, mutant: &Mutant) -> Seen {
    let name: String =
        mutant.name.chars().map(|ch| if ch.is_ascii_alphanumeric() { ch } else { '-' }).collect();
    let module = directory.join(format!("{name}.wasm"));
    std::fs::write(&module, &mutant.bytes).unwrap();
    let config = directory.join(format!("{name}.json"));
    std::fs::write(&config, bootstrap(&module).to_string()).unwrap();
    let mut child = Command::new(binary())
        .args(["--mode", "validate", "--use-dynamic-base-id", "--log-level", "off", "--config-path"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(File::create(directory.join("log")).unwrap())
        .spawn()
        .expect("TAMIS_TEST_ENVOY names an Envoy that starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Seen::Dies;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    match status.code() {
        Some(0) => Seen::Loads,
        Some(1) => Seen::Refuses,
        _ => Seen::Dies,
    }
}

fn binary() -> PathBuf {
    std::env::var_os("TAMIS_TEST_ENVOY").expect("TAMIS_TEST_ENVOY names the Envoy 1.40 binary").into()
}

fn bootstrap(module: &Path) -> serde_json::Value {
    let wasm = serde_json::json!({
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "mutant",
                "vm_config": {"vm_id": "mutant", "runtime": "envoy.wasm.runtime.v8",
                              "code": {"local": {"filename": module}}},
            },
        },
    });
    let router = serde_json::json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    let manager = serde_json::json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "test",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200}}]}]},
        "http_filters": [wasm, router],
    });
    serde_json::json!({"static_resources": {"listeners": [{
        "name": "test",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    }]}})
}
