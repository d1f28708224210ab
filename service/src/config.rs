//! What an operator can set: flags, each with a `TAMIS_…` environment variable.
//! `--help` is the reference; every value is checked here, at start, by the flag's name.
use crate::error::{Error, Result};
use clap::Args;
use ipnet::IpNet;
use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};
use tamis_blobs::Location;
use url::Url;

/// `--listen`, with an error that shows the form.
pub fn socket(text: &str) -> std::result::Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "an IP address and a port, e.g. 127.0.0.1:8080, or 0.0.0.0:8080 for every network".to_owned()
    })
}

/// `--public-url`, likewise; `ServeArgs::check` says the rest.
pub fn public_url(text: &str) -> std::result::Result<Url, String> {
    text.parse().map_err(|e| format!("{e}; write it like https://tamis.example.org"))
}

/// Where the data is; shared by the server and every operator command.
#[derive(Args, Clone)]
#[command(next_help_heading = "Storage")]
pub struct StoreArgs {
    /// Directory of the embedded database, the local object store and the spool.
    #[arg(long, env = "TAMIS_DATA_DIR", default_value = "./tamis-data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// `postgres://user@host/name`, or `sqlite://file`; without it SQLite in the data directory.
    #[arg(long, env = "TAMIS_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// `s3://bucket/prefix?endpoint=https://host&region=…&path_style=true`, or a directory; without it
    /// a directory in the data directory.
    #[arg(long, env = "TAMIS_BLOBS", value_name = "URL")]
    pub blobs: Option<String>,

    /// Access key of the S3 store; without it the usual AWS sources are asked.
    #[arg(long, env = "TAMIS_S3_ACCESS_KEY", value_name = "KEY", hide_env_values = true)]
    pub s3_access_key: Option<String>,

    /// Secret key of the S3 store; better in its variable, since others see a command line.
    #[arg(long, env = "TAMIS_S3_SECRET_KEY", value_name = "SECRET", hide_env_values = true)]
    pub s3_secret_key: Option<String>,

    /// Most connections to the database.
    #[arg(long, env = "TAMIS_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "N",
          value_parser = clap::value_parser!(u32).range(2..=500))]
    pub database_connections: u32,
}

/// Without what is secret: the keys, and the URLs that may hold a password.
impl std::fmt::Debug for StoreArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreArgs").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

impl StoreArgs {
    pub fn database_url(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}?mode=rwc", self.data_dir.join("tamis.db").display()))
    }

    pub fn is_embedded_database(&self) -> bool {
        self.database_url().starts_with("sqlite:")
    }

    /// Whether opening it makes what is not there yet.
    pub fn makes_a_catalog(&self) -> bool {
        self.database_url.is_none() && !self.data_dir.join("tamis.db").exists()
    }

    pub fn blobs(&self) -> Result<Location> {
        match &self.blobs {
            None => Ok(Location::Local(self.data_dir.join("blobs"))),
            Some(text) => text
                .parse::<Location>()
                .and_then(|place| {
                    place.with_credentials(self.s3_access_key.clone(), self.s3_secret_key.clone())
                })
                // The message names the flag, as an `Error` does.
                .map_err(|e| Error::invalid("--blobs", e.to_string().trim_start_matches("--blobs: "))),
        }
    }

    pub fn spool(&self) -> PathBuf {
        self.data_dir.join("spool")
    }

    pub fn check(&self) -> Result<()> {
        let url = self.database_url();
        let known = ["sqlite:", "postgres:", "postgresql:"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(Error::invalid("--database-url", "start it with postgres:// or sqlite://"));
        }
        self.blobs().map(|_| ())
    }
}

/// A URL that may hold a password: never shown.
#[derive(Clone)]
pub struct SmtpUrl(pub String);

impl std::str::FromStr for SmtpUrl {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpUrl(..)")
    }
}

/// Keys that seal stored credentials: never shown.
#[derive(Clone)]
pub struct SealingKeys(pub Vec<[u8; 32]>);

impl std::str::FromStr for SealingKeys {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let key = |text: &str| {
            let mut key = [0; 32];
            let read = hex::decode_to_slice(text.trim(), &mut key);
            read.map(|()| key).map_err(|_| "64 hexadecimal digits each, with commas between".to_owned())
        };
        text.split(',').map(key).collect::<std::result::Result<_, _>>().map(Self)
    }
}

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeys(..)")
    }
}

/// How releases are brought to targets.
#[derive(Args, Clone, Debug)]
pub struct DeployArgs {
    /// Seals the credentials of targets: 64 hexadecimal digits; more after commas still open what they sealed.
    /// Without it a key is made in the data directory, which only suits a single server.
    #[arg(long, env = "TAMIS_SEALING_KEY", value_name = "KEYS", hide_env_values = true)]
    pub sealing_key: Option<SealingKeys>,

    /// Configuration for every target, by filter: a JSON file such as `{"*": {"log": "warn"}, "acme/guard": {}}`.
    #[arg(long, env = "TAMIS_DEPLOY_DEFAULTS", value_name = "FILE")]
    pub deploy_defaults: Option<PathBuf>,

    /// Milliseconds that a target gets for one answer.
    #[arg(long, env = "TAMIS_TARGET_TIMEOUT_MS", default_value_t = 20_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(50..=120_000))]
    pub target_timeout_ms: u64,

    /// Milliseconds before a failed deployment is tried again; twice as many each time.
    #[arg(long, env = "TAMIS_DEPLOY_PAUSE_MS", default_value_t = 5_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(10..=600_000))]
    pub deploy_pause_ms: u64,

    /// The longest of these pauses, in seconds.
    #[arg(long, env = "TAMIS_DEPLOY_LONGEST_PAUSE", default_value_t = 900, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub deploy_longest_pause: u64,

    /// Seconds after which a deployment that does not succeed is given up.
    #[arg(long, env = "TAMIS_DEPLOY_GIVE_UP", default_value_t = 259_200, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub deploy_give_up: u64,

    /// Seconds between two comparisons of what a target lists with what is wanted; 0 compares on request only.
    #[arg(long, env = "TAMIS_DEPLOY_READ_BACK", default_value_t = 300, value_name = "SECONDS")]
    pub deploy_read_back: u64,
}

/// How the server listens and what it allows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub struct ServeArgs {
    /// Address and port to listen on.
    #[arg(long, env = "TAMIS_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT",
          value_parser = socket)]
    pub listen: SocketAddr,

    /// The URL that people and proxies reach this server by; every absolute link is built from it.
    /// Without it http:// and the listening address.
    #[arg(long, env = "TAMIS_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<Url>,

    /// Publish the built-in filters at start, on PostgreSQL too (SQLite does so by default).
    #[arg(long, env = "TAMIS_SEED", conflicts_with = "no_seed")]
    pub seed: bool,

    /// Never publish the built-in filters.
    #[arg(long, env = "TAMIS_NO_SEED")]
    pub no_seed: bool,

    /// Largest module that an upload or an import may bring, in bytes.
    #[arg(long, env = "TAMIS_MAX_MODULE_BYTES", default_value_t = 64 * 1024 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1024..=1_073_741_824))]
    pub max_module_bytes: u64,

    /// Largest blob that the registry takes, in bytes.
    #[arg(long, env = "TAMIS_MAX_BLOB_BYTES", default_value_t = 1024 * 1024 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1024..))]
    pub max_blob_bytes: u64,

    /// A network that imports, webhooks and targets may reach although it is private, e.g. 10.1.0.0/16; may be repeated.
    #[arg(long = "allow-network", env = "TAMIS_ALLOW_NETWORK", value_name = "CIDR", value_delimiter = ',')]
    pub allow_networks: Vec<IpNet>,

    /// Who may sign in and how: OpenID Connect issuers, GitHub, local accounts. A TOML file; see
    /// service/docs/sign-in.md. Without it local accounts and one-time links.
    #[arg(long, env = "TAMIS_SIGN_IN", value_name = "FILE")]
    pub sign_in: Option<PathBuf>,

    /// What reviews take: required checks, quorum, times. A TOML file; see service/docs/policy.sample.toml.
    /// Without it the values that the sample has.
    #[arg(long, env = "TAMIS_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// A proxy in front of this server, as a network, e.g. 10.0.0.5/32: the addresses that it writes into
    /// X-Forwarded-For are believed; may be repeated.
    #[arg(long = "trusted-proxy", env = "TAMIS_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,

    /// The mail server that people are told through: `smtps://user:password@host:465`, or
    /// `smtp://host:587?tls=required`. Without it nobody gets mail.
    #[arg(long, env = "TAMIS_SMTP_URL", value_name = "URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<SmtpUrl>,

    /// Whom mail is from, e.g. `Tamis <tamis@example.org>`.
    #[arg(long, env = "TAMIS_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    #[command(flatten)]
    pub rates: RateArgs,

    #[command(flatten)]
    pub deploy: DeployArgs,

    /// Where links to GitHub lead; another base for GitHub Enterprise.
    #[arg(long, env = "TAMIS_GITHUB_URL", default_value = "https://github.com", value_name = "URL")]
    pub github_url: Url,

    /// Seconds that a deleted module waits before its bytes are removed.
    #[arg(long, env = "TAMIS_GC_GRACE_SECONDS", default_value_t = 86_400, value_name = "SECONDS")]
    pub gc_grace_seconds: u64,

    /// Seconds that requests in flight get to finish after SIGTERM.
    #[arg(long, env = "TAMIS_DRAIN_SECONDS", default_value_t = 30, value_name = "SECONDS")]
    pub drain_seconds: u64,

    /// Count no downloads and clones.
    #[arg(long, env = "TAMIS_NO_COUNTS")]
    pub no_counts: bool,

    /// Worker threads; as many as there are cores when absent.
    #[arg(long, env = "TAMIS_THREADS", value_name = "N")]
    pub threads: Option<usize>,
}

/// How often a client may ask; twice as much in a burst. Module bytes are never counted.
#[derive(Args, Clone, Debug)]
pub struct RateArgs {
    /// Requests a second with one token or session.
    #[arg(long, env = "TAMIS_RATE_LIMIT_SIGNED_IN", default_value = "200", value_name = "N")]
    pub rate_limit_signed_in: NonZeroU32,

    /// Requests a second from one address without either; ten times as many tokens of the registry.
    #[arg(long, env = "TAMIS_RATE_LIMIT_ANONYMOUS", default_value = "100", value_name = "N")]
    pub rate_limit_anonymous: NonZeroU32,

    /// Sign-ins and new tokens a minute from one address.
    #[arg(long, env = "TAMIS_RATE_LIMIT_SIGN_IN", default_value = "10", value_name = "N")]
    pub rate_limit_sign_in: NonZeroU32,

    /// Count nothing: for measurements, or behind something that counts.
    #[arg(long, env = "TAMIS_NO_RATE_LIMITS")]
    pub no_rate_limits: bool,
}

impl ServeArgs {
    /// Without a trailing slash.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    pub fn check(&self) -> Result<()> {
        let Some(url) = &self.public_url else { return Ok(()) };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Error::invalid(
                "--public-url",
                "an http or https URL with a host, e.g. https://tamis.example.org",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::invalid(
                "--public-url",
                "no path, query or fragment: Tamis lives at the root of its host",
            ));
        }
        Ok(())
    }
}
