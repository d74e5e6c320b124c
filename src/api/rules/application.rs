//! The rules of applications, and of the access tokens that they get.

use kube::core::Rule;

use super::{DURATION, matches, rule};

/// A client ID (RFC 6749, appendix A.1) without spaces, which nobody needs.
pub fn application_id() -> Rule {
    matches("^[!-~]+$", "write letters, digits and punctuation, without spaces, such as desktop-app")
}

/// Whom access tokens are for.
pub fn token_audience() -> Rule {
    matches("^[!-~]+$", "write what the API calls itself, without spaces, such as https://api.example.com")
}

/// Nothing ends an access token before its time.
pub fn token_lifetime() -> Rule {
    let bounds = "duration(self) >= duration('1s') && duration(self) <= duration('24h')";
    rule(format!("!self.matches('{DURATION}') || ({bounds})"), "write at least 1s and at most 24h, such as 10m")
}
