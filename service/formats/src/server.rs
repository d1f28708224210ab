//! Addresses as configuration needs them: host, port and whether it is TLS, out of URLs and of `host:port`.
use serde_json::{Value, json};
use std::net::IpAddr;
use url::{Host, Url};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name, or an IP address without brackets.
    pub host: String,
    pub port: u16,
    pub tls: bool,
}

impl Address {
    pub fn of_url(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = match url.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        Some(Self { host, port: url.port_or_known_default()?, tls })
    }

    /// `host:port`, with brackets around IPv6.
    pub fn of_text(text: &str) -> Option<Self> {
        let (_, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        // Port 80 would be left out; the scheme makes no difference otherwise.
        let found = Self::of_url(&format!("http://{text}/"))?;
        let plain = format!("{}:{port}", found.host) == text.to_ascii_lowercase();
        (plain || text.starts_with('[')).then_some(Self { port, ..found })
    }

    pub fn is_ip(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    pub fn socket(&self) -> Value {
        json!({"socket_address": {"address": self.host, "port_value": self.port}})
    }
}

/// `host[:port]`, as names of images begin. A single word would be taken for a user of Docker Hub: with
/// its port it is a host.
pub fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains(['.', ':']) || host == "localhost" {
        return host.to_owned();
    }
    let port = if url.starts_with("http://") { 80 } else { 443 };
    format!("{host}:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_whole_or_not_at_all() {
        let at = |host: &str, port| Some(Address { host: host.into(), port, tls: false });
        assert_eq!(Address::of_text("shop.internal:8080"), at("shop.internal", 8080));
        assert_eq!(Address::of_text("127.0.0.1:80"), at("127.0.0.1", 80));
        assert_eq!(Address::of_text("[::1]:0"), at("::1", 0));
        for wrong in
            ["shop", "shop:", "shop:x", "shop:70000", "a@shop:80", "shop/x:80", ":80", "", "http://shop:80"]
        {
            assert_eq!(Address::of_text(wrong), None, "{wrong}");
        }
        assert!(Address::of_url("https://tamis.example.com/x").is_some_and(|a| a.tls && a.port == 443));
        assert_eq!(authority("http://127.0.0.1:8080/x"), "127.0.0.1:8080");
        assert_eq!(authority("https://tamis.example.com/x"), "tamis.example.com");
        assert_eq!(authority("https://[::1]"), "[::1]");
        assert_eq!(authority("https://localhost"), "localhost");
        assert_eq!(authority("https://tamis"), "tamis:443");
        assert_eq!(authority("http://tamis/x"), "tamis:80");
    }
}
