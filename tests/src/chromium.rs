//! A real browser for tests: Debian's Chromium, driven through chromedriver. Knows pages, pictures and the
//! judge of accessibility; not what any page should say.
use crate::app::TestApp;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use thirtyfour::prelude::*;

pub struct Browser {
    pub driver: WebDriver,
    base: String,
    chromedriver: String,
    process: Child,
    _profile: TempDir,
}

/// For how long a page is waited for, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Browser {
    /// Fails where there is none: `tests/setup` installs it.
    pub async fn open(app: &TestApp) -> Self {
        Self::begin(app, false).await
    }

    /// One that remembers what its pages ask for.
    pub async fn open_listening(app: &TestApp) -> Self {
        Self::begin(app, true).await
    }

    async fn begin(app: &TestApp, listening: bool) -> Self {
        let port = free_port();
        let profile = TempDir::new().unwrap();
        let mut chromedriver = Command::new("chromedriver");
        chromedriver.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = chromedriver.spawn().expect("chromedriver: run tests/setup");
        let mut wanted = DesiredCapabilities::chrome();
        let profile_at = format!("--user-data-dir={}", profile.path().display());
        for arg in [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
        ] {
            wanted.add_arg(arg).unwrap();
        }
        wanted.add_arg(&profile_at).unwrap();
        if listening {
            wanted.set("goog:loggingPrefs", json!({"performance": "ALL"})).unwrap();
        }
        let since = Instant::now();
        let chromedriver = format!("http://127.0.0.1:{port}");
        loop {
            match WebDriver::new(chromedriver.as_str(), wanted.clone()).await {
                Ok(driver) => {
                    return Self { driver, base: app.base.clone(), chromedriver, process, _profile: profile };
                }
                Err(error) => assert!(since.elapsed() < Duration::from_secs(60), "no browser: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub async fn go(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.base)).await.unwrap();
    }

    pub async fn find(&self, css: &str) -> WebElement {
        let query = self.driver.query(By::Css(css)).wait(Duration::from_secs(15), Duration::from_millis(50));
        query.first().await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Keys, one after the other, to whatever has the focus.
    pub async fn press(&self, keys: &str) {
        // All in one message: two keys that belong together are apart by
        // what a hand needs, however busy the machine is.
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Keys that lead to another page: back when that page is there and
    /// listens. What the old page says is no sign, it may say the same.
    pub async fn press_through(&self, keys: &str) {
        self.run("window.left = true", json!([])).await;
        self.press(keys).await;
        let since = Instant::now();
        let arrived = "return !window.left && document.readyState === 'complete'";
        while self.run(arrived, json!([])).await != json!(true) {
            assert!(since.elapsed() < PATIENCE, "{keys:?} lead to no other page");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn enter(&self) {
        self.driver.action_chain().send_keys(Key::Enter).perform().await.unwrap();
    }

    /// Tab until an element of this kind has the focus.
    pub async fn tab_to(&self, tag: &str) {
        for _ in 0..20 {
            let focused = self.driver.active_element().await.unwrap();
            if focused.tag_name().await.unwrap() == tag {
                return;
            }
            self.driver.action_chain().send_keys(Key::Tab).perform().await.unwrap();
        }
        panic!("no {tag} to tab to");
    }

    pub async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until the page says so and its scripts have run: a key that is
    /// pressed before is heard by nobody.
    pub async fn says(&self, css: &str, text: &str) {
        let since = Instant::now();
        loop {
            let found = self
                .run(
                    "return document.readyState === 'complete' \
                     && [...document.querySelectorAll(arguments[0])].map(e => e.textContent).join(' ')",
                    json!([css]),
                )
                .await;
            let said = found.as_str().unwrap_or_default().to_owned();
            if said.contains(text) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{css} says {said:?}, not {text:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        let arguments = arguments.as_array().cloned().unwrap_or_default();
        self.driver.execute(script, arguments).await.unwrap().json().clone()
    }

    pub async fn sign_in(&self, app: &TestApp, name: &str) {
        let link = tamis::operate::accounts::link(&app.state, &name.parse().unwrap()).await.unwrap();
        self.go(&format!("/sign-in/{}", link.rsplit('/').next().unwrap())).await;
        self.click("main button").await;
        self.find(".menu").await;
    }

    /// `light`, `dark` or `system`, as the page's own switch remembers it.
    pub async fn theme(&self, theme: &str) {
        self.run("document.cookie = `tamis_theme=${arguments[0]}; Path=/; SameSite=Lax`", json!([theme]))
            .await;
    }

    pub async fn size(&self, width: u32, height: u32) {
        self.driver.set_window_rect(0, 0, width, height).await.unwrap();
    }

    /// What axe-core holds against the page: rule and places, of those that keep people out.
    pub async fn complaints(&self) -> Vec<String> {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).expect("axe-core: run tests/setup");
        self.driver.execute(axe, vec![]).await.unwrap();
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { resultTypes: ['violations'] }).then(r => done(r.violations), e => done(String(e)))";
        let found = self.driver.execute_async(script, vec![]).await.unwrap().json().clone();
        let serious = |v: &&Value| matches!(v["impact"].as_str(), Some("serious" | "critical"));
        let all = found.as_array().unwrap_or_else(|| panic!("axe: {found}"));
        let place = |v: &Value| {
            let nodes = v["nodes"].as_array().unwrap();
            let at: Vec<_> =
                nodes.iter().take(4).map(|n| format!("{} {}", n["target"], n["any"][0]["message"])).collect();
            format!("{}: {}", v["id"], at.join("; "))
        };
        all.iter().filter(serious).map(place).collect()
    }

    /// From the next page on, `window.stopped` lists what the policy of the page had to stop.
    pub async fn count_what_is_stopped(&self) {
        let source = "window.stopped = []; document.addEventListener('securitypolicyviolation', \
            e => window.stopped.push(`${e.effectiveDirective} ${e.blockedURI}`))";
        let command = json!({"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": source}});
        let at = format!("{}/session/{}/goog/cdp/execute", self.chromedriver, self.driver.session_id());
        let done = crate::client::http().build().unwrap().post(at).json(&command).send().await.unwrap();
        assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    }

    /// The addresses of everything that was asked for since the last time, by whatever asked, and whether or not
    /// something stopped it on the way out. Of a browser that listens.
    pub async fn requests(&self) -> Vec<String> {
        let log = self.driver.get_log("performance").await.unwrap();
        let told = log.iter().map(|entry| serde_json::from_str::<Value>(&entry.message).unwrap());
        let asked = told.filter(|told| told["message"]["method"] == "Network.requestWillBeSent");
        let address = |told: Value| told["message"]["params"]["request"]["url"].as_str().unwrap().to_owned();
        asked.map(address).collect()
    }

    /// A picture of the whole page, kept for people's eyes.
    pub async fn picture(&self, name: &str) {
        let folder = std::env::var("TAMIS_TEST_SCREENSHOTS").map_or_else(
            |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots"),
            PathBuf::from,
        );
        std::fs::create_dir_all(&folder).unwrap();
        let png = self.driver.screenshot_as_png().await.unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    pub async fn close(mut self) {
        let _ = self.driver.clone().quit().await;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}
