//! Which addresses are refused: every range by its edges, and by chance against a second,
//! independent table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use tamis_outbound::Guard;

use crate::stub::guard;

/// The IANA IPv4 special-purpose registry, multicast and class E, and Azure's host address.
const SPECIAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

fn refused(address: impl Into<IpAddr>) -> bool {
    Guard::default().check(address.into()).is_err()
}

fn special(v4: Ipv4Addr) -> bool {
    SPECIAL_V4.iter().any(|network| network.parse::<Ipv4Net>().unwrap().contains(&v4))
}

#[test]
fn every_special_ipv4_network_is_refused_from_its_first_to_its_last_address() {
    for network in SPECIAL_V4 {
        let network: Ipv4Net = network.parse().unwrap();
        assert!(refused(network.network()), "{network}");
        assert!(refused(network.broadcast()), "{network}");
        let before = u32::from(network.network()).checked_sub(1).map(Ipv4Addr::from);
        let after = u32::from(network.broadcast()).checked_add(1).map(Ipv4Addr::from);
        for neighbour in [before, after].into_iter().flatten() {
            assert_eq!(refused(neighbour), special(neighbour), "{neighbour} beside {network}");
        }
    }
}

#[test]
fn ordinary_public_addresses_are_let_through() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "140.82.112.3",
        "185.199.108.133",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450:4001:80b::2004",
        "64:ff9b::140.82.112.3",
    ] {
        assert!(!refused(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn ipv6_addresses_that_are_not_plain_public_ones_are_refused() {
    for address in [
        "::",
        "::1",
        "::7f00:1",
        "::a00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "2a00::5efe:10.0.0.1",
        "2a00::200:5efe:10.0.0.1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe00::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(refused(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn a_listed_network_opens_exactly_itself_in_every_spelling() {
    let guard = guard(&["10.1.0.0/16", "fd00:1::/32"]);
    let check = |address: &str| guard.check(address.parse().unwrap()).is_ok();
    assert!(check("10.1.2.3") && check("fd00:1::9"));
    assert!(check("::ffff:10.1.2.3") && check("64:ff9b::10.1.2.3"));
    assert!(!check("10.2.0.1") && !check("fd00:2::1") && !check("127.0.0.1"));
    assert!(!check("::ffff:10.2.0.1") && !check("2002:a01:203::1"));
}

#[test]
fn a_refusal_tells_the_kind_of_address() {
    let class = |address: &str| Guard::default().check(address.parse().unwrap()).unwrap_err().class;
    assert_eq!(class("127.0.0.1"), "a loopback address");
    assert_eq!(class("169.254.169.254"), "a cloud metadata address");
    assert_eq!(class("::ffff:10.0.0.1"), "a private address");
    assert_eq!(class("fd00::1"), "a private (unique local) address");
}

proptest! {
    #[test]
    fn any_ipv4_address_is_refused_exactly_when_the_registry_lists_it(bits: u32) {
        let v4 = Ipv4Addr::from(bits);
        prop_assert_eq!(refused(v4), special(v4));
    }

    #[test]
    fn an_ipv4_address_gains_nothing_by_wearing_ipv6(bits: u32) {
        let v4 = Ipv4Addr::from(bits);
        let [a, b, c, d] = v4.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        prop_assert!(refused(v4.to_ipv6_mapped()));
        prop_assert!(refused(Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low)));
        prop_assert!(refused(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1)));
        prop_assert!(refused(Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0, 1)));
        prop_assert_eq!(refused(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low)), special(v4));
        prop_assert_eq!(refused(Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low)), special(v4));
    }

    #[test]
    fn outside_global_unicast_only_nat64_is_let_through(bits: u128) {
        let v6 = Ipv6Addr::from(bits);
        let global: IpNet = "2000::/3".parse().unwrap();
        let nat64: IpNet = "64:ff9b::/96".parse().unwrap();
        let address = IpAddr::V6(v6);
        if !global.contains(&address) && !nat64.contains(&address) {
            prop_assert!(refused(v6));
        }
    }

    #[test]
    fn what_is_listed_is_never_refused(bits: u32, prefix in 0u8..=32) {
        let network = Ipv4Net::new(Ipv4Addr::from(bits), prefix).unwrap();
        let guard = Guard::new(vec![network.into()]);
        prop_assert!(guard.check(Ipv4Addr::from(bits).into()).is_ok());
    }
}
