//! A person at the API: sends what they are told to, and hands back what came.
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Tests talk to this machine without TLS: reading its list of authorities for each client would only cost.
pub fn http() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_certs_only([])
}

#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub token: Option<String>,
    pub base: String,
    pub http: reqwest::Client,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// Fails the test with the whole answer when the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The stable code of a problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.json()["code"], code, "{}", reply.text());
        assert_eq!(reply.json()["status"], status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        reply
    }
}

impl Person {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let reply = request.send().await.expect("an answer");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Reply { status, headers, body: reply.bytes().await.expect("a whole body").to_vec() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Uploads bytes as a release: `upload("alice/guard", "1.0.0", bytes)`.
    pub async fn upload(&self, filter: &str, version: &str, bytes: impl Into<reqwest::Body>) -> Reply {
        let request = self.request(Method::PUT, &format!("/api/v1/filters/{filter}/releases/{version}"));
        self.send(request.header("content-type", "application/wasm").body(bytes)).await
    }

    /// Asks for an action on a release; the review as JSON.
    pub async fn submit(&self, filter: &str, version: &str, action: &str) -> Reply {
        let (namespace, name) = filter.split_once('/').unwrap();
        let body = serde_json::json!({"namespace": namespace, "filter": name, "version": version, "action": action, "note": "please"});
        self.post("/api/v1/reviews", &body).await
    }

    pub async fn vote(&self, review: &Value, decision: &str) -> Reply {
        let body = serde_json::json!({"decision": decision, "digest": review["digest"], "revision": review["revision"], "note": "looked at it"});
        self.post(&format!("/api/v1/reviews/{}/votes", review["id"].as_str().unwrap()), &body).await
    }

    pub async fn release(&self, review: &Value) -> Reply {
        let path = format!("/api/v1/reviews/{}/release", review["id"].as_str().unwrap());
        self.send(self.request(Method::POST, &path)).await
    }
}
