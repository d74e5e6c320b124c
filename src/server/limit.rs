//! Rate limits by client address, and what a client's address is.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::http::HeaderMap;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use ipnet::IpNet;
use moka::sync::Cache;

/// What costs something, and is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Costly {
    LoginStart,
    Discovery,
    FrontchannelLogout,
    LogoutToken,
    VerifyEmail,
    Token,
}

impl Costly {
    /// In the order of their values.
    const ALL: [Self; 6] = [
        Self::LoginStart,
        Self::Discovery,
        Self::FrontchannelLogout,
        Self::LogoutToken,
        Self::VerifyEmail,
        Self::Token,
    ];

    /// How often one address may at once, and every second. Whole companies sit behind one address.
    const fn quota(self) -> (u32, u32) {
        match self {
            Self::LoginStart | Self::Discovery | Self::FrontchannelLogout | Self::VerifyEmail => (300, 10),
            // An application may bring the tokens of many people.
            Self::Token => (1_000, 50),
            // A provider may sign all people of a company out.
            Self::LogoutToken => (20_000, 1_000),
        }
    }
}

/// What each client address may do how often.
pub struct Limits([DefaultKeyedRateLimiter<IpAddr>; Costly::ALL.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(Costly::ALL.map(|what| {
            let (burst, every_second) = what.quota();
            let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            RateLimiter::keyed(Quota::per_second(at_least_one(every_second)).allow_burst(at_least_one(burst)))
        }))
    }
}

impl Limits {
    /// Whether this address may do it once more.
    pub fn allows(&self, what: Costly, client: IpAddr) -> bool {
        self.wait(what, client).is_none()
    }

    /// How long this address has to wait before it may do it once more; None: it may now.
    pub fn wait(&self, what: Costly, client: IpAddr) -> Option<Duration> {
        let limiter = &self.0[what as usize];
        let refused = limiter.check_key(&group(client)).err()?;
        Some(refused.wait_time_from(limiter.clock().now()))
    }

    /// Forgets addresses that have not been seen for long, so that memory stays bounded.
    pub fn sweep(&self) {
        for limiter in &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// So many wrong secrets may come from one address for one thing within `GUESSES_COUNT_FOR`.
const MOST_GUESSES: u32 = 30;
const GUESSES_COUNT_FOR: Duration = Duration::from_secs(60);
/// So many addresses are remembered that guess; they cannot fill the memory.
const GUESSERS: u64 = 100_000;

/// Who guesses at what secret, and how often that was wrong lately. Right ones are never counted, so that who has the secret
/// may come as often as anybody.
pub struct Guesses(Cache<Guess, Arc<AtomicU32>>);

/// A client address, and what tells one secret from others.
pub type Guess = (IpAddr, String);

impl Default for Guesses {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(GUESSERS).time_to_live(GUESSES_COUNT_FOR).build())
    }
}

impl Guesses {
    /// How long a guesser has to wait at most; None: the next guess may come.
    pub fn wait(&self, guess: &Guess) -> Option<Duration> {
        let wrong = self.0.get(&(group(guess.0), guess.1.clone()))?;
        (wrong.load(Ordering::Relaxed) >= MOST_GUESSES).then_some(GUESSES_COUNT_FOR)
    }

    /// Notes a wrong guess.
    pub fn note(&self, (client, what): Guess) {
        self.0.get_with((group(client), what), Arc::default).fetch_add(1, Ordering::Relaxed);
    }
}

/// One customer has at least a /64 of IPv6.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// Whether the peer of a connection is a proxy whose `X-Forwarded-*` headers count.
pub fn is_trusted(peer: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&peer.to_canonical()))
}

/// The address that a request came from: the last one in `X-Forwarded-For` that is no trusted proxy, if the peer
/// is one; else the peer.
pub fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer.ip(), trusted) {
        return peer.ip();
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev().filter_map(|line| line.to_str().ok());
    let hops = lines.flat_map(|line| line.rsplit(',')).map_while(hop);
    let mut last = peer.ip();
    for hop in hops {
        last = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    last
}

/// Some gateways send the port along.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", axum::http::HeaderValue::from_static(line));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        client_address(format!("{peer}:1").parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies_and_from_the_right() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.1.1"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_address_that_begins_too_many_logins_waits_while_others_go_on() {
        let limits = Limits::default();
        let busy: IpAddr = "192.0.2.1".parse().expect("an address");
        let allowed = (0..1000).filter(|_| limits.allows(Costly::LoginStart, busy)).count();
        assert!((300..400).contains(&allowed), "{allowed}");
        assert!(limits.allows(Costly::LoginStart, "192.0.2.2".parse().expect("an address")));
        assert!(limits.allows(Costly::FrontchannelLogout, busy), "each is counted by itself");
    }

    #[test]
    fn who_guesses_too_often_waits_and_who_knows_never_does() {
        let (guesses, address) = (Guesses::default(), |text: &str| text.parse::<IpAddr>().expect("an address"));
        let guess = |from: &str, what: &str| (address(from), what.to_owned());
        for _ in 0..MOST_GUESSES {
            assert_eq!(guesses.wait(&guess("192.0.2.1", "a")), None);
            guesses.note(guess("192.0.2.1", "a"));
        }
        assert_eq!(guesses.wait(&guess("192.0.2.1", "a")), Some(GUESSES_COUNT_FOR));
        assert_eq!(guesses.wait(&guess("192.0.2.1", "b")), None, "another secret");
        assert_eq!(guesses.wait(&guess("192.0.2.2", "a")), None, "somebody else");
    }

    #[test]
    fn everything_that_is_counted_has_its_own_place() {
        for (index, what) in Costly::ALL.into_iter().enumerate() {
            assert_eq!(what as usize, index);
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let address = |text: &str| group(text.parse().expect("an address"));
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
