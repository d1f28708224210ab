//! Where a request comes from: the peer, or what a proxy that the operator trusts says of it.
use crate::state::State;
use actix_web::{HttpRequest, web};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of the client. `X-Forwarded-For` is believed only as far as trusted proxies wrote
/// it: from the right, up to the first address that is none of theirs.
pub fn address(request: &HttpRequest) -> IpAddr {
    let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let peer = request.peer_addr().map_or(unknown, |peer| peer.ip().to_canonical());
    let trusted = request.app_data::<web::Data<State>>().map(|state| state.serve.trusted_proxies.as_slice());
    let values: Vec<&str> =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    client(peer, &values, trusted.unwrap_or_default())
}

fn client(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    let mut said = forwarded.iter().rev().flat_map(|value| value.rsplit(','));
    while ours(&nearest) {
        // What cannot be read was not written by a proxy of ours.
        match said.next().and_then(|text| parse(text.trim())) {
            Some(address) => nearest = address,
            None => break,
        }
    }
    nearest
}

/// An address, with a port as some proxies write it, or without.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    bare.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(seen("fd00::1", &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        for odd in ["", "unknown", "203.0.113.9;x", "203.0.113.9, _hidden", ",,,", "999.1.1.1"] {
            assert_eq!(seen("10.0.0.1", &[odd]), "10.0.0.1", "{odd}");
        }
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
    }
}
