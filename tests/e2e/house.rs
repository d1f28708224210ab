//! The rules of the house, read off the sources: who may know what, and how long things get.
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below these folders, with their path from the root and their text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|n| n != "target" && n != ".venv") {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = vec![];
    for folder in folders {
        let folder = root().join(folder);
        assert!(folder.is_dir(), "{} is gone: adapt this test", folder.display());
        walk(&folder, &mut found);
    }
    found.sort();
    let name = |p: &Path| p.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

const PRODUCT: [&str; 8] = [
    "service/src",
    "service/blobs/src",
    "service/formats/src",
    "service/outbound/src",
    "service/verification/src",
    "entities/src",
    "migrations/src",
    "seed/src",
];

/// What is shipped: unit tests in files of their own left out.
fn shipped(folders: &[&str]) -> Vec<(String, String)> {
    sources(folders)
        .into_iter()
        .filter(|(file, _)| !file.ends_with("/tests.rs") && !file.contains("/tests/"))
        .collect()
}

/// Lines of code that name one of these, comments left out.
fn naming<'a>(text: &'a str, words: &[&str]) -> Vec<&'a str> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    code.filter(|l| words.iter().any(|w| l.contains(w))).collect()
}

/// The packages that a package's own manifest names, tests and builds left out.
fn dependencies(package: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap();
    let name = |l: &str| l.split(['.', '=', ' ']).next().unwrap().trim().to_owned();
    section.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).map(name).collect()
}

#[test]
fn packages_depend_on_what_their_place_allows() {
    let web = ["actix-web", "actix-multipart", "utoipa-actix-web", "tamis"];
    let heavy = [
        "sea-orm",
        "sqlx",
        "tokio",
        "reqwest",
        "aws-sdk-s3",
        "tamis-entities",
        "tamis-migrations",
        "tamis-blobs",
    ];
    let ours = [
        "tamis",
        "tamis-blobs",
        "tamis-entities",
        "tamis-formats",
        "tamis-outbound",
        "tamis-seed",
        "tamis-verification",
    ];
    for (package, barred) in [
        ("service/verification", [&web[..], &heavy, &["rand", "getrandom", "chrono"]].concat()),
        (
            "service/formats",
            [&web[..], &heavy, &["rand", "getrandom", "chrono", "tamis-verification"]].concat(),
        ),
        ("service/outbound", [&web[..], &["sea-orm", "sqlx", "tamis-entities", "tamis-blobs"]].concat()),
        ("service/blobs", [&web[..], &["sea-orm", "sqlx", "tamis-entities"]].concat()),
        ("entities", [&web[..], &ours, &["tokio", "reqwest", "tamis-migrations"]].concat()),
        ("migrations", [&web[..], &ours].concat()),
        ("seed", [&web[..], &["sea-orm", "tokio", "reqwest"]].concat()),
    ] {
        let named = dependencies(package);
        assert!(!named.is_empty(), "{package}: no dependencies were read");
        for name in named {
            assert!(!barred.contains(&name.as_str()), "{package} must not know {name}");
        }
    }
    for (file, text) in sources(&PRODUCT) {
        if !file.starts_with("service/blobs/") {
            assert!(
                naming(&text, &["aws_sdk", "aws_config", "aws_smithy"]).is_empty(),
                "{file}: S3 is for service/blobs"
            );
        }
    }
    assert!(!dependencies("service").iter().any(|d| d.starts_with("aws-") && d != "aws-lc-rs"));
}

#[test]
fn there_is_one_door_to_writing_and_one_to_time() {
    for (file, text) in sources(&PRODUCT) {
        if file != "service/src/db.rs" {
            let found = naming(&text, &[".begin()", ".begin_with", "TransactionTrait"]);
            assert!(found.is_empty(), "{file}: a write begins at `begin_write()`: {found:?}");
        }
        if file != "service/src/clock.rs" {
            let found = naming(&text, &["SystemTime::now", "Utc::now", "Local::now"]);
            assert!(found.is_empty(), "{file}: time comes from `Clock`: {found:?}");
        }
    }
}

/// Every act on a review has a row in the table of moves, and is done by one function that looks
/// there: nothing else may write the table, however the statement is spelled.
#[test]
fn nothing_moves_a_review_but_the_one_function_that_looks_at_the_table_of_moves() {
    let mut doors = 0;
    for (file, text) in sources(&["service/src", "entities/src"]) {
        let ways = [
            "review::ActiveModel",
            "review::Entity::update",
            "review::Entity::insert",
            "review::Entity::delete",
            "review::Model {",
            "UPDATE reviews",
            "INSERT INTO reviews",
        ];
        let found = naming(&text, &ways);
        match file.as_str() {
            "service/src/reviews/act.rs" => doors += found.len(),
            // The row of a new request, which `act::open` writes; and rows that are only shown.
            "service/src/reviews/submit.rs" | "service/src/reviews/history.rs" => {
                assert_eq!(found.len(), 1, "{file}: {found:?}");
                assert!(found[0].contains("review::Model {"), "{file}: {found:?}");
            }
            _ => assert!(found.is_empty(), "{file}: reviews are changed by `act::make` alone: {found:?}"),
        }
        if file.starts_with("service/src/reviews/") && !file.ends_with("/act.rs") {
            let found = naming(&text, &["row.state ="]);
            assert!(found.is_empty(), "{file}: the table of moves says where a review goes: {found:?}");
        }
    }
    assert!(doors >= 5, "act.rs writes reviews: adapt this test");
}

#[test]
fn slices_know_nothing_of_each_others_handlers() {
    let files = sources(&["service/src"]);
    let slices: Vec<_> =
        files.iter().filter_map(|(f, _)| f.strip_prefix("service/src/")?.strip_suffix("/http.rs")).collect();
    assert!(slices.len() >= 8, "{slices:?}");
    for (file, text) in &files {
        let own = file.strip_prefix("service/src/").unwrap().split('/').next().unwrap();
        for slice in slices.iter().filter(|s| **s != own) {
            let found = naming(text, &[&format!("{slice}::http")]);
            // The one list of routes names them all.
            assert!(
                found.is_empty() || file == "service/src/http/routes.rs",
                "{file} reaches into {slice}::http: {found:?}"
            );
        }
    }
}

#[test]
fn the_core_knows_no_web_and_the_rules_know_no_sql_text() {
    let web_free = [
        "audit/chain.rs",
        "audit/mod.rs",
        "catalog/list.rs",
        "catalog/mod.rs",
        "clock.rs",
        "config.rs",
        "db.rs",
        "error.rs",
        "filters/change.rs",
        "filters/clone.rs",
        "filters/grants.rs",
        "filters/list.rs",
        "filters/mod.rs",
        "imports/mod.rs",
        "jobs/",
        "modules/gc.rs",
        "modules/spool.rs",
        "modules/store.rs",
        "operate/",
        "releases/mod.rs",
        "releases/publication.rs",
        "reviews/act.rs",
        "reviews/acts.rs",
        "reviews/alone.rs",
        "reviews/appeal.rs",
        "reviews/checklist.rs",
        "reviews/checks/",
        "reviews/decide.rs",
        "reviews/history.rs",
        "reviews/mod.rs",
        "reviews/moves.rs",
        "reviews/policy.rs",
        "reviews/queue.rs",
        "reviews/release.rs",
        "reviews/submit.rs",
        "reviews/times.rs",
        "search/",
        "teams/mod.rs",
        "tokens/mod.rs",
        "configuration/mod.rs",
        "targets/render",
    ];
    for (file, text) in shipped(&["service/src"]) {
        let place = file.strip_prefix("service/src/").unwrap();
        if web_free.iter().any(|w| place.starts_with(w)) {
            let found = naming(&text, &["actix_web", "actix_multipart", "StatusCode"]);
            assert!(found.is_empty(), "{file} knows the web: {found:?}");
        }
    }
}

/// Files that are longer than 400 lines, each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

#[test]
fn files_are_short_begin_with_what_they_own_and_have_a_name_that_says_something() {
    let all = sources(
        &[&PRODUCT[..], &["tests/src", "tests/e2e", "service/blobs/tests", "service/outbound/tests"]]
            .concat(),
    );
    for (file, text) in &all {
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(f, _)| f == file);
        assert_eq!(
            lines > 400,
            excused,
            "{file} has {lines} lines: split it, or give a reason here (or take the reason back)"
        );
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//!") || lines < 10, "{file} does not begin with what it owns");
        let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "types", "misc"].contains(&name),
            "{file}: name what it is about"
        );
    }
    assert!(all.len() > 150);
}

/// Functions that are longer than 60 lines, each with the reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 2] = [
    (
        "service/verification/src/mangled/grammar.rs",
        "type_inside",
        "one arm for each letter of the mangling grammar: its table, compared with the ABI's as a whole",
    ),
    ("service/verification/src/parse.rs", "keep", "one arm for each section, in the order of the format"),
];

/// Name and length of every function, by its indentation.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<_> = text.lines().collect();
    let mut all = vec![];
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let words: Vec<_> =
            code.split_whitespace().take_while(|w| !w.contains('(') || w.starts_with("pub(")).collect();
        let Some(place) = code.split_whitespace().position(|w| w == "fn") else { continue };
        let plain = |w: &&str| w.starts_with("pub") || ["async", "const", "unsafe", "extern"].contains(w);
        if !words.iter().take(place).all(plain) {
            continue;
        }
        let name = code.split_whitespace().nth(place + 1).unwrap_or_default();
        let name = name.split(['(', '<']).next().unwrap().to_owned();
        if code.ends_with('}') && code.contains('{') {
            all.push((name, 1));
            continue;
        }
        let end = format!("{indent}}}");
        // One without a body ends at its own semicolon.
        let closed = lines[at..]
            .iter()
            .position(|l| **l == end || (l.ends_with(';') && l.trim_start().starts_with("fn ")));
        all.push((name, closed.map_or(1, |n| n + 1)));
    }
    all
}

#[test]
fn functions_fit_on_a_screen() {
    let (mut seen, mut long) = (0, vec![]);
    for (file, text) in shipped(&PRODUCT) {
        // Migrations list columns; they are frozen and read from top to bottom.
        if file.starts_with("migrations/") {
            continue;
        }
        for (name, lines) in functions(&text) {
            seen += 1;
            let excused = LONG_FUNCTIONS.iter().any(|(f, n, _)| *f == file && *n == name);
            if lines > 60 && !excused {
                long.push(format!("{file}: `{name}` has {lines} lines"));
            }
        }
    }
    assert!(long.is_empty(), "split these, or give a reason here: {long:#?}");
    assert!(seen > 700, "only {seen} functions were found");
}

#[test]
fn functions_are_measured_from_their_first_to_their_last_line() {
    let text = "pub(crate) async fn a<T>(\n    x: T,\n) {\n    x;\n}\nimpl X {\n    fn b() {}\n    const fn c() -> u8 {\n        1\n    }\n}\n";
    let all = functions(text);
    assert_eq!(all[0], ("a".into(), 5));
    assert_eq!(all[2], ("c".into(), 3));
}

/// `OwnForm` asks for the token of the page; a bare `Form` does not.
#[test]
fn pages_take_forms_by_the_one_extractor_that_asks_whether_they_are_ours() {
    for (file, text) in sources(&["service/src/console"]) {
        // What it keeps is a cookie with the look of the pages, for those who are not signed in as well.
        if file != "service/src/console/preferences.rs" {
            let found = naming(&text, &[": Form<", "web::Form", "body::Form", "long_form"]);
            assert!(found.is_empty(), "{file}: take an `OwnForm`: {found:?}");
        }
        // An upload reads its fields in the order in which they come.
        let upload = ["own_form.rs", "my/receive.rs", "my/http.rs"];
        if !upload.iter().any(|name| file == format!("service/src/console/{name}")) {
            let found = naming(&text, &["check_own_form", "web::Payload"]);
            assert!(found.is_empty(), "{file}: take an `OwnForm`: {found:?}");
        }
    }
}

/// A target that says `test = false` is not built a second time; a test in there would never run.
#[test]
fn no_test_stands_where_none_is_run() {
    let manifest = |package: &str| std::fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let tests = |text: &str| naming(text, &["#[test]", "#[tokio::test", "cfg(test)"]).len();
    let mut seen = 0;
    for folder in PRODUCT.into_iter().chain(["tests/src"]) {
        let package = folder.strip_suffix("/src").unwrap();
        let library = manifest(package).split("\n[lib]\n").nth(1).unwrap_or_default().to_owned();
        if !library.split("\n[").next().unwrap().lines().any(|line| line == "test = false") {
            continue;
        }
        for (file, text) in sources(&[folder]) {
            assert!(tests(&text) == 0, "{file}: never run, by `test = false` in {package}/Cargo.toml");
        }
        seen += 1;
    }
    let program = std::fs::read_to_string(root().join("service/src/main.rs")).unwrap();
    assert!(tests(&program) == 0, "service/src/main.rs: never run, by `test = false` of the binary");
    assert!(seen >= 5, "{seen} packages say so: adapt this test");
}
