//! The pages over plain HTTP: status, headers, what is escaped, what is kept from whom.
use reqwest::Method;
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    browser::{browser, form_token},
    client::{Person, Reply},
    fixtures::distinct,
};

/// Somebody at a browser who has signed in by a link.
pub async fn signed_in(app: &TestApp, name: &str) -> Person {
    let person = browser(app);
    enter(app, &person, name).await;
    person
}

/// Signs in by a link at a browser that somebody uses already.
pub async fn enter(app: &TestApp, person: &Person, name: &str) {
    let link = tamis::operate::accounts::link(&app.state, &name.parse().unwrap()).await.unwrap();
    let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    person.send(person.request(Method::POST, &path)).await.expect(303);
}

/// As a browser asks for a page.
pub async fn look(person: &Person, path: &str) -> Reply {
    person.send(person.request(Method::GET, path).header("accept", "text/html,*/*;q=0.8")).await
}

/// Nothing that could run, and nothing from elsewhere.
#[track_caller]
pub fn assert_tight(page: &Reply) {
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    let html = page.text();
    for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        // Names of attributes without their values, then the values alone.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(
            !names.starts_with("style") && !names.contains(" style=") && !names.contains(" on"),
            "<{tag}>"
        );
        assert!(!tag.split('"').skip(1).step_by(2).any(|value| value.starts_with("javascript:")), "<{tag}>");
    }
    assert!(!html.contains("src=\"http"), "{html}");
    for script in html.split("<script").skip(1) {
        let (tag, body) = script.split_once('>').unwrap();
        assert!(tag.contains("src=\"/assets/") && body.starts_with("</script>"), "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_finds_a_filter_and_downloads_it_without_a_script() {
    let app = TestApp::spawn().await;
    let (alice, carl, visitor) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let empty = look(&visitor, "/").await.expect(200);
    assert!(empty.text().contains("No filter has been published yet"), "{}", empty.text());
    let bytes = distinct("guard", 10);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &bytes).await;
    alice.upload("alice/hidden", "1.0.0", distinct("hidden", 10)).await.expect(201);
    for path in [
        "/",
        "/catalog",
        "/catalog?q=guard&view=table",
        "/catalog?q=gaurd",
        "/catalog?namespace=alice&q=&type=",
    ] {
        let page = look(&visitor, path).await.expect(200);
        assert_tight(&page);
        let html = page.text();
        assert!(
            html.contains("href=\"/filters/alice/guard\"") && !html.contains("hidden</"),
            "{path}: {html}"
        );
    }
    let none = look(&visitor, "/catalog?q=%3Cscript%3Ezzz").await.expect(200);
    assert_tight(&none);
    assert!(none.text().contains("No filter matches “&#60;script&#62;zzz”"), "{}", none.text());
    let page = look(&visitor, "/filters/alice/guard").await.expect(200);
    assert_tight(&page);
    let html = page.text();
    let link = format!("{}/api/v1/filters/alice/guard/releases/1.0.0/module", app.base);
    assert!(html.contains(&format!("href=\"{link}\" download")), "{html}");
    assert!(html.contains(&tamis_e2e::fixtures::sha256(&bytes)), "{html}");
    assert_eq!(
        visitor.get("/api/v1/filters/alice/guard/releases/1.0.0/module").await.expect(200).body,
        bytes
    );
    for tab in ["capabilities", "evidence", "releases", "nonsense"] {
        assert_tight(
            &look(&visitor, &format!("/filters/alice/guard?version=1.0.0&tab={tab}")).await.expect(200),
        );
    }
    let badge = visitor.get("/filters/alice/guard/badge.svg").await.expect(200);
    assert_eq!(badge.header("content-type"), "image/svg+xml");
    assert!(
        badge.text().contains("1.0.0")
            && badge.header("content-security-policy").contains("default-src 'none'")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_seen_is_a_page_that_says_no_more_than_for_what_is_not_there() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.author("otto").await;
    alice.upload("alice/hidden", "1.0.0", distinct("hidden", 10)).await.expect(201);
    let otto = signed_in(&app, "otto").await;
    let same = |reply: Reply| {
        assert_tight(&reply);
        let id = reply.header("x-request-id").to_owned();
        reply.text().replace(&id, "").replace("hidden", "X").replace("absent", "X")
    };
    let hidden = same(look(&otto, "/filters/alice/hidden").await.expect(404));
    assert_eq!(hidden, same(look(&otto, "/filters/alice/absent").await.expect(404)));
    assert!(hidden.contains("There is nothing here that you can see"), "{hidden}");
    look(&otto, "/filters/alice/hidden?version=1.0.0").await.expect(404);
    assert_tight(&look(&otto, "/catalog/nonsense").await.expect(404));
    assert_tight(&look(&otto, "/catalog?type=nonsense").await.expect(400));
    assert_tight(&look(&otto, "/catalog?after=nonsense").await.expect(400));
    // Programs are told as ever.
    otto.get("/filters/alice/hidden").await.expect_problem(404, "not-found");
    look(&otto, "/api/v1/filters/alice/hidden").await.expect_problem(404, "not-found");
    // A session that has ended is no reason to hide what everyone sees.
    let old = app.anonymous();
    let stale = old.request(Method::GET, "/catalog").header("cookie", "tamis_session=old");
    old.send(stale).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_people_write_is_text_on_every_page() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let readme = format!(
        "# {evil}\n\n[x](javascript:alert(1)) ![p](https://evil.test/p.png)\n\n<svg onload=alert(1)>\n<b>bold</b>"
    );
    let change = json!({"title": evil, "summary": evil, "labels": ["a / b"], "source_repository": "https://evil.test/\"><script>",
        "defaults": {"readme": readme, "config_sample": {"a": evil}, "examples": [{"title": evil, "body": evil}]}});
    let made = alice.put("/api/v1/filters/alice/evil", &change).await;
    assert!(made.status < 300, "{}", made.text());
    app.publish(&alice, &carl, "alice/evil", "1.0.0", &distinct("evil", 10)).await;
    for path in
        ["/", "/catalog?q=script&view=table", "/filters/alice/evil", "/filters/alice/evil?tab=evidence"]
    {
        let page = look(&app.anonymous(), path).await.expect(200);
        assert_tight(&page);
        let html = page.text();
        assert!(
            !html.contains("<script>alert")
                && !html.contains("<img src=x")
                && !html.contains("evil.test/p.png"),
            "{path}: {html}"
        );
    }
    let page = look(&app.anonymous(), "/filters/alice/evil").await.expect(200).text();
    assert!(page.contains("&lt;b&gt;bold"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_pages_are_kept_for_ever_and_the_page_names_them_by_their_content() {
    let app = TestApp::spawn().await;
    let visitor = app.anonymous();
    let html = visitor.get("/").await.expect(200).text();
    let mut files: Vec<_> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    files.sort_unstable();
    files.dedup();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let asset = visitor.get(file).await.expect(200);
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        let packed = visitor.send(visitor.request(Method::GET, file).header("accept-encoding", "gzip")).await;
        assert_eq!(packed.header("content-encoding") == "gzip", !file.ends_with(".woff2"), "{file}");
        let end = file.rsplit('.').next().unwrap();
        let kind = match end {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "woff2" => "font/woff2",
            _ => "image/svg+xml",
        };
        assert_eq!(asset.header("content-type"), kind);
        if end == "css" {
            for font in
                asset.text().split("url(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned())
            {
                visitor.get(&font).await.expect(200);
            }
        }
    }
    visitor.get("/assets/0000000000000000-console.css").await.expect_problem(404, "not-found");
    visitor.get("/assets/console.css").await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_remembers_theme_and_view_and_only_our_own_pages_may_say_so() {
    let app = TestApp::spawn().await;
    let person = browser(&app);
    assert!(!person.get("/").await.expect(200).text().contains("data-theme=\""));
    let choose = |theme: &'static str, site: &'static str| {
        let form = [("theme", theme), ("next", "/catalog?q=x")];
        person.send(person.request(Method::POST, "/preferences").header("sec-fetch-site", site).form(&form))
    };
    choose("dark", "cross-site").await.expect_problem(403, "foreign-origin");
    choose("pink", "same-origin").await.expect_problem(400, "invalid");
    assert_eq!(choose("dark", "same-origin").await.expect(303).header("location"), "/catalog?q=x");
    for path in ["/", "/sign-in", "/catalog"] {
        assert!(
            person.get(path).await.expect(200).text().contains("<html lang=\"en\" data-theme=\"dark\">"),
            "{path}"
        );
    }
    choose("system", "same-origin").await.expect(303);
    assert!(!person.get("/").await.expect(200).text().contains("data-theme=\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_switched_off_and_on_by_a_form_where_they_are_explained_and_among_ones_own_things() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    let alice = signed_in(&app, "alice").await;
    let choose = |keys: &'static str| {
        let form = [("keys", keys), ("next", "/my/tokens")];
        alice.send(alice.request(Method::POST, "/preferences").form(&form))
    };
    let form = "<button class=\"button\" name=\"keys\" value=\"off\">";
    let html = look(&alice, "/my/tokens").await.expect(200).text();
    assert!(!html.contains("data-keys") && html.matches(form).count() == 2, "{html}");
    choose("sometimes").await.expect_problem(400, "invalid");
    assert_eq!(choose("off").await.expect(303).header("location"), "/my/tokens");
    for path in ["/", "/my", "/my/tokens", "/reviews", "/filters/alice/absent"] {
        let page = look(&alice, path).await;
        assert_tight(&page);
        let html = page.text();
        assert!(html.contains("<html lang=\"en\" data-keys=\"off\">"), "{path}: {html}");
        assert!(html.contains("data-dialog=\"keys\"") && !html.contains(form), "{path}: {html}");
    }
    choose("on").await.expect(303);
    assert!(!look(&alice, "/my").await.expect(200).text().contains("data-keys"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_cloned_by_the_form_of_its_page_and_by_no_other() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.author("bea").await;
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("guard", 10)).await;
    let bea = signed_in(&app, "bea").await;
    let token = form_token(&bea, "/filters/alice/guard").await;
    let clone = |form: String| {
        let fields = [
            ("form", form),
            ("namespace", "bea".into()),
            ("name", "my-guard".into()),
            ("version", "1.0.0".into()),
        ];
        bea.send(
            bea.request(Method::POST, "/filters/alice/guard/clone")
                .header("accept", "text/html")
                .form(&fields),
        )
    };
    assert_tight(&clone("none".into()).await.expect(403));
    let made = clone(token.clone()).await.expect(303);
    assert_eq!(made.header("location"), "/filters/bea/my-guard");
    let page = look(&bea, "/filters/bea/my-guard").await.expect(200).text();
    assert!(page.contains("Draft") && page.contains("alice/guard 1.0.0"), "{page}");
    assert_tight(&clone(token).await.expect(409));
}
