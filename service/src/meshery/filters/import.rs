//! Filters from an address: fetched through the guarded client like every import, saved like every file. A
//! directory on GitHub is walked, as Meshery's own provider does it: each module below it becomes a filter.
use super::{
    given::Given,
    save::{self, Change},
};
use crate::{
    auth::{Caller, FilterAccess, table::Need},
    error::{Error, Result},
    imports::{self, Found},
    modules::store,
    state::State,
};
use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

/// The name of the file at the end of a path.
fn file_name(path: &str) -> Option<String> {
    path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Owner, repository and what follows, of an address in a repository.
fn in_repository<'a>(github: &Url, url: &'a str) -> Option<(&'a str, &'a str, Vec<&'a str>)> {
    let rest = url.strip_prefix(github.as_str().trim_end_matches('/'))?.strip_prefix('/')?;
    let mut parts = rest.split(['?', '#']).next()?.split('/').filter(|part| !part.is_empty());
    Some((parts.next()?, parts.next()?, parts.collect()))
}

/// What is asked for: an address, and of a repository a directory that stands beside it in the request. Two
/// stars at its end mean everything below; here it always does. Beside any other address it means nothing.
fn address(github: &Url, url: &str, path: Option<&str>) -> String {
    let path = path.unwrap_or_default().trim_end_matches("**").trim_matches('/');
    let base = url.trim_end_matches('/');
    match in_repository(github, url).filter(|_| !path.is_empty() && !url.contains(['?', '#'])) {
        Some((_, _, rest)) if rest.is_empty() => format!("{base}/tree/HEAD/{path}"),
        Some((_, _, rest)) if rest.first() == Some(&"tree") => format!("{base}/{path}"),
        _ => url.to_owned(),
    }
}

/// Where a module came from, in Meshery's words. `github` is where repositories are.
fn place(github: &Url, url: &str, found: Option<&str>) -> Value {
    let Some((owner, repository, rest)) = in_repository(github, url) else {
        return json!({"type": "http", "host": url, "path": "", "branch": ""});
    };
    let (branch, path) = match rest.as_slice() {
        ["tree" | "blob" | "raw", branch, path @ ..] => (*branch, path.join("/")),
        _ => ("", String::new()),
    };
    let host = github.host_str().unwrap_or_default();
    let port = github.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{host}{port}/{owner}/{}", repository.trim_end_matches(".git"));
    json!({"type": "github", "host": host, "path": found.unwrap_or(&path), "branch": branch})
}

/// Each that was found, as a filter; none unless all of them are good.
pub async fn import(
    state: &State,
    caller: &Caller,
    (url, path): (&str, Option<&str>),
    given: Given,
) -> Result<Vec<FilterAccess>> {
    if url.len() > 2048 || path.is_some_and(|path| path.len() > 1024) {
        return Err(Error::invalid("url", "at most 2048 bytes, and 1024 of a path"));
    }
    // The right to make one first: nobody makes us fetch for nothing.
    save::home(state, caller).await?;
    let mut known = match given.id {
        Some(id) => Some(super::find(state, caller, id, Need::WriteFilter).await?),
        None => None,
    };
    let url = address(&state.serve.github_url, url, path);
    let all = imports::fetch_all(state, &url).await?;
    let alone = all.len() == 1;
    if !alone {
        if known.is_some() {
            return Err(Error::invalid("url", "several modules are there, for one filter; name one"));
        }
        for found in &all {
            let judged = store::judge(state, &found.spooled, None).await;
            judged.map_err(|error| error.about(found.path.as_deref().unwrap_or_default()))?;
        }
    }
    let mut saved = vec![];
    for found in all {
        let change = change(state, &url, &found, &given, alone);
        let bytes = Some(Bytes::from(tokio::fs::read(found.spooled.path()).await?));
        saved.push(match known.take() {
            Some(filter) => save::update(state, filter, bytes, change).await?,
            None => save::create(state, caller, bytes, change).await?,
        });
    }
    Ok(saved)
}

fn change(state: &State, url: &str, found: &Found, given: &Given, alone: bool) -> Change {
    let mut details = given.details.clone();
    details.location = Some(place(&state.serve.github_url, url, found.path.as_deref()));
    let plain = url.split(['?', '#']).next().and_then(|url| url.split("://").nth(1));
    let below_host = plain.and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
    let file = found.path.as_deref().or(below_host).and_then(file_name);
    // Of several, each has the name of its own file.
    let name = given.name.clone().filter(|_| alone).or(file);
    Change { name, visibility: given.visibility, details }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn github() -> Url {
        "https://github.com".parse().unwrap()
    }

    fn place_of(url: &str, found: Option<&str>) -> Value {
        place(&github(), url, found)
    }

    #[test]
    fn an_address_tells_the_place() {
        assert_eq!(file_name("y/basic-auth.wasm").as_deref(), Some("basic-auth.wasm"));
        assert_eq!(file_name(""), None);
        assert_eq!(place_of("https://github.com/o/r/tree/main/a/b", None)["path"], "a/b");
        assert_eq!(
            place_of("https://github.com/o/r.git/tree/main/a", Some("a/b/c.wasm")),
            json!({"type": "github", "host": "github.com/o/r", "path": "a/b/c.wasm", "branch": "main"})
        );
        assert_eq!(place_of("https://github.com/o/r", None)["host"], "github.com/o/r");
        for url in ["https://x/y.wasm", "https://github.com/o", "https://github.com.evil/o/r"] {
            let wanted = json!({"type": "http", "host": url, "path": "", "branch": ""});
            assert_eq!(place_of(url, None), wanted);
        }
    }

    #[test]
    fn a_directory_may_stand_beside_the_address() {
        for (url, path, wanted) in [
            ("https://github.com/o/r", None, "https://github.com/o/r"),
            ("https://github.com/o/r/", Some("filters/**"), "https://github.com/o/r/tree/HEAD/filters"),
            ("https://github.com/o/r/tree/main", Some("/a/b/"), "https://github.com/o/r/tree/main/a/b"),
            ("https://github.com/o/r", Some("**"), "https://github.com/o/r"),
            ("https://x/y.wasm", Some("/dir/**"), "https://x/y.wasm"),
        ] {
            assert_eq!(address(&github(), url, path), wanted);
        }
    }
}
