//! Counters and gauges of the proxy. A metric that cannot be recorded is dropped:
//! counting must never break the traffic that it counts.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{MetricType, Status};

#[derive(Clone, Copy)]
pub struct Counter(u32);

#[derive(Clone, Copy)]
pub struct Gauge(u32);

impl Counter {
    pub fn define(name: &str) -> Result<Self, String> {
        define(MetricType::Counter, name).map(Self)
    }

    pub fn add(self, amount: usize) {
        let _ = hostcalls::increment_metric(self.0, i64::try_from(amount).unwrap_or(i64::MAX));
    }
}

impl Gauge {
    pub fn define(name: &str) -> Result<Self, String> {
        define(MetricType::Gauge, name).map(Self)
    }

    pub fn change(self, by: i64) {
        let _ = hostcalls::increment_metric(self.0, by);
    }

    pub fn set(self, value: u64) {
        let _ = hostcalls::record_metric(self.0, value);
    }
}

fn define(kind: MetricType, name: &str) -> Result<u32, String> {
    hostcalls::define_metric(kind, name)
        .map_err(|status: Status| format!("the proxy refused the metric {name} ({status:?})"))
}

/// Checks a configured metric prefix: what Envoy's statistics keep unchanged.
pub fn metric_prefix(prefix: String) -> Result<String, String> {
    let legal = !prefix.is_empty()
        && prefix.len() <= 64
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if legal { Ok(prefix) } else { Err("`prefix` must be 1-64 letters, digits or underscores".to_owned()) }
}
