//! What to do about an import that no host has: its name mostly tells which toolchain left it there.

use crate::checks::nearest::nearest;
use crate::signature::Signature;
use crate::tables::{HOST_FUNCTIONS, WASI_FUNCTIONS, WASI_MODULES, host_function, wasi_function};

pub fn env(name: &str, ty: &Signature<'_>) -> String {
    if name == "abort" && ty.is("iiii>") {
        return "AssemblyScript asks for it by default: build with `--use abort=abort_proc_exit` \
                (or `--use abort=` and a function of your own)."
            .to_owned();
    }
    if wasi_function(name).is_some() {
        return format!(
            "The host has it in the module wasi_snapshot_preview1: import wasi_snapshot_preview1.{name}."
        );
    }
    let prefixed = format!("proxy_{name}");
    if host_function(&prefixed).is_some() {
        return format!("Did you mean env.{prefixed}?");
    }
    if let Some(now) = snake_case(name).filter(|now| now != name && host_function(now).is_some()) {
        return format!("Its name since ABI 0.1.0 is env.{now}: build with a current SDK.");
    }
    if let Some(hint) = toolchain(name) {
        return hint.to_owned();
    }
    match nearest(name, HOST_FUNCTIONS.iter().map(|function| function.name)) {
        Some(near) => format!("Did you mean env.{near}?"),
        None => "Define the function in the module, or link the library that has it: an undefined symbol of \
                 the build became this import."
            .to_owned(),
    }
}

/// Before ABI 0.1.0 host functions were written `proxy_getHeaderMapValue`, with an underscore more at times.
fn snake_case(name: &str) -> Option<String> {
    let name = name.trim_start_matches('_');
    let mut out = String::with_capacity(name.len() + 8);
    for ch in name.chars().take(100) {
        if ch.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(ch.to_ascii_lowercase());
    }
    (!out.is_empty()).then_some(out)
}

fn toolchain(name: &str) -> Option<&'static str> {
    let begins = |with: &[&str]| with.iter().any(|with| name.starts_with(with));
    if begins(&["runtime.", "syscall/js."]) {
        return Some(
            "TinyGo built it for browsers: build with -target=wasip1 -buildmode=c-shared and a current SDK.",
        );
    }
    if begins(&["proxy_redis_", "proxy_inject_encoded_data_to_filter_chain"]) {
        return Some("Of all hosts only Higress offers it: Envoy and Istio do not load the module.");
    }
    if begins(&["__cxa_", "___cxa_", "_Unwind_"]) {
        return Some("C++ exceptions are in the build: compile and link with -fno-exceptions.");
    }
    let of_emscripten = begins(&["___", "_emscripten_", "emscripten_", "invoke_", "abortOn", "abortStack"])
        || matches!(name, "abort" | "_abort" | "setTempRet0" | "getTempRet0" | "DYNAMICTOP_PTR");
    of_emscripten
        .then_some("The build expects Emscripten's JavaScript: link with -sSTANDALONE_WASM --no-entry.")
}

pub fn wasi(name: &str) -> String {
    if host_function(name).is_some() {
        return format!("The host has it in the module env: import env.{name}.");
    }
    match nearest(name, WASI_FUNCTIONS.iter().map(|function| function.name)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Remove the code that needs it; hosts offer WASI preview 1 without it.".to_owned(),
    }
}

pub fn module(module: &str) -> String {
    if module.starts_with("wasi:") {
        return "The module is built for WASI 0.2: build for wasm32-wasip1 or wasm32-unknown-unknown."
            .to_owned();
    }
    if module.starts_with("__wbindgen") || module == "wbg" {
        return "wasm-bindgen code is for browsers: remove crates that use it, or turn their `js` features off."
            .to_owned();
    }
    if module == "go" || module == "gojs" {
        return "GOOS=js builds are for browsers: build with GOOS=wasip1 and -buildmode=c-shared.".to_owned();
    }
    match nearest(module, ["env", WASI_MODULES[0], WASI_MODULES[1]].into_iter()) {
        Some(near) => format!("Did you mean the module {near}?"),
        None => "Hosts offer the modules env, wasi_snapshot_preview1 and wasi_unstable only.".to_owned(),
    }
}
