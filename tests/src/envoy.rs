//! A real Envoy for tests: writes a bootstrap, starts the binary, waits until it is
//! ready and kills it at the end. It knows Envoy's configuration and admin interface,
//! and nothing of Tamis: a test hands over files, URLs or rendered configuration.

mod bootstrap;

pub use bootstrap::{Bootstrap, Code, Plugin};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Names the Envoy binary to use.
pub const BINARY: &str = "TAMIS_TEST_ENVOY";

/// V8 compiles large modules for seconds, on a busy machine for many.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What `--mode validate` says. It loads and configures the local modules of listeners; it
/// sends no request, fetches nothing, and skips bootstrap extensions altogether.
#[derive(Debug)]
pub struct Validation {
    pub accepted: bool,
    pub output: String,
}

pub async fn validate(config: &Value) -> anyhow::Result<Validation> {
    validate_file("envoy.json", &serde_json::to_string_pretty(config)?).await
}

/// Likewise, with the very text of a file.
pub async fn validate_file(name: &str, text: &str) -> anyhow::Result<Validation> {
    let directory = TempDir::new()?;
    let mut command = tokio::process::Command::from(command(directory.path(), name, text)?);
    // Envoy has no limit of its own: a module that never returns would hang it for ever.
    let running = command.args(["--mode", "validate"]).kill_on_drop(true).output();
    let output =
        tokio::time::timeout(START_LIMIT, running).await.context("envoy --mode validate hangs")??;
    Ok(Validation {
        accepted: output.status.success(),
        output: String::from_utf8_lossy(&output.stderr).into_owned()
            + &*String::from_utf8_lossy(&output.stdout),
    })
}

/// A running Envoy, killed when dropped: a spinning worker would ignore anything gentler.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    admin: String,
    listeners: BTreeMap<String, SocketAddr>,
    client: reqwest::Client,
    directory: TempDir,
}

impl Envoy {
    /// Starts Envoy and waits until it is ready and listens.
    pub async fn start(bootstrap: &Bootstrap) -> anyhow::Result<Self> {
        Self::start_raw(&bootstrap.to_json()).await
    }

    /// Likewise, with a whole bootstrap from elsewhere.
    pub async fn start_raw(config: &Value) -> anyhow::Result<Self> {
        Self::start_file("envoy.json", &serde_json::to_string_pretty(config)?).await
    }

    /// Likewise, with the very text of a file; Envoy tells YAML and JSON apart by the name.
    pub async fn start_file(name: &str, text: &str) -> anyhow::Result<Self> {
        let directory = TempDir::new()?;
        let log = File::create(directory.path().join("log"))?;
        let child = command(directory.path(), name, text)?
            .arg("--admin-address-path")
            .arg(directory.path().join("admin"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        // From here on Drop owns the process, whatever fails.
        let mut envoy = Self {
            child,
            admin: String::new(),
            listeners: BTreeMap::new(),
            client: crate::client::http().no_proxy().timeout(Duration::from_secs(10)).build()?,
            directory,
        };
        match envoy.become_ready().await {
            Ok(()) => Ok(envoy),
            Err(error) => Err(error.context(envoy.log())),
        }
    }

    pub fn address(&self, listener: &str) -> anyhow::Result<SocketAddr> {
        self.listeners.get(listener).copied().with_context(|| format!("no listener {listener}"))
    }

    pub fn url(&self, listener: &str, path: &str) -> anyhow::Result<String> {
        Ok(format!("http://{}{path}", self.address(listener)?))
    }

    /// Everything that Envoy has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// The value of one counter or gauge; `None` until it exists.
    pub async fn stat(&self, name: &str) -> anyhow::Result<Option<u64>> {
        let stats: Value = serde_json::from_str(&self.admin("/stats?format=json").await?)?;
        let found = stats["stats"].as_array().and_then(|all| all.iter().find(|stat| stat["name"] == name));
        Ok(found.and_then(|stat| stat["value"].as_u64()))
    }

    /// Waits until a counter or gauge fulfils `condition`: workers report with a delay.
    pub async fn stat_until(&self, name: &str, condition: impl Fn(u64) -> bool) -> anyhow::Result<u64> {
        let start = Instant::now();
        loop {
            let value = self.stat(name).await?;
            match value {
                Some(value) if condition(value) => return Ok(value),
                _ if start.elapsed() > Duration::from_secs(15) => bail!("{name} stays {value:?}"),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub async fn admin(&self, path: &str) -> anyhow::Result<String> {
        let response = self.client.get(format!("http://{}{path}", self.admin)).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }

    async fn become_ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while !self.is_live().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("envoy ended before it was ready: {status}");
            }
            ensure!(start.elapsed() < START_LIMIT, "envoy is not ready after {START_LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let found: Value = serde_json::from_str(&self.admin("/listeners?format=json").await?)?;
        for listener in found["listener_statuses"].as_array().into_iter().flatten() {
            let name = listener["name"].as_str().context("listener without a name")?;
            let address = &listener["local_address"]["socket_address"];
            let ip = address["address"].as_str().context("listener without an address")?;
            let port = address["port_value"].as_u64().context("listener without a port")?;
            self.listeners.insert(name.to_owned(), format!("{ip}:{port}").parse()?);
        }
        Ok(())
    }

    /// The admin address is written before the admin interface answers, and that before readiness.
    async fn is_live(&mut self) -> bool {
        let Ok(address) = std::fs::read_to_string(self.directory.path().join("admin")) else { return false };
        address.trim().clone_into(&mut self.admin);
        self.admin("/ready").await.is_ok_and(|text| text.trim() == "LIVE")
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Envoy with its configuration written into `directory`.
fn command(directory: &Path, name: &str, text: &str) -> anyhow::Result<Command> {
    let binary = std::env::var_os(BINARY)
        .with_context(|| format!("{BINARY} names no Envoy: run tests/run, which installs it"))?;
    let path = directory.join(name);
    std::fs::write(&path, text)?;
    let mut command = Command::new(binary);
    command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "info"]);
    command.arg("--config-path").arg(path);
    Ok(command)
}
