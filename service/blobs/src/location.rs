//! The value of `--blobs`: a directory, or a bucket with its options.
//! Only reads text; it opens nothing and knows no SDK.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use crate::S3Config;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    Local(PathBuf),
    S3(S3Config),
}

/// Why a `--blobs` value was refused; names the flag and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--blobs: {0}")]
pub struct LocationError(String);

const FORM: &str = "s3://bucket/prefix?endpoint=http://host:port&region=name&path_style=true";

impl Location {
    /// Static credentials for a bucket; without them the AWS chain (environment, profile, web identity,
    /// instance metadata) is asked. A directory needs none and ignores them.
    pub fn with_credentials(
        self,
        access_key: Option<String>,
        secret_key: Option<String>,
    ) -> Result<Self, LocationError> {
        let Self::S3(mut config) = self else { return Ok(self) };
        let filled = |value: Option<String>| value.filter(|text| !text.is_empty());
        (config.access_key, config.secret_key) = match (filled(access_key), filled(secret_key)) {
            (Some(access), Some(secret)) => (Some(access), Some(secret)),
            (None, None) => (None, None),
            _ => {
                return refuse(
                    "TAMIS_S3_ACCESS_KEY and TAMIS_S3_SECRET_KEY go together: set both or neither",
                );
            }
        };
        Ok(Self::S3(config))
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once("://") {
            None if text.is_empty() => refuse(format!("write a directory, or {FORM}")),
            None => Ok(Self::Local(PathBuf::from(text))),
            Some(("s3", _)) => bucket(&parse_url(text)?).map(Self::S3),
            Some(("file", _)) => match parse_url(text)?.to_file_path() {
                Ok(path) => Ok(Self::Local(path)),
                Err(()) => refuse("a file URL has no host: write file:///path"),
            },
            Some((scheme, _)) => refuse(format!("unknown scheme `{scheme}`: write a directory, or {FORM}")),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(root) => write!(f, "{}", root.display()),
            Self::S3(config) => write!(f, "{config}"),
        }
    }
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, LocationError> {
    Err(LocationError(reason.into()))
}

fn parse_url(text: &str) -> Result<Url, LocationError> {
    let url =
        Url::parse(text).map_err(|error| LocationError(format!("not a URL ({error}): write {FORM}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        // Flags show up in process lists.
        return refuse("keep credentials out of the URL: set TAMIS_S3_ACCESS_KEY and TAMIS_S3_SECRET_KEY");
    }
    if url.fragment().is_some() {
        return refuse("`#` has no meaning here");
    }
    Ok(url)
}

fn bucket(url: &Url) -> Result<S3Config, LocationError> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let bucket = url.host_str().unwrap_or_default();
    if bucket.is_empty() || !plain(bucket) || url.port().is_some() {
        return refuse(format!("a bucket name is missing or odd: write {FORM}"));
    }
    let prefix = url.path().trim_matches('/');
    let sound = |segment: &str| plain(segment) && !segment.trim_matches('.').is_empty();
    if !prefix.is_empty() && !prefix.split('/').all(sound) {
        return refuse("a prefix is made of letters, digits, `.`, `-`, `_`, and single `/` between names");
    }
    let mut config = S3Config::new(bucket);
    config.prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
    let mut path_style = None;
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "endpoint" => config.endpoint = Some(endpoint(&value)?),
            "region" if !value.is_empty() && plain(&value) => config.region = Some(value.into_owned()),
            "region" => return refuse("`region` is a name such as eu-central-1"),
            "path_style" => path_style = Some(flag(&value)?),
            "checksums" => config.checksums_when_required = checksums(&value)?,
            other => {
                return refuse(format!(
                    "unknown option `{other}`: there are endpoint, region, path_style, checksums"
                ));
            }
        }
    }
    // Servers other than Amazon's rarely have a name per bucket.
    config.path_style = path_style.unwrap_or(config.endpoint.is_some());
    Ok(config)
}

fn endpoint(value: &str) -> Result<String, LocationError> {
    let url =
        Url::parse(value).map_err(|error| LocationError(format!("`endpoint` is not a URL: {error}")))?;
    let http = matches!(url.scheme(), "http" | "https");
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !http || !bare || url.host_str().is_none() {
        return refuse("`endpoint` is http:// or https:// with a host, without user and query");
    }
    Ok(value.trim_end_matches('/').to_owned())
}

fn flag(value: &str) -> Result<bool, LocationError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => refuse("`path_style` is true or false"),
    }
}

fn checksums(value: &str) -> Result<bool, LocationError> {
    match value {
        "when_supported" => Ok(false),
        "when_required" => Ok(true),
        _ => refuse("`checksums` is when_supported (default) or when_required (older stores)"),
    }
}
