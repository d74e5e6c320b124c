//! A provider with mappers, and somebody who signs in through it, up to what is written of them.

use std::{error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;
use latchkey::domain::{
    documents::Merged,
    expression::Expression,
    grant::Granted,
    login::{Decided, Fresh, Verified, decide},
    mapper::{AttributeFrom, AttributeRule, GrantRule, Mapper, Rule, When},
    matching::Known,
    modes::Modes,
    people::{Access, ClaimRule, Defaults, Match, OtherReading, People, Readings},
    person::identify,
    provider::{LoginState, OnSignInPage, Provider, Trust},
    provider_session::ProviderSession,
    reading::Reading,
    table::LoginTable,
    trace::Trace,
    user::{IdToken, LoginRecord, OneUse, SessionId, UserId},
};
use latchkey::{
    api::{ProviderType, Reason},
    domain::organization::{Group, Organization, OrganizationKey, Role, SessionLimits, TokenPolicy},
};
use serde_json::{Value, json};
use uuid::Uuid;

const ISSUER: &str = "https://issuer.example";

/// As real rules are written; each is true of one in some people.
const EXPRESSIONS: [&str; 5] = [
    "idpUser.groups.exists(g, g.startsWith('engineering-'))",
    "'group-07' in idpUser.groups && claims.department == 'Sales'",
    "claims.level >= 3 && has(claims.manager)",
    "idpUser.email.endsWith('@example.com') && idpUser.emailVerified",
    "idpUser.getProperty('locale', 'en') == 'de-CH' || provider.key == 'other'",
];

/// A provider with mappers, and somebody who signs in through it.
pub struct Login {
    table: LoginTable,
    claims: Merged,
}

impl Login {
    /// So many mappers, of which so many have expressions.
    pub fn new(mappers: usize, expressions: usize, claims: &Value) -> Result<Self, Box<dyn Error>> {
        let mut table = LoginTable::default();
        let organization = organization()?;
        table.set_organization(&organization.key.clone(), Some(Arc::new(organization)));
        table.set_provider("p1", Some(Arc::new(provider()?)));
        for number in 0..mappers {
            let mapper = mapper(number, number < expressions)?;
            table.set_mapper(&mapper.uid.clone(), Some(Arc::new(mapper)));
        }
        (table.settled, table.complete) = (true, true);
        Ok(Self { table, claims: claims.as_object().ok_or("claims are an object")?.clone().into() })
    }

    /// Everything that is written, by what is known of the person; `brought`: by an application.
    pub fn decide(&self, known: Known, brought: Option<OneUse>) -> Result<LoginRecord, Box<dyn Error>> {
        let provider = self.table.provider_by_uid("p1").ok_or("no provider")?;
        let people = provider.people.as_deref().ok_or("no people")?;
        let mut trace = Trace::of_problems();
        let person = identify(people, &self.claims.claims, None, provider.variable(ISSUER), &mut trace)?;
        let at_provider = ProviderSession { issuer: ISSUER.to_owned(), subject: "1".to_owned(), sid: None };
        let verified = Verified {
            table: &self.table,
            provider,
            issuer: ISSUER,
            claims: self.claims.clone(),
            person,
            at_provider,
            id_token: IdToken { issued_at: Timestamp::UNIX_EPOCH, hint: None },
            brought,
        };
        let fresh = Fresh { user_id: UserId(Uuid::nil()), session_id: SessionId([0; 32]), now: Timestamp::UNIX_EPOCH };
        match decide(verified, known, fresh, &mut trace)? {
            Decided::LetIn(record) => Ok(*record),
            Decided::NotMapped(_) => Err("everybody may sign in".into()),
        }
    }
}

/// 2 KB with 20 groups, of which nothing is odd.
pub fn with_groups(count: usize) -> Value {
    let groups: Vec<_> = (0..count).map(|number| format!("group-{number:02}-of-the-directory")).collect();
    let address = json!({"street_address": "1 Main Street", "locality": "Springfield", "country": "US"});
    let mut all = json!({
        "iss": ISSUER, "aud": "latchkey", "sub": "248289761001", "exp": 1_760_000_300, "iat": 1_760_000_000,
        "nonce": "n-0S6_WzA2Mj", "name": "Ann Archer", "given_name": "Ann", "family_name": "Archer",
        "preferred_username": "ann.archer", "email": "ann.archer@example.com", "email_verified": true, "locale": "de-CH",
        "picture": "https://pictures.example/ann.archer", "department": "Sales", "level": 4, "title": "Head of Sales",
        "manager": "bob.baker", "address": address, "groups": groups,
    });
    for number in 0..12 {
        all[format!("extension_{number:02}")] = format!("a value that some directory has for {number:02}").into();
    }
    all
}

/// One of many: most are for a group or a claim, and every fourth is for this person.
fn mapper(number: usize, by_expression: bool) -> Result<Mapper, Box<dyn Error>> {
    let when = match number % 4 {
        _ if by_expression => When::Expression(Expression::compile(EXPRESSIONS[number % EXPRESSIONS.len()])?),
        0 => When::Group(format!("group-{:02}-of-the-directory", number % 20)),
        1 => When::Claim { key: "department".to_owned(), value: "Engineering".to_owned() },
        2 => When::Claim { key: "groups".to_owned(), value: format!("another-{number}") },
        _ => When::Group(format!("elsewhere-{number}")),
    };
    let given = vec![Granted::Role(format!("role-{}", number % 20)), Granted::Group(format!("group-{}", number % 20))];
    let grant = Some(GrantRule { given, ..GrantRule::default() });
    let title = AttributeRule { target: "title".to_owned(), from: AttributeFrom::Reading(Reading::claim("title")) };
    let attributes = if number.is_multiple_of(10) { vec![title] } else { Vec::new() };
    Ok(Mapper {
        uid: format!("0198c0de-0000-7000-8000-{number:012}").into(),
        path: format!("default/mapper-{number}"),
        providers: vec!["p1".into()],
        would_admit: true,
        served: Some((Arc::new(Rule { when, grant, attributes }), 1)),
    })
}

fn organization() -> Result<Organization, Box<dyn Error>> {
    let role = |number| Role { name: format!("role-{number}"), display_name: String::new(), administrator: false };
    let group = |number| Group { name: format!("group-{number}"), display_name: String::new(), type_: None };
    Ok(Organization {
        key: OrganizationKey::new("default", "default"),
        id: "default".into(),
        display_name: "Example Inc.".to_owned(),
        external_url: "https://sso.example".parse()?,
        roles: (0..20).map(role).collect(),
        groups: (0..20).map(group).collect(),
        defaults: Vec::new(),
        title: None,
        allowed_return_urls: Vec::new(),
        logout_page_url: None,
        require_verified_email: false,
        session: SessionLimits { idle_timeout: Duration::from_secs(1800), lifetime: Duration::from_secs(36_000) },
        tokens: TokenPolicy { audience: None, lifetime: Duration::from_secs(600) },
        applications: Vec::new(),
    })
}

fn provider() -> Result<Provider, Box<dyn Error>> {
    Ok(Provider {
        uid: "p1".into(),
        path: "default/p1".to_owned(),
        organization: OrganizationKey::new("default", "default"),
        key: "p1".into(),
        display_name: "Provider".to_owned(),
        type_: ProviderType::Generic,
        icon: None,
        issuer: ISSUER.into(),
        people: Some(Arc::new(people()?)),
        trust: Trust::default(),
        on_sign_in_page: OnSignInPage::Shown,
        user_name_separator: None,
        suspended: false,
        logout_page_url: None,
        has_client: true,
        login: LoginState::Unavailable(Reason::Pending),
    })
}

/// The usual claims, a validation rule, and a rule for the language.
fn people() -> Result<People, Box<dyn Error>> {
    let other = |name, claim| OtherReading { name, reading: Reading::claim(claim), is_wanted: false };
    let others =
        [("givenName", "given_name"), ("familyName", "family_name"), ("picture", "picture"), ("locale", "locale")];
    let language = Expression::compile("'group-03-of-the-directory' in idpUser.groups ? 'en' : 'de'")?;
    let validation = ClaimRule { expression: Expression::compile("idpUser.emailVerified")?, message: String::new() };
    Ok(People {
        readings: Readings {
            user_id: Reading::claim("sub"),
            user_name: None,
            preferred_user_name: Some(Reading::claim("preferred_username")),
            email: Reading::claim("email"),
            email_verified: Reading::claim("email_verified"),
            groups: Some(Reading::claim("groups")),
            full_name: Reading::claim("name"),
            others: others.map(|(name, claim)| other(name, claim)).into(),
        },
        access: Access::Everyone,
        matching: vec![Match::ExternalId, Match::Email],
        modes: Modes::default(),
        trust_email: false,
        defaults: Defaults::default(),
        rules: vec![("language", Reading::Expression(language))],
        validation: vec![validation],
    })
}
