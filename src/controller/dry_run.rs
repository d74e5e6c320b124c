//! What the reconcilers decide about all objects at once, for whoever serves none of them. Writes nothing, and asks
//! providers only where it is given the means to.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{Settings, fetch, mapper, organization, provider};
use crate::{
    api::{ConditionType, Conditions, Fact, IdentityProvider, ReadyCount, Reason, ResourceMeta},
    domain::table::LoginTable,
    oidc::{Freshness, Remote},
    source::Stores,
};

/// So many providers are asked at once.
const CONCURRENCY: usize = 16;
/// An answer is as good as new for the whole run, and so is a failure.
const ONCE: Freshness = Freshness { max_age: Duration::from_secs(3600), retry_after: Duration::from_secs(3600) };

/// What was decided.
pub struct DryRun {
    /// About each object; none of them rests on what was served before.
    pub judged: Vec<Judged>,
    /// How many tests of mappers were run.
    pub tests: u32,
    /// What logins would see.
    pub table: LoginTable,
}

/// What was decided about an object.
pub struct Judged {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    pub conditions: Conditions,
    /// The faults of which a condition sums up several, each with its field first.
    faults: Vec<(ConditionType, Fact)>,
}

impl Judged {
    fn of(object: &impl ResourceMeta, kind: &'static str, conditions: Conditions) -> Self {
        let (namespace, name) = (object.namespace_str().to_owned(), object.name_str().to_owned());
        Self { kind, namespace, name, conditions, faults: Vec::new() }
    }

    /// The facts behind the conditions: each fault by itself where a condition sums up several.
    pub fn facts(&self) -> impl Iterator<Item = (ConditionType, &Fact)> {
        let sums_up = |type_: ConditionType| self.faults.iter().any(|(of, _)| *of == type_);
        let whole = self.conditions.facts().filter(move |(type_, _)| !sums_up(*type_));
        whole.chain(self.faults.iter().map(|(type_, fact)| (*type_, fact)))
    }
}

/// Asks each provider once, if there is a remote to ask them by.
pub async fn ask(stores: &Stores, settings: &Settings, remote: &Remote) {
    let table = LoginTable::default();
    let providers = stores.providers.state();
    let local = |idp: &IdentityProvider| provider::local(idp, stores, settings, &table);
    let wishes = providers.iter().filter_map(|idp| provider::wish(idp, &local(idp)).ok());
    let questions: HashSet<_> = wishes.map(|wish| wish.question).collect();
    stream::iter(&questions).for_each_concurrent(CONCURRENCY, |question| fetch::ask(remote, question, ONCE)).await;
}

/// Decides about every object, with what `remote` has been told; None: as if no provider had ever been asked.
pub fn decide(stores: &Stores, settings: &Settings, remote: Option<&Remote>, now: Timestamp) -> DryRun {
    let mut run = DryRun { judged: Vec::new(), tests: 0, table: LoginTable::default() };
    (run.table.settled, run.table.complete) = (true, true);
    run.organizations(stores, settings, now);
    run.mappers(stores, settings, now);
    run.providers(stores, settings, remote, now);
    run
}

impl DryRun {
    fn organizations(&mut self, stores: &Stores, settings: &Settings, now: Timestamp) {
        for declared in stores.organizations.state() {
            let contenders = organization::contenders(&declared, stores);
            let referents = organization::referents(&declared, stores);
            let (contenders, referents) = (&*contenders, &referents);
            let observed =
                organization::Observed { settings, contenders, referents, providers: ReadyCount::default(), now };
            let decision = organization::decide(&declared, &observed);
            if let Some(entry) = decision.entry {
                self.table.set_organization(&entry.key.clone(), Some(Arc::new(entry)));
            }
            let judged = Judged::of(&*declared, "Organization", decision.conditions);
            let faults = decision.unresolved.into_iter().map(|fact| (ConditionType::ResolvedRefs, fact));
            self.judged.push(Judged { faults: faults.collect(), ..judged });
        }
    }

    fn providers(&mut self, stores: &Stores, settings: &Settings, remote: Option<&Remote>, now: Timestamp) {
        for idp in stores.providers.state() {
            let local = provider::local(&idp, stores, settings, &self.table);
            let decision = provider::decide(&idp, &observed(&idp, local, remote, now));
            self.table.set_provider(idp.uid_str(), Some(Arc::new(decision.entry)));
            self.judged.push(Judged::of(&*idp, "IdentityProvider", decision.conditions));
        }
    }

    fn mappers(&mut self, stores: &Stores, settings: &Settings, now: Timestamp) {
        for mapper in stores.mappers.state() {
            let targets = mapper::targets(&mapper, stores, settings);
            let siblings = mapper::siblings(&mapper, stores);
            let decision = mapper::decide(&mapper, &mapper::Observed { targets, siblings, current: None, now });
            self.tests += decision.status.tests.map_or(0, |count| count.passed + count.failed);
            self.table.set_mapper(mapper.uid_str(), Some(Arc::new(decision.entry)));
            let judged = Judged::of(&*mapper, "IdpMapper", decision.conditions);
            let fault = |message| (ConditionType::TestsPassed, Fact::fails(Reason::TestsFailed, message));
            self.judged.push(Judged { faults: decision.failures.into_iter().map(fault).collect(), ..judged });
        }
    }
}

fn observed(
    idp: &IdentityProvider,
    local: provider::Local,
    remote: Option<&Remote>,
    now: Timestamp,
) -> provider::Observed {
    let wish = provider::wish(idp, &local);
    let known = remote.zip(wish.as_ref().ok()).map(|(remote, wish)| fetch::cached(remote, &wish.question));
    provider::Observed {
        local,
        wish,
        remote: known.unwrap_or_default(),
        rotation: provider::Rotated::default(),
        handled: None,
        now,
    }
}
