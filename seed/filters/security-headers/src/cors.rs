//! Which origins may read responses (the Fetch standard's CORS protocol). Knows
//! nothing of the proxy.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsSettings {
    allow_origins: Vec<String>,
    allow_methods: Vec<String>,
    allow_headers: Vec<String>,
    expose_headers: Vec<String>,
    allow_credentials: bool,
    max_age_seconds: u32,
}

impl Default for CorsSettings {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
            allow_methods: ["GET", "HEAD", "POST"].map(str::to_owned).to_vec(),
            allow_headers: vec!["content-type".to_owned()],
            expose_headers: Vec::new(),
            allow_credentials: false,
            max_age_seconds: 600,
        }
    }
}

pub struct Cors {
    origins: Vec<String>,
    any: bool,
    pub methods: String,
    pub headers: String,
    pub expose: Option<String>,
    pub credentials: bool,
    pub max_age_seconds: u32,
}

impl Cors {
    pub fn new(settings: CorsSettings) -> Result<Self, String> {
        let any = settings.allow_origins.iter().any(|origin| origin == "*");
        if settings.allow_origins.is_empty() {
            return Err("`cors.allow_origins` must name at least one origin".to_owned());
        }
        if any && settings.allow_credentials {
            return Err("`cors.allow_credentials` needs named origins: browsers refuse it with *".to_owned());
        }
        if let Some(origin) =
            settings.allow_origins.iter().find(|origin| *origin != "*" && !is_origin(origin))
        {
            return Err(format!("`{origin}` is not an origin like https://app.example.com"));
        }
        if let Some(method) = settings.allow_methods.iter().find(|method| !is_method(method)) {
            return Err(format!("`{method}` is not a method in upper case"));
        }
        let names = settings.allow_headers.iter().chain(&settings.expose_headers);
        if let Some(name) = names.into_iter().find(|name| !guest::is_token(name)) {
            return Err(format!("`{name}` is not a header name in lower case"));
        }
        Ok(Self {
            any,
            origins: settings.allow_origins,
            methods: settings.allow_methods.join(", "),
            headers: settings.allow_headers.join(", "),
            expose: (!settings.expose_headers.is_empty()).then(|| settings.expose_headers.join(", ")),
            credentials: settings.allow_credentials,
            max_age_seconds: settings.max_age_seconds,
        })
    }

    /// The value of Access-Control-Allow-Origin for this origin, if it may read.
    pub fn answer<'a>(&'a self, origin: &str) -> Option<&'a str> {
        if self.any {
            return Some("*");
        }
        self.origins.iter().find(|allowed| *allowed == origin).map(String::as_str)
    }

    /// Whether the answer depends on who asks, which caches must know.
    pub fn varies(&self) -> bool {
        !self.any
    }
}

fn is_method(method: &str) -> bool {
    !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// Scheme and authority as browsers send them: no path, no trailing slash.
fn is_origin(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    !scheme.is_empty()
        && !authority.is_empty()
        && guest::is_value(origin)
        && !authority.contains(['/', '*', '@', ' '])
        && *origin == origin.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cors(origins: &[&str]) -> Result<Cors, String> {
        let allow_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Cors::new(CorsSettings { allow_origins, ..CorsSettings::default() })
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let cors = cors(&["https://app.example.com"]).unwrap();
        assert_eq!(cors.answer("https://app.example.com"), Some("https://app.example.com"));
        for other in ["http://app.example.com", "https://app.example.com.evil.test", "null"] {
            assert_eq!(cors.answer(other), None, "{other}");
        }
    }

    #[test]
    fn patterns_and_urls_with_paths_are_not_origins() {
        for wrong in ["https://*.example.com", "https://example.com/", "example.com", "https://"] {
            assert!(cors(&[wrong]).is_err(), "{wrong}");
        }
        assert!(cors(&[]).is_err());
    }

    #[test]
    fn credentials_are_not_given_to_every_origin() {
        let settings = CorsSettings {
            allow_origins: vec!["*".into()],
            allow_credentials: true,
            ..CorsSettings::default()
        };
        assert!(Cors::new(settings).is_err());
    }
}
