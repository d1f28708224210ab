//! The real `tamis` binary: `TAMIS_BIN`, or built here when a test first asks for it.
use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::OnceLock,
};

pub fn path() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Ok(path) = std::env::var("TAMIS_BIN") {
            return path.into();
        }
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--package", "tamis", "--features", "failpoints"])
            .current_dir(&root)
            .status()
            .expect("cargo");
        assert!(built.success(), "tamis does not build");
        // target/debug/deps/e2e-… -> target/debug/tamis
        let deps = std::env::current_exe().unwrap();
        deps.parent().unwrap().parent().unwrap().join("tamis")
    })
}

/// A command on a data directory of its own, without anything of the test's environment.
pub fn command(data_dir: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(args);
    for (key, _) in std::env::vars().filter(|(k, _)| k.starts_with("TAMIS_")) {
        command.env_remove(key);
    }
    command.env("TAMIS_DATA_DIR", data_dir).env("TAMIS_NO_RATE_LIMITS", "true");
    command
}

pub fn run(data_dir: &std::path::Path, args: &[&str]) -> Output {
    command(data_dir, args).output().expect("tamis runs")
}
