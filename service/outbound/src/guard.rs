//! Which addresses may be connected to. Pure: no names, no sockets. Everything that is not
//! plain public unicast is refused, unless the operator listed a network that contains it.
//! The ranges are IANA's special-purpose address registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Networks that an operator opened in spite of their kind.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    pub allow: Vec<IpNet>,
}

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {class}")]
pub struct Refusal {
    pub address: IpAddr,
    pub class: &'static str,
}

impl Guard {
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(class) = special_class(address) else { return Ok(()) };
        if self.lists(address) || delivered_to(address).is_some_and(|inner| self.lists(inner)) {
            return Ok(());
        }
        Err(Refusal { address, class })
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(&address))
    }
}

/// The IPv4 address that a packet to this IPv6 address ends at: the kernel does it for mapped
/// addresses, a NAT64 gateway for 64:ff9b::/96 (RFC 6052).
fn delivered_to(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = address else { return None };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return Some(IpAddr::V4(v4));
    }
    nat64(v6).map(IpAddr::V4)
}

fn nat64(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(embedded(high, low)),
        _ => None,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// What is special about an address; `None` for public unicast.
fn special_class(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(v4: Ipv4Addr) -> Option<&'static str> {
    let class = match v4.octets() {
        [169, 254, 169, 254] | [168, 63, 129, 16] => "a cloud metadata address",
        [0, ..] => "in the unspecified network 0.0.0.0/8",
        [127, ..] => "a loopback address",
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => "a private address",
        [100, 64..=127, ..] => "a carrier-grade NAT address",
        [169, 254, ..] => "a link-local address",
        [192, 0, 0, _] => "in the protocol assignments 192.0.0.0/24",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "a documentation address",
        [192, 88, 99, _] => "a 6to4 relay address",
        [198, 18..=19, ..] => "a benchmarking address",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    };
    Some(class)
}

fn special_v6(v6: Ipv6Addr) -> Option<&'static str> {
    if let Some(v4) = v6.to_ipv4_mapped() {
        // A public one is plain IPv4 in another spelling; nothing but a disguise needs it.
        return Some(special_v4(v4).unwrap_or("an IPv4 address mapped into IPv6"));
    }
    if let Some(v4) = nat64(v6) {
        return special_v4(v4);
    }
    if v6.is_unspecified() {
        return Some("the unspecified address");
    }
    if v6.is_loopback() {
        return Some("a loopback address");
    }
    let class = match v6.segments() {
        [0, 0, 0, 0, 0, 0, _, _] => "an IPv4-compatible address",
        [0, 0, 0, 0, 0xffff, 0, _, _] => "an IPv4-translated address",
        [0x64, 0xff9b, ..] => "a local NAT64 address",
        [0xfc00..=0xfdff, ..] => "a private (unique local) address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a site-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        // Global unicast is 2000::/3; all else is unassigned or special.
        [0..=0x1fff | 0x4000..=0xfbff | 0xfe00..=0xfe7f, ..] => "a reserved address",
        [0x2001, 0, ..] => "a Teredo address",
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => "a documentation address",
        [0x2001, 0..=0x01ff, ..] => "in the protocol assignments 2001::/23",
        [0x2002, ..] => "a 6to4 address",
        // ISATAP (RFC 5214): the interface identifier carries the IPv4 address of a tunnel end.
        [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => return special_v4(embedded(high, low)),
        _ => return None,
    };
    Some(class)
}
