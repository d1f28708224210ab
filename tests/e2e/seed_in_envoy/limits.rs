//! plan-rate-limit and body-rewrite.

use super::{Answer, SECRET, get, http, send, token, upstream};
use anyhow::Context;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tamis_e2e::envoy::Envoy;

/// How many of `count` requests pass, and the last answer.
async fn pass(envoy: &Envoy, count: usize, authorization: &str) -> anyhow::Result<(usize, Answer)> {
    let mut last = None;
    let mut passed = 0;
    for _ in 0..count {
        let answer = get(envoy, "/", &[("authorization", authorization)]).await?;
        passed += usize::from(answer.status == 200);
        last = Some(answer);
    }
    Ok((passed, last.context("no request was sent")?))
}

#[tokio::test]
async fn plan_rate_limit_gives_each_user_what_the_plan_allows() -> anyhow::Result<()> {
    let config = json!({
        "secret": SECRET,
        "plans": {"personal": {"requests": 3, "per_seconds": 3600}, "team": {"requests": 8, "per_seconds": 3600}},
        "default": {"requests": 2, "per_seconds": 3600},
    });
    let envoy = http("plan-rate-limit", config, None).await?;
    let user = |sub: &str, plan: &str| token(&json!({"sub": sub, "plan": plan}), SECRET);

    let (passed, refused) = pass(&envoy, 5, &user("ann", "personal")?).await?;
    assert_eq!(passed, 3);
    assert_eq!(refused.refusal()?, (429, "rate-limited".to_owned()));
    let wait: u64 = refused.header("retry-after").context("no retry-after")?.parse()?;
    assert!((1100..=1200).contains(&wait), "a third of an hour, not {wait} s");
    assert_eq!(refused.header("x-ratelimit-plan"), Some("personal"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));

    assert_eq!(pass(&envoy, 4, &user("bob", "personal")?).await?.0, 3, "bob has a bucket of his own");
    let (passed, last) = pass(&envoy, 6, &user("cy", "team")?).await?;
    assert_eq!((passed, last.header("x-ratelimit-remaining")), (6, Some("2")));
    assert_eq!(last.header("x-ratelimit-limit"), Some("8"));

    // Made-up tokens are one anonymous client, however many users and plans they invent.
    let mut anonymous = 0;
    for n in 0..4 {
        let forged = token(&json!({"sub": format!("x{n}"), "plan": "team"}), "not the secret")?;
        anonymous += pass(&envoy, 1, &forged).await?.0;
    }
    assert_eq!(anonymous, 2);

    assert_eq!(envoy.stat_until("wasmcustom.plan_rate_limit_allowed", |n| n >= 14).await?, 14);
    assert_eq!(envoy.stat_until("wasmcustom.plan_rate_limit_limited", |n| n >= 5).await?, 5);
    Ok(())
}

#[tokio::test]
async fn plan_rate_limit_lets_requests_pass_again_as_time_passes() -> anyhow::Result<()> {
    let config = json!({"default": {"requests": 1, "per_seconds": 1}, "report": false});
    let envoy = http("plan-rate-limit", config, None).await?;
    let first = get(&envoy, "/", &[]).await?;
    assert_eq!((first.status, first.header("x-ratelimit-limit")), (200, None));
    let refused = get(&envoy, "/", &[]).await?;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(get(&envoy, "/", &[]).await?.status, 200);
    Ok(())
}

const TEXT: &str = "HTTP/1.1 200 OK\r\ncontent-type: Text/Plain; charset=utf-8\r\netag: \"v1\"\r\n";

#[tokio::test]
async fn body_rewrite_replaces_text_and_the_length_is_right() -> anyhow::Result<()> {
    let config = json!({"replacements": [{"find": "internal", "replace": "the public one"}, {"find": "x", "replace": ""}]});
    for upstream in [
        upstream::fixed(TEXT, b"xx internal and internal").await?,
        upstream::chunked(TEXT, vec![b"xx inte".to_vec(), b"rnal and internal".to_vec()]).await?,
    ] {
        let envoy = http("body-rewrite", config.clone(), Some(upstream)).await?;
        let answer = get(&envoy, "/", &[("accept-encoding", "gzip")]).await?;
        assert_eq!(String::from_utf8(answer.body.clone())?, " the public one and the public one");
        assert_eq!(answer.header("content-length"), None);
        assert_eq!(answer.header("etag"), Some("W/\"v1\""));
        assert_eq!(envoy.stat_until("wasmcustom.body_rewrite_rewritten", |n| n > 0).await?, 1);
    }
    Ok(())
}

#[tokio::test]
async fn body_rewrite_asks_for_plain_bodies_and_leaves_head_alone() -> anyhow::Result<()> {
    let config = json!({"replacements": [{"find": "identity", "replace": "plain"}]});
    let envoy = http("body-rewrite", config, Some(upstream::mirror().await?)).await?;
    let answer = get(&envoy, "/", &[("accept-encoding", "br")]).await?;
    assert_eq!(answer.json()?["accept-encoding"], "plain");
    drop(envoy);

    let config = json!({"replacements": [{"find": "a", "replace": "b"}]});
    let envoy = http("body-rewrite", config, Some(upstream::fixed(TEXT, b"").await?)).await?;
    let answer = send(&envoy, Method::HEAD, "/", &[]).await?;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"v1\"")));
    Ok(())
}

#[tokio::test]
async fn body_rewrite_lets_large_encoded_partial_and_other_bodies_pass_unchanged() -> anyhow::Result<()> {
    let config = json!({"replacements": [{"find": "a", "replace": "b"}], "max_bytes": 1000});
    let large = vec![b'a'; 1001];
    let growing = vec![b'c'; 300_000];
    let cases = [
        (upstream::fixed(TEXT, &large).await?, large.clone(), 1),
        (upstream::chunked(TEXT, vec![large[..600].to_vec(), large[600..].to_vec()]).await?, large, 1),
        (upstream::chunked(TEXT, vec![growing.clone()]).await?, growing, 1),
        (upstream::fixed(&format!("{TEXT}content-encoding: x\r\n"), b"aaa").await?, b"aaa".to_vec(), 0),
        (upstream::fixed(&TEXT.replace("200 OK", "206 Partial"), b"aaa").await?, b"aaa".to_vec(), 0),
        (upstream::fixed(&TEXT.replace("Text/Plain", "image/png"), b"aaa").await?, b"aaa".to_vec(), 0),
    ];
    for (upstream, body, skipped) in cases {
        let envoy = http("body-rewrite", config.clone(), Some(upstream)).await?;
        let answer = get(&envoy, "/", &[]).await?;
        assert!(answer.body == body, "{} bytes came, not {}", answer.body.len(), body.len());
        assert_eq!(envoy.stat_until("wasmcustom.body_rewrite_skipped", |n| n >= skipped).await?, skipped);
        assert_eq!(envoy.stat("wasmcustom.body_rewrite_rewritten").await?, Some(0));
    }
    Ok(())
}

#[tokio::test]
async fn body_rewrite_refuses_to_make_a_body_explode() -> anyhow::Result<()> {
    let config = json!({"replacements": [{"find": "a", "replace": "bbbbbbbbbb"}], "max_bytes": 100});
    let envoy = http("body-rewrite", config, Some(upstream::fixed(TEXT, &[b'a'; 50]).await?)).await?;
    assert_eq!(get(&envoy, "/", &[]).await?.body, [b'a'; 50]);
    assert_eq!(envoy.stat_until("wasmcustom.body_rewrite_skipped", |n| n > 0).await?, 1);
    Ok(())
}
