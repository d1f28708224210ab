//! A person at a browser: keeps cookies, says where a request comes from, goes where it is sent
//! only when told to. Knows the pages of sign-in, not what should come of them.
use crate::{
    app::TestApp,
    client::{Person, Reply},
};
use reqwest::{header, redirect};

/// A new browser, with an empty jar.
pub fn browser(app: &TestApp) -> Person {
    let mut headers = header::HeaderMap::new();
    headers.insert(header::ORIGIN, app.base.parse().unwrap());
    let http = crate::client::http()
        .cookie_store(true)
        .redirect(redirect::Policy::none())
        .user_agent("a browser of the tests")
        .default_headers(headers)
        .build()
        .unwrap();
    Person { http, ..app.anonymous() }
}

/// The hidden token of the form on a page.
pub async fn form_token(person: &Person, path: &str) -> String {
    let page = person.get(path).await.expect(200).text();
    let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a form on the page");
    rest.split('"').next().unwrap().to_owned()
}

/// Fills in the form for local accounts.
pub async fn password(person: &Person, name: &str, password: &str) -> Reply {
    let form = form_token(person, "/sign-in").await;
    let fields = [("name", name), ("password", password), ("form", form.as_str())];
    person.send(person.request(reqwest::Method::POST, "/sign-in/local").form(&fields)).await
}

/// Opens a whole URL.
pub async fn open(person: &Person, url: &str) -> Reply {
    person.send(person.http.get(url)).await
}

/// From here through everything that is not Tamis; the URL that leads back to it.
pub async fn through(person: &Person, first: &str) -> String {
    let mut url = first.to_owned();
    for _ in 0..12 {
        if url.starts_with(&person.base) {
            return url;
        }
        let reply = open(person, &url).await;
        assert!((300..400).contains(&reply.status), "{url}: {} {}", reply.status, reply.text());
        url = reqwest::Url::parse(&url).unwrap().join(reply.header("location")).unwrap().into();
    }
    panic!("{first} does not lead back");
}

/// The whole way through a provider: where Tamis sends the person in the end.
pub async fn sign_in(person: &Person, start: &str) -> Reply {
    let away = person.get(start).await.expect(303);
    let back = through(person, away.header("location")).await;
    open(person, &back).await
}

/// What the sign-in page is told that went wrong, if that is where the answer leads.
pub fn problem(reply: &Reply) -> Option<String> {
    let url = reqwest::Url::parse("http://tamis.test").unwrap().join(reply.header("location")).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "problem")?;
    (url.path() == "/sign-in").then(|| code.1.into_owned())
}

#[track_caller]
pub fn assert_problem(reply: &Reply, code: &str) {
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(problem(reply).as_deref(), Some(code), "{}", reply.header("location"));
    assert!(!cookies(reply).iter().any(|c| c.starts_with("tamis_session=")), "a refusal signs nobody in");
}

#[track_caller]
pub fn assert_in(reply: &Reply, next: &str) {
    assert_eq!((reply.status, reply.header("location")), (303, next), "{}", reply.text());
}

pub fn cookies(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all("set-cookie").iter();
    all.map(|v| v.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}
