//! Links to GitHub and elsewhere: what is downloaded for them, first on paper, then from a
//! stand-in server.

use tamis_outbound::source::{GithubHosts, Hint, Located, locate};
use tamis_outbound::{OutboundError, Url, parse_url, unbox};

use crate::archives::{file, gzip, tarball};
use crate::stub::{Answer, Stub, client, limits, ok, redirect, status};

fn located(text: &str) -> Located {
    let enterprise = Url::parse("https://ghe.corp.example/").unwrap();
    let mut hosts = GithubHosts::default();
    hosts.web.push(enterprise);
    locate(&parse_url(text).unwrap(), &hosts)
}

/// `(url, subdirectory)` of every candidate.
fn candidates(text: &str) -> Vec<(String, Option<String>)> {
    located(text).candidates().map(|one| (one.url.to_string(), one.hint.subdirectory.clone())).collect()
}

fn archive(reference: &str, directory: Option<&str>) -> (String, Option<String>) {
    (format!("https://github.com/o/r/archive/{reference}.tar.gz"), directory.map(str::to_owned))
}

#[test]
fn a_repository_page_is_the_archive_of_its_default_branch() {
    for text in [
        "https://github.com/o/r",
        "https://github.com/o/r/",
        "https://github.com/o/r.git",
        "http://github.com/o/r",
        "https://github.com/o/r?tab=readme",
    ] {
        assert_eq!(candidates(text), [archive("HEAD", None)], "{text}");
        assert_eq!(located(text).repository.unwrap().as_str(), "https://github.com/o/r");
        assert!(located(text).candidates().all(|one| one.hint.wrapped));
    }
    assert_eq!(
        candidates("https://www.github.com/o/r")[0].0,
        "https://www.github.com/o/r/archive/HEAD.tar.gz"
    );
}

#[test]
fn a_tree_page_is_the_archive_of_its_ref_with_the_shortest_ref_first() {
    assert_eq!(candidates("https://github.com/o/r/tree/main"), [archive("main", None)]);
    assert_eq!(
        candidates("https://github.com/o/r/tree/main/filters/a"),
        [
            archive("main", Some("filters/a")),
            archive("main/filters", Some("a")),
            archive("main/filters/a", None)
        ]
    );
    assert_eq!(candidates("https://github.com/o/r/tree/a/b/c/d/e/f").len(), 4);
    assert_eq!(
        candidates("https://github.com/o/r/tree/feature%2Fx/dir%20one"),
        [archive("feature/x", Some("dir one"))]
    );
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let text = format!("https://github.com/o/r/tree/{commit}/filters/a");
    assert_eq!(candidates(&text), [archive(commit, Some("filters/a"))]);
    assert_eq!(
        candidates("https://github.com/o/r/tree/refs/tags/v1/dir"),
        [archive("refs/tags/v1", Some("dir")), archive("refs/tags/v1/dir", None)]
    );
}

#[test]
fn file_pages_are_the_raw_file() {
    for page in ["blob", "raw"] {
        let text = format!("https://github.com/o/r/{page}/feature/x/dir/f.wasm?raw=true#L1");
        assert_eq!(candidates(&text), [("https://github.com/o/r/raw/feature/x/dir/f.wasm".to_owned(), None)]);
        let hint = located(&text).candidates().next().unwrap().hint.clone();
        assert_eq!((hint.file_name.as_deref(), hint.wrapped), (Some("f.wasm"), false));
    }
}

#[test]
fn every_other_link_is_itself() {
    for text in [
        "https://raw.githubusercontent.com/o/r/refs/heads/main/f.wasm",
        "https://github.com/o/r/releases/download/v1.0.0/f.wasm",
        "https://github.com/o/r/archive/refs/tags/v1.tar.gz",
        "https://github.com/o/r/issues/1",
        "https://github.com/o/r/tree",
        "https://github.com/o/r/blob/main",
        "https://github.com/o",
        "https://github.com/",
        "https://github.com:8443/o/r",
        "https://gist.github.com/o/r",
        "https://notgithub.com/o/r",
        "https://github.com.evil.example/o/r/tree/main",
        "https://example.com/o/r/tree/main?x=%20y",
    ] {
        assert_eq!(candidates(text), [(text.to_owned(), None)], "{text}");
    }
}

#[test]
fn an_enterprise_server_is_read_like_github() {
    let expected = "https://ghe.corp.example/o/r/archive/main.tar.gz".to_owned();
    assert_eq!(candidates("https://ghe.corp.example/o/r/tree/main"), [(expected, None)]);
    let below = GithubHosts::new([Url::parse("http://127.0.0.1:9/github/").unwrap()]);
    let found = locate(&Url::parse("http://127.0.0.1:9/github/o/r").unwrap(), &below);
    let url = found.candidates().next().unwrap().url.to_string();
    assert_eq!(url, "http://127.0.0.1:9/github/o/r/archive/HEAD.tar.gz");
    let outside = Url::parse("http://127.0.0.1:9/o/r").unwrap();
    assert_eq!(locate(&outside, &below).repository, None);
}

#[test]
fn a_fragment_names_the_entry_and_is_not_part_of_the_link() {
    for text in
        ["https://example.com/a.tar.gz#/in/my%20f.wasm", "https://github.com/o/r/tree/main#in/my f.wasm"]
    {
        let found = locate(&Url::parse(text).unwrap(), &GithubHosts::default());
        let one = found.candidates().next().unwrap();
        assert_eq!(one.hint.entry.as_deref(), Some("in/my f.wasm"), "{text}");
        assert_eq!(one.url.fragment(), None);
    }
    let plain = locate(&Url::parse("https://example.com/f.wasm#").unwrap(), &GithubHosts::default());
    let hint = Hint { file_name: Some("f.wasm".to_owned()), ..Hint::default() };
    assert_eq!(plain.candidates().next().unwrap().hint, hint);
}

#[test]
fn segments_that_would_climb_are_not_put_into_an_address() {
    for text in [
        "https://github.com/o/r/tree/%2e%2e/%2e%2e/x",
        "https://github.com/o/r/tree/a%2F..%2F..%2Fb",
        "https://github.com/o/r/blob/%2E%2E/x",
    ] {
        for (url, _) in candidates(text) {
            let kept = url == text || url.starts_with("https://github.com/");
            assert!(kept && !url.contains("/../"), "{text}: {url}");
        }
    }
}

async fn github() -> (Stub, GithubHosts) {
    let packed = gzip(&tarball(&[
        file("r-1/README.md", b"readme"),
        file("r-1/filters/a/plugin.wasm", b"\0asm-a"),
        file("r-1/filters/b/plugin.wasm", b"\0asm-b"),
    ]));
    let stub = Stub::start(move |path| match path {
        "/o/r/archive/feature/x.tar.gz" => Answer::Bytes(redirect(302, "/codeload/o/r/tar.gz/feature/x")),
        "/codeload/o/r/tar.gz/feature/x" => Answer::Bytes(ok(&packed)),
        "/o/r/archive/broken.tar.gz" => Answer::Bytes(status("500 Oh")),
        "/o/r/raw/main/f.wasm" => Answer::Bytes(ok(b"\0asm-raw")),
        _ => Answer::Bytes(status("404 Not Found")),
    })
    .await;
    let hosts = GithubHosts::new([stub.url("/")]);
    (stub, hosts)
}

async fn import(stub: &Stub, hosts: &GithubHosts, path: &str) -> Result<(Vec<u8>, String), String> {
    let directory = tempfile::tempdir().unwrap();
    let (spool, module) = (directory.path().join("spool"), directory.path().join("module"));
    let located = locate(&stub.url(path), hosts);
    let (_, hint) = client(&["127.0.0.0/8"])
        .fetch_source(&located, &spool)
        .await
        .map_err(|error: OutboundError| error.to_string())?;
    let unboxed = unbox::unbox(&spool, &module, &hint, &limits()).map_err(|error| error.to_string())?;
    Ok((std::fs::read(&module).unwrap(), format!("{} {}", unboxed.container, unboxed.name.unwrap())))
}

#[tokio::test]
async fn a_tree_link_with_a_slash_in_its_ref_brings_the_module_below_its_directory() {
    let (stub, hosts) = github().await;
    let (bytes, what) = import(&stub, &hosts, "/o/r/tree/feature/x/filters/b").await.unwrap();
    assert_eq!((bytes.as_slice(), what.as_str()), (&b"\0asm-b"[..], "tar.gz filters/b/plugin.wasm"));
    assert_eq!(stub.connections(), 3, "feature: 404, feature/x: redirect, archive");
    let (bytes, _) = import(&stub, &hosts, "/o/r/tree/feature%2Fx#filters/a/plugin.wasm").await.unwrap();
    assert_eq!(bytes, b"\0asm-a");
    let (bytes, what) = import(&stub, &hosts, "/o/r/blob/main/f.wasm").await.unwrap();
    assert_eq!((bytes.as_slice(), what.as_str()), (&b"\0asm-raw"[..], "plain f.wasm"));
}

#[tokio::test]
async fn a_tree_link_that_leaves_a_choice_lists_it() {
    let (stub, hosts) = github().await;
    let message = import(&stub, &hosts, "/o/r/tree/feature%2Fx").await.unwrap_err();
    assert!(message.contains("filters/a/plugin.wasm, filters/b/plugin.wasm"), "{message}");
    assert!(message.contains("#path/in/archive.wasm"), "{message}");
}

#[tokio::test]
async fn a_ref_that_is_nowhere_is_404_and_other_failures_end_the_search() {
    let (stub, hosts) = github().await;
    let message = import(&stub, &hosts, "/o/r/tree/nope/a/b").await.unwrap_err();
    assert_eq!(message, "127.0.0.1 answered 404");
    assert_eq!(stub.connections(), 3);
    let message = import(&stub, &hosts, "/o/r/tree/broken/a/b").await.unwrap_err();
    assert_eq!(message, "127.0.0.1 answered 500");
    assert_eq!(stub.connections(), 4);
}
