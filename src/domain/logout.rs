//! What signing out here does at the provider (OpenID Connect RP-Initiated Logout 1.0). Pure.
//! Must never put what fills a URL anywhere but into one part of it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// What stands for itself everywhere in a URL (RFC 3986, section 2.3); everything else is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What signing out here means at the provider, and what signing out there means here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRules {
    /// How the session at the provider is ended; None: it goes on.
    pub end_session: Option<EndSession>,
    /// As it is registered at the provider.
    pub post_logout_redirect_uri: String,
    /// Whether logout tokens count.
    pub accepts_backchannel: bool,
    /// Whether a page of the provider's may end sessions by having the browser come by.
    pub accepts_frontchannel: bool,
}

/// How the session at the provider is ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndSession {
    pub by: EndedBy,
    pub url: EndSessionUrl,
    /// Whether the ID token goes along where the URL has no place of its own for it.
    pub sends_hint: bool,
}

/// Who visits the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    Browser,
    Latchkey,
}

/// Where a session at the provider is ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndSessionUrl {
    /// Gets the parameters of the specification.
    Plain(Url),
    /// Has placeholders, and gets nothing else.
    Template(String),
}

/// What a template can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    SignoutOidc,
    SignoutOidcWithState,
    ClientId,
    IdTokenHint,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::SignoutOidc, Self::SignoutOidcWithState, Self::ClientId, Self::IdTokenHint];

    fn as_str(self) -> &'static str {
        match self {
            Self::SignoutOidc => "{signout-oidc}",
            Self::SignoutOidcWithState => "{signout-oidc-with-state}",
            Self::ClientId => "{client-id}",
            Self::IdTokenHint => "{id-token-hint}",
        }
    }
}

impl EndSessionUrl {
    /// Reads what a manifest has.
    ///
    /// # Errors
    /// When it is no URL, however its placeholders are filled.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        let has_any = Placeholder::ALL.iter().any(|placeholder| text.contains(placeholder.as_str()));
        let url = Url::parse(&fill(text, |_| String::new()))?;
        Ok(if has_any { Self::Template(text.to_owned()) } else { Self::Plain(url) })
    }

    /// Whether it is requested without TLS.
    pub fn is_insecure(&self) -> bool {
        match self {
            Self::Plain(url) => url.scheme() == "http",
            Self::Template(text) => Url::parse(&fill(text, |_| String::new())).is_ok_and(|url| url.scheme() == "http"),
        }
    }
}

impl LogoutRules {
    /// Whether the ID token of a login has to be kept for when its session is ended here.
    pub fn needs_hint(&self) -> bool {
        self.end_session.as_ref().is_some_and(|end| match &end.url {
            EndSessionUrl::Plain(_) => end.sends_hint,
            EndSessionUrl::Template(text) => text.contains(Placeholder::IdTokenHint.as_str()),
        })
    }

    /// Whether the browser is sent to the provider.
    pub fn leads_to_provider(&self) -> bool {
        self.end_session.as_ref().is_some_and(|end| end.by == EndedBy::Browser)
    }
}

/// What signing out here does at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignOut {
    /// Nothing.
    Local,
    /// The browser goes there, and comes back.
    Redirect(Url),
    /// Latchkey requests it.
    Backchannel(Url),
    /// Latchkey would, but the ID token is not known, without which nobody there knows whose session is meant.
    WithoutHint,
}

/// What a session that ends here is known by at the provider.
#[derive(Clone, Copy)]
pub struct Ending<'a> {
    pub client_id: &'a str,
    /// Comes back with the browser.
    pub state: &'a str,
    /// The ID token that the session began with, where it is known.
    pub id_token: Option<&'a str>,
}

/// What signing out does at a provider of these rules.
pub fn sign_out(rules: &LogoutRules, ending: Ending<'_>) -> SignOut {
    let Some(end) = &rules.end_session else { return SignOut::Local };
    if end.by == EndedBy::Latchkey && ending.id_token.is_none() {
        return SignOut::WithoutHint;
    }
    let url = match &end.url {
        EndSessionUrl::Template(text) => {
            let filled = fill(text, |placeholder| value(placeholder, rules, ending));
            // That it is a URL with anything in these places was seen when it was read.
            let Ok(url) = Url::parse(&filled) else { return SignOut::Local };
            url
        }
        EndSessionUrl::Plain(url) => with_parameters(url.clone(), end, rules, ending),
    };
    match end.by {
        EndedBy::Browser => SignOut::Redirect(url),
        EndedBy::Latchkey => SignOut::Backchannel(url),
    }
}

/// Replaces each placeholder by its value, percent-encoded.
fn fill(template: &str, value: impl Fn(Placeholder) -> String) -> String {
    // No value can bring a placeholder along: braces are encoded.
    Placeholder::ALL.into_iter().fold(template.to_owned(), |text, placeholder| {
        text.replace(placeholder.as_str(), &utf8_percent_encode(&value(placeholder), ENCODED).to_string())
    })
}

fn value(placeholder: Placeholder, rules: &LogoutRules, ending: Ending<'_>) -> String {
    let back = &rules.post_logout_redirect_uri;
    match placeholder {
        Placeholder::SignoutOidc => back.clone(),
        Placeholder::SignoutOidcWithState => {
            format!("{back}?state={}", utf8_percent_encode(ending.state, ENCODED))
        }
        Placeholder::ClientId => ending.client_id.to_owned(),
        Placeholder::IdTokenHint => ending.id_token.unwrap_or_default().to_owned(),
    }
}

/// OpenID Connect RP-Initiated Logout 1.0, section 2. Where nobody comes back, nothing says whereto.
fn with_parameters(mut url: Url, end: &EndSession, rules: &LogoutRules, ending: Ending<'_>) -> Url {
    let comes_back = end.by == EndedBy::Browser;
    let parameters = [
        ("client_id", Some(ending.client_id)),
        ("post_logout_redirect_uri", comes_back.then_some(&*rules.post_logout_redirect_uri)),
        ("state", comes_back.then_some(ending.state)),
        ("id_token_hint", ending.id_token.filter(|_| end.sends_hint)),
    ];
    let written: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    // A parameter that the URL has by itself is not repeated.
    let missing = parameters.into_iter().filter(|(name, _)| !written.iter().any(|other| other == name));
    let missing: Vec<_> = missing.filter_map(|(name, value)| Some((name, value?))).collect();
    if !missing.is_empty() {
        url.query_pairs_mut().extend_pairs(missing);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "https://sso.example/o/acme/signout-oidc/azure";
    const ENDING: Ending<'static> = Ending { client_id: "a b&c", state: "s-1_2", id_token: Some("e30.e30.c2ln") };

    fn rules(by: EndedBy, url: &str, sends_hint: bool) -> LogoutRules {
        LogoutRules {
            end_session: Some(EndSession { by, url: EndSessionUrl::parse(url).expect("a URL"), sends_hint }),
            post_logout_redirect_uri: BACK.to_owned(),
            ..LogoutRules::default()
        }
    }

    fn url_of(rules: &LogoutRules, ending: Ending<'_>) -> String {
        match sign_out(rules, ending) {
            SignOut::Local | SignOut::WithoutHint => panic!("no URL"),
            SignOut::Redirect(url) | SignOut::Backchannel(url) => url.to_string(),
        }
    }

    #[test]
    fn each_placeholder_is_replaced_where_it_stands_and_nothing_is_appended() {
        const ENCODED_BACK: &str = "https%3A%2F%2Fsso.example%2Fo%2Facme%2Fsignout-oidc%2Fazure";
        for (template, expected) in [
            ("https://a.example/out?to={signout-oidc}", format!("https://a.example/out?to={ENCODED_BACK}")),
            (
                "https://a.example/out?to={signout-oidc-with-state}",
                format!("https://a.example/out?to={ENCODED_BACK}%3Fstate%3Ds-1_2"),
            ),
            ("https://a.example/out?c={client-id}", "https://a.example/out?c=a%20b%26c".to_owned()),
            ("https://a.example/{client-id}/out?x=y", "https://a.example/a%20b%26c/out?x=y".to_owned()),
            ("https://a.example/out?h={id-token-hint}", "https://a.example/out?h=e30.e30.c2ln".to_owned()),
            (
                "https://a.example/out?a={client-id}&b={client-id}&c={signout-oidc}",
                format!("https://a.example/out?a=a%20b%26c&b=a%20b%26c&c={ENCODED_BACK}"),
            ),
        ] {
            let rules = rules(EndedBy::Browser, template, true);
            assert_eq!(url_of(&rules, ENDING), expected, "{template}");
        }
    }

    #[test]
    fn a_hint_that_is_not_known_leaves_its_place_empty() {
        let rules = rules(EndedBy::Browser, "https://a.example/out?h={id-token-hint}&x=y", false);
        assert!(rules.needs_hint());
        assert_eq!(url_of(&rules, Ending { id_token: None, ..ENDING }), "https://a.example/out?h=&x=y");
    }

    #[test]
    fn a_url_without_placeholders_gets_the_parameters_of_the_specification_after_its_own() {
        let rules = rules(EndedBy::Browser, "https://a.example/out?p=B2C_1&q=%20", true);
        let url = Url::parse(&url_of(&rules, ENDING)).expect("a URL");
        assert!(url.query().is_some_and(|query| query.starts_with("p=B2C_1&q=%20&client_id=")), "{url}");
        let pairs: Vec<_> = url.query_pairs().skip(2).map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            "client_id=a b&c".to_owned(),
            format!("post_logout_redirect_uri={BACK}"),
            "state=s-1_2".to_owned(),
            "id_token_hint=e30.e30.c2ln".to_owned(),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_parameter_that_is_written_by_hand_is_not_repeated() {
        let rules = rules(EndedBy::Browser, "https://a.example/out?client_id=mine", false);
        let url = url_of(&rules, ENDING);
        assert_eq!(url.matches("client_id").count(), 1, "{url}");
        assert!(url.contains("client_id=mine&post_logout_redirect_uri="), "{url}");
    }

    #[test]
    fn the_id_token_goes_along_only_where_it_is_asked_for() {
        let silent = rules(EndedBy::Browser, "https://a.example/out", false);
        assert!(!silent.needs_hint());
        assert!(!url_of(&silent, ENDING).contains("id_token_hint"));
        let unknown = Ending { id_token: None, ..ENDING };
        assert!(!url_of(&rules(EndedBy::Browser, "https://a.example/out", true), unknown).contains("id_token_hint"));
    }

    #[test]
    fn latchkey_by_itself_says_who_and_not_whereto() {
        let rules = rules(EndedBy::Latchkey, "https://a.example/out", true);
        let expected = "https://a.example/out?client_id=a+b%26c&id_token_hint=e30.e30.c2ln";
        assert_eq!(sign_out(&rules, ENDING), SignOut::Backchannel(expected.parse().expect("a URL")));
        assert!(!rules.leads_to_provider());
    }

    #[test]
    fn without_a_place_to_end_it_the_session_at_the_provider_goes_on() {
        assert_eq!(sign_out(&LogoutRules::default(), ENDING), SignOut::Local);
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let nasty = Ending { client_id: "{id-token-hint}#?/&=\r\n\u{202e}", ..ENDING };
        let url = url_of(&rules(EndedBy::Browser, "https://a.example/x?c={client-id}&d=1", false), nasty);
        let url = Url::parse(&url).expect("a URL");
        assert_eq!(url.host_str(), Some("a.example"));
        assert_eq!((url.path(), url.fragment()), ("/x", None));
        let pairs: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        assert_eq!(pairs, [("c".to_owned(), nasty.client_id.to_owned()), ("d".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn http_is_seen_in_templates_too() {
        for (url, insecure) in [
            ("http://a.example/out", true),
            ("http://a.example/out?c={client-id}", true),
            ("https://a.example/out?to=http://b.example/{client-id}", false),
        ] {
            assert_eq!(EndSessionUrl::parse(url).expect("a URL").is_insecure(), insecure, "{url}");
        }
        assert!(EndSessionUrl::parse("https://a b/{client-id}").is_err());
    }
}
