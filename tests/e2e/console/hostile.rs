//! What people write is shown as text everywhere: in a real browser, with the policy of the pages counting
//! what it had to stop.
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, chromium::Browser, fixtures::distinct, modules};
use tamis_entities::value::Role;

const EVIL: &str = "\"><script>document.title='owned'</script><img src=https://evil.test/x onerror=\"document.title='owned'\">";
/// Short enough for a label, if labels could hold it.
const SHORT: &str = "<img src=x onerror=document.title='owned'>";

/// As a module carries it: the name of a section, what is in it, and who says to have made it.
fn evil_module(salt: &str) -> Vec<u8> {
    let mut bytes = distinct(salt, 10);
    bytes.extend(modules::custom(EVIL.as_bytes(), EVIL.as_bytes()));
    let mut producers = wasm_encoder::ProducersSection::new();
    let mut field = wasm_encoder::ProducersField::new();
    field.value(EVIL, EVIL);
    producers.field("language", &field);
    let mut module = wasm_encoder::Module::new();
    module.section(&producers);
    bytes.extend_from_slice(&module.finish()[8..]);
    bytes
}

async fn stopped(browser: &Browser) -> Value {
    browser.run("return window.stopped", json!([])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_write_runs_or_calls_anywhere() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.user("ada", Role::Admin).await;
    let icon = format!(
        "data:image/svg+xml;base64,{}",
        STANDARD.encode("<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='owned'\"/>")
    );
    let readme = format!(
        "{EVIL}\n\n[x](javascript:document.title='owned') ![p](https://evil.test/p.png)\n\n<svg onload=\"document.title='owned'\">"
    );
    for field in ["labels", "categories"] {
        alice.put("/api/v1/filters/alice/evil", &json!({field: [SHORT]})).await.expect(400);
    }
    let words = json!({"title": EVIL, "summary": EVIL, "icon": icon, "defaults": {"readme": readme, "examples": [{"title": EVIL, "body": EVIL}]}});
    let made = alice.put("/api/v1/filters/alice/evil", &words).await;
    assert!(made.status < 300, "{}", made.text());
    app.publish(&alice, &carl, "alice/evil", "1.0.0", &evil_module("evil")).await;
    alice.upload("alice/evil", "1.1.0", evil_module("evil-2")).await.expect(201);
    let ask = json!({"namespace": "alice", "filter": "evil", "version": "1.1.0", "action": "publish", "note": EVIL});
    let review = alice.post("/api/v1/reviews", &ask).await.expect(201).json();
    let review = format!("/reviews/{}", review["id"].as_str().unwrap());
    app.drain_jobs().await;
    carl.post(&format!("/api/v1{review}/comments"), &json!({"body": EVIL})).await.expect(201);
    alice.post("/api/v1/teams", &json!({"handle": "evil-team", "title": EVIL})).await.expect(201);
    let browser = Browser::open(&app).await;
    browser.count_what_is_stopped().await;
    let tab = |tab: &str| format!("{review}?tab={tab}");
    let [changes, report, readme, history] = ["changes", "report", "readme", "history"].map(tab);
    for (who, paths) in [
        (
            "alice",
            &[
                "/",
                "/catalog?q=script&view=table",
                "/filters/alice/evil",
                "/filters/alice/evil?tab=evidence",
                "/filters/alice/evil?tab=releases",
                "/my",
                "/my/releases/alice/evil/1.1.0",
                "/teams/evil-team",
                "/reviews",
                review.as_str(),
                changes.as_str(),
                history.as_str(),
                "/my/inbox",
            ][..],
        ),
        ("carl", &[review.as_str(), changes.as_str(), report.as_str(), readme.as_str(), "/my/inbox"]),
        ("ada", &["/admin/audit"]),
    ] {
        browser.sign_in(&app, who).await;
        for path in paths {
            browser.go(path).await;
            let title = browser.driver.title().await.unwrap();
            assert_ne!(title, "owned", "{path}");
            let script = "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith('data:'))";
            assert_eq!(browser.run(script, json!([])).await, json!([]), "{path}");
            assert_eq!(browser.run("return document.querySelectorAll('main script, main [onload], main [onerror], main a[href^=javascript]').length", json!([])).await, json!(0), "{path}");
            // Nothing even tried.
            assert_eq!(stopped(&browser).await, json!([]), "{path}");
        }
        browser.driver.delete_all_cookies().await.unwrap();
    }
    // If something did, the policy would stop it, and be counted here.
    browser.run("document.body.insertAdjacentHTML('beforeend', arguments[0])", json!([EVIL])).await;
    for _ in 0..100 {
        if stopped(&browser).await != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let count = stopped(&browser).await;
    assert!(count.to_string().contains("img-src https://evil.test/x"), "{count}");
    assert_ne!(browser.driver.title().await.unwrap(), "owned");
    browser.close().await;
}
