//! An S3 server in this process, over a directory, that breaks on demand and remembers what it was
//! asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, stream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tamis_blobs::S3Config;
use tempfile::TempDir;

pub const BUCKET: &str = "bucket";
const ACCESS: &str = "test-access";
const SECRET: &str = "test-secret";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// So many more calls are answered 503.
    SlowDown(usize),
    Denied,
    /// PUT, or the end of a multipart upload, is answered 200 and nothing is kept.
    NotStored,
    /// As above, but one byte of what is kept is another.
    StoredWrong,
    /// As above, but only the first half is kept.
    StoredHalf,
    PartRefused,
    /// A GET breaks off in the middle.
    GetCut,
    /// A GET announces and sends the first half only.
    GetHalf,
    GetFlips,
}

pub struct Server {
    pub address: SocketAddr,
    pub state: Arc<State>,
    pub root: TempDir,
}

pub struct State {
    fault: Mutex<Fault>,
    calls: Mutex<Vec<&'static str>>,
    checksums: Mutex<Vec<Option<String>>>,
}

impl State {
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The calls since the last time this was asked.
    pub fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The checksum of each whole object that was sent.
    pub fn checksums(&self) -> Vec<Option<String>> {
        self.checksums.lock().unwrap().clone()
    }

    fn enter(&self, call: &'static str) -> S3Result<Fault> {
        self.calls.lock().unwrap().push(call);
        let mut fault = self.fault.lock().unwrap();
        match &mut *fault {
            Fault::SlowDown(0) => *fault = Fault::None,
            Fault::SlowDown(left) => {
                *left -= 1;
                return Err(s3_error!(SlowDown));
            }
            Fault::Denied => return Err(s3_error!(AccessDenied)),
            _ => {}
        }
        Ok(*fault)
    }
}

impl Server {
    pub async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let state = Arc::new(State {
            fault: Mutex::new(Fault::None),
            calls: Mutex::default(),
            checksums: Mutex::default(),
        });
        let inner = FileSystem::new(root.path()).unwrap();
        let faulty = Faulty { inner, state: state.clone(), root: root.path().to_owned() };
        let mut service = S3ServiceBuilder::new(faulty);
        service.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
        let service = service.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { address, state, root }
    }

    pub fn config(&self, address: SocketAddr) -> S3Config {
        let mut config = S3Config::new(BUCKET);
        config.prefix = Some("pre/fix".into());
        config.endpoint = Some(format!("http://{address}"));
        config.access_key = Some(ACCESS.into());
        config.secret_key = Some(SECRET.into());
        config.path_style = true;
        config
    }
}

struct Faulty {
    inner: FileSystem,
    state: Arc<State>,
    root: PathBuf,
}

/// What a fault leaves of an object that was stored in good order.
fn spoil(path: &Path, fault: Fault) {
    let mut bytes = std::fs::read(path).unwrap();
    match fault {
        Fault::NotStored => return std::fs::remove_file(path).unwrap(),
        Fault::StoredWrong => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        Fault::StoredHalf => bytes.truncate(bytes.len() / 2),
        _ => return,
    }
    std::fs::write(path, bytes).unwrap();
}

fn spoil_answer(output: &mut GetObjectOutput, fault: Fault) {
    let length = output.content_length.unwrap_or_default() as usize;
    let Some(body) = output.body.take() else { return };
    if fault == Fault::GetHalf {
        output.content_length = Some(length as i64 / 2);
    }
    let mut position = 0;
    let body = body.flat_map(move |chunk| {
        let mut chunk = chunk.unwrap().to_vec();
        let start = position;
        position += chunk.len();
        let middle = (length / 2).checked_sub(start).filter(|at| *at < chunk.len());
        let mut items = Vec::new();
        match (fault, middle) {
            (Fault::GetFlips, Some(at)) => chunk[at] ^= 1,
            (Fault::GetHalf | Fault::GetCut, _) if start >= length / 2 => chunk.clear(),
            (Fault::GetHalf | Fault::GetCut, Some(at)) => chunk.truncate(at),
            _ => {}
        }
        items.push(Ok(chunk.into()));
        if fault == Fault::GetCut && start + 1 > length / 2 {
            items.push(Err(std::io::Error::other("cut")));
        }
        stream::iter(items)
    });
    output.body = Some(StreamingBlob::wrap(body));
}

#[async_trait::async_trait]
impl S3 for Faulty {
    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.state.enter("head_bucket")?;
        self.inner.head_bucket(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.state.enter("head_object")?;
        self.inner.head_object(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let fault = self.state.enter("get_object")?;
        if !self.root.join(&req.input.bucket).exists() {
            return Err(s3_error!(NoSuchBucket));
        }
        let mut response = self.inner.get_object(req).await?;
        if matches!(fault, Fault::GetCut | Fault::GetHalf | Fault::GetFlips) {
            spoil_answer(&mut response.output, fault);
        }
        Ok(response)
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.state.enter("list_objects_v2")?;
        self.inner.list_objects_v2(req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let fault = self.state.enter("put_object")?;
        self.state.checksums.lock().unwrap().push(req.input.checksum_sha256.clone());
        let path = self.root.join(&req.input.bucket).join(&req.input.key);
        let response = self.inner.put_object(req).await?;
        spoil(&path, fault);
        Ok(response)
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.state.enter("delete_object")?;
        if !self.root.join(&req.input.bucket).exists() {
            return Err(s3_error!(NoSuchBucket));
        }
        self.inner.delete_object(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.state.enter("create_multipart_upload")?;
        self.inner.create_multipart_upload(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let fault = self.state.enter("upload_part")?;
        if fault == Fault::PartRefused && req.input.part_number == 2 {
            return Err(s3_error!(InvalidRequest));
        }
        self.inner.upload_part(req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let fault = self.state.enter("complete_multipart_upload")?;
        let path = self.root.join(&req.input.bucket).join(&req.input.key);
        let response = self.inner.complete_multipart_upload(req).await?;
        spoil(&path, fault);
        Ok(response)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.state.enter("abort_multipart_upload")?;
        self.inner.abort_multipart_upload(req).await
    }
}
