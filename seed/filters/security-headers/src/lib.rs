//! Adds security headers to responses, and answers cross-origin requests (CORS).
//! `policy` is the configuration, `cors` the origin rules.

mod cors;
mod policy;

use cors::Cors;
use guest::{HttpPlugin, HttpRoot, refuse, request_header, response_header};
use policy::{Policy, Settings};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use std::rc::Rc;

guest::register!(HttpRoot::<Policy>::default());

struct Stream {
    policy: Rc<Policy>,
    origin: Option<String>,
}

impl HttpPlugin for Policy {
    const NAME: &'static str = "security-headers";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        Policy::new(settings)
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream { policy: self, origin: None })
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let Some(cors) = &self.policy.cors else { return Action::Continue };
        self.origin = guest::text(request_header("origin"));
        let preflight = request_header(":method").as_deref() == Some(b"OPTIONS")
            && request_header("access-control-request-method").is_some();
        match &self.origin {
            Some(origin) if preflight => answer_preflight(cors, origin),
            _ => Action::Continue,
        }
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        for name in &self.policy.remove {
            set(name, None);
        }
        for (name, value) in &self.policy.headers {
            if self.policy.overwrite || response_header(name).is_none() {
                set(name, Some(value));
            }
        }
        if let Some(cors) = &self.policy.cors {
            mark(cors, self.origin.as_deref());
        }
        Action::Continue
    }
}

fn answer_preflight(cors: &Cors, origin: &str) -> Action {
    if cors.answer(origin).is_none() {
        return refuse(403, "origin-not-allowed", "this origin may not use this service", &[]);
    }
    let age = cors.max_age_seconds.to_string();
    let headers = vec![
        ("access-control-allow-methods", cors.methods.as_str()),
        ("access-control-allow-headers", cors.headers.as_str()),
        ("access-control-max-age", age.as_str()),
    ];
    // The response passes through this filter too, which adds the headers for the origin.
    let _ = hostcalls::send_http_response(204, headers, None);
    Action::Pause
}

/// This filter decides about origins alone: what the upstream said about them is replaced.
fn mark(cors: &Cors, origin: Option<&str>) {
    let answer = origin.and_then(|origin| cors.answer(origin));
    set("access-control-allow-origin", answer);
    set("access-control-allow-credentials", answer.and(cors.credentials.then_some("true")));
    set("access-control-expose-headers", answer.and(cors.expose.as_deref()));
    if cors.varies() {
        let _ = hostcalls::add_map_value(MapType::HttpResponseHeaders, "vary", "origin");
    }
}

fn set(name: &str, value: Option<&str>) {
    let _ = hostcalls::set_map_value(MapType::HttpResponseHeaders, name, value);
}
