//! Tags in their order, page by page, and those that follow from what is published.
use super::{IMAGE, code, digest, repo};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, fixtures::distinct};

fn names(list: &Value) -> Vec<&str> {
    list["tags"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_in_the_order_of_ascii_and_come_in_pages() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    let bytes = own.image("", "tags").await;
    assert_eq!(own.get("/tags/list").await.expect(200).json(), json!({"name": "alice/f", "tags": []}));
    let mut all = ["b", "a", "B", "A", "_a", "a-b", "a.b", "a_b", "aB", "0", "10", "9", "z", "Z", "a1"];
    for tag in all {
        own.put(tag, IMAGE, &bytes).await.expect(201);
    }
    all.sort_unstable();
    assert_eq!(names(&own.get("/tags/list").await.expect(200).json()), all);
    // Page by page, as the links say.
    for n in [1, 4, 7, 100] {
        let (mut seen, mut path) = (vec![], format!("/v2/alice/f/tags/list?n={n}"));
        loop {
            let page = alice.get(&path).await.expect(200);
            let list = page.json();
            seen.extend(names(&list).into_iter().map(str::to_owned));
            let link = page.header("link").to_owned();
            let Some(next) = link.strip_prefix('<').and_then(|l| l.split_once('>')) else { break };
            assert_eq!(next.1, r#"; rel="next""#);
            assert_eq!(names(&list).len(), n);
            path = next.0.to_owned();
        }
        assert_eq!(seen, all, "{n}");
    }
    // `last` is exclusive, needs no `n`, and need not be there.
    assert_eq!(names(&own.get("/tags/list?last=a_b").await.expect(200).json()), ["b", "z"]);
    assert_eq!(names(&own.get("/tags/list?last=aa&n=1").await.expect(200).json()), ["b"]);
    assert!(names(&own.get("/tags/list?last=zzz").await.expect(200).json()).is_empty());
    own.get("/tags/list?last=%00").await.expect(200);
    let none = own.get("/tags/list?n=0").await.expect(200);
    assert!(names(&none.json()).is_empty() && none.header("link").is_empty());
    let unknown = repo(&alice, "alice/absent").get("/tags/list").await.expect(404);
    assert_eq!(code(&unknown), "NAME_UNKNOWN");
}

/// Distribution CVE-2023-2253: a number in the query became the size of an allocation.
#[tokio::test(flavor = "multi_thread")]
async fn cve_2023_2253_a_number_too_large_costs_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    own.image("one", "n").await;
    let huge = "1".repeat(60);
    for (n, status) in [("-1", 400), ("x", 400), ("", 400), ("1e9", 400), ("1000000000", 200), (&huge, 200)] {
        let reply = own.get(&format!("/tags/list?n={n}")).await;
        assert_eq!(reply.status, status, "{n}");
        if status == 200 {
            assert_eq!(names(&reply.json()), ["one"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latest_and_minor_versions_follow_what_is_published_and_are_plain_tags_before() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let (own, others) = (repo(&alice, "alice/f"), repo(&nobody, "alice/f"));
    let plain = own.image("latest", "mine").await;
    own.put("1.2", IMAGE, &plain).await.expect(201);
    own.put("stable", IMAGE, &plain).await.expect(201);
    assert_eq!(own.get("/manifests/latest").await.expect(200).body, plain);
    for version in ["1.2.0", "1.2.10", "1.2.9", "2.0.0-rc.1"] {
        app.publish(&alice, &carl, "alice/f", version, &distinct(version, 10)).await;
    }
    let named = |tag: &str| format!("/manifests/{tag}");
    for (tag, version) in [("latest", "1.2.10"), ("1.2", "1.2.10")] {
        let there = others.get(&named(tag)).await.expect(200).body;
        assert_eq!(there, others.get(&named(version)).await.expect(200).body, "{tag}");
        assert_eq!(own.get(&named(tag)).await.expect(200).body, there);
        let refused = own.put(tag, IMAGE, &plain).await.expect(403);
        assert_eq!(code(&refused), "DENIED");
        own.delete(&named(tag)).await.expect(405);
    }
    let list = others.get("/tags/list").await.expect(200).json();
    assert_eq!(names(&list), ["1.2", "1.2.0", "1.2.10", "1.2.9", "2.0.0-rc.1", "latest"]);
    assert!(names(&own.get("/tags/list").await.expect(200).json()).contains(&"stable"));
    others.get(&named("stable")).await.expect(404);
    // Yanked: by its version, no longer by what follows.
    alice.post("/api/v1/filters/alice/f/releases/1.2.10/yank", &json!({})).await.expect(200);
    others.get(&named("1.2.10")).await.expect(200);
    let there = others.get(&named("latest")).await.expect(200).body;
    assert_eq!(digest(&there), others.get(&named("1.2.9")).await.expect(200).header("docker-content-digest"));
    assert!(!names(&others.get("/tags/list").await.expect(200).json()).contains(&"1.2.10"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minor_version_is_followed_to_its_last_release_and_to_no_other_that_begins_like_it() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    for version in ["1.2.3", "1.20.0", "1.2.4-rc.1", "11.2.9", "21.0.0-rc.1"] {
        app.publish(&alice, &carl, "alice/f", version, &distinct(version, 10)).await;
    }
    let others = repo(&nobody, "alice/f");
    let digest_of = async |tag: &str| {
        others.get(&format!("/manifests/{tag}")).await.expect(200).header("docker-content-digest").to_owned()
    };
    for (tag, version) in [("1.2", "1.2.3"), ("1.20", "1.20.0"), ("11.2", "11.2.9"), ("latest", "11.2.9")] {
        assert_eq!(digest_of(tag).await, digest_of(version).await, "{tag}");
    }
    // A pre-release alone is followed by `latest` only, and only where there is nothing else.
    others.get("/manifests/21.0").await.expect(404);
    app.publish(&alice, &carl, "alice/g", "0.1.0-rc.1", &distinct("g", 10)).await;
    repo(&nobody, "alice/g").get("/manifests/latest").await.expect(200);
    let own = repo(&alice, "alice/f");
    let plain = own.image("", "plain").await;
    own.put("1.3", IMAGE, &plain).await.expect(201);
    own.delete("/manifests/1.3").await.expect(202);
}
