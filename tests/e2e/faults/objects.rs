//! The objects of an instance, reached behind its back: files, or a bucket by `curl`.
use futures_util::TryStreamExt;
use std::{collections::BTreeSet, path::PathBuf};
use tamis_blobs::{Location, S3Config};
use tamis_e2e::crash::Instance;

pub struct Objects {
    place: Place,
    location: Location,
}

enum Place {
    Directory(PathBuf),
    Bucket(Box<S3Config>),
}

impl Objects {
    pub fn of(instance: &Instance) -> Self {
        let directory = instance.path().join("blobs").display().to_string();
        let location: Location = instance.get("TAMIS_BLOBS").unwrap_or(&directory).parse().unwrap();
        let key = |name| instance.get(name).map(str::to_owned);
        let location =
            location.with_credentials(key("TAMIS_S3_ACCESS_KEY"), key("TAMIS_S3_SECRET_KEY")).unwrap();
        let place = match &location {
            Location::Local(path) => Place::Directory(path.clone()),
            Location::S3(config) => Place::Bucket(config.clone().into()),
        };
        Self { place, location }
    }

    pub async fn names(&self) -> BTreeSet<String> {
        let store = tamis_blobs::connect(&self.location).await.unwrap();
        store.list().map_ok(|entry| entry.name).try_collect().await.unwrap()
    }

    pub async fn write(&self, name: &str, bytes: &[u8]) {
        match &self.place {
            Place::Directory(root) => {
                let path = root.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            Place::Bucket(config) => {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), bytes).unwrap();
                curl(config, name, &["--upload-file", file.path().to_str().unwrap()]).await;
            }
        }
    }

    pub async fn remove(&self, name: &str) {
        match &self.place {
            Place::Directory(root) => std::fs::remove_file(root.join(name)).unwrap(),
            Place::Bucket(config) => curl(config, name, &["--request", "DELETE"]).await,
        }
    }
}

async fn curl(config: &S3Config, name: &str, args: &[&str]) {
    let endpoint = config.endpoint.as_deref().unwrap();
    let prefix = config.prefix.as_deref().unwrap();
    let mut command = tokio::process::Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "20"]);
    command.args(["--aws-sigv4", "aws:amz:us-east-1:s3", "--user"]);
    command.arg(format!(
        "{}:{}",
        config.access_key.as_deref().unwrap(),
        config.secret_key.as_deref().unwrap()
    ));
    command.args(args).arg(format!("{endpoint}/{}/{prefix}/{name}", config.bucket));
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
