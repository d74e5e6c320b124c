//! What a manifest says of its provider's people: what is written, over what each type of provider sends.

use crate::{
    api::{self, ClaimMapping, Claims, Fact, IdentityProviderSpec, ProviderType, Reason},
    controller::expression::compiled,
    domain::{
        field::{self, usable},
        modes::{Mode, Modes},
        people::{Access, ClaimRule, Defaults, Match, OtherReading, People, Readings},
        reading::Reading,
    },
};

/// What is said of the people of a provider.
///
/// # Errors
/// `Accepted=False` with `InvalidExpression` or `InvalidCombination`, and the field.
pub fn people(spec: &IdentityProviderSpec) -> Result<People, Fact> {
    let rules = [
        (field::LANGUAGE, &spec.rules.language),
        (field::TIME_ZONE, &spec.rules.time_zone),
        (field::CULTURE, &spec.rules.culture),
    ];
    let rule = |(name, source): (&'static str, &Option<String>)| {
        let compile =
            |source: &String| Ok((name, Reading::Expression(compiled(&format!("spec.rules.{name}"), source)?)));
        source.as_ref().map(compile)
    };
    let validation = spec.claim_validation_rules.iter().enumerate().map(|(index, rule)| {
        let expression = compiled(&format!("spec.claimValidationRules[{index}].expression"), &rule.expression)?;
        Ok(ClaimRule { expression, message: rule.message.clone() })
    });
    let defaults = &spec.defaults;
    Ok(People {
        readings: readings(spec)?,
        access: match spec.users.access {
            api::Access::Everyone => Access::Everyone,
            api::Access::MappedOnly => Access::MappedOnly,
        },
        matching: matching(&spec.users),
        modes: modes(&spec.users),
        trust_email: spec.trust_email,
        defaults: Defaults {
            fields: defaults_of([
                (field::LANGUAGE, &defaults.language),
                (field::TIME_ZONE, &defaults.time_zone),
                (field::CULTURE, &defaults.culture),
            ])?,
            administrator: defaults.administrator,
        },
        rules: rules.into_iter().filter_map(rule).collect::<Result<_, Fact>>()?,
        validation: validation.collect::<Result<_, Fact>>()?,
    })
}

fn matching(users: &api::UsersSpec) -> Vec<Match> {
    let way = |way: &api::Match| match way {
        api::Match::ExternalID => Match::ExternalId,
        api::Match::Email => Match::Email,
        api::Match::UserName => Match::UserName,
    };
    let default = || vec![Match::ExternalId, Match::Email];
    users.match_.as_ref().map_or_else(default, |written| written.iter().map(way).collect())
}

fn modes(users: &api::UsersSpec) -> Modes {
    let mode = |mode| match mode {
        api::Mode::Replace => Mode::Replace,
        api::Mode::Merge => Mode::Merge,
        api::Mode::Create => Mode::Create,
        api::Mode::None => Mode::None,
    };
    match users.provisioning {
        api::Provisioning::ReadOnly => Modes::read_only(),
        api::Provisioning::CreateOrReplace => {
            Modes::new(users.update_modes.iter().map(|written| (written.target.clone(), mode(written.mode))))
        }
    }
}

/// Defaults in their usual spelling.
///
/// # Errors
/// `Accepted=False` with `InvalidCombination`, and the field.
pub fn defaults_of(written: [(&'static str, &Option<String>); 3]) -> Result<Vec<(&'static str, String)>, Fact> {
    let written = written.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
    let default = |(name, text): (&'static str, &String)| match usable(name, &text.as_str().into()) {
        Ok(Some(serde_json::Value::String(text))) => Ok((name, text)),
        Ok(_) => Err(unusable(name, text, "it is empty")),
        Err(why) => Err(unusable(name, text, &why.to_string())),
    };
    written.map(default).collect()
}

fn unusable(name: &str, text: &str, why: &str) -> Fact {
    Fact::fails(Reason::InvalidCombination, format!("spec.defaults.{name}: {text:?} cannot be used: {why}"))
}

fn readings(spec: &IdentityProviderSpec) -> Result<Readings, Fact> {
    let claims = &spec.claims;
    let or = |name: &str, mapping: &Option<ClaimMapping>, standard: &str| {
        Ok::<_, Fact>(reading(name, mapping)?.unwrap_or_else(|| Reading::claim(standard)))
    };
    // Neither has user names beside the address, nor groups that anybody could rely on: looking for them would ask
    // userinfo at every login.
    let few = matches!(spec.type_, ProviderType::Google | ProviderType::Auth0);
    Ok(Readings {
        user_id: or("userID", &claims.user_id, "sub")?,
        user_name: reading("userName", &claims.user_name)?,
        preferred_user_name: (!few).then(|| Reading::claim("preferred_username")),
        email: or("email", &claims.email, "email")?,
        email_verified: or("emailVerified", &claims.email_verified, email_verified(spec.type_))?,
        groups: reading("groups", &claims.groups)?.or_else(|| (!few).then(|| Reading::claim("groups"))),
        full_name: or("fullName", &claims.full_name, "name")?,
        others: others(claims)?,
    })
}

/// The standard claims need no mapping (OpenID Connect Core 1.0, section 5.1).
fn others(claims: &Claims) -> Result<Vec<OtherReading>, Fact> {
    [
        (field::GIVEN_NAME, &claims.given_name, "given_name"),
        (field::FAMILY_NAME, &claims.family_name, "family_name"),
        (field::PICTURE, &claims.picture, "picture"),
        (field::PROFILE, &claims.profile, "profile"),
        (field::GENDER, &claims.gender, "gender"),
        (field::LOCALE, &claims.locale, "locale"),
    ]
    .into_iter()
    .map(|(name, mapping, standard)| {
        let reading = reading(name, mapping)?.unwrap_or_else(|| Reading::claim(standard));
        Ok(OtherReading { name, reading, is_wanted: mapping.is_some() })
    })
    .collect()
}

fn reading(name: &str, mapping: &Option<ClaimMapping>) -> Result<Option<Reading>, Fact> {
    let Some(ClaimMapping { claim, expression }) = mapping else { return Ok(None) };
    let Some(source) = expression else { return Ok(claim.as_deref().map(Reading::claim)) };
    let place = format!("spec.claims.{name}.expression");
    let expression = compiled(&place, source)?;
    if expression.reads_person() {
        let message = format!("{place}: it reads idpUser, which is made of what it gives: write claims instead");
        return Err(Fact::fails(Reason::InvalidExpression, message));
    }
    Ok(Some(Reading::Expression(expression)))
}

/// Entra never sends `email_verified`; whether the owner of the address's domain is verified, it says by another
/// claim, if it is told to.
fn email_verified(type_: ProviderType) -> &'static str {
    match type_ {
        ProviderType::Entra => "xms_edov",
        _ => "email_verified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(type_: ProviderType, claims: Claims) -> Readings {
        people(&IdentityProviderSpec { type_, claims, ..Default::default() }).expect("people").readings
    }

    fn names(type_: ProviderType) -> Readings {
        of(type_, Claims::default())
    }

    #[test]
    fn each_type_has_the_claims_that_it_sends() {
        for type_ in [ProviderType::Generic, ProviderType::Okta, ProviderType::Keycloak] {
            assert_eq!(names(type_), crate::domain::testing::people().readings, "{type_:?}");
        }
        assert_eq!(names(ProviderType::Entra).email_verified, Reading::claim("xms_edov"));
        assert_eq!(names(ProviderType::Entra).groups, Some(Reading::claim("groups")));
        for type_ in [ProviderType::Google, ProviderType::Auth0] {
            assert_eq!((names(type_).preferred_user_name, names(type_).groups), (None, None), "{type_:?}");
        }
    }

    #[test]
    fn what_is_written_goes_before_what_the_type_says() {
        let mapping = |claim: &str| Some(ClaimMapping { claim: Some(claim.to_owned()), expression: None });
        let claims = Claims { groups: mapping("roles"), email_verified: mapping("checked"), ..Claims::default() };
        for type_ in [ProviderType::Google, ProviderType::Entra] {
            let readings = of(type_, claims.clone());
            let expected = (Some(Reading::claim("roles")), Reading::claim("checked"));
            assert_eq!((readings.groups, readings.email_verified), expected);
        }
    }

    #[test]
    fn what_cannot_be_compiled_or_used_is_refused_with_its_field() {
        let expression = |source: &str| Some(ClaimMapping { claim: None, expression: Some(source.to_owned()) });
        let with = |edit: &dyn Fn(&mut IdentityProviderSpec)| {
            let mut spec = IdentityProviderSpec::default();
            edit(&mut spec);
            people(&spec).expect_err("refused")
        };
        for (fact, reason, field) in [
            (
                with(&|spec| spec.claims.user_name = expression("claims.")),
                Reason::InvalidExpression,
                "spec.claims.userName.expression: ",
            ),
            (
                with(&|spec| spec.claims.email = expression("idpUser.name")),
                Reason::InvalidExpression,
                "spec.claims.email.expression: it reads idpUser",
            ),
            (
                with(&|spec| spec.rules.time_zone = Some("1 +".into())),
                Reason::InvalidExpression,
                "spec.rules.timeZone: ",
            ),
            (
                with(&|spec| spec.claim_validation_rules = vec![api::ClaimValidationRule::default()]),
                Reason::InvalidExpression,
                "spec.claimValidationRules[0].expression: ",
            ),
            (
                with(&|spec| spec.defaults.time_zone = Some("Mars".into())),
                Reason::InvalidCombination,
                "spec.defaults.timeZone: \"Mars\" cannot be used: ",
            ),
        ] {
            assert_eq!(fact.reason, reason, "{}", fact.message);
            assert!(fact.message.starts_with(field), "{}", fact.message);
        }
    }
}
