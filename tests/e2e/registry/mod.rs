//! The OCI registry, over real HTTP, from the text of the distribution specification: each endpoint,
//! what goes wrong at it, who may do what, and the tools that people use with it.
mod auth;
mod caches;
mod clients;
mod deletes;
mod forms;
mod manifests;
mod pull;
mod reach;
mod referrers;
mod releases;
mod rust_client;
mod same_bytes;
mod saved;
mod tags;
mod tenants;
mod unboxing;
mod uploads;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tamis_e2e::{
    client::{Person, Reply},
    fixtures::sha256,
};

pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

pub fn digest512(bytes: &[u8]) -> String {
    use sha2::Digest;
    format!("sha512:{}", hex::encode(sha2::Sha512::digest(bytes)))
}

/// A person at one repository.
pub struct Repo<'a> {
    pub who: &'a Person,
    pub name: &'a str,
}

/// `repo(&alice, "alice/guard")`.
pub fn repo<'a>(who: &'a Person, name: &'a str) -> Repo<'a> {
    Repo { who, name }
}

impl Repo<'_> {
    pub fn request(&self, method: Method, rest: &str) -> RequestBuilder {
        self.who.request(method, &format!("/v2/{}{rest}", self.name))
    }

    pub async fn get(&self, rest: &str) -> Reply {
        self.who.send(self.request(Method::GET, rest)).await
    }

    pub async fn head(&self, rest: &str) -> Reply {
        self.who.send(self.request(Method::HEAD, rest)).await
    }

    pub async fn delete(&self, rest: &str) -> Reply {
        self.who.send(self.request(Method::DELETE, rest)).await
    }

    pub async fn post(&self, rest: &str) -> Reply {
        self.who.send(self.request(Method::POST, rest)).await
    }

    /// A request to a `Location` of this server.
    pub fn at(&self, method: Method, location: &str) -> RequestBuilder {
        let path = location.strip_prefix(&self.who.base).unwrap_or(location);
        self.who.request(method, path)
    }

    /// Pushes a blob in one request; its descriptor.
    pub async fn blob(&self, bytes: &[u8], media_type: &str) -> Value {
        let digest = digest(bytes);
        let request = self.request(Method::POST, &format!("/blobs/uploads/?digest={digest}"));
        self.who.send(request.body(bytes.to_vec())).await.expect(201);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    pub async fn start(&self) -> String {
        let begun = self.post("/blobs/uploads/").await.expect(202);
        begun.header("location").to_owned()
    }

    pub async fn put(&self, reference: &str, media_type: &str, bytes: &[u8]) -> Reply {
        let request = self.request(Method::PUT, &format!("/manifests/{reference}"));
        self.who.send(request.header("content-type", media_type).body(bytes.to_vec())).await
    }

    /// Pushes an image of one layer that holds no module; its manifest.
    pub async fn image(&self, reference: &str, salt: &str) -> Vec<u8> {
        let config = self.blob(format!(r#"{{"salt":"{salt}"}}"#).as_bytes(), CONFIG).await;
        let layer = self.blob(format!("layer {salt}").as_bytes(), LAYER).await;
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]});
        let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
        let reference = if reference.is_empty() { digest(&bytes) } else { reference.to_owned() };
        self.put(&reference, IMAGE, &bytes).await.expect(201);
        bytes
    }
}

/// The code of an error in the registry's form.
#[track_caller]
pub fn code(reply: &Reply) -> String {
    assert!(reply.header("content-type").starts_with("application/json"), "{}", reply.text());
    let errors = reply.json()["errors"].clone();
    assert!(errors[0]["message"].is_string(), "{errors}");
    errors[0]["code"].as_str().unwrap().to_owned()
}

/// A tar+gzip layer with these files.
pub fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}
