//! The document as a test subject: committed, whole, true to the routes, browsable offline,
//! good enough to make a client from and to attack the server with.
mod client;
mod fuzz;
mod rules;
mod sources;

use reqwest::Method;
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn document() -> Value {
    serde_json::from_str(&tamis::http::document::json()).unwrap()
}

/// One operation: method, path, and what the document says of it.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

#[test]
fn the_committed_document_is_the_one_that_the_routes_give() {
    let file = root().join("openapi/openapi.json");
    let made = tamis::http::document::json();
    if std::env::var("UPDATE_OPENAPI").is_ok_and(|v| v == "1") {
        std::fs::write(&file, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = committed.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        committed == made,
        "openapi/openapi.json is out of date (first at line {}); UPDATE_OPENAPI=1 cargo test -p tamis-e2e --test e2e openapi:: rewrites it",
        differs.map_or(0, |n| n + 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_serves_this_document() {
    let app = TestApp::spawn().await;
    let served = app.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text(), tamis::http::document::json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_outside_of_a_module_is_a_problem_like_any_other() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let bytes = distinct("range", 10);
    alice.upload("alice/f", "1.0.0", bytes.clone()).await.expect(201);
    let request = alice.request(Method::GET, "/api/v1/filters/alice/f/releases/1.0.0/module");
    let request = request.header("range", format!("bytes={}-", bytes.len()));
    let refused = alice.send(request).await.expect_problem(416, "range-not-satisfiable");
    assert_eq!(refused.header("content-range"), format!("bytes */{}", bytes.len()));
}

fn is_public(operation: &Value) -> bool {
    let empty =
        |security: &Value| security.as_array().unwrap().iter().any(|s| s.as_object().unwrap().is_empty());
    operation.get("security").is_some_and(empty)
}

async fn ask(who: &Person, method: &str, path: &str) -> u16 {
    let request = who.request(method.parse::<Method>().unwrap(), path);
    // Nothing of this can be read as what the operation takes.
    let request = request.header("content-type", "application/json").body("{\"nonsense\":");
    let request =
        if method == "GET" { who.request(Method::GET, &format!("{path}?limit=x")) } else { request };
    who.send(request).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_before_everything_else_on_every_secured_operation() {
    let app = TestApp::spawn().await;
    let nobody = app.anonymous();
    let document = document();
    let mut secured = BTreeSet::new();
    for (method, path, operation) in operations(&document).into_iter().filter(|(_, _, o)| !is_public(o)) {
        // Names that cannot be, so that a check of the path before that of the caller would show.
        for value in ["x", "..", "A b", "%00", "%ff"] {
            let parts = path.split('/').map(|p| if p.starts_with('{') { value } else { p });
            let asked = parts.collect::<Vec<_>>().join("/");
            let status = ask(&nobody, &method, &asked).await;
            // `..` leads elsewhere before it leaves the client.
            let elsewhere = value == ".." && path.contains('{');
            assert!(status == 401 || elsewhere, "{method} {asked}: {status}");
        }
        secured.insert(operation["operationId"].as_str().unwrap().to_owned());
    }
    assert!(secured.len() > 30, "{secured:?}");
    for (method, path, _) in operations(&document).into_iter().filter(|(_, _, o)| is_public(o)) {
        let asked =
            path.split('/').map(|p| if p.starts_with('{') { "x" } else { p }).collect::<Vec<_>>().join("/");
        assert_ne!(ask(&nobody, &method, &asked).await, 401, "{method} {asked} is public");
    }
}

fn links(html: &str) -> Vec<String> {
    let mut found = vec![];
    for attribute in ["src=", "href="] {
        for rest in html.split(attribute).skip(1) {
            let rest = rest.trim_start_matches(['"', '\'']);
            found.push(rest.split(['"', '\'', '>', ' ']).next().unwrap().to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_needs_nothing_but_this_server() {
    let app = TestApp::spawn().await;
    let nobody = app.anonymous();
    // The client follows /docs to /docs/.
    for path in ["/docs", "/docs/"] {
        let page = nobody.get(path).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("http"), "{policy}");
        let html = page.text();
        let links = links(&html);
        assert!(links.len() >= 4, "{html}");
        for link in links {
            assert!(!link.contains("//") && !link.starts_with("data:"), "{link} is not of this server");
            let file =
                if link.starts_with('/') { link } else { format!("/docs/{}", link.trim_start_matches("./")) };
            let asset = nobody.get(&file).await.expect(200);
            assert!(!asset.body.is_empty(), "{file}");
        }
        // Under this policy a script within the page would not run.
        for script in html.split("<script").skip(1) {
            let (_, body) = script.split_once('>').unwrap();
            assert!(body.split("</script>").next().unwrap().trim().is_empty(), "an inline script: {body}");
        }
        assert!(!html.contains(" onload=") && !html.contains("javascript:"));
    }
    let start = nobody.get("/docs/swagger-initializer.js").await.expect(200).text();
    assert!(start.contains("/openapi.json"), "{start}");
    assert!(!start.contains("https://") && !start.contains("http://"), "{start}");
    assert!(start.contains("\"validatorUrl\": \"none\""), "the page would ask a server elsewhere: {start}");
    nobody.get("/docs/no-such-file.js").await.expect(404);
}
