//! The cases of the table: every kind of provider, and everybody who may be known before.

/// What comes of a login is decided by these alone.
#[derive(Clone, Debug)]
pub struct Case {
    pub provider: Provider,
    pub says: Says,
    pub known: &'static Known,
}

/// What the provider's manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provider {
    pub provisioning: Provisioning,
    pub order: Order,
    pub trust: Trust,
    pub trust_email: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provisioning {
    CreateOrReplace,
    ReadOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    Plain,
    /// With assigned domains.
    Domain,
    Global,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    ExternalID,
    Email,
    UserName,
}

/// `users.match`.
pub type Order = &'static [Way];

pub const DEFAULT: Order = &[Way::ExternalID, Way::Email];
pub const ORDERS: [Order; 6] = [
    DEFAULT,
    &[Way::ExternalID],
    &[Way::Email],
    &[Way::UserName],
    &[Way::UserName, Way::Email, Way::ExternalID],
    &[Way::Email, Way::ExternalID],
];

/// Whether the address counts as the person's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// The provider says that it is verified.
    Verified,
    /// The provider says that it is not, and is not trusted.
    Unverified,
    /// The provider says that it is not, but `trustEmail` is true.
    Trusted,
}

/// Which address somebody brings, or has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    None,
    /// That which people of this case bring.
    Usual,
    /// One that nobody else has.
    Another,
    /// One in the assigned domain of another provider.
    Owned,
}

/// Who is here before the login, and what the person brings.
#[derive(Debug)]
pub struct Known {
    pub told: &'static str,
    pub here: &'static [Here],
    pub brings: Address,
    pub played: Played,
}

/// With which providers a case can come out differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// All orders, and everything that a provider can say of the address.
    Fully,
    /// All orders.
    Orders,
    /// The orders with `UserName`: elsewhere it is as with a namesake made by hand.
    WithUserName,
    /// The default order: it is about who is let in at all.
    Default,
    /// The default order, and everything that a provider can say of the address.
    DefaultFully,
}

/// A user who is here before.
#[derive(Debug)]
pub struct Here {
    /// Who it is, in the table.
    pub who: &'static str,
    /// Whether it has the name that the person brings.
    pub has_the_name: bool,
    pub address: Address,
    pub verified: bool,
    pub by: Origin,
}

/// How a user who is here came to be, and to whom it is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made by hand, with no link.
    Hand,
    /// Made by hand, with a link to the person at the issuer.
    HandWithLink,
    /// By a login of the person through the provider itself; where it makes nobody known: `HandWithLink`.
    Own,
    /// As `Own`, by another person of the provider.
    OwnOther,
    /// By a login through a provider with another issuer.
    Elsewhere,
    /// As `Elsewhere`, with a link by hand to the person at this issuer.
    ElsewhereWithLink,
    /// By a login through another provider with the same issuer.
    Twin,
    /// Through another provider with the same issuer that is deleted now.
    Gone,
}

const fn here(who: &'static str, has_the_name: bool, address: Address, verified: bool, by: Origin) -> Here {
    Here { who, has_the_name, address, verified, by }
}

const fn known(told: &'static str, here: &'static [Here], brings: Address, played: Played) -> Known {
    Known { told, here, brings, played }
}

use Address::{Another, None as NoAddress, Owned, Usual};
use Origin::{Elsewhere, ElsewhereWithLink, Gone, Hand, HandWithLink, Own, OwnOther, Twin};
use Played::{Default, DefaultFully, Fully, Orders, WithUserName};

pub const LINKED: &str = "the linked one";
pub const HOLDER: &str = "the holder";
pub const NAMESAKE: &str = "the namesake";
const ELSEWHERE_VERIFIED: Here = here(HOLDER, false, Usual, true, Elsewhere);
const ELSEWHERE_UNVERIFIED: Here = here(HOLDER, false, Usual, false, Elsewhere);
const MADE_NAMESAKE: Here = here(NAMESAKE, true, NoAddress, false, Hand);
const MOVED: Here = here(LINKED, false, Another, true, Own);

/// Everybody who may be known before.
pub static EVERYBODY: [Known; 24] = [
    known("nobody", &[], Usual, DefaultFully),
    known("nobody; no address is brought", &[], NoAddress, Default),
    known("nobody; an address of another provider's domain is brought", &[], Owned, Default),
    known("linked", &[here(LINKED, true, Usual, true, Own)], Usual, Fully),
    known("linked; under another address", &[here(LINKED, true, Another, true, Own)], Usual, DefaultFully),
    known("linked; under another name", &[here(LINKED, false, Usual, true, Own)], Usual, Orders),
    known("linked; under another name and address", &[MOVED], Usual, Orders),
    known("linked; no address is brought", &[here(LINKED, true, Usual, true, Own)], NoAddress, Orders),
    known(
        "linked by hand; with an address of another provider's domain",
        &[here(LINKED, true, Owned, true, HandWithLink)],
        Usual,
        Orders,
    ),
    known(
        "linked by hand, and through another issuer",
        &[here(LINKED, true, Usual, true, ElsewhereWithLink)],
        Usual,
        WithUserName,
    ),
    known("holder of the address, verified", &[ELSEWHERE_VERIFIED], Usual, Fully),
    known("holder of the address, not verified", &[ELSEWHERE_UNVERIFIED], Usual, Orders),
    known("made by hand with address, verified, and name", &[here(HOLDER, true, Usual, true, Hand)], Usual, Fully),
    known(
        "made by hand with address, not verified, and name",
        &[here(HOLDER, true, Usual, false, Hand)],
        Usual,
        Orders,
    ),
    known("namesake, made by hand", &[MADE_NAMESAKE], Usual, Orders),
    known(
        "namesake, made by hand, with an address of another provider's domain",
        &[here(NAMESAKE, true, Owned, true, Hand)],
        Usual,
        WithUserName,
    ),
    known("namesake, linked to another issuer", &[here(NAMESAKE, true, Another, true, Elsewhere)], Usual, WithUserName),
    known(
        "namesake, linked to this provider by another ID",
        &[here(NAMESAKE, true, Another, true, OwnOther)],
        Usual,
        WithUserName,
    ),
    known(
        "namesake, linked to this issuer by another provider",
        &[here(NAMESAKE, true, Another, true, Twin)],
        Usual,
        WithUserName,
    ),
    known(
        "namesake, linked to this issuer by a provider that is gone",
        &[here(NAMESAKE, true, Another, true, Gone)],
        Usual,
        WithUserName,
    ),
    known(
        "linked under another name and address; another holds the address, verified",
        &[MOVED, ELSEWHERE_VERIFIED],
        Usual,
        Fully,
    ),
    known(
        "linked under another name and address; another holds the address, not verified",
        &[MOVED, ELSEWHERE_UNVERIFIED],
        Usual,
        Orders,
    ),
    known(
        "linked under another name; a namesake, made by hand",
        &[here(LINKED, false, Usual, true, Own), MADE_NAMESAKE],
        Usual,
        Orders,
    ),
    known(
        "holder of the address, verified; a namesake, made by hand",
        &[ELSEWHERE_VERIFIED, MADE_NAMESAKE],
        Usual,
        Fully,
    ),
];

impl Case {
    /// All cases, in the order of the table.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for known in &EVERYBODY {
            for provisioning in [Provisioning::CreateOrReplace, Provisioning::ReadOnly] {
                for order in ORDERS {
                    for trust in [Trust::Plain, Trust::Domain, Trust::Global] {
                        for says in [Says::Verified, Says::Unverified, Says::Trusted] {
                            let trust_email = says == Says::Trusted;
                            let provider = Provider { provisioning, order, trust, trust_email };
                            let case = Self { provider, says, known };
                            if case.is_played() {
                                all.push(case);
                            }
                        }
                    }
                }
            }
        }
        all
    }

    /// Whether it can come out differently from cases that are played.
    fn is_played(&self) -> bool {
        let Provider { order, trust, .. } = self.provider;
        let leads_by_address = order.contains(&Way::Email) && trust != Trust::Plain;
        match self.known.played {
            Fully => self.says == Says::Verified || leads_by_address,
            Orders => self.says == Says::Verified,
            WithUserName => self.says == Says::Verified && order.contains(&Way::UserName),
            Default => self.says == Says::Verified && order == DEFAULT,
            DefaultFully => self.says == Says::Verified || order == DEFAULT,
        }
    }
}
