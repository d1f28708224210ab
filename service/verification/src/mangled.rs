//! How long a C++ name gets when it is decoded. Envoy decodes every name of the `name` section while
//! it loads a module; a mangled name can refer back to what it said before, so a few hundred bytes
//! can stand for more text than a machine holds. Counts without building the text (Itanium C++ ABI,
//! "External Names").

mod grammar;
mod reader;

use reader::Reader;

/// References back with which a name can still not grow dangerously: three to a step, each step
/// three times the last.
const FEW_REFERENCES: usize = 9;
/// References back in a name that this reader does not understand, from which it is called unbounded.
const MANY_REFERENCES: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// About so many bytes.
    Bytes(u64),
    Unknown,
}

pub fn is_mangled(name: &[u8]) -> bool {
    start(name).is_some()
}

fn start(name: &[u8]) -> Option<usize> {
    let underscores = name.iter().take_while(|byte| **byte == b'_').count();
    let mangled = (1..=4).contains(&underscores) && name.get(underscores) == Some(&b'Z');
    mangled.then_some(underscores + 1)
}

pub fn decoded(name: &[u8]) -> Decoded {
    let Some(start) = start(name) else { return Decoded::Bytes(name.len() as u64) };
    let references = references(name);
    if references < FEW_REFERENCES {
        return Decoded::Bytes(name.len() as u64);
    }
    let mut reader = Reader::new(name, start);
    match reader.encoding() {
        Some(bytes) => Decoded::Bytes(bytes),
        // What was read so far counts even if the rest makes no sense here.
        None if reader.last > u64::from(u32::MAX) => Decoded::Bytes(reader.last),
        None if references < MANY_REFERENCES => Decoded::Bytes(name.len() as u64),
        None => Decoded::Unknown,
    }
}

/// `S_`, `S0_`, `T_`, ... in the name, and a few that only look so.
fn references(name: &[u8]) -> usize {
    let mut count = 0;
    let mut open = false;
    for byte in name {
        match byte {
            b'S' | b'T' => open = true,
            b'_' if open => {
                count += 1;
                open = false;
            }
            b'0'..=b'9' | b'A'..=b'Z' => {}
            _ => open = false,
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_decode_to_ordinary_lengths() {
        for name in [
            "_ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKcm",
            "_ZNSt3__16vectorINS_4pairINS_12basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEES7_EENS5_IS8_EEE9push_backEOS8_",
            "_ZN4absl12lts_2024011618container_internal12raw_hash_setINS1_17FlatHashMapPolicyINSt3__112basic_stringIcNS4_11char_traitsIcEENS4_9allocatorIcEEEES9_EENS1_10StringHashENS1_8StringEqENS7_INS4_4pairIKS9_S9_EEEEE6resizeEm",
            "_ZZN5Outer5innerEvENKUlvE_clEv",
            "_ZN10proxy_wasm9hostcalls3log17h0123456789abcdefE",
        ] {
            let Decoded::Bytes(bytes) = decoded(name.as_bytes()) else { panic!("{name}") };
            assert!((10..4_000).contains(&bytes), "{name}: {bytes}");
        }
    }

    #[test]
    fn a_name_that_doubles_is_counted_without_being_built() {
        let mut name = b"_Z1fPFviiE".to_vec();
        for reference in ["S0_", "S2_", "S4_", "S6_", "S8_", "SA_", "SC_", "SE_", "SG_", "SI_"] {
            name.extend(format!("PFv{reference}{reference}E").into_bytes());
        }
        let Decoded::Bytes(bytes) = decoded(&name) else { panic!("not read") };
        assert!(bytes > 20 * 1024, "{bytes}");
    }
}
