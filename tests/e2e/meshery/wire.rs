//! A Meshery Server at the other end: writes each header itself, as its HTTP client does, and reads answers as
//! strictly as Go does. Knows no expectation of what is stored.
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Map, Value};
use tamis_e2e::{app::TestApp, client::Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

/// Generations of Meshery that differ on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    V06,
    V07,
    V2026,
}

pub const DIALECTS: [Dialect; 3] = [Dialect::V06, Dialect::V07, Dialect::V2026];
pub const SYSTEM_ID: &str = "86458d18-a5df-4f6d-8218-36cbff28d0ad";

pub struct Server {
    pub address: String,
    pub dialect: Dialect,
    /// The wrapper that stands in the cookie.
    pub token: String,
}

/// The JWT in a wrapper.
pub fn jwt(wrapper: &str) -> String {
    let bytes = STANDARD_NO_PAD.decode(wrapper).expect("the standard alphabet without padding");
    let inner: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(inner["token_type"], "bearer");
    assert!(is_time(inner["expiry"].as_str().unwrap()), "{inner}");
    inner["access_token"].as_str().unwrap().to_owned()
}

/// The refresh token in a wrapper.
pub fn refresh(wrapper: &str) -> String {
    let inner: Value = serde_json::from_slice(&STANDARD_NO_PAD.decode(wrapper).unwrap()).unwrap();
    inner["refresh_token"].as_str().unwrap().to_owned()
}

impl Server {
    pub fn new(app: &TestApp, dialect: Dialect, token: &str) -> Self {
        let address = app.base.trim_start_matches("http://").to_owned();
        Self { address, dialect, token: token.to_owned() }
    }

    fn bearer(&self) -> String {
        match self.dialect {
            Dialect::V06 => jwt(&self.token),
            _ => self.token.clone(),
        }
    }

    /// A call with the headers of every call, and a body without a content type.
    pub async fn call(&self, method: &str, target: &str, body: Option<&str>) -> Reply {
        let mut headers = vec![format!("Authorization: bearer {}", self.bearer())];
        if self.dialect != Dialect::V06 {
            headers.push(format!("SystemID: {SYSTEM_ID}"));
        }
        self.send(method, target, &headers, body.map(str::as_bytes)).await
    }

    /// The same without a credential, with JSON said to be JSON.
    pub async fn ask(&self, method: &str, target: &str, body: Option<&str>) -> Reply {
        let headers = body.map(|_| "Content-Type: application/json".to_owned());
        self.send(method, target, &Vec::from_iter(headers), body.map(str::as_bytes)).await
    }

    pub async fn send(&self, method: &str, target: &str, headers: &[String], body: Option<&[u8]>) -> Reply {
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Go-http-client/1.1\r\n",
            self.address
        );
        if let Some(body) = body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for header in headers {
            head += &format!("{header}\r\n");
        }
        head += "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n";
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        let (mut read, mut write) = stream.split();
        let mut answer = vec![];
        // The server may have refused and closed already; what it said is still to be read.
        let (_, _) = tokio::join!(write.write_all(&bytes), read.read_to_end(&mut answer));
        parse(&answer).unwrap_or_else(|| panic!("no answer to {method} {target}"))
    }
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let mut reply = crate::input::raw::parse(answer)?;
    if reply.header("transfer-encoding") == "chunked" {
        reply.body = unchunked(&reply.body)?;
    }
    assert!(
        ["", "identity"].contains(&reply.header("content-encoding")),
        "{}",
        reply.header("content-encoding")
    );
    Some(reply)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut all = vec![];
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(all);
        }
        all.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

/// RFC 3339 as Go's decoder takes it.
fn is_time(text: &str) -> bool {
    serde_json::from_value::<tamis_entities::value::Timestamp>(text.into()).is_ok()
}

type Read<T> = Result<T, String>;

/// Exactly this status: 201 is as wrong as 500.
pub fn exactly(reply: &Reply, status: u16) -> Read<Value> {
    match reply.status == status {
        true => serde_json::from_slice(&reply.body).map_err(|e| format!("not JSON ({e}): {}", reply.text())),
        false => Err(format!("status {} instead of {status}: {}", reply.status, reply.text())),
    }
}

/// Go finds a key whatever its case, but an underscore is a letter like any other.
fn key<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| map.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// The spelling that this generation reads.
pub fn spelt(dialect: Dialect, snake: &str) -> String {
    match dialect {
        Dialect::V2026 => tamis::meshery::wire::camel(snake),
        _ => snake.to_owned(),
    }
}

pub fn filter(dialect: Dialect, value: &Value) -> Read<Map<String, Value>> {
    let map = value.as_object().ok_or_else(|| format!("not an object: {value}"))?;
    let get = |name: &str| key(map, &spelt(dialect, name)).ok_or_else(|| format!("no {name} in {value}"));
    let id: Uuid = get("id")?.as_str().and_then(|t| t.parse().ok()).ok_or("id is no UUID")?;
    if id.get_version_num() != 4 {
        return Err(format!("{id} would be taken for a name"));
    }
    let text = |name: &str| get(name)?.as_str().map(str::to_owned).ok_or(format!("{name} is no text"));
    if text("name")?.is_empty() {
        return Err("no name".into());
    }
    text("filter_resource")?;
    if !["private", "public", "published"].contains(&text("visibility")?.as_str()) {
        return Err("an unknown visibility".into());
    }
    for name in ["location", "catalog_data"] {
        let value = get(name)?;
        if !(value.is_object() || value.is_null()) {
            return Err(format!("{name} is neither object nor null"));
        }
    }
    for name in ["created_at", "updated_at"] {
        if !is_time(&text(name)?) {
            return Err(format!("{name} is no time"));
        }
    }
    let file = get("filter_file")?;
    let padded = |t: &str| base64::engine::general_purpose::STANDARD.decode(t).is_ok();
    match file.is_null() || file.as_str().is_some_and(padded) {
        true => Ok(map.clone()),
        false => Err("filter_file is neither base64 nor null".into()),
    }
}

/// What a save answers: a list, in which each is a filter.
pub fn filters(dialect: Dialect, reply: &Reply) -> Read<Vec<Map<String, Value>>> {
    let value = exactly(reply, 200)?;
    let items = value.as_array().ok_or_else(|| format!("not a list: {value}"))?;
    items.iter().map(|item| filter(dialect, item)).collect()
}

/// A page of whatever stands under `name`, never null.
pub fn page(dialect: Dialect, reply: &Reply, name: &str) -> Read<Vec<Value>> {
    let value = exactly(reply, 200)?;
    let map = value.as_object().ok_or_else(|| format!("not an object: {value}"))?;
    for number in ["page", "page_size", "total_count"] {
        let spelt = spelt(dialect, number);
        key(map, &spelt).and_then(Value::as_u64).ok_or_else(|| format!("no number {spelt}: {value}"))?;
    }
    let rows = key(map, name).and_then(Value::as_array);
    rows.cloned().ok_or_else(|| format!("no list {name}: {value}"))
}

pub fn catalog_request(dialect: Dialect, reply: &Reply) -> Read<Map<String, Value>> {
    let value = exactly(reply, 200)?;
    let map = value.as_object().ok_or_else(|| format!("not an object: {value}"))?;
    for name in ["id", "content_id", "content_name", "content_type", "status", "created_at", "updated_at"] {
        let spelt = spelt(dialect, name);
        key(map, &spelt).and_then(Value::as_str).ok_or_else(|| format!("no text {spelt}: {value}"))?;
    }
    Ok(map.clone())
}

/// A map whose every value is a text: a number or a list fails.
pub fn texts(value: &Value) -> Read<std::collections::BTreeMap<String, String>> {
    serde_json::from_value(value.clone()).map_err(|e| format!("{e}: {value}"))
}

#[test]
fn a_client_of_go_s_kind_refuses_what_differs_in_one_status_or_one_letter() {
    let good = serde_json::json!([{"id": Uuid::new_v4(), "name": "n", "filter_file": null, "filter_resource": "",
        "visibility": "private", "location": null, "catalog_data": {}, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z"}]);
    let reply = |status, value: &Value| Reply {
        status,
        headers: Default::default(),
        body: value.to_string().into_bytes(),
    };
    filters(Dialect::V07, &reply(200, &good)).unwrap();
    for status in [201, 202, 204, 500] {
        filters(Dialect::V07, &reply(status, &good)).unwrap_err();
    }
    filters(Dialect::V07, &reply(200, &good[0])).unwrap_err();
    for name in ["id", "filter_file", "filter_resource", "visibility", "created_at", "catalog_data"] {
        let mut other = good.clone();
        let value = other[0].as_object_mut().unwrap().remove(name).unwrap();
        other[0][format!("the_{name}")] = value;
        filters(Dialect::V07, &reply(200, &other)).unwrap_err();
    }
    for (name, wrong) in
        [("id", "0197c1a0-0000-7000-8000-000000000000"), ("filter_file", "AGFzbQ"), ("created_at", "now")]
    {
        let mut other = good.clone();
        other[0][name] = wrong.into();
        filters(Dialect::V07, &reply(200, &other)).unwrap_err();
    }
    filters(Dialect::V2026, &reply(200, &good)).unwrap_err();
}
