//! The Content-Security-Policy that goes with every page. It must never allow a script.

use url::Url;

/// Where the forms of a page can lead. Browsers hold the redirects after a form to this, too.
#[derive(Clone, Copy, Debug)]
pub enum Forms<'a> {
    /// To this origin alone.
    LeadHere,
    /// To this origin, and to that of a URL: after signing out, to the logout page.
    LeadTo(&'a Url),
    /// To this origin, and to others that are not to be told to everybody: to another organization's pages.
    LeadAnywhere,
}

/// The policy of the one page that may be framed, which has nothing to show.
pub const FRAMABLE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// The value of the `Content-Security-Policy` header of a page.
pub fn content_security_policy(forms: Forms<'_>) -> String {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
    match forms {
        Forms::LeadTo(url) if url.origin().is_tuple() => format!("{POLICY} {}", url.origin().ascii_serialization()),
        Forms::LeadHere | Forms::LeadTo(_) => POLICY.to_owned(),
        Forms::LeadAnywhere => format!("{POLICY} http: https:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_this_origin_alone_unless_told_otherwise() {
        assert!(content_security_policy(Forms::LeadHere).ends_with("form-action 'self'"));
        assert!(content_security_policy(Forms::LeadAnywhere).ends_with("form-action 'self' http: https:"));
    }

    #[test]
    fn of_a_redirect_after_a_form_the_policy_names_the_origin_alone() {
        let bye = Url::parse("https://www.acme.example:8443/bye;script-src?a=b").unwrap();
        let policy = content_security_policy(Forms::LeadTo(&bye));
        assert!(policy.ends_with("form-action 'self' https://www.acme.example:8443"), "{policy}");
    }

    #[test]
    fn a_redirect_without_an_origin_adds_nothing() {
        let opaque = Url::parse("data:text/html,hello").unwrap();
        assert_eq!(content_security_policy(Forms::LeadTo(&opaque)), content_security_policy(Forms::LeadHere));
    }
}
