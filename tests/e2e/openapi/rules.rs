//! What every operation and schema of the document must have.
use super::{document, operations};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every object of the document with its place in it.
fn visit(value: &Value, place: &str, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            see(place, value);
            for (name, field) in fields {
                visit(field, &format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")), see);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                visit(item, &format!("{place}/{i}"), see);
            }
        }
        _ => {}
    }
}

#[test]
fn operations_have_an_id_of_their_own_a_tag_a_summary_and_a_problem() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|t| t["name"].clone().to_string()).collect();
    let (mut ids, mut used) = (BTreeMap::new(), BTreeSet::new());
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id =
            operation["operationId"].as_str().unwrap_or_else(|| panic!("{name}: no operationId")).to_owned();
        let camel = id.chars().all(char::is_alphanumeric) && id.starts_with(char::is_lowercase);
        assert!(camel, "{name}: {id}");
        assert_eq!(ids.insert(id, name.clone()), None, "{name}: an operationId twice");
        let own: Vec<_> = operation["tags"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(own.len() == 1 && tags.contains(&own[0]), "{name}: {own:?}");
        used.extend(own);
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            !summary.is_empty() && !summary.ends_with('.') && summary.len() < 60,
            "{name}: summary {summary:?}"
        );
        let problem =
            &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(problem, "#/components/schemas/Problem", "{name}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|s| s.starts_with('2') || s.starts_with('3')), "{name}: no success");
        for (status, answer) in answers {
            assert!(!answer["description"].as_str().unwrap_or_default().is_empty(), "{name} {status}");
        }
    }
    assert_eq!(used, tags, "a tag that nothing has");
}

#[test]
fn every_placeholder_of_a_path_is_a_described_parameter_and_no_other() {
    for (method, path, operation) in operations(&document()) {
        let wanted: BTreeSet<_> = path
            .split('/')
            .filter_map(|p| p.strip_prefix('{')?.strip_suffix('}').map(str::to_owned))
            .collect();
        let empty = vec![];
        let parameters = operation["parameters"].as_array().unwrap_or(&empty);
        let mut given = BTreeSet::new();
        let mut names = BTreeSet::new();
        for p in parameters {
            let name = p["name"].as_str().unwrap().to_owned();
            assert!(
                names.insert((p["in"].clone().to_string(), name.clone())),
                "{method} {path}: {name} twice"
            );
            if p["in"] == "path" {
                assert_eq!(p["required"], true, "{method} {path}: {name}");
                assert!(!p["description"].as_str().unwrap_or_default().is_empty(), "{method} {path}: {name}");
                given.insert(name);
            }
        }
        assert_eq!(given, wanted, "{method} {path}");
    }
}

#[test]
fn no_reference_dangles_and_no_schema_is_left_over() {
    let document = document();
    let mut refs = BTreeSet::new();
    visit(&document, "", &mut |place, object| {
        if let Some(to) = object.get("$ref") {
            let to = to.as_str().unwrap();
            let found = document.pointer(to.trim_start_matches('#'));
            assert!(found.is_some(), "{place}: {to} leads nowhere");
            refs.insert(to.to_owned());
        }
    });
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // utoipa registers what a page holds and writes it out within the page.
        let inline = document["components"]["schemas"].get(format!("Page_{name}")).is_some();
        assert!(refs.contains(&format!("#/components/schemas/{name}")) || inline, "{name}: {schema}");
    }
}

/// The fixed fields of OpenAPI 3.1.0, section 4.8, of the objects that the document uses.
const FIELDS: [(&str, &[&str]); 9] = [
    ("root", &["openapi", "info", "servers", "paths", "components", "security", "tags", "externalDocs"]),
    ("info", &["title", "summary", "description", "termsOfService", "contact", "license", "version"]),
    (
        "operation",
        &[
            "tags",
            "summary",
            "description",
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "deprecated",
            "security",
        ],
    ),
    (
        "parameter",
        &["name", "in", "description", "required", "deprecated", "style", "explode", "schema", "example"],
    ),
    ("requestBody", &["description", "content", "required"]),
    ("response", &["description", "headers", "content"]),
    ("media", &["schema", "example", "examples", "encoding"]),
    ("components", &["schemas", "securitySchemes"]),
    ("tag", &["name", "description", "externalDocs"]),
];

fn only(kind: &str, place: &str, object: &Value) {
    let fields = FIELDS.iter().find(|(name, _)| *name == kind).unwrap().1;
    for name in object.as_object().unwrap_or_else(|| panic!("{place}: not an object")).keys() {
        assert!(fields.contains(&name.as_str()), "{place}: `{name}` is no field of a {kind}");
    }
}

const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

fn check_schema(place: &str, schema: &Value) {
    // 3.1 has JSON Schema 2020-12: `nullable` and a boolean `exclusiveMinimum` are of 3.0.
    assert!(schema.get("nullable").is_none(), "{place}: nullable");
    for (bound, number) in [("exclusiveMinimum", true), ("exclusiveMaximum", true)] {
        assert!(schema.get(bound).is_none_or(|b| b.is_number() == number), "{place}: {bound}");
    }
    let named = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().map(|t| t.as_str().unwrap()).collect(),
        _ => vec![],
    };
    assert!(named.iter().all(|t| TYPES.contains(t)), "{place}: {named:?}");
    if let Some(required) = schema.get("required").and_then(Value::as_array) {
        for name in required {
            assert!(
                schema["properties"].get(name.as_str().unwrap()).is_some(),
                "{place}: {name} is required, not there"
            );
        }
    }
}

#[test]
fn the_document_is_openapi_3_1() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    only("root", "", &document);
    only("info", "/info", &document["info"]);
    only("components", "/components", &document["components"]);
    document["tags"].as_array().unwrap().iter().for_each(|t| only("tag", "/tags", t));
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let known = |security: &Value| {
        security
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s.as_object().unwrap().keys())
            .all(|k| schemes.contains_key(k))
    };
    assert!(known(&document["security"]) && !document["security"].as_array().unwrap().is_empty());
    let bodies = |place: &str, content: &Value| {
        for (media, what) in content.as_object().into_iter().flatten() {
            assert!(media.contains('/'), "{place}: {media}");
            only("media", place, what);
        }
    };
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        only("operation", &place, &operation);
        assert!(operation.get("security").is_none_or(known), "{place}: an unknown security scheme");
        operation["parameters"].as_array().into_iter().flatten().for_each(|p| only("parameter", &place, p));
        if let Some(body) = operation.get("requestBody") {
            only("requestBody", &place, body);
            bodies(&place, &body["content"]);
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(status == "default" || status.len() == 3, "{place}: {status}");
            only("response", &place, answer);
            bodies(&place, &answer["content"]);
        }
    }
    visit(&document["components"]["schemas"], "/components/schemas", &mut check_schema);
}

#[test]
fn what_may_be_repeated_safely_says_so() {
    let document = document();
    let named = |operation: &Value, name: &str| {
        operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|p| p["in"] == "header" && p["name"] == name)
    };
    let secret = [
        "/api/v1/targets",
        "/api/v1/oauth-clients",
        "/api/v1/me/password",
        "/api/v1/me/identities/link",
        "/api/v1/trusted-publishing/token",
    ];
    for (method, path, operation) in operations(&document) {
        let form = operation["requestBody"]["content"].get("multipart/form-data").is_some();
        let ends = ["/tokens", "/capability-urls", "/renewal", "/webhooks", "/rotation"];
        let ends = ends.iter().any(|end| path.ends_with(end));
        let secret = ends || path.contains("/config/") || secret.contains(&path.as_str());
        let keyed = method == "POST" && path.starts_with("/api/") && !secret && !form;
        assert_eq!(named(&operation, "Idempotency-Key"), keyed, "{method} {path}");
    }
    for (method, path) in
        [("put", "/api/v1/filters/{namespace}/{filter}"), ("delete", "/api/v1/filters/{namespace}/{filter}")]
    {
        assert!(named(&document["paths"][path][method], "If-Match"), "{method} {path}");
    }
}

#[test]
fn bodies_that_people_write_come_with_examples() {
    let document = document();
    for name in [
        "FilterChange",
        "ReviewRequest",
        "VoteRequest",
        "CloneRequest",
        "ImportRequest",
        "TokenRequest",
        "TeamRequest",
    ] {
        let mut examples = 0;
        visit(&document["components"]["schemas"][name], name, &mut |_, o| {
            examples += usize::from(o.get("example").is_some());
        });
        assert!(examples > 0, "{name}");
    }
}
