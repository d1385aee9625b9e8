//! Whose request it is: the peer, or what a trusted proxy says about it.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use actix_web::http::header::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An address or a network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is no address and no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address or network")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), |prefix| prefix.parse().map_err(|_| NotANetwork))?;
        if prefix > bits {
            Err(NotANetwork)
        } else {
            Ok(Self {
                address: address.to_canonical(),
                prefix,
            })
        }
    }
}

impl Network {
    /// Whether `address` lies in the network; IPv4 addresses in IPv6 form count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                u32::from(own) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                u128::from(own) & mask == u128::from(other) & mask
            }
            _ => false,
        }
    }
}

/// The client's address: the peer unless it is a trusted proxy; then the last address of
/// `X-Forwarded-For` that no trusted proxy has.
#[must_use]
pub fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer
        .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
        .to_canonical();
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        match address_of(hop.trim()) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address with or without a port, as proxies write them.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().ok();
    let with_port = || {
        hop.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
    };
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port)
        .or_else(in_brackets)
        .map(|address: IpAddr| address.to_canonical())
}

/// What a budget is kept for: an IPv4 address, or the /64 an IPv6 address lies in.
#[must_use]
pub fn budget_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn check(peer: &str, forwarded: &[&'static str], expected: &str) {
        let trusted: Vec<Network> = ["10.0.0.0/8", "::1", "192.0.2.1"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        assert_eq!(
            client(Some(peer.parse().unwrap()), &headers, &trusted),
            expected.parse::<IpAddr>().unwrap(),
            "{peer} {forwarded:?}"
        );
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("203.0.113.5", &["198.51.100.1"], "203.0.113.5");
        check("10.1.2.3", &[], "10.1.2.3");
        check("10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        check("::1", &["198.51.100.1:4711"], "198.51.100.1");
        check("::1", &["[2001:db8::1]:80"], "2001:db8::1");
        check("::1", &["[2001:db8::1]"], "2001:db8::1");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        check(
            "10.1.2.3",
            &["1.1.1.1, 198.51.100.1, 192.0.2.1"],
            "198.51.100.1",
        );
        check(
            "10.1.2.3",
            &["1.1.1.1", "198.51.100.1, 10.9.9.9"],
            "198.51.100.1",
        );
        check("10.1.2.3", &["1.1.1.1, nonsense"], "10.1.2.3");
    }

    #[test]
    fn networks_are_read() {
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("1.2.3.4".parse().unwrap())
        );
        assert!(
            !"0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("::1".parse().unwrap())
        );
        assert!(
            "2001:db8::/32"
                .parse::<Network>()
                .unwrap()
                .contains("2001:db8:ffff::1".parse().unwrap())
        );
        assert!(
            !"10.0.0.0/9"
                .parse::<Network>()
                .unwrap()
                .contains("10.128.0.0".parse().unwrap())
        );
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/x", "proxy.example"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }

    #[test]
    fn an_ipv6_budget_is_a_64() {
        let budget = |text: &str| budget_of(text.parse().unwrap()).to_string();
        assert_eq!(budget("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(budget("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
