//! A login without a provider, a browser or a store: what would become of somebody with some claims who has never been
//! here before. Pure.

use super::{
    Claims,
    documents::Merged,
    expression::ProviderVariable,
    field::Fields,
    grant::Granted,
    login::{self, Decided, Fresh, Verified},
    organization::Organization,
    outcome::{Outcome, outcome},
    people::People,
    person::identify,
    provider::Provider,
    provider_session::ProviderSession,
    table::LoginTable,
    trace::{Stage, Step, Trace},
    trust::{Known, Refusal},
    user::{IdToken, LoginRecord, User},
};

/// What would become of somebody.
#[derive(Debug)]
pub struct Simulation {
    pub steps: Vec<Step>,
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
    let outcome = record.map(|record| become_user(record, provider, organization, &mut trace));
    Simulation { steps: trace.steps().to_vec(), outcome }
}

fn record(
    table: &LoginTable,
    provider: &Provider,
    people: &People,
    claims: Claims,
    variable: ProviderVariable<'_>,
    fresh: Fresh,
    trace: &mut Trace,
) -> Result<LoginRecord, String> {
    let claims = Merged::from(claims);
    let person = identify(people, &claims.claims, None, variable, trace).map_err(|error| error.to_string())?;
    let at_provider =
        ProviderSession { issuer: provider.issuer.to_string(), subject: person.external_id.clone(), sid: None };
    let id_token = IdToken { issued_at: fresh.now, hint: None };
    let verified = Verified { table, provider, issuer: &provider.issuer, claims, person, at_provider, id_token };
    match login::decide(verified, Known::default(), fresh, trace) {
        Ok(Decided::LetIn(record)) => Ok(*record),
        Ok(Decided::NotMapped(_)) => Err(Refusal::NotMapped.to_string()),
        Err(refusal) => Err(match &refusal {
            Refusal::ClaimRule { message, .. } => format!("{refusal}; people are told: {message}"),
            _ => refusal.to_string(),
        }),
    }
}

/// As the store would write it, and as applications would be told.
fn become_user(record: LoginRecord, provider: &Provider, organization: &Organization, trace: &mut Trace) -> Outcome {
    let LoginRecord { user, mapped, keep, .. } = record;
    let said = mapped.said.unwrap_or_default();
    let user = User { fields: Fields::default().replaced_by(&said, &keep), ..user };
    for (name, value) in organization.defaults.iter().filter(|(name, _)| user.fields.text(name).is_none()) {
        trace.step(Stage::Fields, name, || ("the organization's default", Some(value.clone().into())));
    }
    let grants: Vec<Granted> = mapped.grants.into_iter().map(|grant| grant.granted).collect();
    outcome(&user, &grants, organization, &provider.key)
}
