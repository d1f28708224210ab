//! One server: each way to lose access, at every door that had been open.
use super::{get_with, set_disabled, user_id};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, sha256},
};

/// What somebody held in hand before the access went.
struct Held {
    filter: String,
    digest: String,
    etag: String,
    next: Option<String>,
}

impl Held {
    /// Asks at every door once, so that whatever is cached is cached.
    async fn take(who: &Person, filter: &str, bytes: &[u8]) -> Self {
        let digest = format!("/modules/sha256/{}.wasm", sha256(bytes));
        let reply = who.get(&format!("/api/v1/filters/{filter}/releases/1.0.0/module")).await.expect(200);
        who.get(&digest).await.expect(200);
        let page = who.get("/api/v1/filters?limit=1").await.expect(200).json();
        let next = page["next"].as_str().map(str::to_owned);
        Self { filter: filter.into(), digest, etag: reply.header("etag").to_owned(), next }
    }

    /// Every door, conditional and partial, by name and by digest, in lists and in search.
    async fn assert_gone(&self, who: &Person) {
        let filter = format!("/api/v1/filters/{}", self.filter);
        let release = format!("{filter}/releases/1.0.0");
        let module = format!("{release}/module");
        for path in [
            &filter,
            &release,
            &module,
            &self.digest,
            &format!("{release}/report"),
            &format!("{filter}/releases"),
        ] {
            for headers in [
                &[][..],
                &[("if-none-match", self.etag.as_str())],
                &[("if-none-match", "*")],
                &[("range", "bytes=0-9")],
                &[("range", "bytes=0-9"), ("if-range", self.etag.as_str())],
            ] {
                get_with(who, path, headers).await.expect_problem(404, "not-found");
            }
        }
        let clone = json!({"namespace": who.name, "name": "stolen", "version": "1.0.0"});
        who.post(&format!("{filter}/clone"), &clone).await.expect(404);
        let (_, name) = self.filter.split_once('/').unwrap();
        let mut lists = vec!["/api/v1/filters?limit=100".to_owned(), format!("/api/v1/filters?q={name}")];
        lists.extend(self.next.iter().map(|next| format!("/api/v1/filters?limit=1&after={next}")));
        for list in lists {
            let page = who.get(&list).await.expect(200);
            assert!(!page.text().contains(&format!("\"{name}\"")), "{list}: {}", page.text());
        }
    }
}

async fn post_with_key(who: &Person, path: &str, body: &Value) -> Reply {
    let request = who.request(reqwest::Method::POST, path).header("idempotency-key", "one").json(body);
    who.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_finds_every_door_closed_and_no_answer_from_before() {
    let app = TestApp::spawn().await;
    let (alice, vic) = (app.author("alice").await, app.author("vic").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/teams/acme/members/vic", &json!({"role": "maintainer"})).await.expect(200);
    let bytes = distinct("private", 10);
    alice.upload("acme/aaa", "1.0.0", distinct("first", 10)).await.expect(201);
    alice.upload("acme/hidden", "1.0.0", bytes.clone()).await.expect(201);
    let held = Held::take(&vic, "acme/hidden", &bytes).await;
    let ask = json!({"namespace": "acme", "filter": "hidden", "version": "1.0.0", "action": "publish", "note": "between us"});
    let review = post_with_key(&vic, "/api/v1/reviews", &ask).await.expect(201).json();
    assert_eq!(
        post_with_key(&vic, "/api/v1/reviews", &ask).await.expect(201).header("idempotency-replayed"),
        "true"
    );
    app.drain_jobs().await;
    app.curator("carl").await.vote(&review, "approve").await.expect(200);
    alice.delete("/api/v1/teams/acme/members/vic").await.expect(204);
    held.assert_gone(&vic).await;
    let replay =
        post_with_key(&vic, "/api/v1/reviews", &ask).await.expect_problem(409, "idempotency-key-outdated");
    assert!(!replay.text().contains("between us"));
    // Their own request is not theirs any more: neither to read nor to release.
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    vic.get(&path).await.expect(404);
    vic.release(&review).await.expect(404);
    vic.post(&format!("{path}/withdrawal"), &json!({})).await.expect(404);
    assert_eq!(vic.get("/api/v1/reviews").await.expect(200).json()["items"], json!([]));
    vic.get("/api/v1/teams/acme").await.expect(404);
    // For who stays, everything is as it was.
    alice.release(&review).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_ended_opens_no_door_whoever_it_was_given_to() {
    let app = TestApp::spawn().await;
    let (alice, tess, vic) = (app.author("alice").await, app.author("tess").await, app.author("vic").await);
    tess.post("/api/v1/teams", &json!({"handle": "guests"})).await.expect(201);
    let bytes = distinct("private", 10);
    alice.upload("alice/hidden", "1.0.0", bytes.clone()).await.expect(201);
    let grants = "/api/v1/filters/alice/hidden/grants";
    let soon = app.clock.now().plus(Duration::from_secs(60)).to_string();
    for subject in ["user:vic", "team:guests"] {
        let grant = json!({"level": "write", "expires_at": soon});
        alice.put(&format!("{grants}/{subject}"), &grant).await.expect(200);
    }
    let listed = alice.get(grants).await.expect(200).json();
    for item in listed["items"].as_array().unwrap() {
        assert_eq!((&item["expires_at"], &item["created_by"]), (&json!(soon), &json!("alice")));
    }
    let (by_user, by_team) =
        (Held::take(&vic, "alice/hidden", &bytes).await, Held::take(&tess, "alice/hidden", &bytes).await);
    let review = vic.submit("alice/hidden", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    app.clock.advance(Duration::from_secs(61));
    by_user.assert_gone(&vic).await;
    by_team.assert_gone(&tess).await;
    for who in [&vic, &tess] {
        who.upload("alice/hidden", "2.0.0", distinct("2", 10)).await.expect(404);
        who.submit("alice/hidden", "1.0.0", "publish").await.expect(404);
        let reach = who.get("/api/v1/me/reach").await.expect(200).text();
        assert!(!reach.contains("hidden"), "{reach}");
    }
    vic.get(&format!("/api/v1/reviews/{}", review["id"].as_str().unwrap())).await.expect(404);
    // Ended by time, or taken back: the same.
    alice.put(&format!("{grants}/team:guests"), &json!({"level": "read"})).await.expect(200);
    let again = Held::take(&tess, "alice/hidden", &bytes).await;
    alice.delete(&format!("{grants}/team:guests")).await.expect(204);
    again.assert_gone(&tess).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_public_or_published_no_more_is_absent_at_every_door() {
    let app = TestApp::spawn().await;
    let (alice, vic, carl) = (app.author("alice").await, app.author("vic").await, app.curator("carl").await);
    let bytes = distinct("shown", 10);
    app.publish(&alice, &carl, "alice/hidden", "1.0.0", &bytes).await;
    app.publish(&alice, &carl, "alice/other", "1.0.0", &distinct("other", 10)).await;
    let held = Held::take(&vic, "alice/hidden", &bytes).await;
    let first = vic.get("/api/v1/catalog?limit=1&sort=name").await.expect(200).json();
    assert_eq!(first["items"][0]["name"], "hidden");
    let review = alice.submit("alice/hidden", "1.0.0", "unpublish").await.expect(201).json();
    app.drain_jobs().await;
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    held.assert_gone(&vic).await;
    for nobody in [&vic, &app.anonymous()] {
        nobody.get("/api/v1/catalog/alice/hidden").await.expect(404);
        assert!(!nobody.get("/api/v1/catalog?q=hidden").await.expect(200).text().contains("\"hidden\""));
        get_with(nobody, &held.digest, &[("if-none-match", &held.etag)]).await.expect(404);
    }
    let next = first["next"].as_str().unwrap();
    let page = vic.get(&format!("/api/v1/catalog?limit=1&sort=name&after={next}")).await.expect(200);
    assert!(!page.text().contains("\"hidden\""));
    // Lowered visibility does the same to who was merely signed in.
    let filter = "/api/v1/filters/alice/hidden";
    alice.put(filter, &json!({"visibility": "public"})).await.expect(200);
    let held = Held::take(&vic, "alice/hidden", &bytes).await;
    alice.put(filter, &json!({"visibility": "private"})).await.expect(200);
    held.assert_gone(&vic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_an_ended_session_and_a_disabled_account_are_nobody() {
    let app = TestApp::spawn().await;
    let vic = app.author("vic").await;
    vic.put("/api/v1/filters/vic/f", &json!({})).await.expect(201);
    let clone = json!({"namespace": "vic", "name": "team-of-vic"});
    let made = vic
        .post("/api/v1/tokens", &json!({"name": "ci", "scopes": ["filters:read"]}))
        .await
        .expect(201)
        .json();
    let ci = Person { token: made["secret"].as_str().map(str::to_owned), ..vic.clone() };
    ci.get("/api/v1/filters/vic/f").await.expect(200);
    vic.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    for path in ["/api/v1/filters/vic/f", "/api/v1/me", "/api/v1/catalog", "/api/v1/filters"] {
        get_with(&ci, path, &[("if-none-match", "*")]).await.expect_problem(401, "unauthenticated");
    }
    let team = json!({"handle": "acme", "title": "between us"});
    post_with_key(&vic, "/api/v1/teams", &team).await.expect(201);
    set_disabled(&app.state.db, user_id(&app, "vic").await, Some(app.clock.now())).await;
    post_with_key(&vic, "/api/v1/teams", &team).await.expect_problem(401, "unauthenticated");
    vic.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    vic.post("/api/v1/filters/vic/f/clone", &clone).await.expect_problem(401, "unauthenticated");
    set_disabled(&app.state.db, user_id(&app, "vic").await, None).await;
    assert_eq!(
        post_with_key(&vic, "/api/v1/teams", &team).await.expect(201).header("idempotency-replayed"),
        "true"
    );
}
