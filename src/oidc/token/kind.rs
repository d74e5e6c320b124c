//! What differs between the kinds of tokens, so that none is ever taken for another (RFC 8725, sections 3.11 and 3.12).

use std::time::Duration;

/// What a token of one kind must be like.
pub(super) struct Kind {
    /// Its own `typ`, beside which none, or one that names no kind, will do: few providers write it.
    pub(super) typ: Option<&'static str>,
    pub(super) audience: Audience,
    pub(super) exp: Presence,
    pub(super) iat: Presence,
    /// How long ago it may have been issued, in seconds.
    pub(super) issued_within: Option<f64>,
    pub(super) sub: Presence,
    /// Claims that only tokens of other kinds have.
    pub(super) foreign: &'static [&'static str],
}

/// Whether a claim has to be there. One that is there has to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
}

/// What `aud` must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// This client, or several that are all ours, and nobody else: others could use the token, too.
    ThisClientAlone,
    /// This client, whoever else.
    ThisClient,
    /// Any: the token is meant for an API. Who got it, `azp` or `client_id` tell, if they are there.
    AnApi,
}

use Presence::{Optional, Required};

/// OpenID Connect Core 1.0, sections 2 and 3.1.3.7. That it is at most an hour old at a login is ours to demand (point
/// 10). The nonce is checked by `id_token.rs`.
pub(super) const ID_TOKEN: Kind = Kind {
    typ: None,
    audience: Audience::ThisClientAlone,
    exp: Required,
    iat: Required,
    issued_within: Some(3600.0),
    sub: Required,
    foreign: &["events"],
};

/// An ID token that an application brings (RFC 7523, section 3), so long after it was issued at most. No nonce ties it to
/// anything here, so that what only access tokens have is refused, too, however few providers say by `typ` what they are.
pub(super) fn assertion(max_age: Duration) -> Kind {
    Kind { issued_within: Some(max_age.as_secs_f64()), foreign: &["events", "scope", "scp", "idtyp"], ..ID_TOKEN }
}

/// OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6. What it must have besides, `logout_token.rs` checks.
pub(super) const LOGOUT_TOKEN: Kind = Kind {
    typ: Some("logout+jwt"),
    audience: Audience::ThisClientAlone,
    exp: Required,
    iat: Required,
    issued_within: Some(3600.0),
    sub: Optional,
    foreign: &["nonce"],
};

/// OpenID Connect Core 1.0 with errata set 2, section 5.3.2: a signed answer of the userinfo endpoint.
pub(super) const USERINFO: Kind = Kind {
    typ: None,
    audience: Audience::ThisClient,
    exp: Optional,
    iat: Optional,
    issued_within: None,
    sub: Required,
    foreign: &["events"],
};

/// RFC 9068, sections 2.2 and 4, but for what only the API that it is meant for can check. That it is not the ID token of
/// another login, `subject.rs` checks: providers that know no `typ` make both alike.
pub(super) const ACCESS_TOKEN: Kind = Kind {
    typ: Some("at+jwt"),
    audience: Audience::AnApi,
    exp: Required,
    iat: Optional,
    issued_within: None,
    sub: Required,
    foreign: &["events"],
};

impl Kind {
    /// Whether a `typ` is right: in lower case and without `application/`, or None when absent.
    pub(super) fn has_typ(&self, typ: Option<&str>) -> bool {
        typ.is_none_or(|typ| self.typ == Some(typ) || !typ.ends_with("+jwt"))
    }
}
