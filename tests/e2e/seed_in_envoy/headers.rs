//! header-guard, security-headers, correlation-id and no-op.

use super::{Module, get, http, send, upstream};
use anyhow::Context;
use reqwest::Method;
use serde_json::json;
use tamis_e2e::envoy::{Bootstrap, Envoy};

#[tokio::test]
async fn header_guard_refuses_what_its_rules_forbid_and_lets_the_rest_pass() -> anyhow::Result<()> {
    let rules = json!({"required": ["x-tenant"], "forbidden": ["x-debug"], "max_length": {"x-tenant": 8}});
    let envoy = http("header-guard", rules, None).await?;

    let answer = get(&envoy, "/", &[("x-tenant", "acme")]).await?;
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"direct".as_slice()));
    let empty = ("x-tenant", "");
    let tenant = ("x-tenant", "acme");
    let long = ("x-tenant", "much-too-long");
    for (headers, status, code) in [
        (vec![], 400, "header-missing"),
        (vec![empty], 400, "header-missing"),
        (vec![tenant, ("x-debug", "1")], 403, "header-forbidden"),
        (vec![long], 431, "header-too-long"),
    ] {
        assert_eq!(get(&envoy, "/", &headers).await?.refusal()?, (status, code.to_owned()), "{headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn header_guard_counts_headers_and_answers_with_the_configured_status() -> anyhow::Result<()> {
    let envoy = http("header-guard", json!({"max_headers": 12, "status": 418}), None).await?;
    assert_eq!(get(&envoy, "/", &[("a", "1")]).await?.status, 200);
    let many: Vec<(String, String)> = (0..12).map(|n| (format!("x-{n}"), n.to_string())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(get(&envoy, "/", &many).await?.refusal()?, (418, "too-many-headers".to_owned()));
    Ok(())
}

#[tokio::test]
async fn header_guard_survives_values_that_are_not_utf_8() -> anyhow::Result<()> {
    let envoy = http("header-guard", json!({"max_length": {"x-latin": 4}}), None).await?;
    for (value, status) in [(b"caf\xe9".as_slice(), 200), (b"caf\xe9s", 431), (b"caf\xe9", 200)] {
        let value = reqwest::header::HeaderValue::from_bytes(value)?;
        let response = super::client()?.get(envoy.url("http", "/")?).header("x-latin", value).send().await?;
        assert_eq!(response.status(), status);
    }
    Ok(())
}

#[tokio::test]
async fn security_headers_sets_its_defaults_and_leaves_the_upstreams_own() -> anyhow::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nx-powered-by: PHP/5\r\nx-frame-options: DENY\r\n";
    let envoy = http("security-headers", json!({}), Some(upstream::fixed(head, b"hello").await?)).await?;
    let answer = get(&envoy, "/", &[("origin", "https://a.test")]).await?;
    assert_eq!(answer.body, b"hello");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("strict-origin-when-cross-origin"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("x-powered-by"), None);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    Ok(())
}

#[tokio::test]
async fn security_headers_lets_only_named_origins_read() -> anyhow::Result<()> {
    let head = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\n";
    let cors =
        json!({"allow_origins": ["https://app.test"], "allow_credentials": true, "allow_methods": ["PUT"]});
    let config = json!({"cors": cors, "overwrite": true, "headers": {"referrer-policy": null}});
    let envoy = http("security-headers", config, Some(upstream::fixed(head, b"x").await?)).await?;

    let ours = get(&envoy, "/", &[("origin", "https://app.test")]).await?;
    assert_eq!(ours.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(ours.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(ours.header("vary"), Some("origin"));
    assert_eq!(ours.header("referrer-policy"), None);
    let theirs = get(&envoy, "/", &[("origin", "https://app.test.evil.test")]).await?;
    assert_eq!(theirs.status, 200);
    assert_eq!(theirs.header("access-control-allow-origin"), None);

    let preflight = |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        let envoy = &envoy;
        async move { send(envoy, Method::OPTIONS, "/", &headers).await }
    };
    let allowed = preflight("https://app.test").await?;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(preflight("https://evil.test").await?.refusal()?, (403, "origin-not-allowed".to_owned()));
    Ok(())
}

#[tokio::test]
async fn correlation_id_keeps_a_harmless_id_and_replaces_any_other() -> anyhow::Result<()> {
    let envoy = http("correlation-id", json!({}), Some(upstream::mirror().await?)).await?;
    let mut seen = std::collections::BTreeSet::new();
    for (sent, kept) in
        [(None, false), (Some("order-17.a_B"), true), (Some("<script>"), false), (None, false)]
    {
        let headers: Vec<(&str, &str)> = sent.iter().map(|id| ("x-correlation-id", *id)).collect();
        let answer = get(&envoy, "/", &headers).await?;
        let returned = answer.header("x-correlation-id").context("no id came back")?.to_owned();
        assert_eq!(answer.json()?["x-correlation-id"], returned.as_str());
        match sent.filter(|_| kept) {
            Some(id) => assert_eq!(returned, id),
            None => assert_eq!(uuid::Uuid::parse_str(&returned)?.get_version_num(), 4),
        }
        assert!(seen.insert(returned), "an id was given twice");
    }
    Ok(())
}

#[tokio::test]
async fn correlation_id_serves_two_plugins_with_their_own_settings_in_one_vm() -> anyhow::Result<()> {
    let module = Module::new("correlation-id")?;
    let plugin = |name: &str, config| {
        let mut plugin = module.plugin().configured(config);
        plugin.name = name.to_owned();
        plugin.http_filter()
    };
    let one = plugin("one", json!({"header": "x-one", "trust_client": false}));
    let two = plugin("two", json!({"header": "x-two", "respond": false}));
    let upstream = upstream::mirror().await?;
    let envoy = Envoy::start(&Bootstrap::new().http("http", vec![one, two], Some(upstream))).await?;
    for _ in 0..3 {
        let answer = get(&envoy, "/", &[("x-one", "mine"), ("x-two", "mine")]).await?;
        let received = answer.json()?;
        assert_ne!(received["x-one"], "mine");
        assert_eq!(received["x-two"], "mine");
        assert_eq!(answer.header("x-one"), received["x-one"].as_str());
        assert_eq!(answer.header("x-two"), None);
    }
    Ok(())
}

#[tokio::test]
async fn no_op_changes_nothing() -> anyhow::Result<()> {
    let upstream = upstream::mirror().await?;
    let with = http("no-op", json!({}), Some(upstream)).await?;
    let without = Envoy::start(&Bootstrap::new().http("http", Vec::new(), Some(upstream))).await?;
    let names = |answer: &super::Answer| -> anyhow::Result<Vec<String>> {
        let received = answer.json()?;
        let received = received.as_object().context("no object")?.keys().map(|name| format!("> {name}"));
        Ok(received.chain(answer.headers.keys().map(|name| format!("< {name}"))).collect())
    };
    let (with, without) = (get(&with, "/", &[("a", "1")]).await?, get(&without, "/", &[("a", "1")]).await?);
    assert_eq!(with.status, 200);
    assert_eq!(names(&with)?, names(&without)?);
    Ok(())
}
