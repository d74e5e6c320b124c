//! The login table: everything that logins and sessions need to know of the manifests, as one immutable value.
//! The controllers make a new one for every change; the server only reads it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use imbl::{HashMap, HashSet, OrdMap};

use super::{
    grant::Grant,
    keep::Keep,
    mapper::{Mapper, Rule, fingerprint},
    mapping::by_default,
    modes::Terms,
    organization::{Organization, OrganizationKey},
    provider::{LoginState, Provider},
};

/// What is served. Cloning is cheap, and so is making a changed copy.
#[derive(Clone, Debug, Default)]
pub struct LoginTable {
    organizations: OrdMap<OrganizationKey, Arc<Organization>>,
    organization_by_id: OrdMap<Arc<str>, Arc<Organization>>,
    providers: HashMap<Arc<str>, Arc<Provider>>,
    provider_by_key: OrdMap<(OrganizationKey, Arc<str>), Arc<Provider>>,
    provider_by_domain: OrdMap<(Arc<str>, OrganizationKey), Arc<Provider>>,
    mappers: HashMap<Arc<str>, Arc<Mapper>>,
    mappers_of_provider: HashMap<Arc<str>, Arc<[Arc<Mapper>]>>,
    /// The mappers that were here and are known to be gone, as long as others may only not have been read yet.
    gone_mappers: HashSet<Arc<str>>,
    /// What has been worked out of this table, by provider; another table begins anew.
    fingerprints: Fingerprints,
    /// Whether every object that the source knows has been looked at.
    pub settled: bool,
    /// Whether an object that is not here is known not to exist.
    pub complete: bool,
}

type Fingerprints = Arc<Mutex<std::collections::HashMap<Arc<str>, String>>>;

impl LoginTable {
    /// The organization of an id.
    pub fn organization(&self, id: &str) -> Option<&Arc<Organization>> {
        self.organization_by_id.get(id)
    }

    /// The organization of a key.
    pub fn organization_by_key(&self, key: &OrganizationKey) -> Option<&Arc<Organization>> {
        self.organizations.get(key)
    }

    /// All organizations that people can sign in to, by id.
    pub fn organizations(&self) -> impl ExactSizeIterator<Item = &Arc<Organization>> {
        self.organization_by_id.values()
    }

    /// The provider that a URL names: one without a client has none, as nobody signs in there by browser.
    pub fn provider(&self, organization: &OrganizationKey, key: &str) -> Option<&Arc<Provider>> {
        let provider = self.provider_by_key.get(&(organization.clone(), Arc::from(key)));
        provider.filter(|provider| provider.has_client)
    }

    /// The provider of a UID, whether or not a URL leads to it.
    pub fn provider_by_uid(&self, uid: &str) -> Option<&Arc<Provider>> {
        self.providers.get(uid)
    }

    /// The providers of an organization whose key is their own, by key.
    pub fn providers_of(&self, organization: &OrganizationKey) -> impl Iterator<Item = &Arc<Provider>> {
        let first = (organization.clone(), Arc::from(""));
        self.provider_by_key
            .range(first..)
            .take_while(move |((key, _), _)| key == organization)
            .map(|(_, provider)| provider)
    }

    /// The provider of an organization that a domain of e-mail addresses, in canonical form, is assigned to.
    pub fn provider_by_domain(&self, organization: &OrganizationKey, domain: &str) -> Option<&Arc<Provider>> {
        self.provider_by_domain.get(&(Arc::from(domain), organization.clone()))
    }

    /// The providers of all organizations that a domain is assigned to.
    pub fn providers_of_domain(&self, domain: &str) -> impl Iterator<Item = &Arc<Provider>> {
        let domain: Arc<str> = Arc::from(domain);
        let first = (domain.clone(), OrganizationKey::from_stored(""));
        self.provider_by_domain
            .range(first..)
            .take_while(move |((of, _), _)| *of == domain)
            .map(|(_, provider)| provider)
    }

    /// The UIDs of all providers.
    pub fn provider_uids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.providers.keys()
    }

    /// A mapper.
    pub fn mapper(&self, uid: &str) -> Option<&Arc<Mapper>> {
        self.mappers.get(uid)
    }

    /// The mappers for the people of a provider.
    pub fn mappers_of(&self, provider_uid: &str) -> &[Arc<Mapper>] {
        self.mappers_of_provider.get(provider_uid).map_or(&[], |mappers| mappers)
    }

    /// Tells what a provider's people have by this table from what they have by another; None when the provider is
    /// gone, or it is not known what it says of its people, or who its issuer is.
    pub fn mark(&self, provider_uid: &str) -> Option<String> {
        let provider = self.provider_by_uid(provider_uid)?;
        let mut known = self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = match known.get(provider_uid) {
            Some(fingerprint) => fingerprint.clone(),
            None => {
                let fingerprint = self.fingerprint(provider)?;
                known.insert(provider.uid.clone(), fingerprint.clone());
                fingerprint
            }
        };
        Some(if self.complete { fingerprint } else { format!("{fingerprint}?") })
    }

    fn fingerprint(&self, provider: &Provider) -> Option<String> {
        if provider.issuer.is_empty() {
            return None;
        }
        let mappers = self.mappers_of(&provider.uid);
        let is_known = self.organization_by_key(&provider.organization).is_some();
        let asked = self.asked_organization(provider, mappers).map(Organization::names);
        let people = provider.people.as_deref()?;
        Some(fingerprint(people, mappers, (is_known, asked, &provider.issuer)))
    }

    /// The organization of a provider, if what its people get depends on which roles and groups there are.
    fn asked_organization(&self, provider: &Provider, mappers: &[Arc<Mapper>]) -> Option<&Organization> {
        let asks = mappers.iter().filter_map(|mapper| mapper.rule()).any(Rule::asks_organization);
        self.organization_by_key(&provider.organization).filter(|_| asks).map(|organization| &**organization)
    }

    /// The providers whose people may get something else when an organization becomes known, or when its roles and groups
    /// change.
    pub fn providers_touched_by(&self, organization: &OrganizationKey, was_known: bool) -> Vec<Arc<str>> {
        let of = self.providers.values().filter(|provider| provider.organization == *organization);
        let asks = |provider: &&Arc<Provider>| {
            self.mappers_of(&provider.uid).iter().filter_map(|mapper| mapper.rule()).any(Rule::asks_organization)
        };
        of.filter(|provider| !was_known || asks(provider)).map(|provider| provider.uid.clone()).collect()
    }

    /// Whose earlier grants to a provider's people stay when they are made anew by `mappers_of`: those of mappers of
    /// which nothing can be served now, and of those that may only not have been read yet.
    pub fn keep(&self, provider_uid: &str) -> Keep {
        let uid = |mapper: &Arc<Mapper>| mapper.uid.clone();
        if self.settled && self.complete {
            let unserved = self.mappers_of(provider_uid).iter().filter(|mapper| mapper.served.is_none());
            return Keep::Mappers(unserved.map(uid).collect());
        }
        let is_for = |mapper: &Mapper| mapper.providers.iter().any(|provider| **provider == *provider_uid);
        let known = self.mappers.values().filter(|mapper| mapper.served.is_some() || !is_for(mapper));
        let by_default = std::iter::once(Arc::from(provider_uid));
        Keep::AllBut(known.map(uid).chain(self.gone_mappers.iter().cloned()).chain(by_default).collect())
    }

    /// How what is said of a provider's people is written.
    pub fn terms(&self, provider_uid: &str) -> Terms {
        let people = self.provider_by_uid(provider_uid).and_then(|provider| provider.people.as_deref());
        let modes = people.map(|people| people.modes.clone()).unwrap_or_default();
        let possible = if modes.freeze_grants() { self.possible(provider_uid) } else { BTreeSet::new() };
        Terms { keep: self.keep(provider_uid), possible: Arc::new(possible), modes }
    }

    /// Everything that can be given to anybody on the word of a provider.
    pub fn possible(&self, provider_uid: &str) -> BTreeSet<Grant> {
        let Some(provider) = self.provider_by_uid(provider_uid) else { return BTreeSet::new() };
        let by_default = provider.people.as_deref().and_then(|people| by_default(&provider.uid, people));
        let organization = self.organization_by_key(&provider.organization);
        let of_mapper = |mapper: &Arc<Mapper>| {
            let rule = mapper.rule().and_then(|rule| rule.grant.as_ref()).zip(organization);
            let given = rule.map(|(grant, organization)| grant.possible(organization)).unwrap_or_default();
            let uid = mapper.uid.clone();
            given.into_iter().map(move |granted| Grant { mapper_uid: uid.clone(), granted })
        };
        self.mappers_of(provider_uid).iter().flat_map(of_mapper).chain(by_default).collect()
    }

    /// Whether a mapper may be for people of a provider of which it is not known what it says now.
    pub fn may_not_know_all(&self, provider_uid: &str) -> bool {
        let unserved = |mapper: &Arc<Mapper>| mapper.served.is_none() && mapper.would_admit;
        !(self.settled && self.complete) || self.mappers_of(provider_uid).iter().any(unserved)
    }

    /// The same for somebody of whom it is not known what the mappers say now; `defaults`: whether it is known what the
    /// provider's own defaults give.
    pub fn keep_all_that_exist(&self, provider_uid: &str, defaults: bool) -> Keep {
        let by_default = || Arc::from(provider_uid);
        if self.settled && self.complete {
            let mappers = self.mappers_of(provider_uid).iter().map(|mapper| mapper.uid.clone());
            Keep::Mappers(mappers.chain((!defaults).then(by_default)).collect())
        } else {
            Keep::AllBut(self.gone_mappers.iter().cloned().chain(defaults.then(by_default)).collect())
        }
    }

    /// Puts an organization in, or takes it out.
    pub fn set_organization(&mut self, key: &OrganizationKey, organization: Option<Arc<Organization>>) {
        self.fingerprints = Fingerprints::default();
        if let Some(before) = self.organizations.remove(key)
            && self.organization_by_id.get(&before.id).is_some_and(|holder| holder.key == *key)
        {
            self.organization_by_id.remove(&before.id);
        }
        if let Some(organization) = organization {
            self.organization_by_id.insert(organization.id.clone(), organization.clone());
            self.organizations.insert(key.clone(), organization);
        }
    }

    /// Puts a provider in, or takes it out.
    pub fn set_provider(&mut self, uid: &str, provider: Option<Arc<Provider>>) {
        self.fingerprints = Fingerprints::default();
        if let Some(before) = self.providers.remove(uid) {
            let place = (before.organization.clone(), before.key.clone());
            if self.provider_by_key.get(&place).is_some_and(|holder| *holder.uid == *uid) {
                self.provider_by_key.remove(&place);
            }
            for domain in &before.trust.domains {
                let place = (domain.clone(), before.organization.clone());
                if self.provider_by_domain.get(&place).is_some_and(|holder| *holder.uid == *uid) {
                    self.provider_by_domain.remove(&place);
                }
            }
        }
        if let Some(provider) = provider {
            if !matches!(provider.login, LoginState::Refused(_)) {
                self.provider_by_key.insert((provider.organization.clone(), provider.key.clone()), provider.clone());
            }
            // A domain stays its provider's, also while nobody can sign in there.
            for domain in &provider.trust.domains {
                let place = (domain.clone(), provider.organization.clone());
                self.provider_by_domain.insert(place, provider.clone());
            }
            self.providers.insert(provider.uid.clone(), provider);
        }
    }

    /// Puts a mapper in, or takes it out. Returns the UIDs of the providers whose mappers differ now.
    pub fn set_mapper(&mut self, uid: &str, mapper: Option<Arc<Mapper>>) -> Vec<Arc<str>> {
        self.fingerprints = Fingerprints::default();
        let before = self.mappers.remove(uid);
        if let Some(mapper) = &mapper {
            self.gone_mappers.remove(uid);
            self.mappers.insert(mapper.uid.clone(), mapper.clone());
        } else if !self.complete {
            self.gone_mappers.insert(uid.into());
        }
        if before == mapper {
            return Vec::new();
        }
        let mut touched: Vec<Arc<str>> =
            before.iter().chain(&mapper).flat_map(|mapper| mapper.providers.iter().cloned()).collect();
        touched.sort();
        touched.dedup();
        for provider in &touched {
            let others = self.mappers_of(provider).iter().filter(|other| *other.uid != *uid).cloned();
            let mine = mapper.iter().filter(|mapper| mapper.providers.contains(provider)).cloned();
            let mut mappers: Vec<_> = others.chain(mine).collect();
            // The same everywhere, whatever came first.
            mappers.sort_by(|one, other| one.uid.cmp(&other.uid));
            self.mappers_of_provider.insert(provider.clone(), mappers.into());
        }
        touched
    }
}

/// The table that is served now. The controllers replace it whole; readers never wait.
#[derive(Debug, Default)]
pub struct Published(ArcSwap<LoginTable>);

impl Published {
    /// The table as it is now; keeps its meaning however long it is held.
    pub fn load(&self) -> Arc<LoginTable> {
        self.0.load_full()
    }

    /// Replaces the table.
    pub fn replace(&self, table: LoginTable) {
        self.0.store(Arc::new(table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Reason,
        domain::{
            mapper::When,
            provider::Trust,
            testing::{mapper, organization, organization_key, provider},
        },
    };

    fn organization_of(name: &str, id: &str) -> Organization {
        Organization { key: organization_key(name), id: id.into(), ..organization() }
    }

    fn with_key(uid: &str, key: &str) -> Provider {
        Provider { key: key.into(), ..provider(uid) }
    }

    fn refused(provider: Provider) -> Provider {
        Provider { login: LoginState::Refused(Reason::KeyConflict), ..provider }
    }

    impl LoginTable {
        fn put_organization(&mut self, organization: Organization) {
            self.set_organization(&organization.key.clone(), Some(Arc::new(organization)));
        }

        fn put_provider(&mut self, provider: Provider) {
            self.set_provider(&provider.uid.clone(), Some(Arc::new(provider)));
        }

        fn put_mapper(&mut self, mapper: Mapper) -> Vec<Arc<str>> {
            self.set_mapper(&mapper.uid.clone(), Some(Arc::new(mapper)))
        }

        fn mapper_uids(&self, provider_uid: &str) -> Vec<&str> {
            let mut uids: Vec<_> = self.mappers_of(provider_uid).iter().map(|mapper| &*mapper.uid).collect();
            uids.sort_unstable();
            uids
        }
    }

    #[test]
    fn an_organization_is_found_by_its_id_and_by_its_key() {
        let mut table = LoginTable::default();
        table.put_organization(organization_of("a", "one"));
        assert_eq!(table.organization("one"), table.organization_by_key(&organization_key("a")));
        assert!(table.organization("a").is_none());

        table.put_organization(organization_of("a", "two"));
        assert!(table.organization("one").is_none());
        assert_eq!(table.organizations().len(), 1);

        table.set_organization(&organization_key("a"), None);
        assert!(table.organization("two").is_none() && table.organization_by_key(&organization_key("a")).is_none());
    }

    #[test]
    fn an_id_that_was_taken_over_stays_with_its_new_organization() {
        let mut table = LoginTable::default();
        table.put_organization(organization_of("a", "one"));
        table.put_organization(organization_of("b", "one"));
        table.set_organization(&organization_key("a"), None);
        assert_eq!(table.organization("one").map(|holder| &holder.key), Some(&organization_key("b")));
    }

    #[test]
    fn a_refused_provider_has_no_url_but_keeps_its_place_among_all() {
        let mut table = LoginTable::default();
        table.put_provider(with_key("p1", "azure"));
        table.put_provider(refused(with_key("p1", "azure")));
        assert!(table.provider(&organization_key("acme"), "azure").is_none());
        assert!(table.provider_by_uid("p1").is_some());
    }

    #[test]
    fn a_provider_without_a_client_has_no_url_but_is_one_of_its_organization() {
        let mut table = LoginTable::default();
        table.put_provider(Provider { has_client: false, ..with_key("p1", "azure") });
        let acme = organization_key("acme");
        assert!(table.provider(&acme, "azure").is_none());
        assert_eq!(table.providers_of(&acme).count(), 1);
    }

    #[test]
    fn a_key_changes_hands_in_whichever_order_both_are_decided() {
        for refused_first in [true, false] {
            let mut table = LoginTable::default();
            table.put_provider(with_key("p1", "azure"));
            if refused_first {
                table.put_provider(refused(with_key("p1", "azure")));
                table.put_provider(with_key("p2", "azure"));
            } else {
                table.put_provider(with_key("p2", "azure"));
                table.put_provider(refused(with_key("p1", "azure")));
            }
            table.set_provider("p1", None);
            let holder = table.provider(&organization_key("acme"), "azure").map(|holder| &*holder.uid);
            assert_eq!(holder, Some("p2"), "refused first: {refused_first}");
        }
    }

    fn with_domains(uid: &str, domains: &[&str]) -> Provider {
        let trust = Trust { global: false, domains: domains.iter().map(|domain| Arc::from(*domain)).collect() };
        Provider { trust, ..with_key(uid, uid) }
    }

    fn owner(table: &LoginTable, domain: &str) -> Option<String> {
        table.provider_by_domain(&organization_key("acme"), domain).map(|owner| owner.uid.to_string())
    }

    #[test]
    fn a_domain_changes_hands_in_whichever_order_both_are_decided() {
        for loses_first in [true, false] {
            let mut table = LoginTable::default();
            table.put_provider(with_domains("p1", &["a.example", "b.example"]));
            let (loses, takes) = (with_domains("p1", &["b.example"]), with_domains("p2", &["a.example"]));
            let turns = if loses_first { [loses, takes] } else { [takes, loses] };
            turns.into_iter().for_each(|provider| table.put_provider(provider));
            assert_eq!(owner(&table, "a.example").as_deref(), Some("p2"), "loses first: {loses_first}");
            assert_eq!(owner(&table, "b.example").as_deref(), Some("p1"));
            table.set_provider("p1", None);
            assert_eq!((owner(&table, "a.example").as_deref(), owner(&table, "b.example")), (Some("p2"), None));
        }
    }

    #[test]
    fn a_domain_stays_its_providers_while_nobody_can_sign_in_there() {
        let mut table = LoginTable::default();
        table.put_provider(refused(with_domains("p1", &["a.example"])));
        assert_eq!(owner(&table, "a.example").as_deref(), Some("p1"));
        assert_eq!(owner(&table, "example"), None);
        assert!(table.provider_by_domain(&organization_key("globex"), "a.example").is_none());
    }

    #[test]
    fn the_providers_of_a_domain_come_without_those_of_its_neighbours() {
        let mut table = LoginTable::default();
        for (uid, organization, domain) in
            [("p1", "a", "x.example"), ("p2", "b", "x.example"), ("p3", "a", "x.exampl"), ("p4", "a", "x.examples")]
        {
            table.put_provider(Provider {
                organization: organization_key(organization),
                ..with_domains(uid, &[domain])
            });
        }
        let uids: Vec<_> = table.providers_of_domain("x.example").map(|provider| &*provider.uid).collect();
        assert_eq!(uids, ["p1", "p2"]);
    }

    #[test]
    fn the_providers_of_an_organization_come_by_key_and_without_its_neighbours() {
        let mut table = LoginTable::default();
        for (uid, organization, key) in [
            ("p1", "b", "zeta"),
            ("p2", "b", "alpha"),
            ("p3", "a", "other"),
            ("p4", "bb", "other"),
            ("p5", "b/c", "other"),
        ] {
            table.put_provider(Provider { organization: organization_key(organization), ..with_key(uid, key) });
        }
        let keys: Vec<_> = table.providers_of(&organization_key("b")).map(|provider| &*provider.key).collect();
        assert_eq!(keys, ["alpha", "zeta"]);
        assert_eq!(table.provider_uids().count(), 5);
    }

    #[test]
    fn a_mapper_says_whose_people_it_touches() {
        let mut table = LoginTable::default();
        let first = mapper("m1", "p1", When::Always, &["viewer"]);
        assert_eq!(table.put_mapper(first.clone()), ["p1".into()]);
        assert_eq!(table.put_mapper(first.clone()), [], "nothing changed");

        let moved = Mapper { providers: vec!["p3".into(), "p2".into(), "p3".into()], ..first };
        assert_eq!(table.put_mapper(moved), ["p1".into(), "p2".into(), "p3".into()]);
        table.put_mapper(mapper("m2", "p3", When::Always, &[]));
        assert_eq!(table.mapper_uids("p1"), [""; 0]);
        assert_eq!(table.mapper_uids("p2"), ["m1"]);
        assert_eq!(table.mapper_uids("p3"), ["m1", "m2"]);

        assert_eq!(table.set_mapper("m1", None), ["p2".into(), "p3".into()]);
        assert_eq!(table.mapper_uids("p3"), ["m2"]);
        assert!(table.mapper("m1").is_none());
        assert_eq!(table.set_mapper("m1", None), []);
    }

    #[test]
    fn what_a_request_holds_never_changes_under_it() {
        let published = Published::default();
        let held = published.load();
        let mut changed = LoginTable::clone(&held);
        changed.put_organization(organization_of("a", "one"));
        changed.put_provider(provider("p1"));
        changed.put_mapper(mapper("m1", "p1", When::Always, &[]));
        published.replace(changed);
        assert!(held.organization("one").is_none() && held.provider_by_uid("p1").is_none());
        assert!(held.mappers_of("p1").is_empty());
        assert_eq!(published.load().mapper_uids("p1"), ["m1"]);
    }
}
