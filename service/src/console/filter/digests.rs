//! The digests of a release, each with what it is for: they are of different things, and a proxy that is given
//! one of the wrong kind never loads.
use crate::releases::view::ReleaseForm;

/// One of them, for people.
pub struct Shown<'a> {
    pub title: &'static str,
    pub purpose: &'static str,
    /// What the button beside it copies.
    pub what: &'static str,
    pub digest: &'a str,
}

/// By kind: title, purpose, what is copied.
const KINDS: [(&str, [&str; 3]); 5] = [
    ("raw", ["Module", "the wasm bytes; Envoy remote, HTTP", "module digest"]),
    ("oci-compat", ["Image manifest", "Istio and Envoy Gateway over oci://", "image manifest digest"]),
    ("oci-wasm", ["Wasm manifest", "wasm tools, such as wkg", "wasm manifest digest"]),
    ("oci-solo", ["Solo manifest", "readers of the two layers of Solo's form", "Solo manifest digest"]),
    ("oci-pushed", ["Pushed manifest", "what was pushed under this version", "pushed manifest digest"]),
];

/// In the order of the list above, whatever the order of the forms.
pub fn of(forms: &[ReleaseForm]) -> Vec<Shown<'_>> {
    let named = |(kind, words): &(&str, [&'static str; 3])| {
        let [title, purpose, what] = *words;
        let such = forms.iter().filter(|form| form.kind == *kind);
        such.map(|form| Shown { title, purpose, what, digest: &form.digest }).collect::<Vec<_>>()
    };
    KINDS.iter().flat_map(named).collect()
}
