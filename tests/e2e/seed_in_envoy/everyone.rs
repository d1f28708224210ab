//! What holds for every seed filter.

use super::{Module, get};
use serde_json::{Value, json};
use tamis_e2e::envoy::{Bootstrap, Code, Envoy, Plugin, validate};
use tamis_seed::{PluginType, SeedFilter};

fn bootstrap(filter: &SeedFilter, plugin: &Plugin) -> Bootstrap {
    let nowhere = ([127, 0, 0, 1], 9).into();
    match filter.plugin_type {
        PluginType::Http => Bootstrap::new().http("http", vec![plugin.http_filter()], None),
        PluginType::Network => Bootstrap::new().tcp("tcp", vec![plugin.network_filter()], nowhere),
        PluginType::Service => Bootstrap::new().extension(plugin.service()),
    }
}

/// Whether Envoy takes the plugin, and what it said.
///
/// `--mode validate` never loads services, so those are really started.
async fn judge(filter: &SeedFilter, plugin: &Plugin) -> anyhow::Result<(bool, String)> {
    let bootstrap = bootstrap(filter, plugin);
    if filter.plugin_type != PluginType::Service {
        let result = validate(&bootstrap.to_json()).await?;
        return Ok((result.accepted, result.output));
    }
    Ok(match Envoy::start(&bootstrap).await {
        Ok(envoy) => (true, envoy.log()),
        Err(error) => (false, format!("{error:?}")),
    })
}

/// The plugin with every variable that it may read.
fn plugin(module: &Module) -> Plugin {
    let keys = module.filter.environment_keys.iter();
    keys.fold(module.plugin(), |plugin, key| plugin.with_variable(key, super::SECRET))
}

#[tokio::test]
async fn envoy_accepts_each_filter_with_no_configuration_its_sample_and_its_examples() -> anyhow::Result<()> {
    for filter in tamis_seed::filters()? {
        let module = Module::new(&filter.name)?;
        let mut plugins = vec![plugin(&module)];
        let examples = filter.examples.iter().map(|example| &example.configuration);
        for configuration in examples.chain([&filter.config_sample]) {
            plugins.push(plugin(&module).configured(configuration));
        }
        for plugin in plugins {
            let (accepted, output) = judge(&filter, &plugin).await?;
            assert!(accepted, "{} {:?}: {output}", filter.name, plugin.configuration);
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_filter_refuses_text_that_is_no_object_and_members_it_does_not_know() -> anyhow::Result<()> {
    for filter in tamis_seed::filters()? {
        let module = Module::new(&filter.name)?;
        for bad in ["not json", "[1]", "{\"surprise\": 1}", "{\"surprise\"", "{} {}"] {
            assert_refused(&filter, &plugin(&module).configured(bad)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_filter_refuses_values_that_it_cannot_keep() -> anyhow::Result<()> {
    let short = json!({"secret": "short"});
    let cases: [(&str, Value); 22] = [
        ("basic-auth", json!({"users": [{"name": "a:b", "salt": "12345678", "sha256": "00"}]})),
        ("basic-auth", json!({"users": [{"name": "a", "salt": "12345678", "sha256": "00"}]})),
        ("basic-auth", json!({"realm": "a\"b"})),
        ("body-rewrite", json!({"replacements": [{"find": "", "replace": "x"}]})),
        ("body-rewrite", json!({"max_bytes": 0})),
        ("body-rewrite", json!({"max_bytes": 10_000_000})),
        ("correlation-id", json!({"header": "X Y"})),
        ("correlation-id", json!({"trust_client": 1})),
        ("header-guard", json!({"required": ["X-Upper"]})),
        ("header-guard", json!({"required": ["a"], "forbidden": ["a"]})),
        ("header-guard", json!({"status": 200})),
        ("heartbeat", json!({"interval_ms": 1})),
        ("heartbeat", json!({"prefix": "a.b"})),
        ("jwt-claims", short.clone()),
        ("jwt-claims", json!({"verify": "none", "secret": super::SECRET})),
        ("jwt-claims", json!({"forward_claims": {"sub": "authorization"}})),
        ("plan-rate-limit", short),
        ("plan-rate-limit", json!({"plans": {"a": {"requests": 0, "per_seconds": 1}}})),
        ("security-headers", json!({"headers": {"a": "1\r\nb: 2"}})),
        ("security-headers", json!({"cors": {"allow_origins": ["*"], "allow_credentials": true}})),
        ("security-headers", json!({"cors": {"allow_origins": ["https://a.test/path"]}})),
        ("tcp-metrics", json!({"prefix": ""})),
    ];
    for (name, bad) in cases {
        let module = Module::new(name)?;
        assert_refused(&module.filter, &plugin(&module).configured(bad)).await?;
    }
    Ok(())
}

async fn assert_refused(filter: &SeedFilter, plugin: &Plugin) -> anyhow::Result<()> {
    let (accepted, output) = judge(filter, plugin).await?;
    let said = output.contains(&format!("{}: configuration refused: ", filter.name));
    assert!(!accepted && said, "{} {:?}: {output}", filter.name, plugin.configuration);
    Ok(())
}

#[tokio::test]
async fn a_filter_is_fetched_by_url_and_digest_at_start() -> anyhow::Result<()> {
    let module = Module::new("header-guard")?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/wasm\r\n";
    let store = super::upstream::fixed(head, module.filter.module).await?;
    let code = |sha256: &str| Code::Remote {
        uri: format!("http://{store}/header-guard.wasm"),
        cluster: "store".to_owned(),
        sha256: sha256.to_owned(),
    };
    for (sha256, status) in [(module.filter.sha256, 400), (&"0".repeat(64), 503)] {
        let plugin = Plugin::new("header-guard", code(sha256)).configured(json!({"required": ["x-tenant"]}));
        let bootstrap =
            Bootstrap::new().cluster("store", store).http("http", vec![plugin.http_filter()], None);
        let envoy = Envoy::start(&bootstrap).await?;
        assert_eq!(get(&envoy, "/", &[]).await?.status, status, "{}", envoy.log());
    }
    Ok(())
}
