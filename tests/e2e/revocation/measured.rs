//! Two real processes on one database: what is taken away on the first is measured on the
//! second, from the answer to the change until the first refusal.
use super::set_disabled;
use reqwest::Method;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use std::time::{Duration, Instant};
use tamis::{auth::secret, clock::Clock, db::Db};
use tamis_e2e::{
    client::Person,
    crash::{Instance, Server, count},
    fixtures::{distinct, sha256},
};
use tamis_entities::{session, value::Role};
use uuid::Uuid;

/// What is promised; a healthy pair needs milliseconds.
const PROMISED: Duration = Duration::from_secs(10);

struct Pair {
    instance: Instance,
    first: Server,
    second: Server,
    db: Db,
    _other_directory: tempfile::TempDir,
}

impl Pair {
    async fn start() -> Self {
        let mut instance = Instance::new().await;
        let other = tempfile::tempdir().unwrap();
        if instance.get("TAMIS_BLOBS").is_none() {
            let blobs = instance.path().join("blobs").display().to_string();
            instance.set("TAMIS_BLOBS", &blobs);
        }
        // An embedded database has one server for each directory; this one is shared on purpose.
        let url = instance.database_url.clone();
        instance.set("TAMIS_DATABASE_URL", &url);
        let first = instance.start(&[]).await;
        let directory = other.path().display().to_string();
        let second = instance.start_second(&[("TAMIS_DATA_DIR", &directory)]).await;
        let db = instance.db().await;
        Self { instance, first, second, db, _other_directory: other }
    }

    fn on_second(&self, who: &Person) -> Person {
        Person { base: self.second.base.clone(), ..who.clone() }
    }
}

/// Asks until the answer is a refusal; how long that took.
async fn until_refused(who: &Person, path: &str, since: Instant) -> Duration {
    loop {
        let reply = who.get(path).await;
        if [401, 404].contains(&reply.status) {
            return since.elapsed();
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(since.elapsed() < PROMISED, "still allowed after {PROMISED:?}: {path}");
    }
}

/// Prints and judges the times of one way.
fn judge(way: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1000.0;
    println!(
        "{way}: {} times, median {:.1} ms, p99 {:.1} ms, slowest {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    assert!(at(0.99) < PROMISED.as_secs_f64() * 1000.0, "{way}");
}

/// A browser session, as signing in makes it.
async fn sign_in(db: &Db, user: Uuid) -> String {
    let fresh = secret::fresh("").unwrap();
    let now = Clock::default().now();
    let row = session::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(user),
        secret_sha256: Set(fresh.sha256),
        created_at: Set(now),
        expires_at: Set(now.plus(Duration::from_secs(3600))),
        revoked_at: Set(None),
        ..Default::default()
    };
    let txn = db.begin_write().await.unwrap();
    session::Entity::insert(row).exec_without_returning(&*txn).await.unwrap();
    txn.commit().await.unwrap();
    fresh.text
}

fn by_cookie(who: &Person, cookie: &str) -> Person {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("cookie", format!("tamis_session={cookie}").parse().unwrap());
    let http = tamis_e2e::client::http().default_headers(headers).build().unwrap();
    Person { token: None, http, ..who.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_on_one_replica_is_refused_by_the_other_at_once() {
    let pair = Pair::start().await;
    let (alice, vic) =
        (pair.instance.user("alice", Role::User).await, pair.instance.user("vic", Role::User).await);
    let id =
        tamis::auth::access::find_namespace(&*pair.db, &"vic".parse().unwrap()).await.unwrap().unwrap().id;
    let there = pair.on_second(&vic);
    let rounds = count(20, 200);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    let bytes = distinct("private", 10);
    alice.upload("acme/f", "1.0.0", bytes.clone()).await.expect(201);
    let (module, digest) =
        ("/api/v1/filters/acme/f/releases/1.0.0/module", format!("/modules/sha256/{}.wasm", sha256(&bytes)));
    let (mut removed, mut lowered, mut revoked, mut ended, mut disabled) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let member = "/api/v1/teams/acme/members/vic";
        alice.put(member, &json!({"role": "member"})).await.expect(200);
        there.get(module).await.expect(200);
        there.get(&digest).await.expect(200);
        alice.delete(member).await.expect(204);
        let since = Instant::now();
        removed.push(until_refused(&there, module, since).await);
        there.get(&digest).await.expect(404);
        vic.get(module).await.expect(404);

        let filter = "/api/v1/filters/acme/f";
        alice.put(filter, &json!({"visibility": "public"})).await.expect(200);
        there.get(&digest).await.expect(200);
        alice.put(filter, &json!({"visibility": "private"})).await.expect(200);
        let since = Instant::now();
        lowered.push(until_refused(&there, &digest, since).await);

        let ask = json!({"name": "short", "scopes": ["filters:read"]});
        let made = vic.post("/api/v1/tokens", &ask).await.expect(201).json();
        let token = Person { token: made["secret"].as_str().map(str::to_owned), ..there.clone() };
        token.get("/api/v1/me").await.expect(200);
        vic.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
        let since = Instant::now();
        revoked.push(until_refused(&token, "/api/v1/me", since).await);

        let cookie = sign_in(&pair.db, id).await;
        let (here, browser) = (by_cookie(&vic, &cookie), by_cookie(&there, &cookie));
        browser.get("/api/v1/me").await.expect(200);
        let own = here.get("/api/v1/me/sessions").await.expect(200).json();
        let current = own["items"].as_array().unwrap().iter().find(|s| s["current"] == true).unwrap();
        let path = format!("/api/v1/me/sessions/{}", current["id"].as_str().unwrap());
        let end = here.request(Method::DELETE, &path).header("sec-fetch-site", "same-origin");
        here.send(end).await.expect(204);
        let since = Instant::now();
        ended.push(until_refused(&browser, "/api/v1/me", since).await);

        set_disabled(&pair.db, id, Some(Clock::default().now())).await;
        let since = Instant::now();
        disabled.push(until_refused(&there, "/api/v1/me", since).await);
        set_disabled(&pair.db, id, None).await;
    }
    judge("removed member", removed);
    judge("lowered visibility", lowered);
    judge("revoked token", revoked);
    judge("ended session", ended);
    judge("disabled user", disabled);
    assert!(pair.first.listens() && pair.second.listens());
}
