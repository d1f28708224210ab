//! The documents that a newcomer reads are true: the README's tour runs as it is written, and what
//! README, ARCHITECTURE and the others point to is there.
use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};
use tamis_e2e::{binary, fixtures};

/// The line of the tour that names the server; the only one that is not run as it stands.
const SERVER: &str = "TAMIS=http://127.0.0.1:8080\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The `sh` blocks of the README's tour, in order.
fn blocks() -> Vec<String> {
    let readme = read("README.md");
    let (_, tour) = readme.split_once("\n## Five minutes\n").expect("the tour");
    let (tour, _) = tour.split_once("\n## ").expect("the tour ends");
    let fenced = tour.split("\n```sh\n").skip(1);
    fenced.map(|text| format!("{}\n", text.split_once("\n```").expect("a closed block").0)).collect()
}

/// A directory that looks like the repository after a release build, seen from the tour.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("tamis-tour").tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("target/release")).unwrap();
        fs::create_dir(at("bin")).unwrap();
        symlink(binary::path(), at("target/release/tamis")).unwrap();
        symlink(root().join("seed"), at("seed")).unwrap();
        // The release build is made already; nothing else may be asked of cargo.
        let cargo = "#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 64\nshift 3\nexec target/release/tamis \"$@\"\n";
        fs::write(at("bin/cargo"), cargo).unwrap();
        fs::set_permissions(at("bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        Self(directory)
    }

    /// A shell in this directory, with nothing of the test's settings; its output goes to `log`.
    fn shell(&self, script: &str, log: &str) -> Command {
        let file = File::create(self.0.path().join(log)).unwrap();
        let path = format!("{}:{}", self.0.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", script]).current_dir(self.0.path()).env("PATH", path);
        for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("TAMIS")) {
            shell.env_remove(key);
        }
        shell.stdout(file.try_clone().unwrap()).stderr(file);
        shell
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server as the tour does, on a free port; its address.
fn serve(checkout: &Checkout, block: &str) -> (Server, String) {
    assert_eq!(block.lines().count(), 1, "the tour starts the server with one line");
    let mut shell = checkout.shell(&format!("exec {block}"), "server.log");
    let mut server = Server(shell.env("TAMIS_LISTEN", "127.0.0.1:0").spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let log = checkout.log("server.log");
        if let Some(line) = log.lines().find(|line| line.contains("tamis is ready")) {
            let port = line.split("http://127.0.0.1:").nth(1).expect("its address");
            let port: String = port.chars().take_while(char::is_ascii_digit).collect();
            return (server, format!("http://127.0.0.1:{port}"));
        }
        assert_eq!(server.0.try_wait().unwrap(), None, "the server ended: {log}");
        assert!(Instant::now() < deadline, "the server does not get ready: {log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn finish(mut child: Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

// About the embedded default, which is what the README starts.
#[test]
fn the_tour_of_the_readme_runs_as_it_is_written() {
    let checkout = Checkout::new();
    let blocks = blocks();
    let (server, address) = serve(&checkout, &blocks[0]);
    let mut script = String::new();
    for (number, block) in blocks.iter().enumerate().skip(1) {
        script.push_str(&format!("echo '### block {number}'\n{block}"));
    }
    assert_eq!(script.matches(SERVER).count(), 1, "the tour names its server once");
    let script = script.replace(SERVER, &format!("TAMIS={address}\n"));
    let status = finish(checkout.shell(&script, "tour.log").spawn().unwrap());
    let told = checkout.log("tour.log");
    assert!(status.is_some_and(|s| s.success()), "{status:?}\n{told}\n{}", checkout.log("server.log"));
    drop(server);

    let sha256 = fixtures::sha256(fixtures::filter("header-guard"));
    let sums: Vec<_> = told.lines().filter(|line| line.ends_with("guard.wasm")).collect();
    assert_eq!(sums.len(), 2, "{told}");
    assert!(sums.iter().all(|line| line.starts_with(&sha256)), "{sums:?}");
    assert!(told.contains(&format!("etag: \"sha256:{sha256}\"")), "{told}");
    assert!(told.contains(r#""state":"published""#), "{told}");
    assert!(told.contains(r#""lineage":{"namespace":"alice","filter":"guard","version":"1.0.0"}"#), "{told}");
    assert!(told.contains("0 problems"), "{told}");
    assert_eq!(fs::read(checkout.0.path().join("guard.wasm")).unwrap(), fixtures::filter("header-guard"));
}

/// Every document of the repository, but those that are data of the seed catalog.
fn documents() -> Vec<String> {
    let fixed = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut all: Vec<String> = fixed.map(Into::into).to_vec();
    all.extend(
        ["openapi/README.md", "seed/README.md", "docker/README.md", "docker/envoy/README.md"].map(Into::into),
    );
    for entry in fs::read_dir(root().join("service/docs/decisions")).unwrap() {
        all.push(format!("service/docs/decisions/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    all
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let mut dead = vec![];
    for document in documents() {
        let text = read(&document);
        let home = root().join(&document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let path = link.split('#').next().unwrap();
            let outside = link.starts_with("http:") || link.starts_with("https:") || path.is_empty();
            if !outside && !home.join(path).exists() {
                dead.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

/// The words of a text that name a source file, as `reviews/decide.rs` or `reviews/decide.rs::vote`.
fn named_files(text: &str) -> Vec<(&str, Option<&str>)> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
    let words = text.split(|c| !inside(c)).map(|word| word.trim_end_matches(['.', ':']));
    words
        .filter_map(|word| match word.split_once(".rs::") {
            Some((file, item)) => Some((&word[..file.len() + 3], item.rsplit("::").next())),
            None if word.ends_with(".rs") && word.len() > 3 && !word.starts_with('.') => Some((word, None)),
            None => None,
        })
        .collect()
}

fn declares(source: &str, item: &str) -> bool {
    let forms = ["fn", "struct", "enum", "trait", "const", "static", "type", "macro_rules!"];
    forms.iter().any(|form| {
        source.match_indices(&format!("{form} {item}")).any(|(at, found)| {
            let next = source[at + found.len()..].chars().next();
            !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    })
}

/// Where a file that a document names may be: from the root, from `service/src`, beside the document,
/// or, for what each slice has (`http.rs`), in any slice.
fn places(document: &str, file: &str) -> Vec<PathBuf> {
    let service = root().join("service/src");
    let beside = root().join(document).parent().unwrap().join(file);
    let mut places = vec![root().join(file), service.join(file), beside];
    if !file.contains('/') {
        places.extend(fs::read_dir(service).unwrap().map(|slice| slice.unwrap().path().join(file)));
    }
    places
}

#[test]
fn every_source_file_and_function_that_the_documents_name_is_there() {
    let mut missing = vec![];
    for document in documents() {
        for (file, item) in named_files(&read(&document)) {
            let source = places(&document, file).iter().find_map(|path| fs::read_to_string(path).ok());
            match (source, item) {
                (None, _) => missing.push(format!("{document}: {file}")),
                (Some(source), Some(item)) if !declares(&source, item) => {
                    missing.push(format!("{document}: {file}::{item}"));
                }
                _ => {}
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
