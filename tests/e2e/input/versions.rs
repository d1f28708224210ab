//! Versions: SemVer 2.0.0 to its edges, on every route that takes one.
use super::{assert_clear, assert_field, raw, rows};
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, small},
};

const MAX: &str = "18446744073709551615.18446744073709551615.18446744073709551615";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_version_is_refused_on_every_route() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/f", "1.0.0", small()).await.expect(201);
    let before = rows(&app).await;
    let mut bad: Vec<String> = [
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "V1.2.3",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3-",
        "1.2.3-.",
        "1.2.3+build",
        "1.2.3%2Bbuild",
        "1.2.3-rc+1",
        "18446744073709551616.0.0",
        "0.18446744073709551616.0",
        "99999999999999999999999999.1.1",
        "-1.0.0",
        "1.-2.3",
        "1e3.0.0",
        "0x1.2.3",
        "1.2.3%20",
        "%201.2.3",
        "1.2.3%0a",
        "1.2.3%00",
        "%00",
        "latest",
        "*",
        "1.x",
        "^1.2.3",
        "..",
        "%2f",
        "1.2.3%2f..",
        "%F0%9F%92%A9",
        "1.2.3-%C3%A9",
        "%EF%BC%91.2.3",
        "1.2.%D9%A3",
        "%ff.0.0",
        "1,2,3",
    ]
    .map(str::to_owned)
    .into();
    bad.push(format!("1.2.3-{}", "a".repeat(300)));
    bad.push(format!("1.2.3-{}", "a".repeat(59)));
    bad.push(format!("1.2.3-{}", "1.".repeat(5_000) + "1"));
    // Escaped without need: no path of ours, whatever it would be without the escape.
    let odd = "/api/v1/filters/alice/f/releases/%2e%2e";
    assert_eq!(raw::request(&alice, "PUT", odd, &[], b"x").await.status, 404);
    for version in &bad {
        let shown = &version[..version.len().min(60)];
        let release = format!("/api/v1/filters/alice/f/releases/{version}");
        assert_field(&raw::request(&alice, "PUT", &release, &[], b"x").await, "version", shown);
        for (method, tail) in [
            ("GET", ""),
            ("GET", "/report"),
            ("GET", "/module"),
            ("PATCH", ""),
            ("DELETE", ""),
            ("POST", "/yank"),
        ] {
            let reply = raw::request(&alice, method, &format!("{release}{tail}"), &[], b"").await;
            assert_clear(&reply, 404, "not-found", &format!("{method} {shown}{tail}"));
        }
    }
    for version in ["", "1.2", "1.2.3+b", "latest", "1.2.3\n", "18446744073709551616.0.0", "१.२.३", "💩"]
    {
        let ask = json!({"namespace": "alice", "filter": "f", "version": version, "action": "publish"});
        assert_field(&alice.post("/api/v1/reviews", &ask).await, "body", version);
        let copy = json!({"namespace": "alice", "name": "c", "version": version});
        assert_field(&alice.post("/api/v1/filters/alice/f/clone", &copy).await, "body", version);
        let form = reqwest::multipart::Form::new()
            .text("version", version.to_owned())
            .part("module", reqwest::multipart::Part::bytes(small()));
        let request =
            alice.request(reqwest::Method::POST, "/api/v1/filters/alice/f/releases").multipart(form);
        let reply = alice.send(request).await;
        if version.trim() != "1.2.3" {
            assert_field(&reply, "version", version);
        }
    }
    // A line break around a text field of a form is the form's, not the version's.
    alice.get("/api/v1/filters/alice/f/releases/1.2.3").await.expect(200);
    assert_eq!(rows(&app).await[1], before[1] + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_version_there_is_goes_all_the_way() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    let longest = format!("1.2.3-{}", "z".repeat(58));
    for (i, version) in ["0.0.0", "18446744073709551614.0.0", MAX, &longest].into_iter().enumerate() {
        app.publish(&alice, &carl, "alice/f", version, &distinct(&format!("v{i}"), 10)).await;
    }
    let shown = nobody.get("/api/v1/catalog/alice/f").await.expect(200).json();
    assert_eq!(shown["version"], MAX);
    let order: Vec<_> = shown["releases"].as_array().unwrap().iter().map(|r| r["version"].clone()).collect();
    assert_eq!(order, [json!(MAX), json!("18446744073709551614.0.0"), json!(longest), json!("0.0.0")]);
    nobody.get(&format!("/api/v1/filters/alice/f/releases/{MAX}/module")).await.expect(200);
    nobody.get("/api/v1/catalog?q=f").await.expect(200);
    let copy = json!({"namespace": "carl", "name": "c"});
    let copy = carl.post("/api/v1/filters/alice/f/clone", &copy).await.expect(201).json();
    assert_eq!(copy["version"], MAX, "the newest");
    app.assert_sound().await;
}
