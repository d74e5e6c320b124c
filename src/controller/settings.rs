//! What the operator decides for all organizations, as far as decisions depend on it.

use url::Url;

/// The operator's settings that decisions read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach Latchkey unless their organization says otherwise. An origin: the path is `/`.
    pub external_url: Url,
    /// Organizations may choose external URLs at these origins, or at hosts below them.
    pub allowed_external_urls: Vec<Url>,
    /// http is allowed for issuers and external URLs, for development.
    pub allow_http: bool,
}

impl Settings {
    /// Whether an organization may choose this external URL.
    pub fn allows_external_url(&self, url: &Url) -> bool {
        let at_or_below = |allowed: &Url| {
            let hosts = url.host_str().zip(allowed.host_str());
            allowed.scheme() == url.scheme()
                && allowed.port_or_known_default() == url.port_or_known_default()
                && hosts.is_some_and(|(host, parent)| {
                    host == parent || host.strip_suffix(parent).is_some_and(|sub| sub.ends_with('.'))
                })
        };
        url.origin() == self.external_url.origin() || self.allowed_external_urls.iter().any(at_or_below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_may_choose_a_host_at_or_below_an_allowed_one() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        let settings = Settings {
            external_url: url("https://login.example.com"),
            allowed_external_urls: vec![url("https://acme.example")],
            allow_http: false,
        };
        for (choice, allowed) in [
            ("https://login.example.com", true),
            ("https://acme.example", true),
            ("https://login.acme.example", true),
            ("https://notacme.example", false),
            ("http://login.acme.example", false),
            ("https://login.acme.example:8443", false),
            ("https://example.com", false),
        ] {
            assert_eq!(settings.allows_external_url(&url(choice)), allowed, "{choice}");
        }
    }
}
