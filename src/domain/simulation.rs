//! A login without a provider, a browser or a store: what would become of somebody with some claims who has never been
//! here before; where only known people may sign in, of somebody who is known. Pure.

use std::collections::BTreeSet;

use super::{
    Claims,
    documents::Merged,
    expression::ProviderVariable,
    field::Fields,
    grant::Granted,
    idp_user::IdpUser,
    login::{self, Decided, Fresh, Verified},
    matching::{Known, Namesake},
    organization::Organization,
    outcome::{Outcome, outcome},
    people::People,
    person::identify,
    provider::Provider,
    provider_session::ProviderSession,
    refusal::Refusal,
    table::LoginTable,
    trace::{Stage, Step, Trace},
    update::{Occasion, grants_after, user_after},
    user::{IdToken, LoginRecord, User, UserId, Verification},
};

/// What would become of somebody.
#[derive(Debug)]
pub struct Simulation {
    pub steps: Vec<Step>,
    /// The person counts as known, since nobody else could sign in.
    pub known_before: bool,
    /// The user, or why the person is not let in.
    pub outcome: Result<Outcome, String>,
}

/// Signs somebody in by claims that count as verified; `organization` and `people` are those of the provider.
pub fn simulate(
    table: &LoginTable,
    provider: &Provider,
    organization: &Organization,
    people: &People,
    claims: Claims,
    fresh: Fresh,
) -> Simulation {
    let mut trace = Trace::of_all();
    let variable = provider.variable(&provider.issuer);
    let record = record(table, provider, people, claims, variable, fresh, &mut trace);
    let outcome = record.map(|(record, before)| become_user(&record, before, provider, organization, &mut trace));
    Simulation { steps: trace.steps().to_vec(), known_before: people.modes.is_read_only(), outcome }
}

fn record(
    table: &LoginTable,
    provider: &Provider,
    people: &People,
    claims: Claims,
    variable: ProviderVariable<'_>,
    fresh: Fresh,
    trace: &mut Trace,
) -> Result<(LoginRecord, Option<User>), String> {
    let claims = Merged::from(claims);
    let person = identify(people, &claims.claims, None, variable, trace).map_err(|error| error.to_string())?;
    let at_provider =
        ProviderSession { issuer: provider.issuer.to_string(), subject: person.external_id.clone(), sid: None };
    let id_token = IdToken { issued_at: fresh.now, hint: None };
    let verified =
        Verified { table, provider, issuer: &provider.issuer, claims, person, at_provider, id_token, brought: None };
    let before = people.modes.is_read_only().then(|| known(provider, &verified.person, fresh.user_id));
    let known = before.as_ref().map(known_by_everything).unwrap_or_default();
    match login::decide(verified, known, fresh, trace) {
        Ok(Decided::LetIn(record)) => Ok((*record, before)),
        Ok(Decided::NotMapped(_)) => Err(Refusal::NotMapped.to_string()),
        Err(refusal) => Err(match &refusal {
            Refusal::ClaimRule { message, .. } => format!("{refusal}; people are told: {message}"),
            _ => refusal.to_string(),
        }),
    }
}

/// Somebody whom an administrator has made known.
fn known(provider: &Provider, person: &IdpUser, id: UserId) -> User {
    User {
        id,
        organization: provider.organization.clone(),
        user_name: login::user_name(provider, person),
        email: person.email.clone(),
        verified: person.email.is_some().then_some(Verification::Hand),
        fields: Fields::default(),
    }
}

fn known_by_everything(user: &User) -> Known {
    let namesake = Namesake { user: user.clone(), links: Vec::new() };
    let holder = user.email.is_some().then(|| user.clone());
    Known { linked: Some(user.clone()), linked_by: None, holder, namesake: Some(namesake) }
}

/// As the store would write it, and as applications would be told.
fn become_user(
    record: &LoginRecord,
    before: Option<User>,
    provider: &Provider,
    organization: &Organization,
    trace: &mut Trace,
) -> Outcome {
    let user = user_after(before.as_ref(), record, true);
    for (name, value) in organization.defaults.iter().filter(|(name, _)| user.fields.text(name).is_none()) {
        trace.step(Stage::Fields, name, || ("the organization's default", Some(value.clone().into())));
    }
    let LoginRecord { mapped, terms, session, .. } = record;
    let occasion = Occasion::Login { first: true };
    let held = grants_after(&BTreeSet::new(), &session.provider_uid, mapped, terms, occasion);
    let grants: Vec<Granted> = held.into_iter().map(|held| held.grant.granted).collect();
    outcome(&user, &grants, organization, &provider.key)
}
