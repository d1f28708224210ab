//! The embedded catalog is complete and consistent: what `seed/build` recorded is what
//! is embedded, and each filter's texts agree with each other.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use tamis_seed::{SeedFilter, filters};

fn each(check: impl Fn(&SeedFilter)) {
    let filters = filters();
    let filters = filters.as_deref().unwrap_or_default();
    assert!(filters.len() >= 10, "only {}", filters.len());
    filters.iter().for_each(check);
}

/// `[a-z0-9]+([._-][a-z0-9]+)*`, at most 64 characters.
fn is_legal_name(name: &str) -> bool {
    let parts = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= 64 && name.split(['.', '_', '-']).all(parts)
}

#[test]
fn every_module_has_the_recorded_digest() {
    each(|filter| {
        assert!(filter.module.starts_with(b"\0asm\x01\0\0\0"), "{}", filter.name);
        assert_eq!(
            hex::encode(Sha256::digest(filter.module)),
            filter.sha256,
            "{}: run seed/build",
            filter.name
        );
    });
}

#[test]
fn the_directories_the_recorded_digests_and_the_embedded_filters_are_the_same_set() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directories: BTreeSet<String> = std::fs::read_dir(root.join("catalog"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let sums = std::fs::read_to_string(root.join("modules/SHA256SUMS")).unwrap();
    let recorded: BTreeSet<String> = sums
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once("  ").unwrap().1.trim_end_matches(".wasm").to_owned())
        .collect();
    let embedded: BTreeSet<String> = filters().unwrap().into_iter().map(|filter| filter.name).collect();
    assert_eq!(directories, embedded);
    assert_eq!(recorded, embedded);
}

#[test]
fn names_versions_and_licences_are_legal_and_the_order_is_by_name() {
    each(|filter| {
        assert!(is_legal_name(&filter.name), "{}", filter.name);
        assert!(filter.labels.iter().chain(&filter.categories).all(|label| is_legal_name(label)));
        let version = semver::Version::parse(&filter.version).unwrap();
        assert!(version.build.is_empty());
        assert!(spdx::Expression::parse(&filter.licence).is_ok(), "{}", filter.licence);
        assert!(!filter.root_id.is_empty() && !filter.title.is_empty());
        assert!((20..=140).contains(&filter.summary.len()), "{}: {}", filter.name, filter.summary.len());
    });
    assert!(filters().unwrap().is_sorted_by(|one, two| one.name < two.name));
}

#[test]
fn schemas_are_valid_and_accept_the_empty_object_the_sample_and_the_examples() {
    each(|filter| {
        jsonschema::meta::validate(&filter.config_schema)
            .unwrap_or_else(|error| panic!("{}: {error}", filter.name));
        let schema = jsonschema::draft202012::new(&filter.config_schema).unwrap();
        assert!(!filter.examples.is_empty());
        let examples = filter.examples.iter().map(|example| &example.configuration);
        for configuration in examples.chain([&filter.config_sample, &json!({})]) {
            let result = schema.validate(configuration);
            assert!(result.is_ok(), "{} {configuration}: {result:?}", filter.name);
        }
    });
}

#[test]
fn schemas_refuse_what_the_filters_refuse() {
    each(|filter| {
        let schema = jsonschema::draft202012::new(&filter.config_schema).unwrap();
        for bad in [json!({"surprise": 1}), json!([1]), json!("text"), Value::Null] {
            assert!(!schema.is_valid(&bad), "{} accepts {bad}", filter.name);
        }
    });
}

#[test]
fn each_readme_names_every_member_of_the_configuration() {
    each(|filter| {
        assert!(filter.readme.starts_with(&format!("# {}\n", filter.title)), "{}", filter.name);
        let members = filter.config_schema["properties"].as_object().into_iter().flatten();
        for (member, _) in members {
            let (plain, nested) = (format!("`{member}`"), format!("`{member}."));
            assert!(
                filter.readme.contains(&plain) || filter.readme.contains(&nested),
                "{}: {member}",
                filter.name
            );
        }
        for section in ["## Configuration", "## In Envoy", "## When something goes wrong"] {
            assert!(filter.readme.contains(section), "{}: {section}", filter.name);
        }
        for key in &filter.environment_keys {
            assert!(filter.readme.contains(key), "{}: {key}", filter.name);
        }
    });
}
