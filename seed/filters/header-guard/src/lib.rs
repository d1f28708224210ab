//! Refuses requests whose headers break the operator's rules. This file is the
//! proxy's side; `rules` decides.

mod rules;

use guest::{HttpPlugin, HttpRoot, refuse};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use rules::{Rules, Settings};
use std::rc::Rc;

guest::register!(HttpRoot::<Rules>::default());

struct Stream(Rc<Rules>);

impl HttpPlugin for Rules {
    const NAME: &'static str = "header-guard";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        Rules::new(settings)
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream(self))
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let headers = hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default();
        match self.0.judge(&headers) {
            Ok(()) => Action::Continue,
            Err(broken) => refuse(broken.status, broken.code, &broken.detail, &[]),
        }
    }
}
