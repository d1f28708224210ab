//! Lets a request pass if its JSON Web Token verifies and its claims fit. This file
//! is the proxy's side; `policy` is the configuration, `tokens` the judgement.

mod policy;

use guest::{HttpPlugin, HttpRoot, refuse, request_header};
use policy::{Policy, Settings};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use std::rc::Rc;
use std::time::UNIX_EPOCH;
use tokens::Unmet;

guest::register!(HttpRoot::<Policy>::default());

struct Stream(Rc<Policy>);

impl HttpPlugin for Policy {
    const NAME: &'static str = "jwt-claims";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        Policy::new(settings)
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream(self))
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let policy = &self.0;
        // Whatever the client calls itself in these headers is removed, on skipped paths too.
        for header in policy.forward.values() {
            let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, header, None);
        }
        if policy.skip_paths.contains(&guest::path()) {
            return Action::Continue;
        }
        match self.judge() {
            Ok(()) => Action::Continue,
            Err(refusal) => refusal,
        }
    }
}

impl Stream {
    fn judge(&self) -> Result<(), Action> {
        let policy = &self.0;
        let value = guest::text(request_header(&policy.header));
        let Some(token) = value.as_deref().and_then(tokens::bearer) else {
            return Err(refuse(401, "token-missing", "a bearer token is required", &[policy::CHALLENGE]));
        };
        let invalid = |detail: &str| refuse(401, "token-invalid", detail, &[policy::CHALLENGE_INVALID]);
        let Some(key) = &policy.key else {
            return Err(invalid("this proxy has no key to verify tokens with"));
        };
        let claims = tokens::decode(token, key).map_err(|reason| invalid(reason.detail()))?;
        let now = self.get_current_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        policy.expected.check(&claims, now).map_err(|unmet| match unmet {
            Unmet::Token(detail) => invalid(&detail),
            Unmet::Requirement(detail) => refuse(403, "claim-unmet", &detail, &[policy::CHALLENGE_SCOPE]),
        })?;
        for (claim, header) in &policy.forward {
            if let Some(value) = claims.get(claim).and_then(policy::header_value) {
                let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, header, Some(&value));
            }
        }
        if policy.strip_token {
            let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, &policy.header, None);
        }
        Ok(())
    }
}
