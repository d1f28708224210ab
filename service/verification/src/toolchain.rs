//! A guess of what built the module. Only ever shown to people; no check depends on it.

use crate::facts::{Facts, SectionName};

pub fn guess(facts: &Facts<'_>) -> Option<String> {
    let language = language(facts)?;
    Some(match sdk(facts, &language) {
        Some(sdk) => format!("{language} ({sdk})"),
        None => language,
    })
}

fn language(facts: &Facts<'_>) -> Option<String> {
    let by = |name: &str| facts.producers.iter().find(|producer| producer.name.eq_ignore_ascii_case(name));
    if facts.hints.tinygo || by("TinyGo").is_some() {
        return Some(with_version("TinyGo", by("TinyGo").map(|tool| tool.version.as_str())));
    }
    if let Some(rustc) = by("rustc") {
        return Some(with_version("Rust", Some(first_word(&rustc.version))));
    }
    if let Some(go) = by("cmd/compile").or_else(|| by("Go cmd/compile")) {
        let version = first_word(&go.version);
        return Some(with_version("Go", Some(version.strip_prefix("go").unwrap_or(version))));
    }
    if facts.hints.go || (by("Go").is_some() && by("clang").is_none()) {
        return Some("Go".to_owned());
    }
    if facts.hints.assemblyscript || aborts_like_assemblyscript(facts) {
        return Some("AssemblyScript".to_owned());
    }
    if is_of_emscripten(facts) {
        return Some("C++, Emscripten".to_owned());
    }
    let clang = by("clang").or_else(|| by("Debian clang"));
    clang.map(|tool| with_version("C/C++, clang", Some(first_word(&tool.version))))
}

/// Others import a function of this name, too; only AssemblyScript says in it where it was.
fn aborts_like_assemblyscript(facts: &Facts<'_>) -> bool {
    let mut imports = facts.function_imports();
    imports.any(|(import, ty)| (import.module, import.name) == ("env", "abort") && ty.is("iiii>"))
}

fn is_of_emscripten(facts: &Facts<'_>) -> bool {
    let metadata = SectionName::Custom(b"emscripten_metadata");
    ["emscripten_stack_init", "stackSave", "stackAlloc"].iter().any(|name| facts.exports_function(name))
        || facts.imports_function("env", "emscripten_notify_memory_growth")
        || facts.sections.list.iter().any(|section| section.name == metadata)
        || facts.exports_function(CPP_SDK)
}

/// A callback that only the C++ SDK exports.
const CPP_SDK: &str = "proxy_validate_configuration";

fn sdk(facts: &Facts<'_>, language: &str) -> Option<&'static str> {
    if facts.hints.rust_sdk {
        Some("proxy-wasm-rust-sdk")
    } else if facts.hints.go_sdk {
        Some("proxy-wasm-go-sdk")
    } else if language.starts_with('C') && (facts.hints.cpp_sdk || facts.exports_function(CPP_SDK)) {
        Some("proxy-wasm-cpp-sdk")
    } else {
        None
    }
}

fn with_version(name: &str, version: Option<&str>) -> String {
    match version {
        Some(version) if !version.is_empty() => format!("{name} {version}"),
        _ => name.to_owned(),
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
