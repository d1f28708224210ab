//! Random valid modules, and the same with bytes changed: every one gets a verdict, quickly, and the
//! verifier's idea of "valid" is that of the generator.

use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use tamis_e2e::modules::Draft;
use tamis_verification::Verdict;
use wasm_smith::{Config, Module};

use super::as_http;

const LIMIT: Duration = Duration::from_secs(5);

fn how_many() -> u64 {
    if std::env::var_os("TAMIS_TEST_FULL").is_some_and(|value| value == "1") { 10_000 } else { 500 }
}

/// Reproducible noise.
struct Noise(u64);

impl Noise {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

fn random_module(seed: u64) -> Option<Vec<u8>> {
    let noise = Noise::of(seed).bytes(4096);
    let config = Config {
        generate_custom_sections: true,
        max_memories: 3,
        max_tables: 3,
        // V8 in Envoy has neither.
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    };
    Module::new(config, &mut Unstructured::new(&noise)).ok().map(|module| module.to_bytes())
}

fn verdict_in_time(bytes: &[u8], seed: u64) -> (Verdict, Vec<String>) {
    let start = Instant::now();
    let report = as_http(bytes);
    assert!(start.elapsed() < LIMIT, "seed {seed}: {:?}", start.elapsed());
    (report.verdict, report.findings.into_iter().map(|finding| finding.id).collect())
}

#[test]
fn a_random_module_is_not_called_malformed() {
    for seed in 0..how_many() {
        let Some(bytes) = random_module(seed) else { continue };
        let (verdict, ids) = verdict_in_time(&bytes, seed);
        assert_eq!(verdict, Verdict::Fail, "seed {seed}: no random module has an ABI marker");
        assert!(!ids.iter().any(|id| id == "malformed" || id == "truncated"), "seed {seed}: {ids:?}");
        assert!(ids.iter().any(|id| id == "abi-marker-missing"), "seed {seed}: {ids:?}");
    }
}

#[test]
fn a_random_module_with_bytes_changed_gets_a_verdict() {
    for seed in 0..how_many() {
        let Some(mut bytes) = random_module(seed) else { continue };
        let mut noise = Noise::of(seed ^ 0xdead_beef);
        for _ in 0..=noise.next() % 8 {
            let length = bytes.len() as u64;
            let at = usize::try_from(noise.next() % length).unwrap();
            bytes[at] = noise.next().to_le_bytes()[5];
        }
        verdict_in_time(&bytes, seed);
    }
}

#[test]
fn noise_in_every_section_of_a_filter_gets_a_verdict() {
    let good = Draft::good().bytes();
    for seed in 0..how_many() {
        let mut noise = Noise::of(seed);
        let mut bytes = good[..8].to_vec();
        for id in 0..=13u8 {
            let body = noise.next().to_le_bytes();
            bytes.extend([id, 8]);
            bytes.extend(body);
        }
        let (verdict, _) = verdict_in_time(&bytes, seed);
        assert_eq!(verdict, Verdict::Fail, "seed {seed}");
    }
}
