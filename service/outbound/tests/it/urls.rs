//! What counts as a URL that may be fetched at all.

use tamis_outbound::{OutboundError, parse_url};

#[test]
fn ordinary_web_addresses_are_accepted() {
    for text in [
        "http://example.com/f.wasm",
        "https://example.com:8443/a/b.tar.gz?x=1#plugin.wasm",
        "https://xn--bcher-kva.example/x",
        "https://bücher.example/x",
        "http://192.0.2.1:9080/",
        "http://[2001:db8::1]:3000/x",
        "HTTPS://EXAMPLE.COM./x",
    ] {
        assert!(parse_url(text).is_ok(), "{text}");
    }
}

#[test]
fn everything_else_is_an_invalid_url() {
    let long = format!("http://example.com/{}", "a".repeat(3000));
    for text in [
        "",
        "example.com/x",
        "/etc/passwd",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/x",
        "data:text/plain,x",
        "unix:/var/run/docker.sock",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/x",
        "javascript:alert(1)",
        "http://",
        "http:///",
        "http://./x",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://:secret@example.com/",
        "http://good.example@evil.example/",
        "http://example.com\\@evil.example/",
        "http://example.com/a b",
        "http://example.com/\r\nHost: x",
        "http://exa\tmple.com/",
        " http://example.com/",
        "http://example.com/\u{a0}",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://example.0x7f/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://exa%00mple.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        &long,
    ] {
        let error = parse_url(text).unwrap_err();
        assert!(matches!(error, OutboundError::InvalidUrl { .. }), "{text}: {error}");
        assert_eq!(error.kind(), "invalid-url");
    }
}

#[test]
fn ports_of_other_protocols_are_refused_on_either_scheme() {
    for port in [22, 23, 25, 53, 110, 143, 389, 445, 587, 993, 3306, 5432, 6000, 6379, 6667, 11211, 27017] {
        for scheme in ["http", "https"] {
            let text = format!("{scheme}://example.com:{port}/");
            let message = parse_url(&text).unwrap_err().to_string();
            assert!(message.contains(&format!("port {port}")), "{message}");
        }
    }
    for port in [80, 443, 3000, 5000, 8000, 8080, 8443, 9000, 9080, 9443, 49152] {
        assert!(parse_url(&format!("http://example.com:{port}/")).is_ok(), "{port}");
    }
}

#[test]
fn an_address_is_recognised_in_every_spelling() {
    let host = |text: &str| parse_url(text).unwrap().host_str().unwrap().to_owned();
    for text in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
    ] {
        assert_eq!(host(text), "127.0.0.1", "{text}");
    }
    assert_eq!(host("http://[::ffff:127.0.0.1]/"), "[::ffff:7f00:1]");
}
