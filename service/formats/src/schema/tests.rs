//! Faults by name, hostile schemas, and an independent implementation as the judge of random ones.
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn is_valid(schema: &Value, value: &Value) -> Option<bool> {
    match check(schema, value) {
        Outcome::Valid => Some(true),
        Outcome::Invalid(_) => Some(false),
        Outcome::Unknown(_) => None,
    }
}

#[test]
fn a_fault_says_where_and_what() {
    let schema = json!({"type": "object", "required": ["limit"], "additionalProperties": false,
        "properties": {"limit": {"type": "integer", "minimum": 1}, "names": {"items": {"pattern": "^[a-z]+$"}}}});
    let outcome = check(&schema, &json!({"limit": 0, "names": ["ok", "No"], "other": 1}));
    let want = ["/limit must be at least 1", "/names/1 must match `^[a-z]+$`", "/other is not allowed here"];
    assert_eq!(outcome, Outcome::Invalid(want.map(String::from).to_vec()));
    assert_eq!(check(&schema, &json!({"limit": 1.0})), Outcome::Valid);
}

#[test]
fn what_is_hostile_or_not_understood_ends_in_unknown_and_soon() {
    let doubling: Map<String, Value> = (0..60)
        .map(|n| (format!("s{n}"), json!({"allOf": [{"$ref": format!("#/$defs/s{}", n + 1)}, {"$ref": format!("#/$defs/s{}", n + 1)}]})))
        .chain([("s60".to_owned(), json!({}))])
        .collect();
    let hostile = [
        json!({"$ref": "#"}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        json!({"$ref": "https://example.com/schema"}),
        json!({"$ref": "#/nowhere"}),
        json!({"$defs": doubling, "$ref": "#/$defs/s0"}),
        json!({"pattern": "(?=look)ahead"}),
        json!({"pattern": "((((a{1,100}){1,100}){1,100}){1,100})"}),
        json!({"type": "nothing"}),
        json!({"allOf": {}}),
        json!({"unevaluatedProperties": false}),
        json!([]),
    ];
    for schema in hostile {
        assert!(matches!(check(&schema, &json!("text")), Outcome::Unknown(_)), "{schema}");
    }
    let many: Value = (0..5000).map(Value::from).collect();
    assert!(matches!(check(&json!({"uniqueItems": true}), &many), Outcome::Unknown(_)));
}

/// Generous for a build that is not optimised: none takes a second when it is.
const LONG: std::time::Duration = std::time::Duration::from_secs(10);

/// Each as large as metadata and a request may be: what costs much is paid by its size, and what is said
/// of it is short.
#[test]
fn large_schemas_over_large_values_end_soon_and_say_little() {
    let items: Value = (0..30_000).map(Value::from).collect();
    let long = "k".repeat(250_000);
    let members: Map<String, Value> = (0..60_000).map(|n| (format!("m{n}"), Value::Null)).collect();
    let texts: Value = (0..100).map(|n| Value::from(format!("{n}{}", "ab".repeat(300)))).collect();
    let letters: Value = json!(["ab".repeat(30_000), "x"]);
    let patterns: Map<String, Value> =
        (0..250).map(|n| (format!("(?i)\\pL{{{n}}}[\\pL\\pN]{{50}}"), json!(false))).collect();
    let hostile = [
        (json!({"items": {"type": vec!["null"; 37_000]}}), items.clone()),
        (json!({"items": {"const": long}}), items.clone()),
        (json!({"items": {"enum": vec![Value::Null; 50_000]}}), items.clone()),
        (json!({"items": {"enum": (0..30_000).collect::<Vec<_>>()}}), items.clone()),
        (json!({"items": {"not": {"const": [long]}, "anyOf": [{"const": long}, false]}}), items.clone()),
        (json!({"items": {"pattern": "(a|b)*a(a|b){900}x"}}), texts.clone()),
        (json!({"items": {"pattern": "(?i)(\\pL|\\pN)*a\\pL{30}x"}}), letters),
        (json!({"items": {"pattern": long}}), texts.clone()),
        (json!({"items": {"pattern": "\\pL".repeat(80_000)}}), texts),
        (json!({"patternProperties": patterns}), json!({&*long: 1, "b": 2})),
        (json!({"required": vec![long.clone(); 2]}), json!({"a": 1})),
        (
            json!({"additionalProperties": {"additionalProperties": false}}),
            json!({&*long.repeat(2): members}),
        ),
        (
            json!({"dependentSchemas": (0..5000).map(|n| (format!("d{n}"), json!(true))).chain([("m0".to_owned(), json!({"type": "null"}))]).collect::<Map<_, _>>()}),
            members.clone().into(),
        ),
        (json!({"$ref": format!("#/{long}")}), json!(1)),
        (json!({"type": long}), json!(1)),
        (json!({"pattern": format!("({long}")}), json!("a")),
    ];
    for (schema, value) in hostile {
        let start = std::time::Instant::now();
        let outcome = check(&schema, &value);
        let took = start.elapsed();
        let shown: String = schema.to_string().chars().take(80).collect();
        println!("{took:?} {shown}");
        assert!(took < LONG, "{took:?} {shown}");
        let said = match outcome {
            Outcome::Valid => panic!("fits: {shown}"),
            Outcome::Invalid(faults) => faults.iter().map(String::len).sum(),
            Outcome::Unknown(why) => why.len(),
        };
        assert!((1..6_000).contains(&said), "{said} bytes about {shown}");
    }
}

#[test]
fn an_ordinary_large_configuration_is_still_checked() {
    let schema = json!({"items": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
        "name": {"type": "string", "pattern": "^\\w[-\\w.]*$", "maxLength": 100}, "port": {"minimum": 1, "maximum": 65535},
        "mode": {"enum": ["on", "off", "auto"]}}}});
    let one = |n: usize| json!({"name": format!("service-{n}"), "port": n + 1, "mode": "auto"});
    assert_eq!(check(&schema, &(0..300).map(one).collect()), Outcome::Valid);
}

/// Small values over few names, so that schemas and values meet.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        (-4i32..5).prop_map(|n| json!(f64::from(n) / 2.0)),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[ab]", inner, 0..3)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn schema() -> impl Strategy<Value = Value> {
    let kind =
        prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"]);
    let small = 0u32..3;
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        kind.prop_map(|kind| json!({"type": kind})),
        value().prop_map(|value| json!({"const": value})),
        prop::collection::vec(value(), 1..3).prop_map(|all| json!({"enum": all})),
        (prop::sample::select(vec!["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), -2i64..3)
            .prop_map(|(word, n)| json!({word: n})),
        (1u32..4).prop_map(|n| json!({"multipleOf": f64::from(n) / 2.0})),
        (
            prop::sample::select(vec![
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ]),
            small
        )
            .prop_map(|(word, n)| json!({word: n})),
        prop::sample::select(vec!["^a", "b$", "ab?", "^$"]).prop_map(|text| json!({"pattern": text})),
        Just(json!({"uniqueItems": true})),
        prop::collection::hash_set("[ab]", 1..3).prop_map(|names| json!({"required": names})),
        Just(json!({"dependentRequired": {"a": ["b"]}})),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..3);
        let by_name = prop::collection::hash_map("[ab]", inner.clone(), 1..3);
        prop_oneof![
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]), several)
                .prop_map(|(word, all)| json!({word: all})),
            (prop::sample::select(vec!["not", "items", "contains", "additionalProperties"]), inner.clone())
                .prop_map(|(word, one)| json!({word: one})),
            (prop::sample::select(vec!["properties", "patternProperties", "dependentSchemas"]), by_name)
                .prop_map(|(word, all)| json!({word: all})),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"properties": {"a": a}, "additionalProperties": b})),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| json!({"if": a, "then": b, "else": c})),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"prefixItems": [a], "items": b, "minItems": 1})),
            (inner.clone(), 0u32..2).prop_map(|(a, n)| json!({"contains": a, "minContains": n, "maxContains": 2})),
            inner.clone().prop_map(|a| json!({"propertyNames": a})),
            inner.prop_map(|a| json!({"$defs": {"a": a}, "allOf": [{"type": ["object", "array", "string"]}], "anyOf": [{"minItems": 1}]})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_independent_implementation_says_the_same(schema in schema(), value in value()) {
        let theirs = jsonschema::draft202012::new(&schema).unwrap().is_valid(&value);
        prop_assert_eq!(is_valid(&schema, &value), Some(theirs));
    }
}
