//! Modules to upload: the built-in filters, and as many distinct ones as a test wants.
use sha2::{Digest, Sha256};

/// A real filter, built from our own sources.
pub fn filter(name: &str) -> &'static [u8] {
    tamis_seed::filters().unwrap().into_iter().find(|f| f.name == name).expect("a built-in filter").module
}

/// The smallest filter there is.
pub fn small() -> Vec<u8> {
    filter("correlation-id").to_vec()
}

/// A filter that works and that no other call with another `salt` gives: a custom section
/// at the end carries the salt, and as much padding as is asked for.
pub fn distinct(salt: &str, padding: usize) -> Vec<u8> {
    let mut bytes = small();
    let mut noise = Sha256::digest(salt.as_bytes()).to_vec();
    let mut data = salt.as_bytes().to_vec();
    while data.len() < padding {
        noise = Sha256::digest(&noise).to_vec();
        data.extend_from_slice(&noise);
    }
    data.truncate(padding.max(salt.len()));
    let section = wasm_encoder::CustomSection { name: "salt".into(), data: data.into() };
    let mut module = wasm_encoder::Module::new();
    module.section(&section);
    bytes.extend_from_slice(&module.finish()[8..]);
    bytes
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
