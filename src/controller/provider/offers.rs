//! What a provider announces, as far as a manifest can ask for it; and how it is said that the two don't fit. Pure.

use crate::{
    api::{Fact, Reason},
    domain::metadata::Metadata,
};

/// What a provider announces. Without metadata nothing is known, and so nothing that is asked is refused.
#[derive(Clone, Copy)]
pub struct Offers<'a>(pub Option<&'a Metadata>);

impl<'a> Offers<'a> {
    /// Whether a response type is offered; silence says yes, though the member is required.
    pub fn response_type(&self, name: &str) -> bool {
        self.0.and_then(|metadata| metadata.response_types.as_ref()).is_none_or(|types| has(types, name))
    }

    /// The announced response modes. None: silence, in which providers have been seen to support any.
    pub fn response_modes(&self) -> Option<&'a [String]> {
        self.0?.response_modes.as_deref()
    }

    /// Whether a method of client authentication is offered. Silence means client_secret_basic (OpenID Connect
    /// Discovery 1.0, section 3).
    pub fn auth_method(&self, name: &str) -> bool {
        self.0.is_none_or(|metadata| match metadata.auth_methods.as_deref() {
            None | Some([]) => name == "client_secret_basic",
            Some(methods) => has(methods, name),
        })
    }

    pub fn auth_methods(&self) -> Option<&'a [String]> {
        self.0?.auth_methods.as_deref()
    }

    pub fn auth_signing_algorithms(&self) -> Option<&'a [String]> {
        self.0?.auth_signing_algorithms.as_deref()
    }

    /// The algorithms that ID tokens are signed with. None: silence, though the member is required.
    pub fn signing_algorithms(&self) -> Option<&'a [String]> {
        self.0?.signing_algorithms.as_deref()
    }

    /// The announced code challenge methods. None: silence.
    pub fn pkce_methods(&self) -> Option<&'a [String]> {
        self.0?.pkce_methods.as_deref()
    }
}

/// Whether a list has an entry.
pub fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|entry| entry == name)
}

/// `Discovered=False` with `Incompatible`: what is asked, and what is offered instead.
pub fn incompatible(field: &str, asked: &str, member: &str, offered: &[String]) -> Fact {
    let offered = names(offered);
    let message =
        format!("{field}: {asked} is asked for, but the provider's {member} says {offered}: change one or the other");
    Fact::fails(Reason::Incompatible, message)
}

/// The provider's words, so only what such names are made of, and few of them.
pub fn names(offered: &[String]) -> String {
    match offered {
        [] => "nothing".to_owned(),
        some => some.iter().take(12).map(|name| printable(name)).collect::<Vec<_>>().join(", "),
    }
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || " -_.:".contains(*c)).take(40).collect()
}
