//! What people write, and what a module says of itself, is shown as text everywhere: in a real browser that counts
//! what the policy of the pages had to stop and every address that anything on them asked for.
use super::pages::{assert_tight, signed_in};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, multipart};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tamis_e2e::{
    app::TestApp, browser::form_token, chromium::Browser, client::Person, fixtures::distinct, modules,
};
use tamis_entities::{
    filter, filter_label,
    value::{LabelKind, Role},
};

const EVIL: &str = "\"><script>document.title='owned'</script><img src=https://evil.test/x onerror=\"document.title='owned'\">";
/// Short enough for the name of a token.
const SHORT: &str = "<img src=x onerror=document.title='owned'>";
/// A picture that would run, and ask for more, were it a part of the page.
const PICTURE: &str = "<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='owned'\">\
    <script>document.title='owned'</script><style>@import url(https://evil.test/s.css)</style>\
    <image href='https://evil.test/i.png'/><foreignObject>\
    <img xmlns='http://www.w3.org/1999/xhtml' src='https://evil.test/f.png'/></foreignObject></svg>";

/// As a module carries it: the names of sections, what is in them, who says to have made it, what it is called,
/// and where it says that more of it is to be had.
fn evil_module(salt: &str) -> Vec<u8> {
    let mut bytes = distinct(salt, 10);
    bytes.extend(modules::custom(EVIL.as_bytes(), EVIL.as_bytes()));
    let counted = [&[u8::try_from(EVIL.len()).unwrap()], EVIL.as_bytes()].concat();
    for place in ["sourceMappingURL", "external_debug_info"] {
        bytes.extend(modules::custom(place.as_bytes(), &counted));
    }
    let mut producers = wasm_encoder::ProducersSection::new();
    let mut field = wasm_encoder::ProducersField::new();
    field.value(EVIL, EVIL);
    for kind in ["language", "processed-by", "sdk"] {
        producers.field(kind, &field);
    }
    let mut names = wasm_encoder::NameSection::new();
    names.module(EVIL);
    let mut module = wasm_encoder::Module::new();
    module.section(&producers).section(&names);
    bytes.extend_from_slice(&module.finish()[8..]);
    bytes
}

/// A filter whose every word is hostile. Labels and categories take no such word from a request, so it is put
/// where they are read from.
async fn evil_filter(app: &TestApp, alice: &Person) {
    let icon = format!("data:image/svg+xml;base64,{}", STANDARD.encode(PICTURE));
    let readme = format!(
        "{EVIL}\n\n[x](javascript:document.title='owned') ![p](https://evil.test/p.png)\n\n<svg onload=\"document.title='owned'\">\n\n```{SHORT}\n{EVIL}\n```"
    );
    for field in ["labels", "categories"] {
        alice.put("/api/v1/filters/alice/evil", &json!({field: [SHORT]})).await.expect(400);
    }
    let words = json!({"title": EVIL, "summary": EVIL, "icon": icon, "source_repository": format!("https://evil.test/?{EVIL}"),
        "defaults": {"readme": readme, "config_sample": {EVIL: EVIL}, "examples": [{"title": EVIL, "body": EVIL}]}});
    let made = alice.put("/api/v1/filters/alice/evil", &words).await;
    assert!(made.status < 300, "{}", made.text());
    let named = filter::Entity::find().filter(filter::Column::Name.eq("evil"));
    let id = named.one(&*app.state.db).await.unwrap().unwrap().id;
    let word =
        |kind| filter_label::ActiveModel { filter_id: Set(id), kind: Set(kind), value: Set(EVIL.to_owned()) };
    let words = [LabelKind::Label, LabelKind::Category].map(word);
    filter_label::Entity::insert_many(words).exec_without_returning(&*app.state.db).await.unwrap();
}

/// What is said in the course of reviews and after; the pages of two requests.
async fn evil_words(app: &TestApp, alice: &Person, carl: &Person) -> [String; 2] {
    let path = |review: &Value| format!("/reviews/{}", review["id"].as_str().unwrap());
    let mut asked = vec![];
    for version in ["1.1.0", "1.2.0"] {
        alice.upload("alice/evil", version, evil_module(version)).await.expect(201);
        let ask = json!({"namespace": "alice", "filter": "evil", "version": version, "action": "publish", "note": EVIL});
        asked.push(alice.post("/api/v1/reviews", &ask).await.expect(201).json());
    }
    app.drain_jobs().await;
    let [open, refused] = [path(&asked[0]), path(&asked[1])];
    for internal in [false, true] {
        let body = json!({"body": EVIL, "internal": internal});
        carl.post(&format!("/api/v1{open}/comments"), &body).await.expect(201);
    }
    carl.post(&format!("/api/v1{open}/escalation"), &json!({"note": EVIL})).await.expect(200);
    let no = json!({"decision": "reject", "digest": asked[1]["digest"], "note": EVIL});
    carl.post(&format!("/api/v1{refused}/votes"), &no).await.expect(200);
    alice.post(&format!("/api/v1{refused}/appeal"), &json!({"note": EVIL})).await.expect(200);
    let release = |version: &str, act: &str| format!("/api/v1/filters/alice/evil/releases/{version}/{act}");
    alice.post(&release("0.9.0", "yank"), &json!({"reason": EVIL})).await.expect(200);
    carl.post(&release("0.8.0", "quarantine"), &json!({"reason": EVIL})).await.expect(200);
    alice.post("/api/v1/teams", &json!({"handle": "evil-team", "title": EVIL})).await.expect(201);
    alice.post("/api/v1/tokens", &json!({"name": SHORT, "scopes": ["filters:read"]})).await.expect(201);
    [open, refused]
}

async fn stopped(browser: &Browser) -> Value {
    browser.run("return window.stopped", json!([])).await
}

/// Opens the page and looks for anything that ran, was stopped, or went elsewhere.
async fn assert_quiet(app: &TestApp, browser: &Browser, path: &str) {
    browser.go(path).await;
    assert_ne!(browser.driver.title().await.unwrap(), "owned", "{path}");
    let live = "return document.querySelectorAll('main script, main [onload], main [onerror], main a[href^=javascript]').length";
    assert_eq!(browser.run(live, json!([])).await, json!(0), "{path}");
    // What is folded is looked at, too.
    let unfold =
        "document.querySelectorAll('details').forEach(d => { d.open = true }); return window.stopped";
    assert_eq!(browser.run(unfold, json!([])).await, json!([]), "{path}");
    assert_eq!(stopped(browser).await, json!([]), "nothing even tried: {path}");
    // The browser's own first page is among the first of them.
    let own = |url: &String| ["data:", "chrome:"].iter().any(|scheme| url.starts_with(scheme));
    let asked = browser.requests().await.into_iter().filter(|url| !own(url));
    let (here, elsewhere): (Vec<_>, Vec<_>) = asked.partition(|url| url.starts_with(&app.base));
    assert!(!here.is_empty(), "the browser does not listen: {path}");
    assert_eq!(elsewhere, [""; 0], "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_write_runs_or_calls_anywhere() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.user("ada", Role::Admin).await;
    evil_filter(&app, &alice).await;
    for version in ["0.8.0", "0.9.0", "1.0.0"] {
        app.publish(&alice, &carl, "alice/evil", version, &evil_module(version)).await;
    }
    let [review, refused] = evil_words(&app, &alice, &carl).await;
    let browser = Browser::open_listening(&app).await;
    browser.count_what_is_stopped().await;
    let typed: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let all = |start: &str, rest: &[&str]| rest.iter().map(|end| format!("{start}{end}")).collect::<Vec<_>>();
    let reviews = [&review, &refused].map(|path| {
        let tabs = ["changes", "capabilities", "compatibility", "report", "readme", "history"];
        let tabs = tabs.map(|tab| format!("?tab={tab}"));
        all(path, &["", &tabs[0], &tabs[1], &tabs[2], &tabs[3], &tabs[4], &tabs[5]])
    });
    let filter =
        ["", "?tab=capabilities", "?tab=evidence", "?tab=releases", "?version=0.9.0", "?version=1.1.0"];
    let alices = [
        all(
            "",
            &["/", "/catalog?q=script&view=table", "/my", "/my/inbox", "/my/tokens", "/reviews?view=all"],
        ),
        all("/catalog?view=grid&", &[&format!("q={typed}"), &format!("label={typed}")]),
        all("/filters/alice/evil", &filter),
        all("/filters/alice/evil", &["?version=0.8.0", "/access"]),
        all(
            "/my/",
            &["releases/alice/evil/1.1.0", "releases/alice/evil/1.2.0", &format!("upload?filter={typed}")],
        ),
        all("/", &["teams", "teams/evil-team", &format!("reviews?view={typed}&did={typed}&done={typed}")]),
    ];
    let people = [
        ("alice", [alices.concat(), reviews.concat()].concat()),
        ("carl", [reviews.concat(), all("/", &["my/inbox", "reviews?view=all"])].concat()),
        ("ada", all("/", &["admin/audit", "reviews?view=appeals", &refused[1..]])),
    ];
    for (who, paths) in people {
        browser.sign_in(&app, who).await;
        for path in paths {
            assert_quiet(&app, &browser, &path).await;
        }
        browser.driver.delete_all_cookies().await.unwrap();
    }
    // If something did, the policy would stop it, and it would be counted here, and heard.
    browser.run("document.body.insertAdjacentHTML('beforeend', arguments[0])", json!([EVIL])).await;
    for _ in 0..100 {
        if stopped(&browser).await != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let count = stopped(&browser).await;
    assert!(count.to_string().contains("img-src https://evil.test/x"), "{count}");
    let asked = browser.requests().await;
    assert!(asked.contains(&"https://evil.test/x".to_owned()), "{asked:?}");
    assert_ne!(browser.driver.title().await.unwrap(), "owned");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refused_module_asks_for_is_shown_as_text() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let alice = signed_in(&app, "alice").await;
    let name = EVIL.replace('"', "\\22");
    let text = format!("(module (import \"{name}\" \"{name}\" (func)) (func (export \"{name}\")))");
    let words = [("form", form_token(&alice, "/my/upload").await), ("namespace", "alice".into())];
    let words = words.into_iter().chain([("filter", "evil".into()), ("version", "1.0.0".into())]);
    let form = words.fold(multipart::Form::new(), |form, (name, word): (_, String)| form.text(name, word));
    let module = multipart::Part::bytes(wat::parse_str(text).unwrap()).file_name("f.wasm");
    let request = alice.request(Method::POST, "/my/upload").header("accept", "text/html");
    let page = alice.send(request.multipart(form.part("module", module))).await.expect(422);
    assert_tight(&page);
    let html = page.text();
    assert!(html.contains("&#60;script&#62;document.title"), "{html}");
    assert!(!html.contains("<script>document") && !html.contains("<img src=https"), "{html}");
}
