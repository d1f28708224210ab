//! Reading a source link: what to download for it, and where in the download the module is.
//! Works on URLs alone. Knows GitHub's pages (and a GitHub Enterprise server's, which are laid
//! out alike); every other link is what it says.
//!
//! | link | download |
//! |---|---|
//! | `/{owner}/{repo}` | archive of `HEAD` |
//! | `/{owner}/{repo}/tree/{ref}[/{dir}]` | archive of the ref, searched below the directory |
//! | `/{owner}/{repo}/blob/{ref}/{path}`, `.../raw/...` | the file (`raw` also resolves Git LFS) |
//! | anything else: release assets, raw.githubusercontent.com, `/archive/` | the link itself |
//!
//! **Refs with slashes.** `tree/a/b/c` may mean ref `a` and directory `b/c`, or ref `a/b` and
//! directory `c`. Git forbids a branch `a` beside a branch `a/b`, so the shortest ref that
//! exists is meant: candidates are tried in that order, at most [`MAX_CANDIDATES`] of them.
//! A slash written as `%2F` settles it: then the first segment is the whole ref. So does a
//! full commit id. `refs/heads/...` and `refs/tags/...` count as one segment.
//!
//! **Fragment.** `#path/in/archive.wasm` names the entry to take from an archive.

use percent_encoding::percent_decode_str;
use url::Url;

pub const MAX_CANDIDATES: usize = 4;

/// The web addresses of GitHub servers, `https://github.com` by default.
#[derive(Clone, Debug)]
pub struct GithubHosts {
    pub web: Vec<Url>,
}

impl GithubHosts {
    pub fn new(web: impl IntoIterator<Item = Url>) -> Self {
        Self { web: web.into_iter().collect() }
    }
}

impl Default for GithubHosts {
    fn default() -> Self {
        let known = ["https://github.com", "https://www.github.com"];
        Self::new(known.iter().filter_map(|text| Url::parse(text).ok()))
    }
}

/// Where the module is inside what was downloaded. All paths are decoded and have no slash at
/// either end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The last segment of the link: the name of a file that carries no name itself.
    pub file_name: Option<String>,
    /// Only entries below this directory of an archive are looked at.
    pub subdirectory: Option<String>,
    /// The entry to take, whatever else there is.
    pub entry: Option<String>,
    /// The archive wraps everything in one directory that the two paths above do not mention.
    pub wrapped: bool,
    /// Each module is as good as any: a conventional name does not win.
    pub every: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub url: Url,
    pub hint: Hint,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The repository's own page, when the link points into one.
    pub repository: Option<Url>,
    first: Candidate,
    others: Vec<Candidate>,
}

impl Located {
    /// In the order in which to try them; never empty.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

pub fn locate(url: &Url, github: &GithubHosts) -> Located {
    let entry = url.fragment().map(decode).map(|text| text.trim_matches('/').to_owned());
    let entry = entry.filter(|text| !text.is_empty());
    let mut plain = url.clone();
    plain.set_fragment(None);
    let file_name = segments(plain.path()).last().map(decode);
    let hint = Hint { file_name, entry: entry.clone(), ..Hint::default() };
    let itself = Located {
        repository: None,
        first: Candidate { url: plain.clone(), hint: hint.clone() },
        others: Vec::new(),
    };
    let Some((base, rest)) = github.web.iter().find_map(|base| Some((base, below(base, &plain)?))) else {
        return itself;
    };
    let [owner, repo, page @ ..] = rest.as_slice() else { return itself };
    let Some(repository) = child(base, &[owner, repo.strip_suffix(".git").unwrap_or(repo)]) else {
        return itself;
    };
    let found = match page {
        [] => archives(&repository, &["HEAD"], entry),
        ["tree", path @ ..] if !path.is_empty() => archives(&repository, path, entry),
        ["blob" | "raw", path @ ..] if path.len() > 1 => child(&repository, &[&["raw"], path].concat())
            .map(|url| vec![Candidate { url, hint }])
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut found = found.into_iter();
    match found.next() {
        Some(first) => Located { repository: Some(repository), first, others: found.collect() },
        None => Located { repository: Some(repository), ..itself },
    }
}

fn archives(repository: &Url, path: &[&str], entry: Option<String>) -> Vec<Candidate> {
    let Some(first) = path.first() else { return Vec::new() };
    let certain = decode(first).contains('/') || is_commit(first);
    let (shortest, longest) = match path {
        ["refs", "heads" | "tags", _, ..] => (3, path.len().min(2 + MAX_CANDIDATES)),
        _ if certain => (1, 1),
        _ => (1, path.len().min(MAX_CANDIDATES)),
    };
    (shortest..=longest)
        .filter_map(|length| {
            let (reference, directory) = path.split_at(length);
            // An encoded slash of a ref must be a real one in the archive's address.
            let reference = reference.join("/").replace("%2F", "/").replace("%2f", "/");
            let reference = format!("{reference}.tar.gz");
            let url = child(repository, &["archive", &reference])?;
            let subdirectory = (!directory.is_empty()).then(|| decode(&directory.join("/")));
            let hint = Hint { subdirectory, entry: entry.clone(), wrapped: true, ..Hint::default() };
            Some(Candidate { url, hint })
        })
        .collect()
}

/// The path segments of `url` below `base`, still encoded, if it is there at all. A link
/// written with http counts too: the download uses the base's scheme.
fn below<'a>(base: &Url, url: &'a Url) -> Option<Vec<&'a str>> {
    let upgraded = base.scheme() == "https" && url.scheme() == "http" && url.port().is_none();
    let same_port = base.port_or_known_default() == url.port_or_known_default() || upgraded;
    let same_scheme = base.scheme() == url.scheme() || upgraded;
    if base.host() != url.host() || !same_port || !same_scheme {
        return None;
    }
    let mut rest = segments(url.path());
    for wanted in segments(base.path()) {
        if rest.next() != Some(wanted) {
            return None;
        }
    }
    Some(rest.collect())
}

/// `base` with encoded segments appended. `None` when the path would not stay what it is, as
/// with `..` among the segments.
fn child(base: &Url, more: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    let path = format!("{}/{}", base.path().trim_end_matches('/'), more.join("/"));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    (url.path() == path).then_some(url)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_commit(segment: &str) -> bool {
    matches!(segment.len(), 40 | 64) && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
}
