//! A strict Meshery Server over real HTTP, as its recorded releases behave: an import is answered with `[]`, who
//! is not signed in is led to a login page, a body that is no JSON costs the connection, nothing is deployed
//! without a cluster. A script says what goes wrong with which request; the log says what changed in the cluster.
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};
use tamis_e2e::fixtures::sha256;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Served,
    /// Taken, and never answered.
    Hangs,
    /// Done, and the answer is lost.
    LosesReply,
    Fails,
    /// Refused, with the address in what it was sent.
    Echoes,
    /// 429 with `Retry-After`, in seconds.
    Busy(u64),
}

/// What changed in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Applied { resource: String, sha256: String, config: Value },
    Removed { resource: String },
}

pub struct Filter {
    pub id: String,
    pub name: String,
    pub bytes: Vec<u8>,
    pub config: String,
}

pub struct Inner {
    pub token: Option<String>,
    pub provider: String,
    pub connected: bool,
    pub script: VecDeque<Fate>,
    pub filters: Vec<Filter>,
    cluster: BTreeMap<String, (String, Value, String)>,
    pub effects: Vec<Effect>,
    /// What no client should do.
    pub wrong: Vec<String>,
    pub requests: Vec<String>,
    /// The value of the cookie `token`, as it came last.
    pub presented: String,
    pub version_takes: Duration,
    /// By idempotency key, how often it was received.
    pub keys: BTreeMap<String, usize>,
}

pub struct Server {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

pub struct Request {
    method: String,
    path: String,
    query: HashMap<String, String>,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

enum Answer {
    Reply(u16, &'static str, String),
    Bytes(Vec<u8>),
    Drop,
}

impl Server {
    pub async fn start(token: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner {
            token: token.map(str::to_owned),
            provider: if token.is_some() { "Tamis".into() } else { "None".into() },
            connected: true,
            script: VecDeque::new(),
            filters: vec![],
            cluster: BTreeMap::new(),
            effects: vec![],
            wrong: vec![],
            requests: vec![],
            presented: String::new(),
            version_takes: Duration::ZERO,
            keys: BTreeMap::new(),
        };
        let inner = Arc::new(Mutex::new(inner));
        let shared = inner.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { url, inner, task }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap())
    }

    pub fn effects(&self) -> Vec<Effect> {
        self.with(|i| i.effects.clone())
    }

    pub fn follow(&self, script: impl IntoIterator<Item = Fate>) {
        self.with(|i| i.script = script.into_iter().collect());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok().filter(|n| *n > 0)?;
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let url = url::Url::parse(&format!("http://x{target}")).ok()?;
    let query = url.query_pairs().into_owned().collect();
    Some(Request { method, path: url.path().to_owned(), query, headers, body })
}

async fn serve(stream: TcpStream, inner: Arc<Mutex<Inner>>) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await else { return };
    let line = format!("{} {}", request.method, request.path);
    let version = line == "GET /api/system/version";
    let (fate, takes) = {
        let mut inner = inner.lock().unwrap();
        inner.requests.push(line.clone());
        let fate = if version { Fate::Served } else { inner.script.pop_front().unwrap_or(Fate::Served) };
        (fate, inner.version_takes)
    };
    if version {
        tokio::time::sleep(takes).await;
    }
    let answer = match fate {
        Fate::Served => inner.lock().unwrap().answer(&request),
        Fate::LosesReply => {
            inner.lock().unwrap().answer(&request);
            Answer::Drop
        }
        // Some servers tell all that they were told.
        Fate::Fails => Answer::Reply(500, "", format!("something broke: {:?}", request.headers)),
        Fate::Echoes => {
            let sent = String::from_utf8_lossy(&request.body).into_owned();
            let from = sent.find("http").unwrap_or_default();
            Answer::Reply(400, "", sent[from..].chars().take(200).collect())
        }
        Fate::Busy(seconds) => Answer::Reply(429, "", seconds.to_string()),
        Fate::Hangs => {
            let mut rest = vec![];
            let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
            return;
        }
    };
    let (head, body) = match answer {
        Answer::Drop => return,
        Answer::Bytes(bytes) => ("200 OK\r\nContent-Type: application/wasm".to_owned(), bytes),
        Answer::Reply(429, _, seconds) => (format!("429 X\r\nRetry-After: {seconds}"), vec![]),
        Answer::Reply(302, _, place) => (
            format!("302 X\r\nLocation: {place}\r\nContent-Type: text/html; charset=utf-8"),
            b"<a>Found</a>".to_vec(),
        ),
        Answer::Reply(status, kind, text) => {
            let kind = if kind.is_empty() { "text/plain; charset=utf-8" } else { kind };
            (format!("{status} X\r\nContent-Type: {kind}"), text.into_bytes())
        }
    };
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

const JSON: &str = "application/json";

/// A value of the design's YAML, whose scalars are JSON's.
fn scalar(design: &str, key: &str) -> Option<Value> {
    let line = design.lines().find_map(|l| l.trim().strip_prefix(&format!("{key}: ")))?;
    serde_json::from_str(line).ok()
}

impl Inner {
    fn is_signed_in(&mut self, request: &Request) -> bool {
        let cookies = request.headers.get("cookie").cloned().unwrap_or_default();
        let cookies: HashMap<_, _> = cookies.split("; ").filter_map(|c| c.split_once('=')).collect();
        self.presented = cookies.get("token").copied().unwrap_or_default().to_owned();
        let token = self.token.as_ref().is_none_or(|t| cookies.get("token") == Some(&t.as_str()));
        token && cookies.get("meshery-provider") == Some(&self.provider.as_str())
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let line = (request.method.as_str(), request.path.as_str());
        if line == ("GET", "/api/system/version") {
            let said = json!({"build": "v0.7.130", "latest": "v0.8.2", "outdated": true, "commitsha": "6ce050b", "release_channel": "stable"});
            return Answer::Reply(200, JSON, said.to_string());
        }
        if !self.is_signed_in(request) {
            return Answer::Reply(302, "", "/provider".into());
        }
        if request.method != "GET" {
            match request.headers.get("idempotency-key") {
                Some(key) => *self.keys.entry(key.clone()).or_default() += 1,
                None if request.path.contains("/filter/") && request.method == "DELETE" => {}
                None => self.wrong.push(format!("{line:?} without a key")),
            }
        }
        match line {
            ("GET", "/api/filter") => self.list(request),
            ("POST", "/api/filter") => self.import(request),
            ("POST", "/api/filter/deploy") => self.deploy(request),
            ("DELETE", "/api/filter/deploy") => self.undeploy(request),
            ("GET", path) if path.starts_with("/api/filter/download/") => {
                let id = path.rsplit('/').next().unwrap_or_default();
                match self.filters.iter().find(|f| f.id == id) {
                    Some(filter) => Answer::Bytes(filter.bytes.clone()),
                    None => Answer::Reply(404, "", "no such filter".into()),
                }
            }
            ("DELETE", path) if path.starts_with("/api/filter/") => {
                let id = path.rsplit('/').next().unwrap_or_default();
                let before = self.filters.len();
                self.filters.retain(|f| f.id != id);
                if self.filters.len() == before {
                    self.wrong.push(format!("deletes {id}, which is not there"));
                    return Answer::Reply(500, "", "provider error".into());
                }
                Answer::Reply(200, JSON, "{}".into())
            }
            _ => {
                self.wrong.push(format!("{line:?} is nothing of Meshery's"));
                Answer::Reply(404, "", "404 page not found".into())
            }
        }
    }

    fn list(&mut self, request: &Request) -> Answer {
        let search = request.query.get("search").cloned().unwrap_or_default();
        let number = |key: &str| request.query.get(key).and_then(|n| n.parse::<usize>().ok());
        let (page, size) = (number("page").unwrap_or(0), number("pagesize").unwrap_or(10));
        let found: Vec<_> = self.filters.iter().filter(|f| f.name.contains(&search)).collect();
        let shown = found.iter().skip(page * size).take(size);
        let shown: Vec<_> = shown
            .map(
                |f| json!({"id": f.id, "name": f.name, "filter_resource": f.config, "visibility": "private"}),
            )
            .collect();
        let reply = json!({"page": page, "page_size": size, "total_count": found.len(), "filters": shown});
        Answer::Reply(200, JSON, reply.to_string())
    }

    fn import(&mut self, request: &Request) -> Answer {
        // 0.7 reports the error by way of what it could not read.
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return Answer::Drop };
        if body["save"] != true {
            return Answer::Reply(200, JSON, "[{}]".into());
        }
        let data = &body["filter_data"];
        let (name, file) =
            (data["name"].as_str().unwrap_or_default(), data["filter_file"].as_str().unwrap_or_default());
        let bytes = STANDARD.decode(file).unwrap_or_default();
        if name.is_empty() || bytes.is_empty() {
            self.wrong.push("an import without name or bytes".into());
        }
        if self.filters.iter().any(|f| f.name == name) {
            self.wrong.push(format!("{name} is imported twice"));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let config = body["config"].as_str().unwrap_or_default().to_owned();
        self.filters.push(Filter { id, name: name.to_owned(), bytes, config });
        Answer::Reply(200, JSON, "[]".into())
    }

    fn design(&mut self, request: &Request) -> Option<(String, String, String, Value)> {
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        if body["pattern_file"] != body["patternFile"] || body["pattern_id"] != body["patternId"] {
            self.wrong.push("the two spellings differ".into());
        }
        if request.headers.get("content-type").map(String::as_str) != Some(JSON) {
            self.wrong.push("a design that is not sent as JSON".into());
        }
        let design = body["pattern_file"].as_str()?.to_owned();
        let plugin = design.split("  plugin:\n").nth(1)?;
        let resource = scalar(plugin, "name")?.as_str()?.to_owned();
        let sha256 = scalar(plugin, "sha256")?.as_str()?.to_owned();
        let config = scalar(plugin, "pluginConfig")?;
        if !scalar(plugin, "url")?.as_str()?.ends_with(".wasm") {
            self.wrong.push("a design without an address of the module".into());
        }
        Some((design, resource, sha256, config))
    }

    fn deploy(&mut self, request: &Request) -> Answer {
        if !self.connected {
            return Answer::Reply(500, "", "no kubernetes context found".into());
        }
        let Some((design, resource, sha, config)) = self.design(request) else {
            self.wrong.push("a design that cannot be read".into());
            return Answer::Reply(400, "", "cannot parse the pattern file".into());
        };
        if !self.filters.iter().any(|f| sha256(&f.bytes) == sha) {
            self.wrong.push(format!("deploys {sha}, which was not imported"));
        }
        let before = self.cluster.insert(resource.clone(), (sha.clone(), config.clone(), design));
        // What is applied again changes nothing.
        if before.is_none_or(|(s, c, _)| (s, c) != (sha.clone(), config.clone())) {
            self.effects.push(Effect::Applied { resource, sha256: sha, config });
        }
        Answer::Reply(200, JSON, "[]".into())
    }

    fn undeploy(&mut self, request: &Request) -> Answer {
        if !self.connected {
            return Answer::Reply(500, "", "no kubernetes context found".into());
        }
        let Some((design, resource, ..)) = self.design(request) else {
            return Answer::Reply(400, "", "cannot parse the pattern file".into());
        };
        if let Some((_, _, applied)) = self.cluster.remove(&resource) {
            if applied != design {
                self.wrong.push("takes back with another body than it deployed".into());
            }
            self.effects.push(Effect::Removed { resource });
        }
        Answer::Reply(200, JSON, "[]".into())
    }
}
