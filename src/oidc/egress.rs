//! Which addresses may be dialled, checked on the very addresses that a connection then uses.
//! Never dials by itself, and never lets a name through that has only refused addresses.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// What an operator lets outbound requests do.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Networks that may be dialled although they would be refused (`--egress-allow`).
    pub allow: Vec<IpNet>,
    /// Whether `http` URLs may be requested (`--allow-http`).
    pub allow_http: bool,
}

/// Never a provider: this host, its neighbours on the link, and where clouds keep credentials. Private networks
/// are not here, because providers live on company networks.
const REFUSED_V4: [Ipv4Net; 8] = [
    Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4),
    Ipv4Net::new_assert(Ipv4Addr::new(240, 0, 0, 0), 4),
    // Metadata services outside the link-local range: Alibaba Cloud, Oracle Cloud, Azure.
    Ipv4Net::new_assert(Ipv4Addr::new(100, 100, 100, 200), 32),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 0, 192), 32),
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
];

const REFUSED_V6: [Ipv6Net; 7] = [
    Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128),
    Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    Ipv6Net::new_assert(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    // Metadata services: AWS, Google Cloud, Scaleway.
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128),
];

impl EgressPolicy {
    /// Whether an address may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        let reached = reached_by(address);
        let allowed = |address: &IpAddr| self.allow.iter().any(|net| net.contains(address));
        reached.iter().any(allowed) || !reached.iter().any(is_refused)
    }

    /// Whether a URL's host may be dialled, as far as that can be told without resolving a name.
    pub(super) fn permits_host(&self, host: &Host<&str>) -> bool {
        match host {
            Host::Domain(_) => true,
            Host::Ipv4(address) => self.permits(IpAddr::V4(*address)),
            Host::Ipv6(address) => self.permits(IpAddr::V6(*address)),
        }
    }
}

fn is_refused(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => REFUSED_V4.iter().any(|net| net.contains(address)),
        IpAddr::V6(address) => REFUSED_V6.iter().any(|net| net.contains(address)),
    }
}

/// An address, and the IPv4 addresses that a translator or tunnel would turn it into.
fn reached_by(address: IpAddr) -> Vec<IpAddr> {
    let mut reached = vec![address];
    if let IpAddr::V6(address) = address {
        reached.extend(embedded_v4(address).into_iter().map(IpAddr::V4));
    }
    reached
}

fn embedded_v4(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = address.octets();
    let v4 = |at: [usize; 4]| Ipv4Addr::from(at.map(|index| octets[index]));
    let last = v4([12, 13, 14, 15]);
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => vec![],
        // IPv4-compatible and IPv4-mapped (RFC 4291, section 2.5.5), IPv4-translated (RFC 2765).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![last],
        // NAT64 (RFC 6052, section 2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last],
        // NAT64 with a prefix of the network's own: as /96 or as /48 (RFC 8215; RFC 6052, section 2.2).
        [0x64, 0xff9b, 1, ..] => vec![last, v4([6, 7, 9, 10])],
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![v4([2, 3, 4, 5])],
        // Teredo: the server, and the client with its bits flipped (RFC 4380, section 4).
        [0x2001, 0, ..] => vec![v4([4, 5, 6, 7]), Ipv4Addr::from(!u32::from(last))],
        _ => vec![],
    }
}

/// Every address of a name is refused by the egress policy.
#[derive(Debug, thiserror::Error)]
#[error("every address of this name is refused")]
pub(super) struct EveryAddressRefused;

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NameNotResolved(#[source] pub(super) io::Error);

/// Resolves names, and hands on only the addresses that may be dialled. What it hands on is what is dialled: a
/// name that changes its address in between (rebinding) gains nothing.
pub(super) struct GuardedResolver {
    pub(super) policy: Arc<EgressPolicy>,
    pub(super) inner: Arc<dyn Resolve>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolving, policy) = (self.inner.resolve(name), self.policy.clone());
        Box::pin(async move {
            let permitted: Vec<_> = resolving.await?.filter(|address| policy.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(EveryAddressRefused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The resolver of the operating system.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameNotResolved)?;
            let addresses: Vec<_> = found.collect();
            if addresses.is_empty() {
                return Err(NameNotResolved(io::ErrorKind::NotFound.into()).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: &EgressPolicy, address: &str) -> bool {
        policy.permits(address.parse().expect("an address"))
    }

    #[test]
    fn no_form_of_a_local_or_metadata_address_may_be_dialled() {
        let refused = [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "224.0.0.251",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:7f00:1::",
            "2001:0:4136:e378:8000:63bf:5601:5601",
        ];
        for address in refused {
            assert!(!permits(&EgressPolicy::default(), address), "{address}");
        }
    }

    #[test]
    fn private_networks_and_public_addresses_may_be_dialled() {
        let permitted = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "8.8.8.8",
            "2606:4700::1111",
            "fd12:3456::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ];
        for address in permitted {
            assert!(permits(&EgressPolicy::default(), address), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_allowed_in_all_its_forms_and_opens_no_other() {
        let policy = EgressPolicy { allow: vec!["127.0.0.1/32".parse().expect("a network")], allow_http: false };
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("::1", false),
            ("169.254.1.1", false),
        ] {
            assert_eq!(permits(&policy, address), expected, "{address}");
        }
    }
}
