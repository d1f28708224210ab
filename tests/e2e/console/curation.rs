//! Curation in a real browser: a request goes all its way by keyboard alone, and a release is stopped from a phone.
#![cfg(feature = "engines")]
use super::pages::signed_in;
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{app::TestApp, chromium::Browser, client::Person, fixtures::distinct};

/// What the author reads on the page of their request.
async fn author_reads(alice: &Person, review: &str, words: &str) {
    let page =
        alice.send(alice.request(Method::GET, &format!("/reviews/{review}")).header("accept", "text/html"));
    let html = page.await.expect(200).text();
    assert!(html.contains(words), "{words}: {html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curator_takes_compares_asks_for_changes_approves_and_releases_by_keyboard_alone() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    alice.upload("alice/guard", "1.1.0", distinct("guard, grown", 9000)).await.expect(201);
    let review = alice.submit("alice/guard", "1.1.0", "publish").await.expect(201).json();
    let id = review["id"].as_str().unwrap();
    app.drain_jobs().await;
    let author = signed_in(&app, "alice").await;
    author_reads(&author, id, "In review, next in line.").await;

    let browser = Browser::open(&app).await;
    browser.sign_in(&app, "carl").await;
    browser.go("/").await;
    browser.press_through("gq").await;
    browser.says("h1", "Reviews").await;
    browser.press_through("jo").await;
    browser.says("h1", "Publish alice / guard 1.1.0").await;
    browser.press("t").await;
    browser.says(".meta", "You hold this review").await;
    author_reads(&author, id, "Held by carl").await;
    // The first tab is what changed since the approved one.
    browser.says(".diff", "Last approved 1.0.0").await;
    browser.says(".diff", "%").await;
    browser.press("]").await;
    browser.says(".tabs [aria-current]", "Capabilities").await;
    browser.press("[").await;
    browser.says(".tabs [aria-current]", "Changes").await;

    browser.press("r").await;
    browser.says("dialog[open] h2", "Request changes: guard 1.1.0?").await;
    browser.tab_to("textarea").await;
    browser.press("Say where it calls.").await;
    browser.tab_to("button").await;
    browser.enter().await;
    // Nothing else needs them: the queue says what was done.
    browser.says(".note", "You asked for changes of alice/guard 1.1.0").await;
    browser.says(".empty", "Nothing waits here").await;
    author_reads(&author, id, "Say where it calls.").await;

    alice.post(&format!("/api/v1/reviews/{id}/resubmission"), &json!({"note": "said"})).await.expect(200);
    app.drain_jobs().await;
    author_reads(&author, id, "In review").await;
    browser.press_through("gq").await;
    browser.says("h1", "Reviews").await;
    browser.press_through("jo").await;
    browser.says("h1", "In review").await;
    browser.press("a").await;
    browser.says("dialog[open] h2", "Approve: guard 1.1.0?").await;
    browser.tab_to("button").await;
    browser.enter().await;
    browser.says(".note", "You approved alice/guard 1.1.0").await;
    browser.press_through("gq").await;
    browser.says("tbody", "Approved").await;
    browser.press_through("jo").await;
    browser.says("h1", "Approved").await;
    author_reads(&author, id, "Approved. It is not live yet").await;
    browser.press("l").await;
    browser.says("dialog[open] h2", "Release: guard 1.1.0?").await;
    browser.tab_to("button").await;
    browser.enter().await;
    browser.says("h1", "Published").await;
    author_reads(&author, id, "Published").await;
    browser.close().await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curator_stops_a_release_from_a_phone() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    app.publish(&alice, &carl, "alice/guard", "1.1.0", &distinct("guard-2", 10)).await;
    let browser = Browser::open(&app).await;
    browser.size(390, 844).await;
    browser.sign_in(&app, "carl").await;
    browser.go("/filters/alice/guard?version=1.1.0").await;
    browser.click(".title details.menu:last-of-type > summary").await;
    browser.click("a[href$='/releases/1.1.0/quarantine']").await;
    browser.says("h1", "Quarantine guard 1.1.0").await;
    browser.says(".facts", "1.0.0").await;
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        browser.go("/filters/alice/guard/releases/1.1.0/quarantine").await;
        browser.picture(&format!("quarantine-{theme}-390")).await;
        assert_eq!(browser.complaints().await, [""; 0]);
    }
    browser.click(".choices label").await;
    browser.write("[name=note]", "A crafted cookie gets through.").await;
    browser.click("button.stop").await;
    browser.says(".note", "1.1.0 is quarantined.").await;
    browser.says(".note", "A crafted cookie gets through.").await;
    browser.close().await;
    let module = "/api/v1/filters/alice/guard/releases/1.1.0/module";
    assert!(app.anonymous().get(module).await.status >= 400);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curator_chooses_two_and_sends_them_back_together_and_their_author_is_told() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for name in ["one", "two", "three"] {
        alice.upload(&format!("alice/{name}"), "1.0.0", distinct(name, 10)).await.expect(201);
        alice.submit(&format!("alice/{name}"), "1.0.0", "publish").await.expect(201);
    }
    app.curator("carl").await;
    app.drain_jobs().await;
    let browser = Browser::open(&app).await;
    browser.sign_in(&app, "carl").await;
    browser.go("/reviews").await;
    browser.press("jxjx").await;
    browser.click(".many summary").await;
    browser.click(".many option[value=request_changes]").await;
    browser.click(".many option[value=licence]").await;
    browser.picture("reviews-many-light-1440").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.click(".many button").await;
    browser.says("tbody", "Changes requested").await;
    let changed = browser
        .run("return [...document.querySelectorAll('tbody tr')].filter(r => r.textContent.includes('Changes requested')).length", json!([]))
        .await;
    assert_eq!(changed, json!(2));
    browser.says(".note", "You asked for changes of").await;
    app.drain_jobs().await;

    browser.driver.delete_all_cookies().await.unwrap();
    browser.sign_in(&app, "alice").await;
    browser.go("/my").await;
    browser.click(".head a[href='/my/inbox']").await;
    browser.says(".inbox", "Changes are asked for").await;
    browser.click("main button").await;
    browser.says("h2", "All read").await;
    browser.close().await;
}

/// Carl is signed in; where the request is that waits for him.
async fn before_a_review(app: &TestApp) -> (Browser, String) {
    let alice = app.author("alice").await;
    alice.upload("alice/guard", "1.0.0", distinct("guard", 10)).await.expect(201);
    let review = alice.submit("alice/guard", "1.0.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let browser = Browser::open(app).await;
    browser.sign_in(app, "carl").await;
    (browser, format!("/reviews/{}", review["id"].as_str().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_loses_no_sentence_that_is_half_written_and_the_keys_go_on_working() {
    let app = TestApp::spawn().await;
    let carl = app.curator("carl").await;
    let (browser, path) = before_a_review(&app).await;
    browser.go(&format!("{path}?tab=compatibility")).await;
    browser.write("#comment", "Half a sentence").await;
    browser.run("window.same = true", json!([])).await;
    // By the keyboard: a bar that stays at the top may lie over it.
    browser.run("document.querySelector('.ticks input[type=checkbox]').focus()", json!([])).await;
    browser.press(" ").await;
    for _ in 0..100 {
        let now = carl.get(&format!("/api/v1{path}")).await.expect(200).json();
        if now["checklist"][0]["ticked_by"] == json!(["carl"]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let now = carl.get(&format!("/api/v1{path}")).await.expect(200).json();
    assert_eq!(now["checklist"][0]["ticked_by"], json!(["carl"]), "{now}");
    let here = "return [window.same, document.querySelector('#comment').value, document.activeElement.type]";
    assert_eq!(browser.run(here, json!([])).await, json!([true, "Half a sentence", "checkbox"]));
    // The box that was ticked is no field that takes letters.
    browser.press("]").await;
    browser.says(".tabs [aria-current]", "Report").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_the_bars_of_a_review_are_one_row_each_and_leave_the_screen_to_what_is_judged() {
    let app = TestApp::spawn().await;
    app.curator("carl").await;
    let (browser, path) = before_a_review(&app).await;
    browser.size(390, 844).await;
    let height = "return document.querySelector(arguments[0]).getBoundingClientRect().height";
    for tab in ["", "?tab=changes", "?tab=report"] {
        browser.go(&format!("{path}{tab}")).await;
        browser.picture(&format!("review-phone{}", tab.replace("?tab=", "-"))).await;
        for (bar, most) in [(".decide .actions", 64.0), (".panes .tabs", 48.0), (".bottom", 64.0)] {
            let high = browser.run(height, json!([bar])).await.as_f64().unwrap();
            assert!(high <= most, "{bar} is {high} pixels high");
        }
        // The bars stand one on the other, and the tab that is open is seen.
        let gap = "const edge = s => document.querySelector(s).getBoundingClientRect(); \
                   return edge('.bottom').top - edge('.decide .actions').bottom";
        assert_eq!(browser.run(gap, json!([])).await, json!(0));
        let cut = "return document.querySelector('.panes .tabs [aria-current]').getBoundingClientRect().right > innerWidth";
        assert_eq!(browser.run(cut, json!([])).await, json!(false));
        // Nothing is wider than the screen.
        let sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.run(sideways, json!([])).await, json!(0));
    }
    browser.run("window.scrollTo(0, 900)", json!([])).await;
    browser.picture("review-phone-down").await;
    browser.size(1440, 1000).await;
    browser.go(&path).await;
    browser.picture("review-wide").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_switched_the_keys_off_is_moved_by_no_letter_and_still_has_tab_enter_escape_and_every_button()
{
    let app = TestApp::spawn().await;
    app.curator("carl").await;
    let (browser, path) = before_a_review(&app).await;
    browser.go(&path).await;
    let open = "return [...document.querySelectorAll('dialog[open]')].map(d => d.id).join()";
    browser.press("a").await;
    assert_eq!(browser.run(open, json!([])).await, "act-approve", "the letters are on");
    browser.go(&path).await;
    browser.click(".foot [data-dialog=keys]").await;
    browser.says("dialog[open] h2", "Keys").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.click("dialog[open] [name=keys]").await;
    browser.find("html[data-keys=off]").await;

    browser.run("window.same = true", json!([])).await;
    for letters in ["a", "r", "d", "l", "e", "c", "]", "n", "?", "/", "gq"] {
        browser.press(letters).await;
        let moved = "return [window.same, document.querySelectorAll('dialog[open]').length, document.activeElement.matches('input, textarea, [data-finding]')]";
        assert_eq!(browser.run(moved, json!([])).await, json!([true, 0, false]), "{letters}");
    }
    let hints = "return [...document.querySelectorAll('kbd')].filter(k => k.checkVisibility()).length";
    assert_eq!(browser.run(hints, json!([])).await, json!(0), "no key is promised");

    // By its button, without a letter.
    browser.run("document.querySelector('[data-dialog=act-approve]').focus()", json!([])).await;
    browser.enter().await;
    browser.says("dialog[open] h2", "Approve: guard 1.0.0?").await;
    browser.tab_to("button").await;
    browser.driver.action_chain().send_keys(thirtyfour::Key::Escape).perform().await.unwrap();
    assert_eq!(browser.run(open, json!([])).await, "");
    browser.click(".foot [data-dialog=keys]").await;
    browser.says("dialog[open] p", "Switched off in this browser").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.click("dialog[open] [name=keys]").await;
    browser.find("html:not([data-keys])").await;
    browser.press("a").await;
    assert_eq!(browser.run(open, json!([])).await, "act-approve");
    browser.close().await;
}
