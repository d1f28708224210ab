//! Objects in an S3-compatible bucket. The one module tree in the workspace that knows the AWS SDK.
//!
//! The bucket is not trusted: ETags and conditional writes differ from engine to engine (some ignore
//! `If-None-Match` and overwrite), so neither is ever used; only digests that we compute count.

mod config;
mod errors;
mod multipart;
mod part;
mod put;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::Semaphore;

pub use config::S3Config;

use crate::failpoints::hit;
use crate::{Blob, BlobError, BlobKey, BlobStore, Entry, Stat};
use config::Deadline;
use errors::classify;

/// Each upload streams from a file, so this bounds sockets and the store's load, not memory.
const PARALLEL_UPLOADS: usize = 8;
/// A body that sends nothing for this long has died without saying so.
const IDLE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct S3Store {
    client: Client,
    config: Arc<S3Config>,
    uploads: Arc<Semaphore>,
}

impl S3Store {
    /// Prepares a client. With static credentials and a region no request is made.
    pub async fn connect(config: S3Config) -> Result<Self, BlobError> {
        let client = config::client(&config).await;
        Ok(Self { client, config: Arc::new(config), uploads: Arc::new(Semaphore::new(PARALLEL_UPLOADS)) })
    }

    fn bucket(&self) -> &str {
        &self.config.bucket
    }

    /// What every name in the bucket starts with: nothing, or the prefix and a slash.
    fn root(&self) -> String {
        self.config.prefix.as_ref().map_or_else(String::new, |prefix| format!("{prefix}/"))
    }

    fn name(&self, key: &BlobKey) -> String {
        self.root() + key.as_str()
    }

    async fn bucket_answers(&self) -> Result<(), BlobError> {
        let request = self.client.head_bucket().bucket(self.bucket());
        let sent = request.customize().config_override(config::deadline(Deadline::Probe)).send().await;
        sent.map(drop).map_err(|error| match classify("asking for the bucket", error) {
            BlobError::Internal(reason) => BlobError::Unavailable(reason),
            other => other,
        })
    }

    /// One page of the listing that follows `token`, and the token of the next.
    async fn page(&self, token: Option<String>) -> Result<(Vec<Entry>, Option<String>), BlobError> {
        let root = self.root();
        let request = self.client.list_objects_v2().bucket(self.bucket());
        let request = request.set_prefix((!root.is_empty()).then(|| root.clone()));
        let page = request.set_continuation_token(token.clone()).send().await;
        let page = page.map_err(|error| classify("listing the bucket", error))?;
        let entries = page.contents().iter().filter_map(|object| {
            let name = object.key()?.strip_prefix(&root)?;
            Some(Entry {
                key: BlobKey::parse(name),
                name: name.to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                modified_us: object.last_modified().map(micros).unwrap_or_default(),
            })
        });
        let next = page.next_continuation_token().map(str::to_owned);
        let next = next.filter(|_| page.is_truncated() == Some(true));
        if next.is_some() && next == token {
            return Err(BlobError::Internal(
                "listing the bucket: the same page comes again and again".into(),
            ));
        }
        Ok((entries.collect(), next))
    }
}

#[async_trait]
impl BlobStore for S3Store {
    async fn put_file(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError> {
        key.names(&sha256)?;
        let (store, key, path) = (self.clone(), key.clone(), path.to_owned());
        // A task of its own: a caller that goes away must not leave a multipart upload without abort.
        let task = tokio::spawn(async move { store.put(&key, &path, size, sha256).await });
        task.await.unwrap_or_else(|error| Err(BlobError::Internal(error.to_string())))
    }

    async fn open(&self, key: &BlobKey) -> Result<Blob, BlobError> {
        let request = self.client.get_object().bucket(self.bucket()).key(self.name(key));
        let object = request.send().await.map_err(|error| classify(format_args!("reading {key}"), error))?;
        let size = object.content_length().and_then(|length| u64::try_from(length).ok());
        let size =
            size.ok_or_else(|| BlobError::Unavailable(format!("reading {key}: no length announced")))?;
        Ok(Blob { size, stream: body(object.body, key.to_string()) })
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        let request = self.client.head_object().bucket(self.bucket()).key(self.name(key));
        match request.send().await {
            Ok(head) => {
                let size = head.content_length().and_then(|length| u64::try_from(length).ok());
                let size =
                    size.ok_or_else(|| BlobError::Unavailable(format!("asking for {key}: no length")))?;
                Ok(Some(Stat { size }))
            }
            // An answer to HEAD has no body, so a missing bucket looks just like a missing object.
            Err(error) if errors::status(&error) == Some(404) => self.bucket_answers().await.map(|()| None),
            Err(error) => Err(classify(format_args!("asking for {key}"), error)),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        hit("blob.before-delete")?;
        let request = self.client.delete_object().bucket(self.bucket()).key(self.name(key));
        match request.send().await.map_err(|error| classify(format_args!("deleting {key}"), error)) {
            Ok(_) | Err(BlobError::NotFound) => hit("blob.after-delete"),
            Err(error) => Err(error),
        }
    }

    fn list(&self) -> BoxStream<'static, Result<Entry, BlobError>> {
        let start = (self.clone(), Some(None));
        stream::unfold(start, |(store, position)| async move {
            let (items, next) = match store.page(position?).await {
                Ok((entries, next)) => (entries.into_iter().map(Ok).collect(), next.map(Some)),
                Err(error) => (vec![Err(error)], None),
            };
            Some((stream::iter(items), (store, next)))
        })
        .flatten()
        .boxed()
    }

    async fn sweep(&self, before_us: i64) -> Result<u64, BlobError> {
        self.abort_stale_uploads(before_us).await
    }

    async fn health(&self) -> Result<(), BlobError> {
        self.bucket_answers().await
    }

    fn describe(&self) -> String {
        self.config.to_string()
    }
}

fn body(body: ByteStream, what: String) -> BoxStream<'static, Result<Bytes, BlobError>> {
    stream::unfold(Some(body), move |body| {
        let what = what.clone();
        async move {
            let mut body = body?;
            let failed = |reason: String| BlobError::Unavailable(format!("reading {what}: {reason}"));
            match tokio::time::timeout(IDLE, body.next()).await {
                Ok(None) => None,
                Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(body))),
                Ok(Some(Err(error))) => Some((Err(failed(errors::chain(&error))), None)),
                Err(_) => Some((Err(failed(format!("no byte for {} s", IDLE.as_secs()))), None)),
            }
        }
    })
    .boxed()
}

fn micros(time: &DateTime) -> i64 {
    i64::try_from(time.as_nanos() / 1000).unwrap_or_default()
}
