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
