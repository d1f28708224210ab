//! utoipa keys schemas by the bare name of a type and lets the second of a name replace the
//! first without a word. So the names are counted where they are made: in the sources.
use super::{document, root};
use std::{collections::BTreeMap, path::Path};

/// Schema name to the files that make it.
type Names = BTreeMap<String, Vec<String>>;

fn word(text: &str) -> &str {
    text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()
}

fn between<'a>(text: &'a str, from: &str, to: char) -> Option<&'a str> {
    text.split_once(from).map(|(_, rest)| rest.split(to).next().unwrap())
}

fn scan(text: &str, file: &str, names: &mut Names) {
    let mut add = |name: &str| names.entry(name.to_owned()).or_default().push(file.to_owned());
    let (mut derives, mut renamed) = (false, None::<String>);
    for line in text.lines() {
        if line.contains("derive(") && line.contains("ToSchema") {
            (derives, renamed) = (true, None);
        }
        if derives && let Some(name) = between(line, "schema(as = ", ')') {
            renamed = Some(word(name).to_owned());
        }
        for kind in ["struct ", "enum "] {
            if derives && let Some((before, name)) = line.split_once(kind) {
                if before.trim_start().starts_with("///") {
                    continue;
                }
                add(renamed.take().as_deref().unwrap_or_else(|| word(name)));
                derives = false;
            }
        }
    }
    // By hand, possibly under a name of its own.
    for implementation in text.split("ToSchema for ").skip(1) {
        let implementation = implementation.split("impl ").next().unwrap();
        let own = between(implementation, "fn name()", '}').and_then(|body| between(body, "\"", '"'));
        let name = own.unwrap_or_else(|| word(implementation));
        if !name.is_empty() {
            add(name);
        }
    }
    // The closed sets: words!(.. Name { .. }).
    for set in text.split("\nwords!(").skip(1) {
        let head = set.split('{').next().unwrap();
        let name = head.lines().rfind(|l| !l.trim().is_empty() && !l.trim().starts_with("///")).unwrap();
        add(word(name));
    }
}

fn walk(folder: &Path, names: &mut Names) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, names);
        } else if path.extension().is_some_and(|e| e == "rs") {
            scan(&std::fs::read_to_string(&path).unwrap(), &path.display().to_string(), names);
        }
    }
}

#[test]
fn no_two_types_share_the_name_of_a_schema() {
    let mut names = Names::new();
    for folder in ["service/src", "service/formats/src", "service/verification/src", "entities/src"] {
        walk(&root().join(folder), &mut names);
    }
    for (name, files) in &names {
        assert_eq!(files.len(), 1, "{name} is made by {files:?}");
    }
    // The scan sees what utoipa sees, or it would miss doubles.
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        let name = name.split('_').next().unwrap();
        assert!(names.contains_key(name), "{name} is in the document, and the scan did not find it");
    }
}
