//! E-mail addresses and their domains, in the one form in which they are compared and kept.

/// The longest address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const MAX_ADDRESS: usize = 254;

/// An address in lower case, its domain as IDNA A-labels. None for what is not an everyday address (quoted local parts,
/// address literals, several @, letters beyond ASCII before the @).
pub fn canonical_address(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let odd = |c: char| {
        !c.is_ascii_graphic() || matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | ']' | '\\')
    };
    if local.is_empty() || local.chars().any(odd) {
        return None;
    }
    let whole = format!("{}@{}", local.to_ascii_lowercase(), canonical_domain(domain)?);
    (whole.len() <= MAX_ADDRESS).then_some(whole)
}

/// A domain in lower case, as IDNA A-labels. None for what is no domain of addresses: an IP address, one label alone, a
/// dot at the end.
pub fn canonical_domain(domain: &str) -> Option<String> {
    if domain.contains(|c: char| c.is_whitespace() || "@%[]".contains(c)) {
        return None;
    }
    let url::Host::Domain(domain) = url::Host::parse(domain).ok()? else { return None };
    (domain.contains('.') && domain.split('.').all(|label| !label.is_empty())).then_some(domain)
}

/// The domain of a canonical address.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Why the people of a domain do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedDomain {
    #[error("is a public suffix, under which anybody can register a domain")]
    PublicSuffix,
    #[error("belongs to a webmail service, at which anybody can get an address")]
    Webmail,
}

/// Whether anybody can have an address in a canonical domain, or register one below it.
pub fn shared_by_strangers(domain: &str) -> Option<SharedDomain> {
    if psl::suffix_str(domain) == Some(domain) {
        return Some(SharedDomain::PublicSuffix);
    }
    WEBMAIL.binary_search(&domain).is_ok().then_some(SharedDomain::Webmail)
}

/// In the order of their letters.
const WEBMAIL: [&str; 137] = [
    "126.com",
    "163.com",
    "abv.bg",
    "aim.com",
    "alice.it",
    "aol.com",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "duck.com",
    "email.com",
    "ezweb.ne.jp",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hotmail.nl",
    "hushmail.com",
    "icloud.com",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "internode.on.net",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.ca",
    "live.co.uk",
    "live.com",
    "live.de",
    "live.fr",
    "live.it",
    "live.nl",
    "live.se",
    "mac.com",
    "mail.com",
    "mail.ee",
    "mail.ru",
    "mailbox.org",
    "mailfence.com",
    "me.com",
    "msn.com",
    "naver.com",
    "o2.pl",
    "onet.pl",
    "online.de",
    "optonline.net",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "runbox.com",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "sohu.com",
    "startmail.com",
    "t-online.de",
    "telenet.be",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "ya.ru",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.ar",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.com.mx",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.in",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "ziggo.nl",
    "zoho.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_in_one_form_and_odd_ones_not_at_all() {
        for (address, canonical) in [
            ("Ann@Example.COM", Some("ann@example.com")),
            ("ann@bücher.example", Some("ann@xn--bcher-kva.example")),
            ("ann@BÜCHER.example", Some("ann@xn--bcher-kva.example")),
            ("ann@xn--bcher-kva.example", Some("ann@xn--bcher-kva.example")),
            ("ann@example。com", Some("ann@example.com")),
            ("ann@ｅxample.com", Some("ann@example.com")),
            ("ann+tag@example.com", Some("ann+tag@example.com")),
            // A Cyrillic a: another domain, which shows once it is written in A-labels.
            ("ann@exаmple.com", Some("ann@xn--exmple-4nf.com")),
            ("a@b@example.com", None),
            ("ann＠example.com", None),
            ("аnn@example.com", None),
            ("ann@[127.0.0.1]", None),
            ("ann@127.0.0.1", None),
            ("ann@0x7f.1", None),
            ("ann@localhost", None),
            ("ann@example.com.", None),
            ("ann@.example.com", None),
            ("ann@example..com", None),
            ("ann@example%2ecom", None),
            ("\"a b\"@example.com", None),
            ("ann@exa mple.com", None),
            ("ann@example.com\n", None),
            ("ann@example.com>", None),
            ("ann(x)@example.com", None),
            ("@example.com", None),
            ("ann@", None),
            ("", None),
        ] {
            assert_eq!(canonical_address(address).as_deref(), canonical, "{address}");
        }
        assert_eq!(canonical_address(&format!("{}@example.com", "a".repeat(250))), None);
    }

    #[test]
    fn domains_that_strangers_share_are_known() {
        for (domain, shared) in [
            ("contoso.com", None),
            ("eng.contoso.com", None),
            ("contoso.example", None),
            ("contoso.co.uk", None),
            ("mail.gmail.com", None),
            ("co.uk", Some(SharedDomain::PublicSuffix)),
            ("com.br", Some(SharedDomain::PublicSuffix)),
            ("github.io", Some(SharedDomain::PublicSuffix)),
            ("gmail.com", Some(SharedDomain::Webmail)),
            ("outlook.com", Some(SharedDomain::Webmail)),
            ("web.de", Some(SharedDomain::Webmail)),
        ] {
            assert_eq!(shared_by_strangers(domain), shared, "{domain}");
        }
        let chinese = canonical_domain("公司.cn").expect("a domain");
        assert_eq!(shared_by_strangers(&chinese), Some(SharedDomain::PublicSuffix));
    }

    #[test]
    fn the_list_of_webmail_services_is_in_order_and_canonical() {
        assert!(WEBMAIL.is_sorted_by(|a, b| a < b));
        for domain in WEBMAIL {
            assert_eq!(canonical_domain(domain).as_deref(), Some(domain));
        }
    }
}
