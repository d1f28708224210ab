//! The contract over the S3 server that `TAMIS_TEST_S3` names (a `--blobs` value), each case below a
//! prefix of its own. Without the variable these tests fail: an engine that is missing is no success.

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tamis_blobs::{BlobError, BlobStore, Location, S3Config, S3Store};
use url::Url;

use crate::contract::contract;
use crate::subject::{Subject, put, read_all, sample};
use crate::wire::Wire;

fn config() -> S3Config {
    let url = std::env::var("TAMIS_TEST_S3").expect("TAMIS_TEST_S3 names the S3 server to test against");
    let variable = |name: &str| std::env::var(name).ok();
    let location: Location = url.parse().unwrap();
    let keys = (variable("TAMIS_S3_ACCESS_KEY"), variable("TAMIS_S3_SECRET_KEY"));
    let Location::S3(mut config) = location.with_credentials(keys.0, keys.1).unwrap() else {
        panic!("TAMIS_TEST_S3 is not an s3:// URL: {url}");
    };
    let unique = tempfile::tempdir().unwrap();
    let unique = unique.path().file_name().unwrap().to_string_lossy().replace('.', "");
    config.prefix = Some(format!(
        "{}test-{}-{unique}",
        config.prefix.map_or(String::new(), |p| p + "/"),
        std::process::id()
    ));
    config
}

fn client(config: &S3Config) -> aws_sdk_s3::Client {
    let keys = (config.access_key.clone().unwrap(), config.secret_key.clone().unwrap());
    let builder = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(config.region.clone().unwrap_or("us-east-1".into())))
        .credentials_provider(Credentials::new(keys.0, keys.1, None, None, "test"))
        .endpoint_url(config.endpoint.clone().unwrap())
        .force_path_style(config.path_style);
    aws_sdk_s3::Client::from_conf(builder.build())
}

async fn open() -> Subject {
    let config = config();
    let store = S3Store::connect(config.clone()).await.unwrap();
    let (client, bucket, prefix) = (client(&config), config.bucket.clone(), config.prefix.clone().unwrap());
    Subject {
        store: std::sync::Arc::new(store),
        plant: Box::new(move |name, bytes| {
            let put = client.put_object().bucket(&bucket).key(format!("{prefix}/{name}")).body(bytes.into());
            Box::pin(async move {
                put.send().await.unwrap();
            })
        }),
        many: 1100,
        _directory: None,
    }
}

contract!(open);

async fn behind_a_wire() -> (Wire, S3Store) {
    let mut config = config();
    let endpoint = Url::parse(config.endpoint.as_deref().unwrap()).unwrap();
    let target = (endpoint.host_str().unwrap(), endpoint.port_or_known_default().unwrap());
    let wire = Wire::to(target.to_socket_addrs().unwrap().next().unwrap()).await;
    config.endpoint = Some(format!("http://{}", wire.address));
    (wire, S3Store::connect(config).await.unwrap())
}

#[tokio::test]
async fn an_engine_that_is_away_is_unavailable_in_time_and_back_at_once() {
    let (wire, store) = behind_a_wire().await;
    let (kept, wanted) = (sample(300_000, 1), sample(300_000, 2));
    put(&store, &kept).await.unwrap();

    wire.refuse().await;
    let began = Instant::now();
    for result in [put(&store, &wanted).await, store.delete(&kept.key).await, store.health().await] {
        assert!(matches!(result, Err(BlobError::Unavailable(_))), "{result:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());

    wire.pass().await;
    store.health().await.unwrap();
    put(&store, &wanted).await.unwrap();
    for sample in [kept, wanted] {
        assert!(read_all(&store, &sample).await.unwrap() == sample.bytes);
    }
}

#[tokio::test]
async fn an_upload_that_was_never_finished_is_swept() {
    let config = config();
    let store = S3Store::connect(config.clone()).await.unwrap();
    let (client, name) =
        (client(&config), format!("{}/{}", config.prefix.clone().unwrap(), sample(9, 3).key));
    let begun = client.create_multipart_upload().bucket(&config.bucket).key(&name).send().await.unwrap();
    let uploads = || async {
        let page = client.list_multipart_uploads().bucket(&config.bucket).send().await.unwrap();
        page.uploads().iter().filter(|upload| upload.upload_id() == begun.upload_id()).count()
    };
    assert_eq!(uploads().await, 1);
    assert_eq!(store.sweep(1_000_000).await, Ok(0));
    assert_eq!(uploads().await, 1);
    assert_eq!(store.sweep(i64::MAX).await, Ok(1));
    assert_eq!(uploads().await, 0);
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_unavailable_and_no_object_is_called_absent() {
    let mut config = config();
    config.bucket = format!("{}-that-is-not-there", config.bucket);
    let store = S3Store::connect(config).await.unwrap();
    let sample = sample(9, 4);
    for result in [
        store.stat(&sample.key).await.map(drop),
        store.open(&sample.key).await.map(drop),
        store.health().await,
    ] {
        assert!(matches!(result, Err(BlobError::Unavailable(_))), "{result:?}");
    }
}
