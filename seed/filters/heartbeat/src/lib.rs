//! A Wasm service: no traffic, only a timer. Each beat is counted in shared data
//! (readable by every filter with the same vm_id) and shown as a metric.

use guest::{Counter, Gauge, configured, metric_prefix};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::LogLevel;
use serde::Deserialize;
use std::time::{Duration, UNIX_EPOCH};

guest::register!(Heartbeat(None));

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    interval_ms: u64,
    shared_key: String,
    prefix: String,
    log: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval_ms: 1000,
            shared_key: "heartbeat".to_owned(),
            prefix: "heartbeat".to_owned(),
            log: false,
        }
    }
}

struct Heartbeat(Option<Beating>);

struct Beating {
    period: Duration,
    shared_key: String,
    log: bool,
    beats: Gauge,
    ticks: Counter,
    last: Gauge,
}

impl Beating {
    fn new(settings: Settings) -> Result<Self, String> {
        if !(10..=3_600_000).contains(&settings.interval_ms) {
            return Err("`interval_ms` must be 10 to 3600000".to_owned());
        }
        if settings.shared_key.is_empty() {
            return Err("`shared_key` must not be empty".to_owned());
        }
        let prefix = metric_prefix(settings.prefix)?;
        Ok(Self {
            period: Duration::from_millis(settings.interval_ms),
            shared_key: settings.shared_key,
            log: settings.log,
            beats: Gauge::define(&format!("{prefix}_beats"))?,
            ticks: Counter::define(&format!("{prefix}_ticks"))?,
            last: Gauge::define(&format!("{prefix}_last_seconds"))?,
        })
    }

    /// Adds one to the shared count; another VM may do the same at once, hence the loop.
    fn count(&self) -> Option<u64> {
        for _ in 0..16 {
            let (bytes, cas) = hostcalls::get_shared_data(&self.shared_key).ok()?;
            let count = bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
            let next = count.wrapping_add(1);
            if hostcalls::set_shared_data(&self.shared_key, Some(&next.to_le_bytes()), cas).is_ok() {
                return Some(next);
            }
        }
        None
    }
}

impl Context for Heartbeat {}

impl RootContext for Heartbeat {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.0 = configured("heartbeat", Beating::new);
        if let Some(beating) = &self.0 {
            self.set_tick_period(beating.period);
        }
        self.0.is_some()
    }

    fn on_tick(&mut self) {
        let Some(beating) = &self.0 else { return };
        beating.ticks.add(1);
        if let Ok(since) = self.get_current_time().duration_since(UNIX_EPOCH) {
            beating.last.set(since.as_secs());
        }
        if let Some(count) = beating.count() {
            beating.beats.set(count);
            if beating.log {
                let _ = hostcalls::log(LogLevel::Info, &format!("heartbeat {count}"));
            }
        }
    }
}
