//! What one Meshery Server, or somebody who is none, can take up: turns, words, memory, questions.
use super::{
    cloud::ask,
    filters::save,
    wire::{Dialect, Server, exactly, jwt, page},
    world::server,
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, fixtures::distinct};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request of which the body does not follow.
async fn begun(app: &TestApp, path: &str, headers: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_keeps_nobody_waiting_and_is_given_up() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let mut begun_ones = vec![];
    for _ in 0..40 {
        begun_ones.push(begun(&app, "/introspect", "Connection: close\r\n", 1000).await);
        let bearer = format!("Authorization: bearer {}\r\n", server.token);
        begun_ones.push(begun(&app, "/api/content/filters", &bearer, 8_000_000).await);
    }
    let body = json!({"token": jwt(&server.token)}).to_string();
    let asked = async {
        for _ in 0..3 {
            server.ask("POST", "/introspect", Some(&body)).await.expect(200);
            server.call("POST", "/events", Some(r#"{"severity":"error"}"#)).await.expect(201);
        }
        save(&server, "guard", &distinct("waiting", 10)).await;
    };
    tokio::time::timeout(Duration::from_secs(9), asked).await.expect("nobody waits for those bodies");
    let mut answer = vec![];
    let told = begun_ones[0].read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("it is given up").unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("body-too-slow: "), "{answer}");
    // Of whom nobody knows anything, a token is read and nothing larger.
    let large = json!({"token": "A".repeat(40_000)}).to_string();
    for path in ["/introspect", "/refresh", "/revoke"] {
        server.ask("POST", path, Some(&large)).await.expect(413);
        for wrong in
            ["", "{}", "[]", "[\"x\"]", "null", r#"{"token":""}"#, r#"{"token":7}"#, r#"{"token":null}"#]
        {
            server.ask("POST", path, Some(wrong)).await.expect(400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_words_are_refused_and_one_word_a_thousand_times_is_one() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    const F: &str = "/api/content/filters";
    let many: Vec<_> = (0..1000).map(|n| format!("w{n}")).collect();
    let (many, array) = (many.join(","), crate::input::raw::encode(&json!(many).to_string()));
    let one = vec!["security"; 1000].join(",");
    for list in ["/api/catalog/content/filter", "/api/catalog/content/pattern", F, "/api/content/patterns"] {
        for name in ["type", "technology", "class"] {
            for words in [&many, &array] {
                server.call("GET", &format!("{list}?{name}={words}"), None).await.expect(400);
            }
            server.call("GET", &format!("{list}?{name}={one}"), None).await.expect(200);
        }
    }
    // Anybody may ask for the catalog.
    server.ask("GET", &format!("/api/catalog/content/filter?type={many}"), None).await.expect(400);
    let seen = format!("visibility={}", vec!["public"; 1000].join(","));
    for list in [F, "/api/content/patterns"] {
        server.call("GET", &format!("{list}?{seen}"), None).await.expect(200);
        server.call("GET", &format!("{list}?{}", seen.replace(',', "&visibility=")), None).await.expect(200);
        server.call("GET", &format!("{list}?visibility={many}"), None).await.expect(400);
    }
    server.call("GET", &format!("/events?severity={many}"), None).await.expect(400);
    let filter = crate::input::raw::encode(&json!({"status": vec!["pending"; 900]}).to_string());
    server.call("GET", &format!("/api/catalog/requests?filter={filter}"), None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_all_of_its_rows_but_no_more_of_their_texts_than_fit() {
    const P: &str = "/api/content/patterns";
    const MIB: usize = 1024 * 1024;
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    for n in 0..6 {
        let file = format!("# {n} {}", "x".repeat(4 * MIB - 100));
        let body = json!({"pattern_data": {"name": format!("d{n}"), "pattern_file": file}, "save": true});
        exactly(&server.call("POST", P, Some(&body.to_string())).await, 200).unwrap();
    }
    let reply = server.call("GET", &format!("{P}?order=name"), None).await;
    let rows = page(Dialect::V07, &reply, "patterns").unwrap();
    let sizes: Vec<_> = rows.iter().map(|row| row["pattern_file"].as_str().unwrap().len() / MIB).collect();
    assert_eq!(sizes, [3, 3, 3, 3, 0, 0]);
    let last = format!("{P}/{}", rows[5]["id"].as_str().unwrap());
    let whole = exactly(&server.call("GET", &last, None).await, 200).unwrap();
    assert!(whole["pattern_file"].as_str().unwrap().starts_with("# 5 x"));
    for n in 0..3 {
        let profile = json!({"name": format!("p{n}"), "request_body": "x".repeat(7 * MIB)}).to_string();
        server.call("POST", "/user/performance/profiles", Some(&profile)).await.expect(200);
    }
    let reply = server.call("GET", "/user/performance/profiles?order=name", None).await;
    let rows = page(Dialect::V07, &reply, "profiles").unwrap();
    let shown: Vec<_> =
        rows.iter().map(|row| (row["name"].as_str().unwrap(), row["request_body"].is_string())).collect();
    assert_eq!(shown, [("p0", true), ("p1", true), ("p2", false)]);
    // Over what is there, no more fits than into one document.
    let id = rows[0]["id"].as_str().unwrap();
    let more = json!({"id": id, "request_cookies": "x".repeat(7 * MIB)}).to_string();
    server.call("POST", "/user/performance/profiles", Some(&more)).await.expect(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_design_is_lost_between_pages() {
    const P: &str = "/api/content/patterns";
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    for n in 0..201 {
        let body =
            json!({"pattern_data": {"name": format!("d{n:03}"), "pattern_file": "x: 1"}, "save": true});
        server.call("POST", P, Some(&body.to_string())).await.expect(200);
    }
    for size in [1000, 10_000, 150, 200] {
        let mut names = vec![];
        for at in 0..3 {
            let reply = server.call("GET", &format!("{P}?order=name&page={at}&pagesize={size}"), None).await;
            assert_eq!(reply.json()["total_count"], 201);
            let rows = page(Dialect::V07, &reply, "patterns").unwrap();
            names.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        }
        let all: Vec<_> = (0..201).map(|n| format!("d{n:03}")).collect();
        assert_eq!(names, all, "pages of {size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_asks_for_all_of_its_people_from_one_address() {
    let flags =
        ["--rate-limit-anonymous", "5", "--rate-limit-signed-in", "1000", "--rate-limit-sign-in", "20"];
    let app = TestApp::spawn_with(&flags).await;
    let alice = app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let question = |token: &str| json!({"token": token}).to_string();
    let times = async |path: &str, body: &str| {
        let mut refused = 0;
        for _ in 0..60 {
            refused += usize::from(server.ask("POST", path, Some(body)).await.status == 429);
        }
        refused
    };
    assert_eq!(times("/introspect", &question(&jwt(&server.token))).await, 0);
    assert_eq!(times("/refresh", &question(&server.token)).await, 0);
    // Who guesses is counted where they come from, and nobody else suffers for it.
    assert!(times("/introspect", &question("guess")).await > 20);
    assert!(times("/refresh", &question("guess")).await > 20);
    server.ask("POST", "/introspect", Some(&question(&jwt(&server.token)))).await.expect(200);
    server.ask("GET", "/keys", None).await.expect(200);
    server.call("GET", "/v0.7.130/capabilities?os=meshery&playground=false", None).await.expect(200);
    // Tokens are made as slowly as at every door.
    let mut refused = 0;
    for n in 0..30 {
        let made = ask(&app, &alice, "POST", &format!("/api/identity/tokens?name=t{n}"), None).await;
        refused += usize::from(made.status == 429);
    }
    assert!(refused >= 5, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_login_that_asks_without_end_is_told_to_wait() {
    let app = TestApp::spawn_with(&["--rate-limit-anonymous", "100", "--rate-limit-signed-in", "1"]).await;
    app.author("alice").await;
    let server = server(&app, "alice", Dialect::V07).await;
    let body = json!({"token": jwt(&server.token)}).to_string();
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(server.ask("POST", "/introspect", Some(&body)).await.status == 429);
    }
    assert!(refused >= 5, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_no_json_for_everybody_is_refused_and_large_ones_are_counted_where_they_are() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let server: Server = server(&app, "alice", Dialect::V07).await;
    for wrong in [r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#, r#"{"a":"\u0000"}"#] {
        server.call("POST", "/events", Some(wrong)).await.expect(400);
    }
    for (severity, status) in [(json!("error"), "read"), (json!(7), "unread"), (Value::Null, "read")] {
        let event = json!({"severity": severity, "status": status, "category": "c", "action": "a",
            "description": "x".repeat(60_000)});
        server.call("POST", "/events", Some(&event.to_string())).await.expect(201);
    }
    let summary = exactly(&server.call("GET", "/events/summary", None).await, 200).unwrap();
    assert_eq!((&summary["read_count"], &summary["total_count"]), (&json!(2), &json!(3)));
    let counts = &summary["count_by_severity_level"];
    assert!(
        counts.as_array().unwrap().contains(&json!({"severity": "informational", "count": 1})),
        "{counts}"
    );
}
