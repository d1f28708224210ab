//! What a curator compares: all that an approval covers is on the page, or the page says how much is not.
use super::{
    admin::page,
    pages::signed_in,
    review_page::{asked, path},
};
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::distinct, modules::Draft};

const ICON: &str = "data:image/png;base64,iVBORw0KGgo=";

fn with_texts(count: usize) -> Vec<u8> {
    let texts: String = (0..count).map(|n| format!("harmless text {n:04}\\00")).collect();
    let draft = Draft::good().with(|m| {
        m.import("env", "proxy_http_call", "iiiiiiiiii>i");
        m.export("proxy_on_http_call_response", "iiiii>");
        m.more = format!("(data (i32.const 0) \"https://plans.example/v1?customer=\\00{texts}\")");
    });
    draft.bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_publication_shows_all_that_an_approval_of_it_covers() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.curator("carl").await;
    let schema = json!({"type": "object", "properties": {"plan": {"type": "string", "pattern": "^gold"}}});
    let said = json!({"summary": "Limits plans.", "icon": ICON, "defaults": {
        "readme": "# Limiter\n\n<!-- not rendered -->\n", "root_id": "limiter-root", "licence": "MIT",
        "config_schema": schema, "config_sample": {"plan": "gold-sample"}, "environment_keys": ["PLAN_TOKEN"],
        "examples": [{"title": "By plan", "body": "curl the-example"}]}});
    alice.put("/api/v1/filters/alice/limiter", &said).await.expect(201);
    let review = asked(&app, &alice, "alice/limiter", "1.0.0", with_texts(3)).await;
    let carl = signed_in(&app, "carl").await;
    let html = page(&carl, &format!("{}?tab=changes", path(&review))).await;
    for part in [
        "Nothing of this filter was approved before",
        "env.proxy_http_call",
        "export proxy_on_http_call_response",
        ">https://plans.example/v1?customer=<",
        ">harmless text 0002<",
        ">data ",
        " functions, ",
        "ABI 0.2.1",
        "Summary: Limits plans.",
        "Root id: limiter-root",
        "Environment: PLAN_TOKEN",
        "Icon: image/png",
        "plan: string",
        "&#34;pattern&#34;: &#34;^gold&#34;",
        "gold-sample",
        "By plan",
        "curl the-example",
        "&#60;!-- not rendered --&#62;",
        "class=\"nothing\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(html.contains(&format!("<img src=\"{ICON}\"")), "{html}");
    assert!(!html.contains("New power") && !html.contains("Show every row"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_list_leaves_out_is_counted_and_the_page_says_where_it_is() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    app.curator("carl").await;
    let readme = json!({"defaults": {"readme": "a line\n".repeat(250)}});
    alice.put("/api/v1/filters/alice/limiter", &readme).await.expect(201);
    let review = asked(&app, &alice, "alice/limiter", "1.0.0", with_texts(700)).await;
    let carl = signed_in(&app, "carl").await;
    let changes = format!("{}?tab=changes", path(&review));
    let html = page(&carl, &changes).await;
    assert!(html.contains("… and 50 more."), "{html}");
    assert!(html.contains("more, which no comparison lists"), "{html}");
    assert!(html.contains("/api/v1/filters/alice/limiter/releases/1.0.0/module\" download"), "{html}");
    let all = format!("{changes}&all=true");
    assert!(html.contains(&all.replace('&', "&amp;")), "{html}");
    let (few, many) = (html.matches(">harmless text ").count(), page(&carl, &all).await);
    assert!(few < 201 && many.matches(">harmless text ").count() > 490, "{few}");
    assert!(!many.contains("Show every row") && many.contains("more, which no comparison lists"), "{many}");
    assert_eq!(many.matches(">a line<").count(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_demanded_of_a_configuration_and_its_sample_are_compared_word_by_word() {
    let app = TestApp::spawn().await;
    let (token, other) = (app.author("alice").await, app.curator("other").await);
    app.curator("carl").await;
    let said = |most: u64| {
        json!({"config_sample": {"burst": most},
            "config_schema": {"type": "object", "properties": {"burst": {"type": "integer", "maximum": most}}}})
    };
    token.put("/api/v1/filters/alice/f", &json!({"icon": ICON, "defaults": said(10)})).await.expect(201);
    app.publish(&token, &other, "alice/f", "1.0.0", &distinct("f", 10)).await;
    let next = format!("{ICON}AAAA");
    token.put("/api/v1/filters/alice/f", &json!({"icon": next})).await.expect(200);
    token.upload("alice/f", "1.1.0", distinct("g", 10)).await.expect(201);
    token.patch("/api/v1/filters/alice/f/releases/1.1.0", &said(20)).await.expect(200);
    let review = token.submit("alice/f", "1.1.0", "publish").await.expect(201).json();
    app.drain_jobs().await;
    let carl = signed_in(&app, "carl").await;
    let html = page(&carl, &path(&review)).await;
    for part in [
        "burst: integer, by other rules",
        "&#34;maximum&#34;: 10",
        "&#34;maximum&#34;: 20",
        "&#34;burst&#34;: 20",
        "Icon: image/png",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(html.contains(&format!("src=\"{ICON}\"")) && html.contains(&format!("src=\"{next}\"")), "{html}");
}
