//! The error codes that specifications register. Others are never repeated, even in the log.

/// RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core 1.0, section 3.1.2.6; RFC 9126, section 2.3; RFC 7591,
/// section 3.2.2, for the redirect URI that a pushed request is refused for; RFC 8707, section 2; RFC 9449, section 12.2;
/// OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
const REGISTERED: [&str; 24] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unmet_authentication_requirements",
    "unsupported_grant_type",
    "unsupported_response_type",
    "use_dpop_nonce",
];

/// The code in our own memory, if it is a registered one.
pub fn registered(code: &str) -> Option<&'static str> {
    REGISTERED.into_iter().find(|registered| *registered == code)
}
