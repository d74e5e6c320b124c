//! What must come of each case, by the words of the design (2.1, "Who a user is", "Trust"; 4, "From claims to a user")
//! and of the security rules ("Accounts"). Calls nothing of the product.

use std::collections::BTreeSet;

use super::cases::{Address, Case, Here, Known, Origin, Provider, Provisioning, Says, Trust, Way};

/// What must come of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Refused with this code, and nothing is written.
    Refused(&'static str),
    /// A new user. All others are as they were, but for links that lead to the new one now.
    New(Written),
    /// The same user as the one that is named so.
    Same(&'static str, Written),
}

/// The user who has signed in, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whether the user has the name that the person brings.
    pub has_the_name: bool,
    pub address: Address,
    /// On whose word the address is the user's.
    pub verified: Option<&'static str>,
    pub links: BTreeSet<Tie>,
}

/// To whom a user can be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// The person at the issuer.
    Person,
    /// Another person at the issuer, used through the provider itself.
    OtherPerson,
    /// Another person at the issuer, used through another provider.
    OfTwin,
    /// Another person at the issuer, used through a provider that is gone.
    OfGone,
    /// Somebody at another issuer.
    Elsewhere,
}

impl Here {
    /// To whom the user is linked before the login.
    pub fn ties(&self) -> BTreeSet<Tie> {
        let ties: &[Tie] = match self.by {
            Origin::Hand => &[],
            Origin::Own | Origin::HandWithLink => &[Tie::Person],
            Origin::OwnOther => &[Tie::OtherPerson],
            Origin::Elsewhere => &[Tie::Elsewhere],
            Origin::ElsewhereWithLink => &[Tie::Elsewhere, Tie::Person],
            Origin::Twin => &[Tie::OfTwin],
            Origin::Gone => &[Tie::OfGone],
        };
        ties.iter().copied().collect()
    }

    /// On whose word the address is the user's before the login to a provider of this provisioning.
    pub fn verified_by(&self, provider: &Provider) -> Option<&'static str> {
        self.verified.then_some(if self.is_by_hand(provider) { "hand" } else { "provider" })
    }

    /// Whether nobody could have signed in as this user to become known.
    pub fn is_by_hand(&self, provider: &Provider) -> bool {
        match self.by {
            Origin::Hand | Origin::HandWithLink | Origin::Gone => true,
            Origin::Own | Origin::OwnOther => provider.provisioning == Provisioning::ReadOnly,
            Origin::Elsewhere | Origin::ElsewhereWithLink | Origin::Twin => false,
        }
    }
}

/// What must come of a case.
pub fn outcome(case: &Case) -> Outcome {
    match decided(case) {
        Err(code) => Outcome::Refused(code),
        Ok(None) => Outcome::New(new(case)),
        Ok(Some(found)) => Outcome::Same(found.who, same(case, found)),
    }
}

/// Whose login it is; None: of somebody new.
fn decided(case: &Case) -> Result<Option<&'static Here>, &'static str> {
    let Case { provider, known, .. } = case;
    let (is_global, is_read_only) = (provider.trust == Trust::Global, provider.provisioning == Provisioning::ReadOnly);
    let_in(provider, known)?;
    let found = provider.order.iter().find_map(|way| found_by(*way, case).map(|here| (*way, here)));
    // ReadOnly: only people who are known already.
    if found.is_none() && is_read_only {
        return Err("not_known");
    }
    // If external IDs tell people apart, nobody is led to somebody else than the one whom they are linked to. The person
    // is told what led astray.
    let linked = found_by(Way::ExternalID, case).filter(|_| provider.order.contains(&Way::ExternalID));
    if let (Some((way, found)), Some(linked)) = (found, linked)
        && found.who != linked.who
    {
        return Err(if way == Way::UserName { "user_name_taken" } else { "email_taken" });
    }
    let found = found.map(|(_, found)| found);
    let is_somebody_else = |here: &&Here| found.is_none_or(|found| found.who != here.who);
    // "An address that another user has ... is refused. ... Global lifts" that where the address is not written.
    let holder = known.here.iter().find(|here| brought(known) && here.address == known.brings);
    if holder.filter(is_somebody_else).is_some() && !(is_global && is_read_only) {
        return Err("email_taken");
    }
    // "User names are unique in the organization": where it is written. The address is looked at before the name, since
    // who has it is the better known.
    let namesake = known.here.iter().find(|here| here.has_the_name);
    if namesake.filter(is_somebody_else).is_some() && !is_read_only {
        return Err("user_name_taken");
    }
    // People of an assigned domain "are always sent" to its provider, also those who are found otherwise: or a provider
    // could sign them in by a name alone.
    if found.is_some_and(|found| found.address == Address::Owned) && !is_global {
        return Err("address_of_another_provider");
    }
    Ok(found)
}

fn brought(known: &Known) -> bool {
    known.brings != Address::None
}

/// "Not global, with domains: only addresses in those domains may log in." An address "that lies in another provider's
/// assigned domain, is refused".
fn let_in(provider: &Provider, known: &Known) -> Result<(), &'static str> {
    match (provider.trust, known.brings) {
        (Trust::Domain, Address::None) => Err("no_address"),
        (Trust::Domain, Address::Owned) => Err("address_elsewhere"),
        (Trust::Plain, Address::Owned) => Err("address_of_another_provider"),
        _ => Ok(()),
    }
}

/// Whom a way leads to.
fn found_by(way: Way, case: &Case) -> Option<&'static Here> {
    let Case { provider, says, known } = case;
    let mut here = known.here.iter();
    match way {
        Way::ExternalID => here.find(|here| here.ties().contains(&Tie::Person)),
        // "Not global, without domains: Email never links to an existing user." "Only verified addresses ever match": on
        // both sides.
        Way::Email => {
            let may = provider.trust != Trust::Plain && *says != Says::Unverified && brought(known);
            here.find(|here| may && here.address == known.brings && here.verified)
        }
        // "UserName matches only users that no other provider is linked to, unless this one is global." A provider that
        // is gone is no other one, if it had the same issuer. And where external IDs tell people apart, whoever is known
        // at this issuer by another one is another person, be the provider global or not.
        Way::UserName => {
            let of_another = |here: &Here| here.ties().iter().any(|tie| matches!(tie, Tie::Elsewhere | Tie::OfTwin));
            let is_another = |here: &Here| here.ties().iter().any(|tie| matches!(tie, Tie::OtherPerson | Tie::OfTwin));
            here.find(|here| {
                here.has_the_name
                    && (provider.trust == Trust::Global || !of_another(here))
                    && !(provider.order.contains(&Way::ExternalID) && is_another(here))
            })
        }
    }
}

fn new(case: &Case) -> Written {
    let verified = (brought(case.known) && case.says != Says::Unverified).then_some("provider");
    Written { has_the_name: true, address: case.known.brings, verified, links: [Tie::Person].into() }
}

fn same(case: &Case, found: &Here) -> Written {
    let Case { provider, says, known } = case;
    let mut links = found.ties();
    links.insert(Tie::Person);
    // Where the provider's IDs do not tell people apart, the user keeps no other link by it. What an administrator has
    // linked, or another provider has, be it gone by now, is not this provider's to take.
    if !provider.order.contains(&Way::ExternalID) && !found.is_by_hand(provider) {
        links.remove(&Tie::OtherPerson);
    }
    let before = found.verified_by(provider);
    // "ReadOnly: link, session and last login are written, nothing else."
    if provider.provisioning == Provisioning::ReadOnly {
        return Written { has_the_name: found.has_the_name, address: found.address, verified: before, links };
    }
    // What a person's mail or an administrator has confirmed stays while the address stays; the word of a provider holds
    // until the next one.
    let kept = before.filter(|by| *by != "provider" && found.address == known.brings);
    let said = (*says != Says::Unverified).then_some("provider");
    let verified = kept.or(said).filter(|_| brought(known));
    Written { has_the_name: true, address: known.brings, verified, links }
}
