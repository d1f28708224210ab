//! Limits each user's requests by the plan that the user's token names. This file is
//! the proxy's side; `plans` is the configuration, `limiter` counts.

mod limiter;
mod plans;

use guest::{Counter, HttpPlugin, HttpRoot, refuse, request_header};
use limiter::{Decision, Limiter, Store};
use plans::{Plans, Settings, Subject};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use std::rc::Rc;
use std::time::UNIX_EPOCH;

guest::register!(HttpRoot::<PlanRateLimit>::default());

struct PlanRateLimit {
    plans: Plans,
    limiter: Limiter,
    allowed: Counter,
    limited: Counter,
}

struct Stream {
    plugin: Rc<PlanRateLimit>,
    /// Plan and decision for the response's headers.
    taken: Option<(String, Decision)>,
}

struct SharedData;

impl Store for SharedData {
    type Version = Option<u32>;

    fn get(&self, key: &str) -> (Option<Vec<u8>>, Self::Version) {
        hostcalls::get_shared_data(key).unwrap_or_default()
    }

    fn set(&self, key: &str, value: &[u8], version: Self::Version) -> bool {
        hostcalls::set_shared_data(key, Some(value), version).is_ok()
    }
}

impl HttpPlugin for PlanRateLimit {
    const NAME: &'static str = "plan-rate-limit";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        let (plans, limiter) = settings.check()?;
        Ok(Self {
            plans,
            limiter,
            allowed: Counter::define("plan_rate_limit_allowed")?,
            limited: Counter::define("plan_rate_limit_limited")?,
        })
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream { plugin: self, taken: None })
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let plugin = &self.plugin;
        let now = self.get_current_time().duration_since(UNIX_EPOCH).unwrap_or_default();
        let token = guest::text(request_header(&plugin.plans.header));
        let Subject { user, plan, quota } = plugin.plans.subject(token.as_deref(), now, client_address);
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let decision = plugin.limiter.take(&SharedData, &user, quota, nanos);
        let wait = decision.retry_after_seconds;
        self.taken = Some((plan.to_owned(), decision));
        let Some(wait) = wait else {
            plugin.allowed.add(1);
            return Action::Continue;
        };
        plugin.limited.add(1);
        let (detail, wait) = (format!("the limit of the plan {plan} is reached"), wait.to_string());
        refuse(429, "rate-limited", &detail, &[("retry-after", &wait)])
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let Some((plan, decision)) = self.taken.take().filter(|_| self.plugin.plans.report) else {
            return Action::Continue;
        };
        let numbers = [
            ("x-ratelimit-limit", decision.limit.to_string()),
            ("x-ratelimit-remaining", decision.remaining.to_string()),
            ("x-ratelimit-plan", plan),
        ];
        for (name, value) in numbers {
            let _ = hostcalls::set_map_value(MapType::HttpResponseHeaders, name, Some(&value));
        }
        Action::Continue
    }
}

/// The client's address as Envoy sees it (it honours `xff_num_trusted_hops`), without the port.
fn client_address() -> String {
    let bytes = hostcalls::get_property(vec!["source", "address"]).ok().flatten().unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.rsplit_once(':').map_or(text.as_str(), |(address, _port)| address).to_owned()
}
