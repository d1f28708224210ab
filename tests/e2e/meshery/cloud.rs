//! What clients of Meshery Cloud's API ask for around filters: tokens, events, sharing with single people, and a
//! directory of a repository as filters.
use super::{
    filters::save,
    wire::{DIALECTS, Dialect, Server, exactly, filters, page},
    world::server,
};
use crate::imports::{
    archive,
    stub::{Answer, Stub},
};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};
use uuid::Uuid;

const F: &str = "/api/content/filters";
const TOKENS: &str = "/api/identity/tokens";

/// As the client of npm asks: it names an organisation.
pub async fn ask(
    app: &TestApp,
    who: &Person,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> tamis_e2e::client::Reply {
    let token = format!("Authorization: Bearer {}", who.token.as_ref().unwrap());
    let headers =
        [token, format!("X-Current-Orgid: {}", Uuid::nil()), "Content-Type: application/json".into()];
    let body = body.map(Value::to_string);
    Server::new(app, Dialect::V2026, "")
        .send(method, path, &headers, body.as_deref().map(str::as_bytes))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_shown_once_listed_used_and_ended() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    let made = ask(&app, &alice, "POST", &format!("{TOKENS}?name=ci&purpose=pushes"), None).await;
    let made = exactly(&made, 201).unwrap()["tokens"][0].clone();
    let secret = made["accessToken"].as_str().unwrap();
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (id.get_version_num(), &made["isOauth"], &made["provider"]),
        (4, &json!(false), &json!("Tamis"))
    );
    let by_token = Person { token: Some(secret.to_owned()), ..app.anonymous() };
    let listed = ask(&app, &by_token, "GET", F, None).await;
    page(Dialect::V2026, &listed, "filters").unwrap();
    // It makes no others, and is nobody's but hers.
    ask(&app, &by_token, "POST", &format!("{TOKENS}?name=more"), None).await.expect(403);
    let listed = ask(&app, &alice, "GET", &format!("{TOKENS}?search=CI&page=0&pageSize=5"), None).await;
    let rows = page(Dialect::V2026, &listed, "tokens").unwrap();
    assert_eq!((rows.len(), &rows[0]["name"]), (1, &json!("ci")));
    assert!(!listed.text().contains(secret) && rows[0].get("accessToken").is_none());
    exactly(&ask(&app, &alice, "GET", &format!("{TOKENS}/{id}"), None).await, 200).unwrap();
    ask(&app, &bob, "GET", &format!("{TOKENS}/{id}"), None).await.expect(404);
    ask(&app, &bob, "DELETE", &format!("{TOKENS}?tokenId={id}"), None).await.expect(404);
    ask(&app, &alice, "DELETE", &format!("{TOKENS}?tokenId=x"), None).await.expect(400);
    let endless = ask(&app, &alice, "GET", &format!("{TOKENS}/infinite?userId=x"), None).await.expect(409);
    assert!(endless.text().contains("endless-token"), "{}", endless.text());
    let gone = ask(&app, &alice, "DELETE", &format!("{TOKENS}?tokenId={id}"), None).await;
    assert!(page(Dialect::V2026, &gone, "tokens").unwrap().iter().all(|t| t["id"] != made["id"]));
    ask(&app, &by_token, "GET", F, None).await.expect(401);
    // A login from a Meshery Server stands among programs, and is ended there; it makes no tokens itself.
    let login = server(&app, "alice", Dialect::V07).await;
    login.call("POST", &format!("{TOKENS}?name=x"), None).await.expect(403);
    let listed = ask(&app, &alice, "GET", &format!("{TOKENS}?isOauth=true"), None).await;
    let rows = page(Dialect::V2026, &listed, "tokens").unwrap();
    let id = rows[0]["id"].as_str().unwrap();
    ask(&app, &alice, "DELETE", &format!("{TOKENS}?tokenId={id}"), None).await.expect(200);
    login.call("GET", F, None).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_kept_counted_marked_and_deleted_by_whom_they_are_about() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    app.author("bob").await;
    for dialect in DIALECTS {
        let (hers, his) = (server(&app, "alice", dialect).await, server(&app, "bob", dialect).await);
        let mut ids = vec![];
        for (severity, n) in [("error", 1), ("informational", 2), ("informational", 3)] {
            let event = json!({"id": Uuid::nil(), "userID": Uuid::nil(), "category": "filter", "action": "deploy",
                "severity": severity, "status": "unread", "description": format!("event {n}"),
                "metadata": {"n": n}, "actedUpon": Uuid::new_v4()});
            let kept = hers.call("POST", "/events", Some(&event.to_string())).await;
            ids.push(exactly(&kept, 201).unwrap()["id"].as_str().unwrap().to_owned());
        }
        for path in ["/events?page=0&pagesize=25", "/api/events/list"] {
            let reply = hers.call("GET", path, None).await;
            let rows = page(dialect, &reply, "events").unwrap();
            assert_eq!((rows.len(), &rows[0]["metadata"]["n"]), (3, &json!(3)), "{path}");
            let counts = reply.json()["count_by_severity_level"].clone();
            assert_eq!(counts[1], json!({"severity": "informational", "count": 2}));
        }
        let narrowed = hers.call("GET", "/events?severity=error", None).await;
        assert_eq!(page(dialect, &narrowed, "events").unwrap().len(), 1);
        let filter = crate::input::raw::encode(r#"{"severity":["informational"]}"#);
        let narrowed = hers.call("GET", &format!("/events?filter={filter}"), None).await;
        assert_eq!(page(dialect, &narrowed, "events").unwrap().len(), 2);
        let read = r#"{"status":"read"}"#;
        for path in [format!("/events/{}/status", ids[0]), format!("/api/events/{}/status", ids[0])] {
            his.call("PUT", &path, Some(read)).await.expect(404);
            hers.call("PUT", &path, Some(read)).await.expect(200);
        }
        let many = json!({"ids": [ids[0], ids[1], Uuid::new_v4()], "status": "read"}).to_string();
        let updated = exactly(&hers.call("PUT", "/events/status", Some(&many)).await, 200).unwrap();
        assert_eq!(updated["updated"].as_array().unwrap().len(), 2);
        let summary = exactly(&hers.call("GET", "/events/summary", None).await, 200).unwrap();
        assert_eq!((&summary["read_count"], &summary["total_count"]), (&json!(2), &json!(3)));
        let types = exactly(&hers.call("GET", "/api/events/types", None).await, 200).unwrap();
        assert_eq!(types, json!({"category": ["filter"], "action": ["deploy"]}));
        his.call("DELETE", &format!("/events/{}", ids[0]), None).await.expect(404);
        hers.call("DELETE", &format!("/events/{}", ids[0]), None).await.expect(200);
        let rest = json!({"ids": ids}).to_string();
        assert_eq!(his.call("POST", "/events/delete", Some(&rest)).await.json()["deleted"], json!([]));
        let gone = exactly(&hers.call("POST", "/events/delete", Some(&rest)).await, 200).unwrap();
        assert_eq!(gone["deleted"].as_array().unwrap().len(), 2);
        assert!(page(dialect, &hers.call("GET", "/events", None).await, "events").unwrap().is_empty());
        for wrong in [r#"{"ids":"x"}"#, r#"{"ids":["x"]}"#, "{}"] {
            hers.call("POST", "/events/delete", Some(wrong)).await.expect(400);
        }
        let large = json!({"description": "x".repeat(70_000)}).to_string();
        hers.call("POST", "/events", Some(&large)).await.expect(400);
        hers.call("GET", "/events?filter=%7B", None).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_and_a_design_are_shared_with_a_person_and_with_a_team() {
    let app = TestApp::spawn().await;
    let (alice, _bob) = (app.author("alice").await, app.author("bob").await);
    let dora = app.author("dora").await;
    let (hers, his) = (server(&app, "alice", Dialect::V07).await, server(&app, "bob", Dialect::V07).await);
    let doras = server(&app, "dora", Dialect::V07).await;
    dora.post("/api/v1/teams", &json!({"handle": "crew"})).await.expect(201);
    let design = json!({"pattern_data": {"name": "d", "pattern_file": "name: d"}, "save": true}).to_string();
    let design = exactly(&hers.call("POST", "/api/content/patterns", Some(&design)).await, 200).unwrap();
    let filter = save(&hers, "guard", &distinct("shared", 10)).await;
    // By the exact name, and in no other way, somebody's id is found.
    let found = |reply: tamis_e2e::client::Reply| page(Dialect::V07, &reply, "data").unwrap();
    let bobs = found(hers.call("GET", "/api/identity/users?search=bob", None).await)[0]["id"].clone();
    assert!(found(hers.call("GET", "/api/identity/users?search=bo", None).await).is_empty());
    let org =
        page(Dialect::V07, &doras.call("GET", "/api/identity/orgs", None).await, "organizations").unwrap();
    let teams = format!("/api/identity/orgs/{}/teams", org[0]["id"].as_str().unwrap());
    let crew = page(Dialect::V07, &doras.call("GET", &teams, None).await, "teams").unwrap()[0]["id"].clone();
    for (kind, id, list) in [
        ("filter", filter["id"].as_str().unwrap(), F),
        ("design", design[0]["id"].as_str().unwrap(), "/api/content/patterns"),
    ] {
        let (share, one) = (format!("/api/resource/{kind}/share/{id}"), format!("{list}/{id}"));
        his.call("POST", &share, Some("{}")).await.expect(404);
        let give = json!({"grant_access": [{"actor_id": bobs, "actor_type": "user"},
            {"actorId": crew, "actorType": "team"}], "revoke_access": [], "notify_users": true});
        // Nobody gets anything if one of them is nobody.
        let mut wrong = give.clone();
        wrong["grant_access"].as_array_mut().unwrap().push(json!({"actor_id": Uuid::new_v4()}));
        hers.call("POST", &share, Some(&wrong.to_string())).await.expect(400);
        his.call("GET", &one, None).await.expect(404);
        assert_eq!(exactly(&hers.call("POST", &share, Some(&give.to_string())).await, 200).unwrap(), give);
        his.call("GET", &one, None).await.expect(200);
        doras.call("GET", &one, None).await.expect(200);
        assert!(his.call("GET", list, None).await.text().contains(id), "{kind}");
        his.call("POST", &share, Some(&give.to_string())).await.expect(403);
        let users = exactly(&hers.call("GET", &format!("{share}/user"), None).await, 200).unwrap();
        assert_eq!((users["users"].as_array().unwrap().len(), &users["users"][0]["id"]), (1, &bobs));
        let crews = exactly(&hers.call("GET", &format!("{share}/team"), None).await, 200).unwrap();
        assert_eq!(crews["teams"][0]["id"], crew);
        hers.call("GET", &format!("{share}/robot"), None).await.expect(404);
        let take = json!({"revoke_access": [{"actor_id": bobs}, {"actor_id": crew, "actor_type": "team"}]});
        hers.call("POST", &share, Some(&take.to_string())).await.expect(200);
        his.call("GET", &one, None).await.expect(404);
        doras.call("GET", &one, None).await.expect(404);
        for wrong in
            [json!({"grant_access": 1}), json!({"grant_access": ["x"]}), json!({"grant_access": [{}]})]
        {
            hers.call("POST", &share, Some(&wrong.to_string())).await.expect(400);
        }
    }
    // A grant that says more is not weakened by this door.
    alice.put("/api/v1/filters/alice/guard/grants/user:bob", &json!({"level": "write"})).await.expect(200);
    let give = json!({"grant_access": [{"actor_id": bobs}]}).to_string();
    let share = format!("/api/resource/filter/share/{}", filter["id"].as_str().unwrap());
    hers.call("POST", &share, Some(&give)).await.expect(200);
    let grants = alice.get("/api/v1/filters/alice/guard/grants").await.json();
    assert_eq!(grants["items"][0]["level"], "write");
}

/// The body of an import as Servers send it.
fn importing(url: &str, path: &str) -> String {
    json!({"filter_data": {"filter_file": null, "user_id": null, "location": null, "visibility": "",
        "catalog_data": null, "filter_resource": ""}, "path": path, "save": true, "url": url})
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_a_repository_comes_as_a_filter_for_each_module_in_it() {
    let (a, b, c) = (distinct("walk a", 10), distinct("walk b", 10), distinct("walk c", 10));
    let tree = archive(&[
        ("r-main/README.md", b"# filters"),
        ("r-main/filters/auth/basic-auth.wasm", &a),
        ("r-main/filters/limit/plugin.wasm", &b),
        ("r-main/other/c.wasm", &c),
    ]);
    let bad = archive(&[("r-bad/x/good.wasm", &a), ("r-bad/x/bad.wasm", b"\0asm\x01\0\0\0")]);
    let many: Vec<_> = (0..21).map(|n| (format!("r-many/{n}.wasm"), a.clone())).collect();
    let many: Vec<_> = many.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let stub = Stub::start([
        ("/o/r/archive/main.tar.gz", Answer::Body(tree.clone())),
        ("/o/r/archive/HEAD.tar.gz", Answer::Body(tree)),
        ("/o/r/archive/bad.tar.gz", Answer::Body(bad)),
        ("/o/r/archive/many.tar.gz", Answer::Body(archive(&many))),
        ("/c.wasm", Answer::Body(c.clone())),
    ])
    .await;
    let app = TestApp::spawn_with(&["--allow-network", "127.0.0.0/8", "--github-url", &stub.base]).await;
    let alice = app.author("alice").await;
    let count = async || {
        alice.get("/api/v1/filters?namespace=alice&limit=100").await.json()["items"].as_array().unwrap().len()
    };
    let mut expected = 0;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        for (url, path, files) in [
            ("/o/r/tree/main/filters", "", vec![("basic-auth.wasm", &a), ("plugin.wasm", &b)]),
            ("/o/r", "filters/**", vec![("basic-auth.wasm", &a), ("plugin.wasm", &b)]),
            ("/o/r/tree/main/other", "", vec![("c.wasm", &c)]),
            ("/c.wasm", "", vec![("c.wasm", &c)]),
        ] {
            let reply = server.call("POST", F, Some(&importing(&stub.url(url), path))).await;
            let all = filters(dialect, &reply).unwrap();
            let names: Vec<_> = all.iter().map(|f| f["name"].as_str().unwrap()).collect();
            assert_eq!(names, files.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{url}");
            for (made, (_, bytes)) in all.iter().zip(&files) {
                assert_eq!(made["digest"], format!("sha256:{}", sha256(bytes)));
                let file =
                    server.call("GET", &format!("{F}/download/{}", made["id"].as_str().unwrap()), None).await;
                assert!(file.body == **bytes);
            }
            expected += files.len();
            if url.ends_with("/filters") {
                let host = stub.base.trim_start_matches("http://");
                let place = json!({"type": "github", "host": format!("{host}/o/r"),
                    "path": "filters/limit/plugin.wasm", "branch": "main"});
                assert_eq!(all[1]["location"], place);
            }
        }
        // One that is refused, and nothing is there of the others.
        let refused = server.call("POST", F, Some(&importing(&stub.url("/o/r/tree/bad/x"), ""))).await;
        let said = refused.expect(422).text();
        assert!(said.starts_with("module-refused: x/bad.wasm: "), "{said}");
        let refused = server.call("POST", F, Some(&importing(&stub.url("/o/r/tree/many"), ""))).await;
        assert!(refused.expect(422).text().contains("21 modules"));
        server.call("POST", F, Some(&importing(&stub.url("/o/r/tree/main/none"), ""))).await.expect(422);
        let known = save(&server, "one", &distinct("one", 10)).await;
        expected += 1;
        let mut body: Value =
            serde_json::from_str(&importing(&stub.url("/o/r/tree/main/filters"), "")).unwrap();
        body["filter_data"]["id"] = known["id"].clone();
        server.call("POST", F, Some(&body.to_string())).await.expect(400);
        assert_eq!(count().await, expected);
    }
    app.assert_sound().await;
}
