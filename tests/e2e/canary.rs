//! Every secret that there is goes once through the real binary, which logs all that it can;
//! then each is looked for wherever it must not be.
use reqwest::Method;
use serde_json::json;
use std::{collections::BTreeMap, path::Path, process::Output};
use tamis_e2e::{
    client::{Person, Reply},
    crash::{Instance, Server},
    fixtures::distinct,
};
use tamis_entities::value::Role;

const EVERYTHING: (&str, &str) = ("TAMIS_LOG", "trace");

/// What must not be found, and where it was looked for.
#[derive(Default)]
struct Canaries {
    secrets: BTreeMap<String, String>,
    places: usize,
    found: Vec<String>,
}

impl Canaries {
    fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() > 12, "{what} is too short to be looked for");
        self.secrets.insert(what.to_owned(), secret.to_owned());
    }

    fn look(&mut self, place: &str, bytes: &[u8]) {
        self.places += 1;
        for (what, secret) in &self.secrets {
            if bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                self.found.push(format!("{what} in {place}"));
            }
        }
    }

    fn look_into(&mut self, directory: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => self.look_into(&path),
                false => self.look(&path.display().to_string(), &std::fs::read(&path).unwrap()),
            }
        }
    }

    fn output(&mut self, place: &str, output: &Output) {
        self.look(place, &output.stdout);
        self.look(place, &output.stderr);
    }

    fn judge(&self) {
        println!("{} secrets looked for in {} places", self.secrets.len(), self.places);
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

/// Sends, and keeps the answer to be looked through.
async fn sent(answers: &mut Vec<Vec<u8>>, who: &Person, request: reqwest::RequestBuilder) -> Reply {
    let reply = who.send(request).await;
    answers.push(format!("{:?}", reply.headers).into_bytes());
    answers.push(reply.body.clone());
    reply
}

/// The one road of a publication, and the many ways in which a request goes wrong.
async fn scenario(canaries: &mut Canaries, alice: &Person, carl: &Person) -> Vec<Vec<u8>> {
    let mut answers = vec![];
    let ask = json!({"name": "ci", "scopes": ["filters:read", "filters:write"]});
    let made = alice.post("/api/v1/tokens", &ask).await.expect(201).json();
    let ci = Person { token: made["secret"].as_str().map(str::to_owned), ..alice.clone() };
    canaries.add("a token made over HTTP", ci.token.as_deref().unwrap());
    ci.upload("alice/f", "1.0.0", distinct("canary", 10)).await.expect(201);
    let review = ci.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    tamis_e2e::crash::eventually(std::time::Duration::from_secs(20), async || {
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        carl.get(&path).await.expect(200).json()["state"] == "in_review"
    })
    .await;
    carl.vote(&review, "approve").await.expect(200);
    ci.release(&review).await.expect(200);
    let nobody = Person { token: None, ..alice.clone() };
    let paths =
        ["/api/v1/me", "/api/v1/filters/alice/absent", "/api/v1/filters/alice/f?x=%00", "/nowhere", "/v2/"];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let good = ci.request(method.clone(), path).body("{");
            sent(&mut answers, &ci, good).await;
            // The same secret, sent in the ways that people get wrong.
            let secret = ci.token.as_deref().unwrap();
            for header in [
                format!("bearer  {secret}"),
                format!("Token {secret}"),
                secret.to_owned(),
                format!("Basic {secret}"),
            ] {
                let wrong = nobody.request(method.clone(), path).header("authorization", header);
                sent(&mut answers, &nobody, wrong).await;
            }
        }
    }
    let bad = "tms_canary_of_a_token_that_is_not_known_here_0123456789";
    canaries.add("a token that is not known", bad);
    sent(&mut answers, &nobody, nobody.request(Method::GET, "/api/v1/me").bearer_auth(bad)).await.expect(401);
    sent(&mut answers, &nobody, nobody.request(Method::GET, "/api/v1/me").basic_auth("alice", Some(bad)))
        .await
        .expect(401);
    ci.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await;
    alice.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    sent(&mut answers, &ci, ci.request(Method::GET, "/api/v1/me")).await.expect(401);
    answers
}

/// A browser session by a link that is used once.
async fn session(canaries: &mut Canaries, instance: &Instance, base: &str) -> Vec<Vec<u8>> {
    let mut answers = vec![];
    let link = instance.ok(&["user", "link", "alice"]).await;
    let secret = link.trim().rsplit('/').next().unwrap().to_owned();
    canaries.add("a sign-in link", &secret);
    let http = tamis_e2e::client::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let browser = Person { name: "alice".into(), token: None, base: base.into(), http };
    let path = format!("/sign-in/{secret}");
    let press = || browser.request(Method::POST, &path).header("sec-fetch-site", "same-origin");
    sent(&mut answers, &browser, browser.request(Method::POST, &path)).await;
    let signed = browser.send(press()).await.expect(303);
    let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    canaries.add("a session", cookie.split_once('=').unwrap().1);
    sent(&mut answers, &browser, press()).await.expect(404);
    for path in ["/", "/api/v1/me", "/api/v1/nowhere"] {
        for method in [Method::GET, Method::POST] {
            let request = browser.request(method, path).header("cookie", &cookie);
            sent(&mut answers, &browser, request.header("sec-fetch-site", "same-origin")).await;
        }
    }
    let own = browser.request(Method::GET, "/api/v1/me/sessions").header("cookie", &cookie);
    let own = sent(&mut answers, &browser, own).await.expect(200).json();
    let path = format!("/api/v1/me/sessions/{}", own["items"][0]["id"].as_str().unwrap());
    let end = browser.request(Method::DELETE, &path).header("cookie", &cookie);
    browser.send(end.header("sec-fetch-site", "same-origin")).await.expect(204);
    sent(&mut answers, &browser, browser.request(Method::GET, "/api/v1/me").header("cookie", &cookie))
        .await
        .expect(401);
    answers
}

async fn audit_rows(admin: &Person) -> Vec<u8> {
    let mut all = vec![];
    let mut after = String::new();
    loop {
        let page = admin.get(&format!("/api/v1/audit?limit=100{after}")).await.expect(200);
        all.extend_from_slice(&page.body);
        match page.json()["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

fn ended(mut server: Server) -> String {
    server.kill();
    server.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_found_in_logs_answers_audit_metrics_or_backups() {
    let mut canaries = Canaries::default();
    let mut instance = Instance::new().await;
    if !instance.is_embedded() {
        // The test's PostgreSQL trusts everybody: any password will do.
        let mut url: url::Url = instance.database_url.parse().unwrap();
        url.set_password(Some("canary-of-the-database-password")).unwrap();
        instance.set("TAMIS_DATABASE_URL", url.as_str());
        canaries.add("the database's password", "canary-of-the-database-password");
    }
    let server = instance.start(&[EVERYTHING]).await;
    let (alice, carl, ada) = (
        instance.user("alice", Role::User).await,
        instance.user("carl", Role::Curator).await,
        instance.user("ada", Role::Admin).await,
    );
    for person in [&alice, &carl, &ada] {
        canaries.add(&format!("the token of {}", person.name), person.token.as_deref().unwrap());
    }
    let mut answers = scenario(&mut canaries, &alice, &carl).await;
    answers.extend(session(&mut canaries, &instance, &server.base).await);
    for (number, answer) in answers.iter().enumerate() {
        canaries.look(&format!("answer {number}"), answer);
    }
    canaries.look("the audit log", &audit_rows(&ada).await);
    canaries.look("/metrics", &ada.get("/metrics").await.expect(200).body);
    let log = ended(server);
    assert!(log.contains("\"level\":\"TRACE\""), "the server did not log all that it can");
    canaries.look("the server's log", log.as_bytes());
    if instance.is_embedded() {
        let to = instance.path().join("saved");
        let mut backup = instance.command(&["backup", &to.display().to_string()]);
        let saved = backup.env(EVERYTHING.0, EVERYTHING.1).output().unwrap();
        assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
        canaries.output("the backup's output", &saved);
        canaries.look_into(&to);
        // The database itself, its log of writes too: hashes only.
        canaries.look("the database", &std::fs::read(instance.path().join("tamis.db")).unwrap());
    }
    canaries.judge();
}

/// Stores that cannot be reached are where a URL or a key is likeliest to be told.
#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_a_store_is_told_when_the_store_is_away() {
    let mut canaries = Canaries::default();
    canaries.add("the database's password", "canary-of-the-database-password");
    canaries.add("the secret of the object store", "canary-of-the-s3-secret-key");
    let away = "postgres://tamis:canary-of-the-database-password@127.0.0.1:1/tamis";
    let bucket = "s3://bucket/prefix?endpoint=http://127.0.0.1:1&region=us-east-1&path_style=true";
    let directory = tempfile::tempdir().unwrap();
    let broken = [
        vec![("TAMIS_DATABASE_URL", away)],
        vec![("TAMIS_DATABASE_URL", "postgres://tamis:canary-of-the-database-password@:x/")],
        vec![("TAMIS_DATABASE_URL", "mysql://tamis:canary-of-the-database-password@127.0.0.1/x")],
        vec![
            ("TAMIS_BLOBS", bucket),
            ("TAMIS_S3_ACCESS_KEY", "known"),
            ("TAMIS_S3_SECRET_KEY", "canary-of-the-s3-secret-key"),
        ],
        vec![("TAMIS_S3_SECRET_KEY", "canary-of-the-s3-secret-key"), ("TAMIS_BLOBS", bucket)],
    ];
    let commands: [&[&str]; 5] = [
        &["migrate"],
        &["fsck"],
        &["gc"],
        &["token", "create", "--user", "nobody"],
        &["serve", "--listen", "nonsense"],
    ];
    for environment in &broken {
        for args in commands {
            let mut command = tamis_e2e::binary::command(directory.path(), args);
            command
                .envs(environment.iter().copied())
                .env(EVERYTHING.0, EVERYTHING.1)
                .env("RUST_BACKTRACE", "1");
            command.env("AWS_MAX_ATTEMPTS", "1");
            let place = format!("{} with {environment:?}", args.join(" "));
            canaries.output(&place, &command.output().unwrap());
        }
    }
    canaries.judge();
}
