//! How to reach a bucket, and the client for it with every deadline written down: the SDK alone would
//! wait for ever.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::{Client, Config};

const CONNECT: Duration = Duration::from_secs(3);
/// A store that says nothing for this long to a question without a body is away.
const ANSWER: Duration = Duration::from_secs(10);
const ATTEMPT: Duration = Duration::from_secs(30);
const PROBE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
/// The slowest link that an upload is still given time for, bytes a second.
const SLOWEST: u64 = 512 * 1024;

/// A bucket and how to talk to it. `access_key` and `secret_key` go together; without them the AWS
/// chain is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Config {
    pub bucket: String,
    /// Without slashes at its ends.
    pub prefix: Option<String>,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key: Option<String>,
    pub secret_key: Option<String>,
    pub path_style: bool,
    /// For older stores that refuse checksum headers.
    pub checksums_when_required: bool,
}

impl S3Config {
    pub fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: None,
            endpoint: None,
            region: None,
            access_key: None,
            secret_key: None,
            path_style: false,
            checksums_when_required: false,
        }
    }
}

impl fmt::Display for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if let Some(prefix) = &self.prefix {
            write!(f, "/{prefix}")?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = if self.secret_key.is_some() { "static" } else { "AWS chain" };
        f.debug_struct("S3Config")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("path_style", &self.path_style)
            .field("checksums_when_required", &self.checksums_when_required)
            .field("credentials", &credentials)
            .finish_non_exhaustive()
    }
}

pub(super) async fn client(config: &S3Config) -> Client {
    // Any name will do for a server that has but one region.
    let fallback = config.endpoint.as_ref().map(|_| "us-east-1".to_owned());
    let region = config.region.clone().or(fallback).map(Region::new);
    let mut builder = match (&config.access_key, &config.secret_key) {
        (Some(access), Some(secret)) => Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(Credentials::new(access, secret, None, None, "tamis"))
            .region(region.or_else(|| Some(Region::new("us-east-1")))),
        _ => {
            let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
            if let Some(region) = region {
                loader = loader.region(region);
            }
            Builder::from(&loader.load().await)
        }
    };
    let checksums = if config.checksums_when_required {
        RequestChecksumCalculation::WhenRequired
    } else {
        RequestChecksumCalculation::WhenSupported
    };
    builder.set_endpoint_url(config.endpoint.clone());
    let builder = builder
        .force_path_style(config.path_style)
        .request_checksum_calculation(checksums)
        // Every reader hashes the whole object anyway.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(Duration::from_millis(200))
                .with_max_backoff(Duration::from_secs(2)),
        )
        .timeout_config(timeouts(&Deadline::Small))
        // Bodies have an idle timeout of our own, uploads a deadline by size.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Client::from_conf(builder.build())
}

/// How long a call may take.
pub(super) enum Deadline {
    /// A question whose answer is wanted now or not at all.
    Probe,
    /// A call without a body to send.
    Small,
    /// A call that sends so many bytes, or makes the store copy them.
    Transfer(u64),
}

pub(super) fn deadline(deadline: Deadline) -> Builder {
    Builder::new().timeout_config(timeouts(&deadline))
}

fn timeouts(deadline: &Deadline) -> TimeoutConfig {
    let attempt = match deadline {
        Deadline::Probe => PROBE,
        Deadline::Small => ANSWER,
        Deadline::Transfer(size) => ATTEMPT + Duration::from_secs(size / SLOWEST),
    };
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * 2)
        .build()
}
