//! Names to addresses, and which addresses may be connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use scorewheel_serving::RefusalKind;

use crate::error::FetchError;

/// Looks names up.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of a name; a name that is an address is its own.
    ///
    /// # Errors
    /// If the name is not known, or nobody can be asked.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }
}

/// What kind of network an address is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Reachable from everywhere.
    Public,
    /// This machine, or a network of one's own: loopback, RFC 1918, RFC 6598, unique local.
    Private,
    /// No place of a store: unspecified, link-local, multicast, reserved, for documentation.
    Never,
}

/// The network of an address. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as what it is.
#[must_use]
pub fn network(address: IpAddr) -> Network {
    match address {
        IpAddr::V4(address) => network_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => network_v4(inner),
            None => network_v6(address),
        },
    }
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>.
fn network_v4(address: Ipv4Addr) -> Network {
    match address.octets() {
        [10 | 127, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Network::Private,
        // "This network", link-local, protocol assignments, documentation, benchmarks, multicast, reserved.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Network::Never,
        _ => Network::Public,
    }
}

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>: only 2000::/3 is handed out.
fn network_v6(address: Ipv6Addr) -> Network {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Network::Private,
        // Teredo and other protocol assignments, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Network::Never,
        [0x2000..=0x3fff, ..] => Network::Public,
        _ => Network::Never,
    }
}

/// The IPv4 address that an IPv6 one stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // The compatible form of old; :: and ::1 are none.
        [0, 0, 0, 0, 0, 0, high, low] if (high, low) > (0, 1) => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Resolves a name and leaves out the addresses that may not be connected to.
///
/// # Errors
/// [`FetchError::Refused`] if none is left, [`FetchError::Passing`] if the name cannot be resolved.
pub fn checked_addresses(
    resolver: &dyn Resolver,
    host: &str,
    port: u16,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, FetchError> {
    let found = resolver
        .resolve(host, port)
        .map_err(|error| FetchError::Passing(format!("the name {host} cannot be resolved: {error}")))?;
    if found.is_empty() {
        return Err(FetchError::Passing(format!("the name {host} has no address")));
    }
    let allowed = |address: &SocketAddr| match network(address.ip()) {
        Network::Public => true,
        Network::Private => allow_private,
        Network::Never => false,
    };
    let kept: Vec<SocketAddr> = found.iter().copied().filter(allowed).collect();
    if kept.is_empty() {
        let address = found[0].ip();
        let remedy = match network(address) {
            Network::Private => "; the place needs allow_private = true for it",
            _ => ", where no store is reached",
        };
        let reason = format!("{host} is at {address}, which is not in a public network{remedy}");
        return Err(FetchError::refused(RefusalKind::NotAllowed, reason));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks() {
        for (network_of, addresses) in [
            (Network::Public, &["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1", "::ffff:8.8.8.8"][..]),
            (
                Network::Private,
                &[
                    "127.0.0.1",
                    "127.9.9.9",
                    "10.1.2.3",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.0.1",
                    "100.64.0.1",
                    "::1",
                    "fd00::1",
                    "fc00::1",
                    "::ffff:127.0.0.1",
                    "::ffff:10.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:7f00:1::",
                    "::127.0.0.1",
                ],
            ),
            (
                Network::Never,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "169.254.169.254",
                    "224.0.0.1",
                    "239.255.255.255",
                    "255.255.255.255",
                    "240.0.0.1",
                    "192.0.2.1",
                    "198.18.0.1",
                    "::",
                    "fe80::1",
                    "fec0::1",
                    "ff02::1",
                    "::ffff:169.254.169.254",
                    "2001:db8::1",
                    "64:ff9b::a9fe:a9fe",
                    "2001::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(network(address.parse().unwrap()), network_of, "{address}");
            }
        }
    }

    #[derive(Debug)]
    struct Fixed(Vec<&'static str>);

    impl Resolver for Fixed {
        fn resolve(&self, _: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            Ok(self.0.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect())
        }
    }

    #[test]
    fn only_what_is_allowed_is_left() {
        let kept = |addresses: &[&'static str], private| {
            checked_addresses(&Fixed(addresses.to_vec()), "models.example", 80, private)
                .map(|kept| kept.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(kept(&["127.0.0.1", "8.8.8.8", "169.254.169.254"], false).unwrap(), ["8.8.8.8"]);
        assert_eq!(kept(&["127.0.0.1", "169.254.169.254"], true).unwrap(), ["127.0.0.1"]);
        for (addresses, private) in [(&["127.0.0.1", "::1"][..], false), (&["169.254.169.254"], true)] {
            let error = kept(addresses, private).unwrap_err();
            assert!(matches!(error, FetchError::Refused(_)), "{error}");
        }
        assert!(matches!(kept(&[], false), Err(FetchError::Passing(_))));
    }

    proptest! {
        #[test]
        fn a_mapped_address_is_what_it_maps(address in any::<u32>()) {
            let v4 = Ipv4Addr::from(address);
            prop_assert_eq!(network(IpAddr::V6(v4.to_ipv6_mapped())), network(IpAddr::V4(v4)));
        }
    }
}
