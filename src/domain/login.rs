//! From a person to a login: what it writes. Each step a pure function over the one before.

use jiff::Timestamp;

use super::{
    documents::Merged,
    expression::Variables,
    idp_user::IdpUser,
    mapper::Rule,
    mapping::{self, Evidence, Mapping},
    matching::{Found, Known, Namesake, Search},
    organization::OrganizationKey,
    people::{Access, ClaimRule, Match, People},
    person::identify,
    provider::Provider,
    provider_session::ProviderSession,
    refusal::Refusal,
    table::LoginTable,
    trace::{Problem, Stage, Trace},
    trust,
    user::{
        FoundBy, IdToken, Link, LoginRecord, LostAccess, Mapped, OneUse, Session, SessionId, User, UserId, Verification,
    },
};

/// What a login knows once the provider's answer is verified.
pub struct Verified<'a> {
    pub table: &'a LoginTable,
    pub provider: &'a Provider,
    pub issuer: &'a str,
    pub claims: Merged,
    pub person: IdpUser,
    /// The session at the provider, and the ID token that tells of it.
    pub at_provider: ProviderSession,
    pub id_token: IdToken,
    /// An application brought the ID token, which counts once.
    pub brought: Option<OneUse>,
}

/// What only the caller can make: identifiers from randomness, and the time.
pub struct Fresh {
    /// The ID of the user, should the person be new.
    pub user_id: UserId,
    pub session_id: SessionId,
    pub now: Timestamp,
}

/// The link by which a person is known.
pub fn link(organization: &OrganizationKey, issuer: &str, person: &IdpUser) -> Link {
    Link { organization: organization.clone(), issuer: issuer.to_owned(), external_id: person.external_id.clone() }
}

/// The name by which a person of a provider is known here.
pub fn user_name(provider: &Provider, person: &IdpUser) -> String {
    format!("{}{}", provider.user_name_prefix().unwrap_or_default(), person.user_name)
}

/// What a provider and its mappers make of the person of these claims, apart from a login. None: what they say is not
/// known now.
pub fn mapped(table: &LoginTable, provider: &Provider, claims: &Merged, trace: &mut Trace) -> Option<Mapped> {
    let mapping = mapping(table, provider, &provider.issuer)?;
    let address = claims.address.clone();
    let mapped = match identify(mapping.people, &claims.claims, address, mapping.provider, trace) {
        Ok(person) => {
            let variables = Variables::new(&claims.claims, Some(&person), mapping.provider);
            mapping.of(Evidence { claims: &claims.claims, person: &person, variables: &variables }, trace)
        }
        // They describe nobody any more, by where the manifest has the person read now.
        Err(_) => {
            let admitted = mapping.people.access == Access::Everyone;
            Mapped { grants: Vec::new(), said: None, admitted }
        }
    };
    // One of which nothing is served may be for this person.
    Some(Mapped { admitted: mapped.admitted || table.may_not_know_all(&provider.uid), ..mapped })
}

/// What somebody gets of whom the claims are not known: what everybody does, and whether they may still be admitted.
/// None: not even that is known.
pub fn mapped_without_claims(table: &LoginTable, provider: &Provider) -> Option<Mapped> {
    let people = provider.people.as_deref()?;
    let grants = mapping::by_default(&provider.uid, people).into_iter().collect();
    Some(Mapped { grants, said: None, admitted: may_admit(table, provider, people) })
}

fn may_admit(table: &LoginTable, provider: &Provider, people: &People) -> bool {
    let admits = table.mappers_of(&provider.uid).iter().filter_map(|mapper| mapper.rule()).any(Rule::admits);
    people.access == Access::Everyone || admits || table.may_not_know_all(&provider.uid)
}

/// None: what the provider says of its people, its issuer or its organization is not known now.
fn mapping<'a>(table: &'a LoginTable, provider: &'a Provider, issuer: &'a str) -> Option<Mapping<'a>> {
    (!issuer.is_empty()).then_some(())?;
    Some(Mapping {
        provider_uid: &provider.uid,
        provider: provider.variable(issuer),
        people: provider.people.as_deref()?,
        mappers: table.mappers_of(&provider.uid),
        organization: table.organization_by_key(&provider.organization)?,
    })
}

/// What becomes of somebody whom the provider may sign in.
pub enum Decided {
    LetIn(Box<LoginRecord>),
    /// Only mapped people may sign in, and no mapper is for this person. With what a user who was let in before loses.
    NotMapped(Option<Box<LostAccess>>),
}

/// Decides what a login writes.
///
/// # Errors
/// The provider may not sign this person in, or not as who they are there.
pub fn decide(verified: Verified<'_>, known: Known, fresh: Fresh, trace: &mut Trace) -> Result<Decided, Refusal> {
    let Verified { table, provider, issuer, claims, person, .. } = &verified;
    // Without either no login would have begun.
    let mapping = mapping(table, provider, issuer).ok_or(Refusal::Starting)?;
    // Converted once for the rules and for the mappers.
    let variables = Variables::new(&claims.claims, Some(person), mapping.provider);
    validate(mapping.people, &variables, trace)?;
    let (found, user_name) = trusted(&verified, &mapping, &known)
        .inspect_err(|refusal| trace.step(Stage::Trust, &"trust", || (refusal, None)))?;
    trace.step(Stage::Trust, &"trust", || ("the provider may sign this person in", None));
    trace.step(Stage::Trust, &"user", || (&found, None));
    let mapped = mapping.of(Evidence { claims: &claims.claims, person, variables: &variables }, trace);
    drop(variables);
    if mapped.admitted {
        for (target, words) in mapping.people.modes.told() {
            trace.step(Stage::UpdateModes, &target, || (words, None));
        }
        let linked = known.linked.map(|user| user.id);
        let record = let_in(verified, &mapping, Person { found, user_name, linked, mapped }, fresh);
        return Ok(Decided::LetIn(Box::new(record)));
    }
    if !table.settled {
        return Err(Refusal::Starting);
    }
    // Who is not linked to this provider yet has nothing by it.
    let loses = known.linked.filter(|linked| found.user().is_some_and(|user| user.id == linked.id));
    Ok(Decided::NotMapped(loses.map(|user| Box::new(lost(verified, user.id, mapped)))))
}

/// Somebody who is let in.
struct Person {
    found: Found,
    /// Here.
    user_name: String,
    /// The user whom the link led to.
    linked: Option<UserId>,
    mapped: Mapped,
}

fn let_in(verified: Verified<'_>, mapping: &Mapping<'_>, let_in: Person, fresh: Fresh) -> LoginRecord {
    let Verified { table, provider, issuer, claims, person, at_provider, id_token, brought } = verified;
    let Person { found, user_name, linked, mapped } = let_in;
    let organization = &provider.organization;
    let user = User {
        organization: organization.clone(),
        user_name,
        email: person.email.clone(),
        verified: person.email_verified.then_some(Verification::Provider),
        id: found.user().map_or(fresh.user_id, |user| user.id),
        fields: Default::default(),
    };
    let session = Session {
        id: fresh.session_id,
        organization: organization.clone(),
        user: user.id,
        provider_uid: provider.uid.clone(),
        provider_key: provider.key.clone(),
        started_at: fresh.now,
        last_used_at: fresh.now,
        at_provider: Some(at_provider),
    };
    LoginRecord {
        link: link(organization, issuer, &person),
        linked,
        only_link: !mapping.people.matching.contains(&Match::ExternalId),
        found: found_by(found, &user),
        user,
        mapped,
        claims,
        terms: table.terms(&provider.uid),
        mark: table.mark(&provider.uid).unwrap_or_default(),
        requires_verified_email: mapping.organization.require_verified_email,
        session,
        id_token,
        brought,
    }
}

/// What must still hold when the login is written.
fn found_by(found: Found, told: &User) -> FoundBy {
    match found {
        Found::New => FoundBy::New,
        Found::Linked(_) => FoundBy::Link,
        Found::ByAddress(user) => FoundBy::Address(user.email.unwrap_or_default()),
        Found::ByUserName(Namesake { links, .. }) => FoundBy::UserName(told.user_name.clone(), links),
    }
}

fn lost(verified: Verified<'_>, user: UserId, mapped: Mapped) -> LostAccess {
    let Verified { table, provider, claims, id_token, brought, .. } = verified;
    LostAccess {
        user,
        issued_at: id_token.issued_at,
        brought,
        provider_uid: provider.uid.clone(),
        // A mapper of which nothing is served may be for this person.
        mapped: Mapped { admitted: table.may_not_know_all(&provider.uid), ..mapped },
        claims,
        terms: table.terms(&provider.uid),
        mark: table.mark(&provider.uid).unwrap_or_default(),
    }
}

/// Who the person is here, and by which name.
fn trusted(verified: &Verified<'_>, mapping: &Mapping<'_>, known: &Known) -> Result<(Found, String), Refusal> {
    let Verified { table, provider, issuer, person, .. } = verified;
    trust::admit(person, provider, table)?;
    let people = mapping.people;
    let user_name = match trust::user_name(&person.user_name, provider, table) {
        // A name that is neither written nor looked for may be anybody's.
        Err(_) if people.modes.is_read_only() && !people.matching.contains(&Match::UserName) => {
            person.user_name.clone()
        }
        name => name?,
    };
    let found = Search { person, provider, people, issuer, table }.find(known)?;
    if let Some(user) = found.user() {
        trust::admit_found(user, provider, table)?;
    }
    Ok((found, user_name))
}

/// Holds claims to the rules of the manifest. A rule that fails does not hold.
///
/// # Errors
/// `ClaimRule`.
fn validate(people: &People, variables: &Variables<'_>, trace: &mut Trace) -> Result<(), Refusal> {
    for (index, ClaimRule { expression, message }) in people.validation.iter().enumerate() {
        let subject = format!("claimValidationRules[{index}]");
        let failure = match expression.evaluate(variables) {
            Ok(serde_json::Value::Bool(true)) => {
                trace.step(Stage::ClaimValidationRules, &subject, || ("holds", None));
                continue;
            }
            Ok(serde_json::Value::Bool(false)) => {
                trace.step(Stage::ClaimValidationRules, &subject, || ("does not hold", None));
                None
            }
            Ok(_) => {
                let said = "it gives no boolean; write a comparison";
                trace.problem(Stage::ClaimValidationRules, &subject, Problem::ResultNotUsable, &said);
                None
            }
            Err(error) => {
                trace.problem(Stage::ClaimValidationRules, &subject, Problem::ExpressionFailed, &error);
                Some(error)
            }
        };
        return Err(Refusal::ClaimRule { index, message: message.clone(), failure });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
