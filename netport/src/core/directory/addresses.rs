//! Which addresses of a client the directory lists, and who is told which of them.

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

/// Most addresses that an entry has, as the spec bounds them.
pub const ADDRESSES_MAX: usize = 4;

/// Why an advertised address is not listed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing is left that another peer could connect to.
    #[error("no address is advertised that a peer could connect to")]
    Nothing,
    /// Nobody can connect to a multicast or broadcast address.
    #[error("{0} is no address of one host")]
    NotOneHost(IpAddr),
    /// Nobody can connect to port 0.
    #[error("port 0 cannot be connected to")]
    NoPort,
}

/// Who is told a list: loopback addresses mean something on their own host only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Reaches the server by loopback, so it shares the host of everyone else who does.
    SameHost,
    /// Any other.
    Elsewhere,
}

impl Audience {
    /// The audience that a client belongs to whose link comes from `observed`.
    pub fn of(observed: IpAddr) -> Self {
        if observed.to_canonical().is_loopback() { Self::SameHost } else { Self::Elsewhere }
    }

    /// Whether an address of this kind is of use to this audience.
    pub fn may_see(self, address: &SocketAddr) -> bool {
        self == Self::SameHost || !address.ip().is_loopback()
    }
}

/// The addresses to list for a client that advertises `advertised` and whose link comes from
/// `observed`: the observed address with each advertised port, or, where `trust` is set, the
/// advertised addresses themselves (an unspecified one still stands for the observed). IPv4-mapped
/// forms become IPv4, and each address is listed once, in the order advertised.
pub fn listed(
    advertised: &[SocketAddr],
    observed: IpAddr,
    trust: bool,
) -> Result<Vec<SocketAddr>, AddressError> {
    let observed = observed.to_canonical();
    let mut listed = Vec::with_capacity(advertised.len().min(ADDRESSES_MAX));
    for address in advertised {
        if address.port() == 0 {
            return Err(AddressError::NoPort);
        }
        let advertised = address.ip().to_canonical();
        let chosen = if trust && !advertised.is_unspecified() { advertised } else { observed };
        for ip in [advertised, chosen] {
            if ip.is_multicast() || is_broadcast(ip) {
                return Err(AddressError::NotOneHost(ip));
            }
        }
        // Another host's loopback would lead its peers to themselves, and an address of one link says
        // nothing without the zone, which has a number on its own host only.
        let is_elsewhere = chosen.is_loopback() && !observed.is_loopback();
        if chosen.is_unspecified() || is_elsewhere || needs_zone(chosen) {
            continue;
        }
        let address = SocketAddr::new(chosen, address.port());
        if listed.len() < ADDRESSES_MAX && !listed.contains(&address) {
            listed.push(address);
        }
    }
    if listed.is_empty() { Err(AddressError::Nothing) } else { Ok(listed) }
}

fn needs_zone(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.is_broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses separated by spaces, or the error, as text.
    fn check(advertised: &str, observed: &str, trust: bool, expect: &str) {
        let advertised: Vec<SocketAddr> =
            advertised.split_whitespace().map(|text| text.parse().unwrap()).collect();
        let actual = match listed(&advertised, observed.parse().unwrap(), trust) {
            Ok(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(actual, expect, "{advertised:?} observed at {observed}, trust {trust}");
    }

    #[test]
    fn the_observed_address_is_listed_with_the_advertised_port() {
        check("10.0.0.9:7000", "192.0.2.1", false, "192.0.2.1:7000");
        check("0.0.0.0:7000", "192.0.2.1", false, "192.0.2.1:7000");
        check("[::]:7000 0.0.0.0:7001", "192.0.2.1", false, "192.0.2.1:7000 192.0.2.1:7001");
        check("127.0.0.1:7000", "192.0.2.1", false, "192.0.2.1:7000");
        check("127.0.0.1:7000", "127.0.0.1", false, "127.0.0.1:7000");
    }

    #[test]
    fn an_advertised_address_is_listed_where_it_is_trusted() {
        check("203.0.113.5:7000", "192.0.2.1", true, "203.0.113.5:7000");
        check("0.0.0.0:7000", "192.0.2.1", true, "192.0.2.1:7000");
        check("[2001:db8::1]:1 203.0.113.5:2", "::1", true, "[2001:db8::1]:1 203.0.113.5:2");
    }

    #[test]
    fn mapped_forms_become_ipv4_and_repeats_are_listed_once() {
        check("[::]:7000", "::ffff:192.0.2.1", false, "192.0.2.1:7000");
        check("[::ffff:10.0.0.1]:7000", "::1", true, "10.0.0.1:7000");
        check("10.0.0.1:7000 [::ffff:10.0.0.1]:7000", "::1", true, "10.0.0.1:7000");
        check("10.0.0.1:7000 10.0.0.2:7000", "192.0.2.1", false, "192.0.2.1:7000");
    }

    #[test]
    fn what_nobody_could_connect_to_is_refused() {
        check("", "192.0.2.1", false, "Nothing");
        check("10.0.0.1:0", "192.0.2.1", false, "NoPort");
        check("224.0.0.1:7000", "192.0.2.1", false, "NotOneHost(224.0.0.1)");
        check("[ff02::1]:7000", "192.0.2.1", true, "NotOneHost(ff02::1)");
        check("255.255.255.255:7000", "192.0.2.1", true, "NotOneHost(255.255.255.255)");
        check("127.0.0.1:7000", "192.0.2.1", true, "Nothing");
        check("[::]:7000", "fe80::1", false, "Nothing");
        check("[fe80::1]:7000 10.0.0.1:7000", "fe80::1", true, "10.0.0.1:7000");
        check("[2001:db8::1]:7000", "fe80::1", true, "[2001:db8::1]:7000");
        check("127.0.0.1:7000 10.0.0.1:7000", "192.0.2.1", true, "10.0.0.1:7000");
    }

    #[test]
    fn loopback_is_shown_on_its_own_host_only() {
        let loopback = "127.0.0.1:7000".parse().unwrap();
        let public = "192.0.2.1:7000".parse().unwrap();
        let same_host = Audience::of("::ffff:127.0.0.1".parse().unwrap());
        let elsewhere = Audience::of("192.0.2.9".parse().unwrap());
        assert!(same_host.may_see(&loopback) && same_host.may_see(&public));
        assert!(!elsewhere.may_see(&loopback) && elsewhere.may_see(&public));
    }
}
