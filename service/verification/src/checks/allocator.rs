//! The allocator through which the host hands data over: `malloc`, else `proxy_on_memory_allocate`.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::signature::compact_text;

const TYPE: &str = "i>i";

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    // The host takes the second only where the first is absent: a wrong `malloc` is not made good.
    let found = ["malloc", "proxy_on_memory_allocate"]
        .into_iter()
        .find_map(|name| Some((name, facts.exported_function(name)?.1)));
    match found {
        None => {
            findings
                .error("allocator-missing", "The module exports neither malloc nor proxy_on_memory_allocate.")
                .fix(
                    "SDKs export one of them; make sure that the linker keeps it (`--export=malloc`), or write \
                     proxy_on_memory_allocate(size) -> pointer.",
                );
        }
        Some((name, ty)) if !ty.is(TYPE) => {
            findings
                .error(
                    "allocator-type",
                    format!("{name} has the type {}; hosts call it as {}.", ty.text(), compact_text(TYPE)),
                )
                .at(format!("export {name}"))
                .fix("Export the C function malloc(size_t) for wasm32, unchanged.");
        }
        Some(_) => {}
    }
}
