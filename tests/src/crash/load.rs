//! One worker of the load: an author and a curator who do all that people do, one step after
//! the other, and write down what was acknowledged before they go on.
use super::{
    ledger::{Entry, Fate, Ledger},
    random::Random,
};
use crate::{client::Person, fixtures};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The connection broke.
pub struct Down;

/// What workers know of each other: modules that all of them send, and what is published.
pub struct Shared {
    http: reqwest::Client,
    /// Of all workers; the driver waits for some before it kills.
    pub acknowledged: AtomicU64,
    salts: Vec<String>,
    published: Mutex<Vec<String>>,
}

impl Shared {
    pub fn new(seed: u64) -> Self {
        let salts = (0..4).map(|n| format!("shared {seed} {n}")).collect();
        // A connection for each request: those of a killed server are dead.
        let http = crate::client::http().pool_max_idle_per_host(0).no_proxy().build().expect("a client");
        Self { http, acknowledged: AtomicU64::new(0), salts, published: Mutex::default() }
    }
}

pub struct Worker {
    random: Random,
    author: Person,
    curator: Person,
    shared: Arc<Shared>,
    made: u32,
    pub ledger: Ledger,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

async fn send(person: &Person, method: Method, path: &str, body: Option<Value>) -> Result<Answer, Down> {
    let request = person.request(method, path);
    let request = if let Some(body) = body { request.json(&body) } else { request };
    answer(request).await
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, Down> {
    let reply = request.timeout(Duration::from_secs(30)).send().await.map_err(|_| Down)?;
    let status = reply.status().as_u16();
    Ok(Answer { status, body: reply.bytes().await.map_err(|_| Down)?.to_vec() })
}

fn release_path(filter: &str) -> String {
    format!("/api/v1/filters/{filter}/releases/1.0.0")
}

/// Modules of many sizes; the salt says which.
fn module(salt: &str) -> Vec<u8> {
    fixtures::distinct(salt, 1 + salt.bytes().map(|b| usize::from(b) * 97).sum::<usize>() % 60_000)
}

impl Worker {
    pub fn new(seed: u64, mut author: Person, mut curator: Person, shared: Arc<Shared>) -> Self {
        author.http = shared.http.clone();
        curator.http = shared.http.clone();
        Self { random: Random::new(seed), author, curator, shared, made: 0, ledger: Ledger::default() }
    }

    /// Works until the connection breaks; that may happen only once the server has been killed.
    pub async fn work(&mut self, killed: &AtomicBool) {
        while !killed.load(Ordering::SeqCst) {
            let before = self.ledger.acknowledged;
            let step = match self.random.below(13) {
                0..=2 => self.upload_new().await,
                12 => self.push_new().await,
                3 => self.upload_shared().await,
                4 => self.upload_again().await,
                5 | 6 => self.clone_one().await,
                7..=9 => self.publish().await,
                10 => self.delete().await,
                _ => self.download().await,
            };
            if step.is_err() {
                if !killed.load(Ordering::SeqCst) {
                    self.ledger.violation("the connection broke while the server ran".into());
                }
                return;
            }
            self.shared.acknowledged.fetch_add(self.ledger.acknowledged - before, Ordering::SeqCst);
        }
    }

    fn fresh_filter(&mut self) -> String {
        self.made += 1;
        format!("{}/f{}", self.author.name, self.made)
    }

    fn expect(&mut self, what: &str, answer: &Answer, wanted: &[u16]) -> bool {
        let fits = wanted.contains(&answer.status);
        if !fits {
            let body = String::from_utf8_lossy(&answer.body);
            self.ledger.violation(format!("{what} answered {}: {body}", answer.status));
        }
        fits
    }

    async fn put(&mut self, filter: &str, salt: &str) -> Result<(), Down> {
        let bytes = module(salt);
        // What is there already must stay, however this ends.
        if !self.ledger.entries.get(filter).is_some_and(|e| e.fate == Fate::Present) {
            self.ledger.begin(filter, &fixtures::sha256(&bytes), salt);
        }
        let request = self.author.request(Method::PUT, &release_path(filter));
        let answer = answer(request.header("content-type", "application/wasm").body(bytes)).await?;
        if self.expect(&format!("upload of {filter}"), &answer, &[201, 200]) {
            self.ledger.set(filter, Fate::Present);
        }
        Ok(())
    }

    async fn upload_new(&mut self) -> Result<(), Down> {
        let filter = self.fresh_filter();
        let salt = format!("{filter} {}", self.random.next());
        self.put(&filter, &salt).await
    }

    /// The same by the registry's door: its blobs, then the manifest that names them.
    async fn push_new(&mut self) -> Result<(), Down> {
        let filter = self.fresh_filter();
        let salt = format!("{filter} {}", self.random.next());
        let (module, config) = (module(&salt), b"{}".to_vec());
        let descriptor = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "size": bytes.len(), "digest": format!("sha256:{}", fixtures::sha256(bytes))});
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "layers": [descriptor("application/wasm", &module)],
            "config": descriptor("application/vnd.wasm.config.v0+json", &config)});
        let sha256 = fixtures::sha256(&module);
        for blob in [config, module] {
            let path = format!("/v2/{filter}/blobs/uploads/?digest=sha256:{}", fixtures::sha256(&blob));
            let answer = answer(self.author.request(Method::POST, &path).body(blob)).await?;
            if !self.expect(&format!("a blob of {filter}"), &answer, &[201]) {
                return Ok(());
            }
        }
        self.ledger.begin(&filter, &sha256, &salt);
        let request = self.author.request(Method::PUT, &format!("/v2/{filter}/manifests/1.0.0"));
        let body = serde_json::to_vec(&manifest).expect("JSON");
        let answer = answer(request.header("content-type", IMAGE).body(body)).await?;
        if self.expect(&format!("push of {filter}"), &answer, &[201]) {
            self.ledger.set(&filter, Fate::Present);
        }
        Ok(())
    }

    /// A module that others upload and delete at the same moment.
    async fn upload_shared(&mut self) -> Result<(), Down> {
        let filter = self.fresh_filter();
        let shared = self.shared.clone();
        let salt = self.random.pick(&shared.salts).expect("some");
        self.put(&filter, salt).await
    }

    /// The same bytes to where they are, or were before they were deleted.
    async fn upload_again(&mut self) -> Result<(), Down> {
        let all = self.ledger.those(|e| !e.submitted);
        let Some(filter) = self.random.pick(&all).cloned() else { return Ok(()) };
        let salt = self.ledger.entry(&filter).salt.clone();
        // A clone's bytes are somebody else's.
        if salt.is_empty() { Ok(()) } else { self.put(&filter, &salt).await }
    }

    async fn clone_one(&mut self) -> Result<(), Down> {
        let mut sources = self.shared.published.lock().unwrap().clone();
        sources.extend(self.ledger.those(|e| e.fate == Fate::Present).into_iter().take(5));
        let Some(source) = self.random.pick(&sources).cloned() else { return Ok(()) };
        let filter = self.fresh_filter();
        let (namespace, name) = filter.split_once('/').expect("two parts");
        let Some(sha256) = self.digest(&source).await? else {
            self.ledger.violation(format!("lost: {source} was acknowledged and cannot be read"));
            return Ok(());
        };
        self.ledger.begin(&filter, &sha256, "");
        let body = json!({"namespace": namespace, "name": name});
        let path = format!("/api/v1/filters/{source}/clone");
        let answer = send(&self.author, Method::POST, &path, Some(body)).await?;
        if self.expect(&format!("clone of {source}"), &answer, &[201]) {
            self.ledger.set(&filter, Fate::Present);
        }
        Ok(())
    }

    async fn digest(&self, filter: &str) -> Result<Option<String>, Down> {
        let answer = send(&self.author, Method::GET, &release_path(filter), None).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(body["digest"].as_str().and_then(|d| d.strip_prefix("sha256:")).map(str::to_owned))
    }

    async fn delete(&mut self) -> Result<(), Down> {
        let drafts = self.ledger.those(|e| e.fate == Fate::Present && !e.submitted);
        let Some(filter) = self.random.pick(&drafts).cloned() else { return Ok(()) };
        self.ledger.entry(&filter).fate = Fate::Unknown;
        let answer = send(&self.author, Method::DELETE, &release_path(&filter), None).await?;
        if self.expect(&format!("deletion of {filter}"), &answer, &[204]) {
            self.ledger.set(&filter, Fate::Absent);
        }
        Ok(())
    }

    async fn download(&mut self) -> Result<(), Down> {
        let present = self.ledger.those(|e| e.fate == Fate::Present);
        let Some(filter) = self.random.pick(&present).cloned() else { return Ok(()) };
        let path = format!("{}/module", release_path(&filter));
        let answer = send(&self.author, Method::GET, &path, None).await?;
        let wanted = self.ledger.entry(&filter).sha256.clone();
        if self.expect(&format!("download of {filter}"), &answer, &[200])
            && fixtures::sha256(&answer.body) != wanted
        {
            self.ledger.violation(format!("{filter} came with other bytes"));
        }
        Ok(())
    }

    /// Goes on with a review that is open, or opens one.
    async fn publish(&mut self) -> Result<(), Down> {
        let open = self.ledger.those(|e| e.review.is_some() && !e.published);
        if let Some(filter) = self.random.pick(&open).cloned() {
            return self.decide(&filter).await;
        }
        let drafts = self.ledger.those(|e| e.fate == Fate::Present && !e.submitted);
        let Some(filter) = self.random.pick(&drafts).cloned() else { return Ok(()) };
        self.ledger.entry(&filter).submitted = true;
        let (namespace, name) = filter.split_once('/').expect("two parts");
        let body = json!({"namespace": namespace, "filter": name, "version": "1.0.0", "action": "publish", "note": "please"});
        let answer = send(&self.author, Method::POST, "/api/v1/reviews", Some(body)).await?;
        if self.expect(&format!("submission of {filter}"), &answer, &[201]) {
            let review: Value = serde_json::from_slice(&answer.body).expect("a review");
            self.ledger.entry(&filter).review = Some(review);
            self.decide(&filter).await?;
        }
        Ok(())
    }

    /// Approves, which counts once the checks have passed, and makes it live if they have.
    async fn decide(&mut self, filter: &str) -> Result<(), Down> {
        let review = self.ledger.entry(filter).review.clone().expect("a review");
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().expect("an id"));
        let current = send(&self.curator, Method::GET, &path, None).await?;
        let current: Value = serde_json::from_slice(&current.body).unwrap_or_default();
        if matches!(current["state"].as_str(), Some("checking" | "in_review")) {
            let vote =
                json!({"decision": "approve", "digest": review["digest"], "revision": review["revision"]});
            let answer = send(&self.curator, Method::POST, &format!("{path}/votes"), Some(vote)).await?;
            // Two votes of one curator may meet when the first answer was lost.
            self.expect(&format!("vote on {filter}"), &answer, &[200, 201, 204, 409]);
        }
        self.ledger.entry(filter).publishing = true;
        let answer = send(&self.author, Method::POST, &format!("{path}/release"), None).await?;
        if answer.status == 409 {
            self.ledger.entry(filter).publishing = false;
        } else if self.expect(&format!("release of {filter}"), &answer, &[200]) {
            self.published(filter);
        }
        Ok(())
    }

    fn published(&mut self, filter: &str) {
        let entry = self.ledger.entry(filter);
        (entry.published, entry.publishing, entry.review) = (true, false, None);
        self.ledger.acknowledged += 1;
        self.shared.published.lock().unwrap().push(filter.to_owned());
    }

    /// After a restart: reads how it ended, whatever the connection broke off.
    pub async fn resolve(&mut self) {
        for filter in self.ledger.those(|e| e.fate == Fate::Unknown || e.publishing) {
            self.ledger.unknown += 1;
            let Entry { sha256, fate, .. } = self.ledger.entry(&filter).clone();
            match self.look(&filter).await {
                Ok(None) if fate == Fate::Unknown => self.ledger.entry(&filter).fate = Fate::Absent,
                Ok(Some((seen, published))) if seen == sha256 => {
                    self.ledger.entry(&filter).fate = Fate::Present;
                    self.ledger.entry(&filter).publishing = false;
                    if published && !self.ledger.entry(&filter).published {
                        self.published(&filter);
                    }
                }
                Ok(other) => self.ledger.violation(format!("{filter} is neither done nor undone: {other:?}")),
                // Killed again before the answer: the next start resolves it.
                Err(problem) if problem == "down" => self.ledger.unknown -= 1,
                Err(problem) => self.ledger.violation(format!("{filter}: {problem}")),
            }
        }
    }

    /// What is there: digest and whether it is published, once its bytes have been read and hashed.
    pub async fn look(&self, filter: &str) -> Result<Option<(String, bool)>, String> {
        let down = |_| "down".to_owned();
        let path = release_path(filter);
        let release = send(&self.author, Method::GET, &path, None).await.map_err(down)?;
        if release.status == 404 {
            return Ok(None);
        }
        let body: Value = serde_json::from_slice(&release.body).map_err(|e| e.to_string())?;
        let digest = body["digest"].as_str().unwrap_or_default().trim_start_matches("sha256:").to_owned();
        let module = send(&self.author, Method::GET, &format!("{path}/module"), None).await.map_err(down)?;
        if module.status != 200 || fixtures::sha256(&module.body) != digest {
            return Err(format!("status {} and {} bytes for {digest}", module.status, module.body.len()));
        }
        Ok(Some((digest, body["state"] == "published")))
    }
}
