//! The Content-Security-Policy that goes with every page. It must never allow a script.

use url::Url;

/// The value of the `Content-Security-Policy` header of a page. Browsers hold redirects after a form to
/// `form-action`, too, so `form_redirects` names whatever another origin can follow upon this page's form:
/// after signing out, the logout page.
pub fn content_security_policy<'a>(form_redirects: impl IntoIterator<Item = &'a Url>) -> String {
    let mut policy = String::from(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    for origin in form_redirects.into_iter().map(Url::origin).filter(url::Origin::is_tuple) {
        policy.push(' ');
        policy.push_str(&origin.ascii_serialization());
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_this_origin_alone_unless_told_otherwise() {
        assert!(content_security_policy([]).ends_with("form-action 'self'"));
    }

    #[test]
    fn of_a_redirect_after_a_form_the_policy_names_the_origin_alone() {
        let bye = Url::parse("https://www.acme.example:8443/bye;script-src?a=b").unwrap();
        let policy = content_security_policy([&bye]);
        assert!(policy.ends_with("form-action 'self' https://www.acme.example:8443"), "{policy}");
    }

    #[test]
    fn a_redirect_without_an_origin_adds_nothing() {
        let opaque = Url::parse("data:text/html,hello").unwrap();
        assert_eq!(content_security_policy([&opaque]), content_security_policy([]));
    }

    #[test]
    fn no_script_frame_or_foreign_content_is_allowed() {
        let policy = content_security_policy([]);
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self'; "));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
    }
}
