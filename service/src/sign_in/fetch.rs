//! Requests to providers. The operator named them, so any address will do; they still cannot
//! send us elsewhere, keep us waiting, or fill our memory.
use crate::error::{Error, Result};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::{future::Future, pin::Pin, time::Duration};

const MOST: usize = 1024 * 1024;

#[derive(Clone)]
pub struct Fetch(reqwest::Client);

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    #[error("{0}")]
    Http(#[from] http::Error),
}

impl Fetch {
    pub fn new() -> Result<Self> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .user_agent("tamis")
            .build()
            .map(Self)
            .map_err(|e| Error::internal(e.to_string()))
    }

    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut reply = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(reply.status());
        for (name, value) in reply.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await? {
            if body.len() + chunk.len() > MOST {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
