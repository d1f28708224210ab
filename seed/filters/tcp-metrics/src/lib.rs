//! A network filter that counts connections and bytes in both directions. It never
//! reads the bytes: the host tells their number.

use guest::{Counter, Gauge, StreamPlugin, StreamRoot, metric_prefix};
use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::Action;
use serde::Deserialize;
use std::rc::Rc;

guest::register!(StreamRoot::<TcpMetrics>::default());

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    prefix: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prefix: "tcp".to_owned() }
    }
}

struct TcpMetrics {
    connections: Counter,
    active: Gauge,
    received: Counter,
    sent: Counter,
}

/// `open` makes sure that a connection which was counted as active is taken off once.
struct Stream {
    metrics: Rc<TcpMetrics>,
    open: bool,
}

impl StreamPlugin for TcpMetrics {
    const NAME: &'static str = "tcp-metrics";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        let prefix = metric_prefix(settings.prefix)?;
        Ok(Self {
            connections: Counter::define(&format!("{prefix}_connections_total"))?,
            active: Gauge::define(&format!("{prefix}_connections_active"))?,
            received: Counter::define(&format!("{prefix}_bytes_received_total"))?,
            sent: Counter::define(&format!("{prefix}_bytes_sent_total"))?,
        })
    }

    fn open(self: Rc<Self>) -> Box<dyn StreamContext> {
        Box::new(Stream { metrics: self, open: false })
    }
}

impl Context for Stream {
    fn on_done(&mut self) -> bool {
        if self.open {
            self.open = false;
            self.metrics.active.change(-1);
        }
        true
    }
}

impl StreamContext for Stream {
    fn on_new_connection(&mut self) -> Action {
        self.open = true;
        self.metrics.connections.add(1);
        self.metrics.active.change(1);
        Action::Continue
    }

    fn on_downstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        self.metrics.received.add(size);
        Action::Continue
    }

    fn on_upstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        self.metrics.sent.add(size);
        Action::Continue
    }
}
