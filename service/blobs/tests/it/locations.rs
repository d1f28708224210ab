//! What `--blobs` understands, and what it says about the rest.

use std::path::PathBuf;

use tamis_blobs::{Location, S3Config};

fn s3(text: &str) -> S3Config {
    match text.parse().unwrap() {
        Location::S3(config) => config,
        Location::Local(path) => panic!("{text} is the directory {path:?}"),
    }
}

#[test]
fn a_path_or_a_file_url_is_a_directory() {
    for (text, path) in [
        ("./blobs", "./blobs"),
        ("/var/lib/tamis", "/var/lib/tamis"),
        ("file:///var/lib/tamis", "/var/lib/tamis"),
        ("file:///with%20space", "/with space"),
    ] {
        assert_eq!(text.parse(), Ok(Location::Local(PathBuf::from(path))));
    }
}

#[test]
fn a_bucket_url_carries_its_options() {
    let config = s3(
        "s3://bucket/a/b?endpoint=http://127.0.0.1:18333&region=garage&path_style=true&checksums=when_required",
    );
    assert_eq!(config.bucket, "bucket");
    assert_eq!(config.prefix.as_deref(), Some("a/b"));
    assert_eq!(config.endpoint.as_deref(), Some("http://127.0.0.1:18333"));
    assert_eq!(config.region.as_deref(), Some("garage"));
    assert!(config.path_style && config.checksums_when_required);
}

#[test]
fn path_style_is_the_default_for_an_own_endpoint_only() {
    assert!(!s3("s3://bucket").path_style);
    assert!(s3("s3://bucket?endpoint=https://store.example").path_style);
    assert!(!s3("s3://bucket?endpoint=https://store.example&path_style=false").path_style);
    assert_eq!(s3("s3://bucket/").prefix, None);
}

#[test]
fn what_is_refused_is_refused_with_the_flag_and_a_way_out() {
    for (text, says) in [
        ("", "write a directory"),
        ("gs://bucket", "unknown scheme `gs`"),
        ("file://host/path", "file:///path"),
        ("s3://", "bucket name"),
        ("s3://bucket:80", "bucket name"),
        ("s3://user:pass@bucket", "TAMIS_S3_ACCESS_KEY"),
        ("s3://bucket/a//b", "prefix"),
        ("s3://bucket/a%20b", "prefix"),
        ("s3://bucket?endpoint=127.0.0.1:9000", "`endpoint`"),
        ("s3://bucket?endpoint=ftp://host", "`endpoint`"),
        ("s3://bucket?endpoint=http://user:pass@host", "`endpoint`"),
        ("s3://bucket?path_style=yes", "true or false"),
        ("s3://bucket?checksums=never", "when_required"),
        ("s3://bucket?region=", "`region`"),
        ("s3://bucket?acces_key=x", "unknown option `acces_key`"),
        ("s3://bucket#part", "`#`"),
    ] {
        let error = text.parse::<Location>().unwrap_err().to_string();
        assert!(error.starts_with("--blobs: ") && error.contains(says), "{text}: {error}");
        assert!(!error.contains("pass"), "{error}");
    }
}

#[test]
fn credentials_come_in_pairs_and_are_never_shown() {
    let location: Location = "s3://bucket?endpoint=http://h".parse().unwrap();
    let text = |value: &str| Some(value.to_owned());
    for (access, secret) in [(text("AK"), None), (None, text("SK")), (text("AK"), text(""))] {
        let error = location.clone().with_credentials(access, secret).unwrap_err().to_string();
        assert!(error.contains("TAMIS_S3_SECRET_KEY"), "{error}");
    }
    let chain = location.clone().with_credentials(text(""), None).unwrap();
    assert_eq!(chain, location);
    let full = location.with_credentials(text("canary-access"), text("canary-secret")).unwrap();
    assert!(!format!("{full:?} {full}").contains("canary"));
    let local: Location = "/srv".parse().unwrap();
    assert_eq!(local.clone().with_credentials(text("AK"), None), Ok(local));
}
