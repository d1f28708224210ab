//! basic-auth and jwt-claims.

use super::{Module, SECRET, get, http, seconds_from_now, token, upstream};
use serde_json::{Value, json};
use tamis_e2e::envoy::{Bootstrap, Envoy};

/// SHA-256 of "pepper12" and "open sesame".
const DIGEST: &str = "6a8e875b98574a2f208e00ae11370470fe65bdeeb35bb5a2f69f92b503498fb4";
/// "ali:open sesame", "ali:open sesam" and "cassim:open sesame" in base64.
const RIGHT: &str = "Basic YWxpOm9wZW4gc2VzYW1l";
const WRONG_PASSWORD: &str = "Basic YWxpOm9wZW4gc2VzYW0=";
const WRONG_NAME: &str = "Basic Y2Fzc2ltOm9wZW4gc2VzYW1l";

#[tokio::test]
async fn basic_auth_lets_only_its_users_pass_and_tells_who_it_was() -> anyhow::Result<()> {
    let users = json!([{"name": "ali", "salt": "pepper12", "sha256": DIGEST}]);
    let config = json!({"users": users, "realm": "cave", "skip_paths": ["/healthz"]});
    let envoy = http("basic-auth", config, Some(upstream::mirror().await?)).await?;

    let passed = get(&envoy, "/", &[("authorization", RIGHT), ("x-authenticated-user", "sultan")]).await?;
    assert_eq!(passed.status, 200);
    assert_eq!(passed.json()?["x-authenticated-user"], "ali");
    assert_eq!(passed.json()?["authorization"], Value::Null);

    for value in [WRONG_PASSWORD, WRONG_NAME, "Basic ???", "Bearer x"] {
        let answer = get(&envoy, "/", &[("authorization", value)]).await?;
        assert_eq!(answer.refusal()?, (401, "credentials-wrong".to_owned()), "{value}");
    }
    let asked = get(&envoy, "/", &[]).await?;
    assert_eq!(asked.refusal()?, (401, "credentials-missing".to_owned()));
    assert_eq!(asked.header("www-authenticate"), Some("Basic realm=\"cave\", charset=\"UTF-8\""));

    let open = get(&envoy, "/healthz?deep=1", &[("x-authenticated-user", "sultan")]).await?;
    assert_eq!(open.status, 200);
    assert_eq!(open.json()?["x-authenticated-user"], Value::Null);
    assert_eq!(get(&envoy, "/healthz/../", &[]).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn basic_auth_without_users_refuses_everyone() -> anyhow::Result<()> {
    let envoy = http("basic-auth", json!({}), None).await?;
    assert_eq!(get(&envoy, "/", &[("authorization", RIGHT)]).await?.status, 401);
    assert!(envoy.log().contains("`users` is empty"));
    Ok(())
}

#[tokio::test]
async fn jwt_claims_believes_only_tokens_that_its_own_key_signed() -> anyhow::Result<()> {
    let envoy = http("jwt-claims", json!({"secret": SECRET}), None).await?;
    let claims = json!({"sub": "u1", "exp": seconds_from_now(600)?});
    let answer = |token: String| {
        let envoy = &envoy;
        async move { get(envoy, "/", &[("authorization", &token)]).await }
    };
    let good = token(&claims, SECRET)?;
    assert_eq!(answer(good.clone()).await?.status, 200);
    let forged = token(&claims, "fedcba9876543210fedcba9876543210")?;
    let unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9.".to_owned();
    let cut = good.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap_or_default();
    for bad in [forged, unsigned, cut, "Bearer nonsense".to_owned()] {
        assert_eq!(answer(bad.clone()).await?.refusal()?, (401, "token-invalid".to_owned()), "{bad}");
    }
    let missing = get(&envoy, "/", &[]).await?;
    assert_eq!(missing.refusal()?, (401, "token-missing".to_owned()));
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
    Ok(())
}

#[tokio::test]
async fn jwt_claims_checks_times_issuer_audience_and_required_claims() -> anyhow::Result<()> {
    let config = json!({
        "secret": SECRET, "issuer": "https://id.test", "audience": ["shop"], "leeway_seconds": 5,
        "required_claims": {"plan": ["gold"]}, "forward_claims": {"sub": "x-user"}, "strip_token": true,
    });
    let envoy = http("jwt-claims", config, Some(upstream::mirror().await?)).await?;
    let good = json!({
        "sub": "u1", "iss": "https://id.test", "aud": ["shop", "hub"], "plan": "gold",
        "exp": seconds_from_now(600)?, "nbf": seconds_from_now(-600)?,
    });
    let passed = get(&envoy, "/", &[("authorization", &token(&good, SECRET)?), ("x-user", "root")]).await?;
    assert_eq!((passed.status, &passed.json()?["x-user"]), (200, &json!("u1")));
    assert_eq!(passed.json()?["authorization"], Value::Null);

    for (claim, value, refusal) in [
        ("exp", seconds_from_now(-60)?, (401, "token-invalid")),
        ("exp", Value::Null, (401, "token-invalid")),
        ("nbf", seconds_from_now(60)?, (401, "token-invalid")),
        ("iss", json!("https://other.test"), (401, "token-invalid")),
        ("aud", json!("hub"), (401, "token-invalid")),
        ("plan", json!("silver"), (403, "claim-unmet")),
        ("plan", Value::Null, (403, "claim-unmet")),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let answer = get(&envoy, "/", &[("authorization", &token(&claims, SECRET)?)]).await?;
        assert_eq!(answer.refusal()?, (refusal.0, refusal.1.to_owned()), "{claims}");
    }
    Ok(())
}

#[tokio::test]
async fn jwt_claims_takes_its_secret_from_the_vms_environment() -> anyhow::Result<()> {
    let module = Module::new("jwt-claims")?;
    let plugin =
        module.plugin().configured(json!({"secret_env": "JWT_HS256_SECRET", "require_expiry": false}));
    let bootstrap =
        |plugin: &tamis_e2e::envoy::Plugin| Bootstrap::new().http("http", vec![plugin.http_filter()], None);
    let refused = tamis_e2e::envoy::validate(&bootstrap(&plugin).to_json()).await?;
    assert!(!refused.accepted && refused.output.contains("JWT_HS256_SECRET"), "{}", refused.output);

    let plugin = plugin.with_variable("OTHER", "x").with_variable("JWT_HS256_SECRET", SECRET);
    let envoy = Envoy::start(&bootstrap(&plugin)).await?;
    assert_eq!(get(&envoy, "/", &[("authorization", &token(&json!({}), SECRET)?)]).await?.status, 200);
    assert_eq!(get(&envoy, "/", &[("authorization", &token(&json!({}), "wrong")?)]).await?.status, 401);
    Ok(())
}
