//! The text of every format, as its readers get it.
use super::{MANIFEST, MODULE, options, release, rendered};
use serde_json::{Value, json};
use tamis_formats::{Format, ModuleUrl, Pin, Refusal, Release, render};

fn fields(format: Format, release: &Release, given: Value) -> Vec<String> {
    let Err(refusals) = render(format, release, &options(given)) else { return vec![] };
    refusals.into_iter().map(|Refusal { field, .. }| field).collect()
}

#[test]
fn every_format_without_options() {
    for format in Format::ALL {
        let found = rendered(*format, &release(), json!({}));
        insta::assert_snapshot!(format!("plain-{format}"), found.text);
        assert_eq!(found.file_name, format!("header_guard-1.2.0.{format}.yaml"));
    }
}

#[test]
fn every_option_of_envoy() {
    let all = json!({"name": "guard", "root_id": "main", "configuration": {"required": ["a\nb"]}, "failure_policy": "fail-reload",
        "vm_id": "shared", "environment_keys": ["A", "B"], "cluster": "registry", "timeout_seconds": 5, "ca_file": "/ca.pem"});
    let whole = json!({"listen": "[::1]:8080", "admin": "127.0.0.1:9901", "upstream": "shop.internal:80"});
    for point in ["http", "network", "service", "access-log"] {
        let release = Release { point: None, schema: None, ..release() };
        let mut given = all.clone();
        given["type"] = point.into();
        insta::assert_snapshot!(
            format!("filter-{point}"),
            rendered(Format::EnvoyFilter, &release, given.clone()).text
        );
        given.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
        insta::assert_snapshot!(format!("envoy-{point}"), rendered(Format::Envoy, &release, given).text);
    }
}

#[test]
fn every_option_of_kubernetes() {
    let all = json!({"name": "guard", "root_id": "main", "configuration": {"required": []}, "failure_policy": "fail-open", "environment_keys": ["A"],
        "namespace": "shop", "selector": {"app": "front", "tier": "on"}, "pull_secret": "tamis-pull"});
    let mut mesh = all.clone();
    let more = json!({"apply_to": "workload", "phase": "AUTHN", "priority": -5, "match_mode": "SERVER", "match_ports": [80, 443]});
    mesh.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    insta::assert_snapshot!("istio-all", rendered(Format::Istio, &release(), mesh.clone()).text);
    insta::assert_snapshot!("traffic-all", rendered(Format::IstioTrafficExtension, &release(), mesh).text);
    insta::assert_snapshot!("gateway-all", rendered(Format::EnvoyGateway, &release(), all).text);
    let targets = json!({"target_refs": [{"kind": "Service", "name": "front"}, {"kind": "ServiceEntry", "name": "out"}, {"kind": "Gateway", "name": "edge"}]});
    insta::assert_snapshot!("istio-targets", rendered(Format::Istio, &release(), targets).text);
    let targets =
        json!({"target_refs": [{"kind": "Gateway", "name": "edge"}, {"kind": "HTTPRoute", "name": "shop"}]});
    insta::assert_snapshot!("gateway-targets", rendered(Format::EnvoyGateway, &release(), targets).text);
    insta::assert_snapshot!(
        "istio-mesh",
        rendered(Format::Istio, &release(), json!({"apply_to": "mesh", "source": "http"})).text
    );
}

#[test]
fn each_format_pins_the_digest_that_its_reader_compares() {
    let (module, manifest) = (Pin::Module(MODULE.into()), Pin::Manifest(MANIFEST.into()));
    let unboxed = Release { manifest: None, ..release() };
    for format in [Format::Envoy, Format::EnvoyFilter, Format::EnvoyEcds] {
        let found = rendered(format, &release(), json!({}));
        assert_eq!(found.pin, module);
        assert!(!found.text.contains(MANIFEST), "{}", found.text);
    }
    for format in [Format::Istio, Format::IstioTrafficExtension, Format::EnvoyGateway] {
        let image = rendered(format, &release(), json!({}));
        assert_eq!(image.pin, manifest);
        assert!(!image.text.contains(MODULE), "{}", image.text);
        for (release, given) in [(&release(), json!({"source": "http"})), (&unboxed, json!({}))] {
            let url = rendered(format, release, given);
            assert_eq!(url.pin, module);
            assert!(!url.text.contains(MANIFEST), "{}", url.text);
        }
        assert_eq!(fields(format, &unboxed, json!({"source": "oci"})), ["source"]);
    }
}

#[test]
fn what_is_not_public_is_fetched_by_a_capability_url_and_the_file_says_until_when() {
    let nowhere = Release { module_url: None, public: false, ..release() };
    assert_eq!(fields(Format::Envoy, &nowhere, json!({})), ["capability_url"]);
    assert!(fields(Format::Istio, &nowhere, json!({})).is_empty(), "an image can be pulled with a secret");
    let url = "https://tamis.example.com/modules/private/key.wasm";
    let secret = Some(("edge".to_owned(), "2027-11-22".to_owned()));
    let here = Release { module_url: Some(ModuleUrl { url: url.into(), secret }), ..nowhere };
    for format in [Format::Envoy, Format::Istio, Format::EnvoyGateway] {
        let text = rendered(format, &here, json!({"capability_url": "edge"})).text;
        assert!(
            text.contains(&format!("{url:?}"))
                && text
                    .contains("# The URL is a secret: the capability URL \"edge\", which ends on 2027-11-22"),
            "{text}"
        );
    }
}

#[test]
fn bytes_that_somebody_has_stopped_are_said_to_be_and_no_other_address_is_asked_for() {
    let why = "the same bytes are quarantined as acme/copy 1.0.0 (it leaks)";
    let stopped = Release { module_url: None, stopped: Some(why.into()), ..release() };
    let refused = render(Format::Envoy, &stopped, &options(json!({}))).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].field == "source" && refused[0].message.starts_with(why), "{refused:?}");
}

#[test]
fn what_cannot_be_is_refused_with_the_name_of_the_field() {
    let undeclared = Release { point: None, ..release() };
    let cases = [
        (Format::Envoy, json!({"phase": "AUTHN", "pull_secret": "x"}), &["phase", "pull_secret"][..]),
        (Format::Istio, json!({"vm_id": "x", "listen": "127.0.0.1:1"}), &["vm_id", "listen"]),
        (
            Format::EnvoyGateway,
            json!({"type": "network", "failure_policy": "fail-reload"}),
            &["failure_policy", "type", "type"],
        ),
        (Format::EnvoyEcds, json!({"type": "access-log"}), &["type"]),
        (Format::Envoy, json!({"type": "service"}), &["type"]),
        (Format::Envoy, json!({"configuration": {"required": [1]}}), &["configuration"]),
        (Format::Istio, json!({"configuration": "text"}), &["configuration", "configuration"]),
        (
            Format::Envoy,
            json!({"listen": "localhost:1", "admin": "x", "upstream": "x"}),
            &["listen", "admin", "upstream"],
        ),
        (Format::Envoy, json!({"timeout_seconds": 0, "name": ""}), &["name", "timeout_seconds"]),
        (
            Format::Istio,
            json!({"namespace": "Shop", "name": "a_b", "selector": {"a b": "c"}}),
            &["namespace", "name", "selector"],
        ),
        (Format::Istio, json!({"apply_to": "workload"}), &["apply_to"]),
        (Format::Istio, json!({"apply_to": "mesh", "selector": {"app": "x"}}), &["apply_to"]),
        (Format::Istio, json!({"match_ports": [0]}), &["match_ports"]),
        (Format::Istio, json!({"match_ports": [80, 80]}), &["match_ports"]),
        (
            Format::Istio,
            json!({"namespace": "a.b", "name": "a..b", "pull_secret": "-a"}),
            &["namespace", "pull_secret", "name"],
        ),
        (Format::Istio, json!({"namespace": "a".repeat(64)}), &["namespace"]),
        (Format::EnvoyGateway, json!({"selector": {"/app": "x"}}), &["selector"]),
        (Format::EnvoyGateway, json!({"selector": {"app": "x-"}}), &["selector"]),
        (Format::Istio, json!({"target_refs": [{"kind": "HTTPRoute", "name": "a"}]}), &["target_refs"]),
        (
            Format::Istio,
            json!({"target_refs": [{"kind": "Gateway", "group": "networking.istio.io", "name": "a"}]}),
            &["target_refs"],
        ),
        (Format::EnvoyGateway, json!({"target_refs": [{"kind": "Service", "name": "a"}]}), &["target_refs"]),
        (
            Format::EnvoyGateway,
            json!({"target_refs": [{"kind": "GatewayClass", "name": "a"}]}),
            &["target_refs"],
        ),
        (Format::Envoy, json!({"environment_keys": ["A=B"]}), &["environment_keys"]),
        (Format::Istio, json!({"environment_keys": ["A", ""]}), &["environment_keys"]),
        (Format::EnvoyGateway, json!({"environment_keys": ["Ä"]}), &["environment_keys"]),
    ];
    for (format, given, want) in cases {
        assert_eq!(fields(format, &release(), given.clone()), want, "{format} {given}");
    }
    assert_eq!(fields(Format::Envoy, &undeclared, json!({})), ["type"]);
    assert!(fields(Format::EnvoyCluster, &undeclared, json!({})).is_empty());
}

#[test]
fn what_is_declared_oddly_is_still_what_readers_take() {
    let odd = Release {
        root_id: Some(String::new()),
        environment_keys: vec!["A".into(), "B".into(), "A".into()],
        server: "https://tamis".into(),
        ..release()
    };
    for format in [Format::Envoy, Format::Istio, Format::IstioTrafficExtension, Format::EnvoyGateway] {
        for given in [json!({}), json!({"environment_keys": ["A", "A", "B"], "root_id": ""})] {
            let text = rendered(format, &odd, given).text;
            assert_eq!(text.matches("\"A\"").count(), 1, "{text}");
            assert!(!["pluginName", "rootID", "root_id"].iter().any(|field| text.contains(field)), "{text}");
        }
    }
    let text = rendered(Format::Istio, &odd, json!({})).text;
    assert!(
        text.contains("\"oci://tamis:443/acme/header_guard@"),
        "a host, and no user of Docker Hub: {text}"
    );
    // What is for all gateways of a class is read in the root namespace alone.
    let class = json!({"target_refs": [{"kind": "GatewayClass", "name": "istio"}]});
    assert!(rendered(Format::Istio, &odd, class).text.contains("namespace: \"istio-system\""));
}

#[test]
fn a_schema_that_cannot_be_told_is_said_in_the_file() {
    let odd = Release { schema: Some(json!({"$ref": "#"})), ..release() };
    let text = rendered(Format::Envoy, &odd, json!({})).text;
    assert!(text.contains("# The plugin's configuration was not checked: "), "{text}");
}
