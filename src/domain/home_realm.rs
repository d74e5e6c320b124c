//! Home-realm discovery: which ways in an organization has, and to which of them an address leads. Pure over the table.

use std::sync::Arc;

use super::{
    email::domain_of,
    organization::Organization,
    provider::{LoginState, OnSignInPage, Provider},
    table::LoginTable,
};

/// The ways in that an organization offers now.
pub struct Offer<'a> {
    /// The providers with a button, by display name; the one used last on this device goes first.
    pub buttons: Vec<&'a Arc<Provider>>,
    /// Whether some are found by an e-mail address.
    pub by_address: bool,
    /// Of the buttons.
    pub last: Option<&'a Arc<Provider>>,
    only: Option<&'a Arc<Provider>>,
}

impl<'a> Offer<'a> {
    /// `last_key`: the key of the provider that was used last on this device.
    pub fn of(table: &'a LoginTable, organization: &Organization, last_key: Option<&str>) -> Self {
        let suspended = |provider: &Provider| matches!(provider.login, LoginState::Suspended);
        let ways = table.providers_of(&organization.key);
        let ways = ways.filter(|provider| provider.has_client && !suspended(provider));
        // One whose domains cannot count now is a way in all the same: its people are not to be sent to another's.
        let ways: Vec<_> =
            ways.filter(|way| way.on_sign_in_page != OnSignInPage::Hidden || way.has_domains()).collect();
        let last = ways
            .iter()
            .copied()
            .find(|way| way.on_sign_in_page != OnSignInPage::Hidden && last_key.is_some_and(|key| *way.key == *key));
        let is_last = |provider: &Provider| last.is_some_and(|last| last.uid == provider.uid);
        let shown = |way: &&&Arc<Provider>| way.on_sign_in_page == OnSignInPage::Shown || is_last(way);
        let mut buttons: Vec<_> = ways.iter().filter(shown).copied().collect();
        buttons.sort_by_cached_key(|provider| (!is_last(provider), provider.display_name.to_lowercase()));
        Self {
            buttons,
            by_address: ways.iter().any(|way| way.has_domains()),
            last,
            only: if let ([only], true) = (&ways[..], table.settled) { Some(*only) } else { None },
        }
    }

    /// The only way in, if there is but one and people can sign in by it now: nobody need choose.
    pub fn only_way(&self) -> Option<&'a Arc<Provider>> {
        self.only.filter(|provider| provider.serving().is_some())
    }
}

/// Where an address leads to, when no organization has been named.
#[derive(Debug)]
pub enum Home<'a> {
    At(&'a Arc<Organization>, &'a Arc<Provider>),
    /// Several organizations have its domain.
    AtSeveral,
    Nowhere,
}

/// Where a canonical address leads to in all organizations together.
pub fn home<'a>(address: &str, table: &'a LoginTable) -> Home<'a> {
    let providers = table.providers_of_domain(domain_of(address)).filter(|provider| has_url(provider));
    let mut homes =
        providers.filter_map(|provider| Some((table.organization_by_key(&provider.organization)?, provider)));
    match (homes.next(), homes.next()) {
        (Some((organization, provider)), None) => Home::At(organization, provider),
        (Some(_), Some(_)) => Home::AtSeveral,
        (None, _) => Home::Nowhere,
    }
}

/// Where a canonical address leads to in one organization.
pub fn home_in<'a>(address: &str, organization: &Organization, table: &'a LoginTable) -> Option<&'a Arc<Provider>> {
    table.provider_by_domain(&organization.key, domain_of(address)).filter(|provider| has_url(provider))
}

/// Nobody signs in by browser at a provider without a client; and another provider may have the URL that one would have
/// whose key is not its own.
fn has_url(provider: &Provider) -> bool {
    provider.has_client && !matches!(provider.login, LoginState::Refused(_))
}

#[cfg(test)]
mod tests;
