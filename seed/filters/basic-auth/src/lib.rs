//! HTTP Basic authentication (RFC 7617). This file is the proxy's side; `users`
//! knows who may pass.

mod users;

use guest::{HttpPlugin, HttpRoot, refuse, request_header};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use std::rc::Rc;
use users::{Settings, Users};

guest::register!(HttpRoot::<BasicAuth>::default());

struct BasicAuth {
    users: Users,
    challenge: String,
    user_header: String,
    strip_authorization: bool,
    skip_paths: Vec<String>,
}

struct Stream(Rc<BasicAuth>);

impl HttpPlugin for BasicAuth {
    const NAME: &'static str = "basic-auth";
    type Settings = Settings;

    fn check(settings: Settings) -> Result<Self, String> {
        if !guest::is_token(&settings.user_header) || settings.user_header == "authorization" {
            return Err("`user_header` must be a header name in lower case, not authorization".to_owned());
        }
        if !guest::is_value(&settings.realm) || settings.realm.contains(['"', '\\']) {
            return Err("`realm` must be printable ASCII without quotes and backslashes".to_owned());
        }
        guest::check_paths(&settings.skip_paths)?;
        if settings.users.is_empty() {
            guest::warn("basic-auth: `users` is empty, every request is refused");
        }
        Ok(Self {
            users: Users::new(&settings.users)?,
            challenge: format!("Basic realm=\"{}\", charset=\"UTF-8\"", settings.realm),
            user_header: settings.user_header,
            strip_authorization: settings.strip_authorization,
            skip_paths: settings.skip_paths,
        })
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream(self))
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let plugin = &self.0;
        // Whoever the client claims to be is removed, on skipped paths too.
        let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, &plugin.user_header, None);
        if plugin.skip_paths.contains(&guest::path()) {
            return Action::Continue;
        }
        let value = guest::text(request_header("authorization"));
        let Some(user) = value.as_deref().and_then(|value| plugin.users.authenticate(value)) else {
            let challenge = ("www-authenticate", plugin.challenge.as_str());
            let code = if value.is_some() { "credentials-wrong" } else { "credentials-missing" };
            return refuse(401, code, "a user name and password are required", &[challenge]);
        };
        let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, &plugin.user_header, Some(user));
        if plugin.strip_authorization {
            let _ = hostcalls::set_map_value(MapType::HttpRequestHeaders, "authorization", None);
        }
        Action::Continue
    }
}
