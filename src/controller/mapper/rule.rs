//! What a mapper's manifest says, with its expressions compiled.

use crate::{
    api::{self, Attribute, AttributeSource, Fact, GrantSpec, NamesFrom, Reason},
    controller::expression::compiled,
    domain::{
        field::usable,
        grant::Granted,
        mapper::{AttributeFrom, AttributeRule, GrantRule, NamesRule, Patterns, Rule, When},
        reading::Reading,
    },
};

/// What a mapper says.
///
/// # Errors
/// `Accepted=False` with `InvalidExpression` or `InvalidCombination`, and the field.
pub fn rule(spec: &api::IdpMapperSpec) -> Result<Rule, Fact> {
    Ok(Rule {
        when: when(spec.when.as_ref())?,
        grant: spec.grant.as_ref().map(grant).transpose()?,
        attributes: spec.attributes.iter().enumerate().map(attribute).collect::<Result<_, Fact>>()?,
    })
}

fn when(when: Option<&api::When>) -> Result<When, Fact> {
    match when {
        None => Ok(When::Always),
        Some(api::When { claim: Some(claim), group: None, expression: None }) => {
            Ok(When::Claim { key: claim.key.clone(), value: claim.value.clone() })
        }
        Some(api::When { claim: None, group: Some(group), expression: None }) => Ok(When::Group(group.clone())),
        Some(api::When { claim: None, group: None, expression: Some(source) }) => {
            compiled("spec.when.expression", source).map(When::Expression)
        }
        // The CRD's rule keeps it out; the type has room for it, and it must never count as every user.
        Some(_) => Err(invalid(
            "spec.when: write exactly one of claim, group and expression; leave out when to match every user",
        )),
    }
}

fn grant(grant: &GrantSpec) -> Result<GrantRule, Fact> {
    let roles = grant.roles.iter().cloned().map(Granted::Role);
    let groups = grant.groups.iter().cloned().map(Granted::Group);
    let administrator = grant.administrator.then_some(Granted::Administrator);
    let names = |field: &str, from: &Option<NamesFrom>| from.as_ref().map(|from| names(field, from)).transpose();
    Ok(GrantRule {
        given: roles.chain(groups).chain(administrator).collect(),
        group_types: grant.group_types.clone(),
        roles_from: names("spec.grant.rolesFrom", &grant.roles_from)?,
        groups_from: names("spec.grant.groupsFrom", &grant.groups_from)?,
    })
}

fn names(field: &str, names: &NamesFrom) -> Result<NamesRule, Fact> {
    let from = match (&names.claim, &names.expression) {
        (Some(claim), None) => Reading::claim(claim),
        (None, Some(source)) => Reading::Expression(compiled(&format!("{field}.expression"), source)?),
        _ => return Err(invalid(format!("{field}: write exactly one of claim and expression"))),
    };
    Ok(NamesRule { from, only: Patterns::new(names.only.iter().map(String::as_str)) })
}

fn attribute((index, Attribute { target, from }): (usize, &Attribute)) -> Result<AttributeRule, Fact> {
    let field = format!("spec.attributes[{index}].from");
    let from = match from {
        AttributeSource { claim: Some(claim), value: None, expression: None } => {
            AttributeFrom::Reading(Reading::claim(claim))
        }
        AttributeSource { claim: None, value: Some(text), expression: None } => {
            usable(target, &text.as_str().into())
                .map_err(|why| invalid(format!("{field}.value: {text:?} cannot be the {target} of anybody: {why}")))?;
            AttributeFrom::Constant(text.clone())
        }
        AttributeSource { claim: None, value: None, expression: Some(source) } => {
            AttributeFrom::Reading(Reading::Expression(compiled(&format!("{field}.expression"), source)?))
        }
        _ => return Err(invalid(format!("{field}: write exactly one of claim, value and expression"))),
    };
    Ok(AttributeRule { target: target.clone(), from })
}

fn invalid(message: impl Into<String>) -> Fact {
    Fact::fails(Reason::InvalidCombination, message)
}
