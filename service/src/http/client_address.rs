//! The address that a request comes from. What a header says of it counts only when a proxy
//! said it that the operator listed (`--trusted-proxy`).
use crate::state::State;
use actix_web::HttpRequest;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

pub fn client_address(state: &State, request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |p| p.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    behind(&state.serve.trusted_proxies, peer, &forwarded.collect::<Vec<_>>().join(","))
}

/// From the right, past every proxy that is trusted: each wrote down who spoke to it.
fn behind(trusted: &[IpNet], peer: IpAddr, forwarded: &str) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    for hop in forwarded.rsplit(',') {
        if !is_trusted(client) {
            break;
        }
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listed_proxy_is_believed_and_only_about_its_own_client() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let client = |peer: &str, forwarded: &str| behind(&trusted, ip(peer), forwarded);
        assert_eq!(client("192.0.2.1", "198.51.100.9"), ip("192.0.2.1"));
        assert_eq!(client("10.0.0.1", "198.51.100.9"), ip("198.51.100.9"));
        assert_eq!(client("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2"), ip("198.51.100.9"));
        assert_eq!(client("::ffff:10.0.0.1", "198.51.100.9"), ip("198.51.100.9"));
        for broken in ["", "unknown", "198.51.100.9:80", "<script>", ",,"] {
            assert_eq!(client("10.0.0.1", broken), ip("10.0.0.1"), "{broken}");
        }
        assert_eq!(behind(&[], ip("10.0.0.1"), "198.51.100.9"), ip("10.0.0.1"));
    }
}
