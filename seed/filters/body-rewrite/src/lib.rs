//! Replaces text in response bodies. This file is the proxy's side: which responses
//! are candidates, buffering, headers; `rewriter` does the replacing.

mod policy;
mod rewriter;

use guest::{Counter, HttpPlugin, HttpRoot, request_header, response_header};
use policy::{Policy, Settings};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};
use std::rc::Rc;

guest::register!(HttpRoot::<BodyRewrite>::default());

struct BodyRewrite {
    policy: Policy,
    rewritten: Counter,
    skipped: Counter,
}

struct Stream {
    plugin: Rc<BodyRewrite>,
    candidate: bool,
}

impl HttpPlugin for BodyRewrite {
    const NAME: &'static str = "body-rewrite";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        let policy = Policy::new(settings)?;
        Ok(Self {
            policy,
            rewritten: Counter::define("body_rewrite_rewritten")?,
            skipped: Counter::define("body_rewrite_skipped")?,
        })
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream { plugin: self, candidate: false })
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    /// A compressed body cannot be searched, so none is asked for.
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        if !self.plugin.policy.rewriter.is_idle() && request_header("accept-encoding").is_some() {
            let _ =
                hostcalls::set_map_value(MapType::HttpRequestHeaders, "accept-encoding", Some("identity"));
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let plugin = &self.plugin;
        // Without a body there is nothing to do, and a HEAD's Content-Length stays true enough.
        if end_of_stream || plugin.policy.rewriter.is_idle() || !plugin.policy.is_eligible(response_header) {
            return Action::Continue;
        }
        let declared = guest::text(response_header("content-length")).and_then(|text| text.parse().ok());
        if declared.is_some_and(|length: usize| length > plugin.policy.max_bytes) {
            plugin.skipped.add(1);
            return Action::Continue;
        }
        self.candidate = true;
        // The headers leave before the new length is known, so the body goes out in chunks.
        for name in ["content-length", "content-md5", "digest", "content-digest", "accept-ranges"] {
            set(name, None);
        }
        // RFC 9110, section 8.8.1: other bytes must not share a strong validator.
        if let Some(tag) = guest::text(response_header("etag")).filter(|tag| !tag.starts_with("W/")) {
            set("etag", Some(&format!("W/{tag}")));
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !self.candidate {
            return Action::Continue;
        }
        let plugin = &self.plugin;
        if size > plugin.policy.max_bytes {
            self.candidate = false;
            plugin.skipped.add(1);
            return Action::Continue;
        }
        if !end_of_stream {
            return Action::Pause;
        }
        self.candidate = false;
        let body = hostcalls::get_buffer(BufferType::HttpResponseBody, 0, size).ok().flatten();
        match plugin.policy.rewriter.rewrite(&body.unwrap_or_default()) {
            Ok(Some(changed)) => {
                let _ = hostcalls::set_buffer(BufferType::HttpResponseBody, 0, size, &changed);
                plugin.rewritten.add(1);
            }
            Ok(None) => {}
            Err(rewriter::TooLarge) => plugin.skipped.add(1),
        }
        Action::Continue
    }

    /// A body that ends in trailers passes as it is: it is too late to take hold of it.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        if self.candidate {
            self.candidate = false;
            self.plugin.skipped.add(1);
        }
        Action::Continue
    }
}

fn set(name: &str, value: Option<&str>) {
    let _ = hostcalls::set_map_value(MapType::HttpResponseHeaders, name, value);
}
