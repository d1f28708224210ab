//! Callbacks, types at the edge of the module, and the declared type of plugin.

use tamis_verification::{Declared, PluginType, Severity, Verdict, verify};

use crate::{MEMORY, fails_with, filter, ids, module, passes, passes_with, wat};

fn old(functions: &str) -> Vec<u8> {
    wat(&format!(
        "(module (func (export \"proxy_abi_version_0_1_0\")) \
         (func (export \"malloc\") (param i32) (result i32) i32.const 0) {MEMORY} \
         (func (export \"proxy_on_request_body\") (param i32 i32 i32) (result i32) i32.const 0) {functions})"
    ))
}

#[test]
fn header_callbacks_have_two_parameters_in_the_old_abi_and_three_in_the_new() {
    let two = "(func (export \"proxy_on_response_headers\") (param i32 i32) (result i32) i32.const 0)";
    let three = "(func (export \"proxy_on_response_headers\") (param i32 i32 i32) (result i32) i32.const 0)";
    passes_with(&old(two), "abi-old");
    fails_with(&old(three), "callback-type");
    passes(&filter("", three));
    fails_with(&filter("", two), "callback-type");
}

#[test]
fn callbacks_that_nobody_calls_are_mentioned() {
    let name = |name: &str| format!("(func (export \"{name}\") (param f32))");
    passes_with(&filter("", &name("proxy_on_request_header")), "callback-unknown");
    passes(&filter("", &name("proxy_on_grpc_create_initial_metadata")));
    passes(&filter("", &name("free")));
    let report = crate::as_http(&old(&name("proxy_on_foreign_function")));
    assert_eq!(ids(&report, Severity::Info), ["abi-old", "callback-ignored"]);
}

#[test]
fn types_that_the_engine_interface_has_no_name_for_take_envoy_down() {
    for text in [
        "(func (export \"x\") (param v128))",
        "(func (export \"x\") (result v128) unreachable)",
        "(global (export \"x\") v128 (v128.const i64x2 0 0))",
        "(func (export \"x\") (param anyref))",
        "(func (export \"x\") (param exnref))",
        "(func (export \"x\") (param nullfuncref))",
        "(type $t (func)) (func (export \"x\") (param (ref null $t)))",
        "(table (export \"x\") 1 anyref)",
    ] {
        fails_with(&filter("", text), "boundary-type");
    }
    fails_with(&filter("", "(tag (export \"x\"))"), "export-tag");
    for text in [
        "(func (param v128))",
        "(global v128 (v128.const i64x2 0 0))",
        "(tag (param v128))",
        "(table 1 anyref)",
        "(func (export \"x\") (param externref funcref f32 f64 i64))",
    ] {
        passes(&filter("", text));
    }
}

#[test]
fn an_imported_function_of_a_breaking_type_is_unknown_too() {
    let report = crate::as_http(&filter("(import \"env\" \"f\" (func (param v128)))", ""));
    assert_eq!(ids(&report, Severity::Error), ["boundary-type", "import-unknown"]);
}

#[test]
fn a_declared_type_is_only_contradicted() {
    let export = |name: &str, ty: &str| format!("{MEMORY} (func (export \"{name}\") {ty} i32.const 0)");
    let http = module("", &export("proxy_on_request_trailers", "(param i32 i32) (result i32)"));
    let network = module("", &export("proxy_on_new_connection", "(param i32) (result i32)"));
    let service = module("", &export("proxy_on_configure", "(param i32 i32) (result i32)"));
    for (declared, fitting) in
        [(PluginType::Http, &http), (PluginType::Network, &network), (PluginType::Service, &service)]
    {
        for bytes in [&http, &network, &service] {
            let report = verify(bytes, &Declared { plugin_type: Some(declared) });
            let expected = if bytes == fitting { Verdict::Pass } else { Verdict::Warn };
            assert_eq!(report.verdict, expected, "{declared:?} {:?}", report.findings);
        }
        assert_eq!(verify(fitting, &Declared::default()).type_evidence, [declared]);
    }
}

#[test]
fn an_undeclared_type_is_a_warning() {
    let report = verify(&filter("", ""), &Declared::default());
    assert_eq!(report.verdict, Verdict::Warn);
    assert_eq!(ids(&report, Severity::Warning), ["type-undeclared"]);
}

#[test]
fn evidence_comes_from_imports_where_all_callbacks_are_exported() {
    let both = format!(
        "{MEMORY} (func (export \"proxy_on_new_connection\") (param i32) (result i32) i32.const 0) \
         (func (export \"proxy_on_request_trailers\") (param i32 i32) (result i32) i32.const 0)"
    );
    let evidence = |import: &str| verify(&module(import, &both), &Declared::default()).type_evidence;
    let five = "(func (param i32 i32 i32 i32 i32) (result i32))";
    assert_eq!(
        evidence(&format!("(import \"env\" \"proxy_get_header_map_value\" {five})")),
        [PluginType::Http]
    );
    assert_eq!(
        evidence(&format!("(import \"env\" \"proxy_get_buffer_bytes\" {five})")),
        [PluginType::Network]
    );
    assert_eq!(evidence(""), []);
}

#[test]
fn names_of_trait_methods_are_the_best_evidence() {
    let evidence = |names: &[&str]| {
        let functions: String = names.iter().map(|name| format!("(func ${name})")).collect();
        verify(&filter("", &functions), &Declared::default()).type_evidence
    };
    let dynamic = "_RINvNtC4_core3ptr13drop_in_placeINtNtC5_10proxy_wasm6traits11HttpContextEL_E";
    let stream = "_RNvXs_C7_6filterNtB4_6StreamNtNtC5_10proxy_wasm6traits13StreamContext18on_downstream_data";
    let root = "_ZN61_$LT$filter..Root$u20$as$u20$proxy_wasm..traits..RootContext$GT$12on_configure17h0E";
    let http = "_ZN61_$LT$filter..Http$u20$as$u20$proxy_wasm..traits..HttpContext$GT$6on_log17h0E";
    assert_eq!(evidence(&[dynamic, stream, root]), [PluginType::Network]);
    assert_eq!(evidence(&[dynamic, root]), [PluginType::Service]);
    assert_eq!(evidence(&[dynamic, root, http]), [PluginType::Http]);
    passes(&filter("", &format!("(func ${http})")));
    let finding = crate::warns_with(&filter("", &format!("(func ${stream})")), "type-contradicted");
    assert!(finding.message.contains("network"), "{finding:?}");
}
