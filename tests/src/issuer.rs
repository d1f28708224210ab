//! A real OpenID provider (npm `oidc-provider`, in `tests/identity`), one for each test that
//! asks for it. Needs Node and `npm ci` there.
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Once,
};

pub struct Issuer {
    pub url: String,
    child: Child,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("identity")
}

/// The lock file's packages, fetched once.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !folder().join("node_modules/oidc-provider").is_dir() {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder());
            assert!(npm.status().expect("npm").success(), "npm ci in tests/identity");
        }
    });
}

impl Issuer {
    pub fn start() -> Self {
        install();
        let mut command = Command::new("node");
        command.arg("provider.mjs").current_dir(folder());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().expect("this test needs Node 20 or newer");
        let mut started = Self { url: String::new(), child };
        let mut out = BufReader::new(started.child.stdout.take().unwrap());
        while started.url.is_empty() {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "the provider ended");
            started.url = line.trim().strip_prefix("ready ").unwrap_or_default().to_owned();
        }
        // It must never wait for somebody to read what it says.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        started
    }

    async fn control(&self, what: &str, body: &Value) {
        let http = crate::client::http().build().unwrap();
        let reply = http.post(format!("{}/control/{what}", self.url)).json(body).send().await.unwrap();
        assert_eq!(reply.status(), 204);
    }

    /// Where it may send people back to.
    pub async fn register(&self, base: &str, ids: &[&str]) {
        let all: Vec<_> = ids.iter().map(|id| format!("{base}/sign-in/oidc/{id}/callback")).collect();
        self.control("start", &json!({"redirect_uris": all})).await;
    }

    /// Makes or changes an account, and signs the next new browser in as it.
    pub async fn account(&self, sub: &str, claims: Value) {
        let mut claims = claims;
        claims["sub"] = json!(sub);
        self.control("account", &claims).await;
    }

    /// A table of the sign-in file, with more lines.
    pub fn table(&self, id: &str, more: &str) -> String {
        format!(
            "[[oidc]]\nid = \"{id}\"\nname = \"The {id} directory\"\nissuer = \"{}\"\nclient_id = \"tamis\"\nclient_secret = \"a secret of the tests\"\nscopes = [\"openid\", \"email\", \"profile\", \"groups\"]\n{more}\n",
            self.url
        )
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
