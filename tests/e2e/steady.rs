//! `tests/steady`: what it forgives and what it does not, with a command that prints what cargo would.
use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

/// A cargo whose test `one::wobbles` fails among the others, and alone as often as `alone` says.
fn cargo(directory: &Path, failed: &[&str], ended: bool, alone: &str) -> String {
    let lines: String = failed.iter().map(|name| format!("echo 'test {name} ... FAILED'\n")).collect();
    let sum = format!("echo 'test result: FAILED. 9 passed; {} failed; 0 ignored'\n", failed.len());
    let script = format!(
        "#!/bin/sh\nif [ \"$2\" = --exact ]; then\n{alone}\nfi\necho '     Running tests/e2e/main.rs'\n{lines}{}exit 101\n",
        if ended { &sum } else { "" }
    );
    let path = directory.join("cargo");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn run(failed: &[&str], ended: bool, alone: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("steady");
    let command = cargo(directory.path(), failed, ended, alone);
    let output = Command::new(script).args([&command, "--", "--skip", "two::"]).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

const PASSES: &str = "echo \"test $3 ... ok\"; exit 0";

#[test]
fn who_fails_among_the_others_and_passes_alone_three_times_is_told_as_unsteady() {
    let (code, said) = run(&["one::wobbles"], true, PASSES);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("test one::wobbles ... ok").count(), 3, "{said}");
    assert!(said.contains("unsteady: one::wobbles failed among the others"), "{said}");
}

#[test]
fn whoever_fails_again_or_never_runs_or_is_one_of_many_fails_the_run() {
    let (code, said) = run(&["one::wobbles"], true, "echo \"test $3 ... FAILED\"; exit 101");
    assert_eq!(code, Some(101), "it fails alone, too: {said}");
    let third =
        "n=$(cat \"$0.n\" 2>/dev/null || echo 0); echo $((n + 1)) >\"$0.n\"; [ $n -lt 2 ] || exit 101\n";
    let (code, said) = run(&["one::wobbles"], true, &format!("{third}{PASSES}"));
    assert_eq!(code, Some(101), "it fails the third time: {said}");
    let (code, said) = run(&["one::wobbles"], true, "exit 0");
    assert_eq!(code, Some(101), "nothing of that name was run: {said}");
    let (code, said) = run(&["a", "b", "c", "d"], true, PASSES);
    assert_eq!(code, Some(101), "four are no accident: {said}");
    let (code, said) = run(&["one::wobbles"], false, PASSES);
    assert_eq!(code, Some(101), "the binary did not come to its end: {said}");
    let (code, said) = run(&[], true, PASSES);
    assert_eq!(code, Some(101), "it failed before any test: {said}");
}
