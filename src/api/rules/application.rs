//! The rules of applications, and of the access tokens that they get.

use kube::core::Rule;

use super::{DURATION, matches, rule};

/// A client ID (RFC 6749, appendix A.1) without spaces, which nobody needs.
pub fn application_id() -> Rule {
    matches("^[!-~]+$", "write letters, digits and punctuation, without spaces, such as desktop-app")
}

/// A client ID at a provider, as it stands in `aud` (RFC 6749, appendix A.1).
pub fn bearer_audience() -> Rule {
    let message = "write the client ID that the provider has given to the application, as the provider shows it, without spaces, such as 0oa1b2c3d4";
    matches("^[!-~]+$", message)
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
