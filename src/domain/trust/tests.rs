use super::*;
use crate::domain::{
    matching::{Found, Known, Search},
    provider::Trust,
    refusal::Unmatched,
    testing::{login, organization_key, people, provider},
    user::Verification,
};

/// `p1` trusted as told, beside `p2`, which contoso.example belongs to.
pub(in crate::domain) fn world(trust: Trust) -> (Provider, LoginTable) {
    let mine = Provider { trust, ..provider("p1") };
    let other = Provider { trust: domains(&["contoso.example"]), ..provider("p2") };
    let mut table = LoginTable::default();
    (table.settled, table.complete) = (true, true);
    for provider in [&mine, &other] {
        table.set_provider(&provider.uid, Some(Arc::new(provider.clone())));
    }
    (mine, table)
}

pub(in crate::domain) fn domains(domains: &[&str]) -> Trust {
    Trust { global: false, domains: domains.iter().map(|domain| Arc::from(*domain)).collect() }
}

pub(in crate::domain) fn global(domains: &[&str]) -> Trust {
    Trust { global: true, ..self::domains(domains) }
}

pub(in crate::domain) fn person(email: Option<&str>, email_verified: bool) -> IdpUser {
    IdpUser {
        external_id: "1".into(),
        user_name: "ann".into(),
        full_name: None,
        email: email.map(str::to_owned),
        email_verified,
        groups: Vec::new(),
        ..IdpUser::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    New,
    Linked,
    ByAddress,
    NoAddress,
    Elsewhere,
    OfAnother,
    Taken(Unmatched),
}

/// Who is here already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    Nobody,
    /// The person, linked, who has the address or had another.
    ThePerson,
    /// Somebody else has the address, and has verified it or not.
    Other {
        verified: bool,
    },
    /// The person is linked, and somebody else has the address.
    Both,
}

fn outcome(trust: Trust, person: &IdpUser, here: Here) -> Outcome {
    let (provider, table) = world(trust);
    if let Err(refusal) = admit(person, &provider, &table) {
        return match refusal {
            Refusal::NoAddress => Outcome::NoAddress,
            Refusal::AddressElsewhere => Outcome::Elsewhere,
            Refusal::AddressOfAnotherProvider(other) => {
                assert_eq!(other, "default/p2");
                Outcome::OfAnother
            }
            other => panic!("{other}"),
        };
    }
    let user = |name: &str, verified: bool| User {
        email: person.email.clone(),
        verified: verified.then_some(Verification::Provider),
        ..login(name).user
    };
    let holder = |verified| person.email.is_some().then(|| user("other", verified));
    let known = match here {
        Here::Nobody => Known::default(),
        Here::ThePerson => {
            let linked = user("ann", true);
            Known { holder: person.email.is_some().then(|| linked.clone()), linked: Some(linked), ..Known::default() }
        }
        Here::Other { verified } => Known { holder: holder(verified), ..Known::default() },
        Here::Both => Known { linked: Some(user("ann", true)), holder: holder(true), ..Known::default() },
    };
    let search = Search { person, provider: &provider, people: &people(), issuer: &provider.issuer, table: &table };
    match search.find(&known) {
        Ok(Found::New) => Outcome::New,
        Ok(Found::Linked(_)) => Outcome::Linked,
        Ok(Found::ByAddress(_)) => Outcome::ByAddress,
        Err(Refusal::AddressTaken { why, .. }) => Outcome::Taken(why),
        other => panic!("{other:?}"),
    }
}

pub(in crate::domain) const MINE: &str = "ann@acme.example";
const OTHERS: &str = "ann@contoso.example";
pub(in crate::domain) const FREE: &str = "ann@free.example";

#[test]
fn who_is_let_in_and_as_whom_is_as_written_here() {
    use Here::{Both, Nobody, Other, ThePerson};
    use Outcome::{ByAddress, Elsewhere, Linked, New, NoAddress, OfAnother, Taken};
    use Unmatched::{LinkedToAnother, NotTrusted, NotVerifiedHere, NotVerifiedThere};
    let verified = Other { verified: true };
    let unverified = Other { verified: false };
    // The person's address, and whether the provider says it is verified.
    let (yes, no) = (true, false);
    let plain: &[(Option<&str>, bool, Here, Outcome)] = &[
        (None, no, Nobody, New),
        (None, no, ThePerson, Linked),
        (Some(FREE), yes, Nobody, New),
        (Some(FREE), no, Nobody, New),
        (Some(FREE), yes, ThePerson, Linked),
        (Some(FREE), no, ThePerson, Linked),
        (Some(FREE), yes, verified, Taken(NotTrusted)),
        (Some(FREE), no, verified, Taken(NotTrusted)),
        (Some(FREE), yes, unverified, Taken(NotTrusted)),
        (Some(FREE), yes, Both, Taken(LinkedToAnother)),
        (Some(OTHERS), yes, Nobody, OfAnother),
        (Some(OTHERS), no, Nobody, OfAnother),
        (Some(OTHERS), yes, ThePerson, OfAnother),
        (Some(OTHERS), yes, verified, OfAnother),
    ];
    let assigned: &[(Option<&str>, bool, Here, Outcome)] = &[
        (None, no, Nobody, NoAddress),
        (None, no, ThePerson, NoAddress),
        (Some(FREE), yes, Nobody, Elsewhere),
        (Some(FREE), yes, ThePerson, Elsewhere),
        (Some(OTHERS), yes, Nobody, Elsewhere),
        (Some("ann@sub.acme.example"), yes, Nobody, Elsewhere),
        (Some("ann@notacme.example"), yes, Nobody, Elsewhere),
        (Some(MINE), yes, Nobody, New),
        (Some(MINE), no, Nobody, New),
        (Some(MINE), no, ThePerson, Linked),
        (Some(MINE), yes, verified, ByAddress),
        (Some(MINE), no, verified, Taken(NotVerifiedThere)),
        (Some(MINE), yes, unverified, Taken(NotVerifiedHere)),
        (Some(MINE), no, unverified, Taken(NotVerifiedThere)),
        (Some(MINE), yes, Both, Taken(LinkedToAnother)),
    ];
    let everywhere: &[(Option<&str>, bool, Here, Outcome)] = &[
        (None, no, Nobody, New),
        (None, no, ThePerson, Linked),
        (Some(FREE), yes, Nobody, New),
        (Some(OTHERS), no, Nobody, New),
        (Some(OTHERS), yes, ThePerson, Linked),
        (Some(OTHERS), yes, verified, ByAddress),
        (Some(FREE), yes, verified, ByAddress),
        (Some(FREE), no, verified, Taken(NotVerifiedThere)),
        (Some(FREE), yes, unverified, Taken(NotVerifiedHere)),
        (Some(FREE), yes, Both, Taken(LinkedToAnother)),
    ];
    for (name, trust, cases) in [
        ("not global, without domains", domains(&[]), plain),
        ("not global, with domains", domains(&["acme.example"]), assigned),
        ("global", global(&[]), everywhere),
        ("global, with domains", global(&["acme.example"]), everywhere),
    ] {
        for (email, is_verified, here, expected) in cases {
            let told = format!("{name}: {email:?}, verified {is_verified}, here {here:?}");
            assert_eq!(outcome(trust.clone(), &person(*email, *is_verified), *here), *expected, "{told}");
        }
    }
}

#[test]
fn before_everything_is_known_only_a_global_provider_signs_people_in() {
    for (trust, email, let_in) in [
        (domains(&[]), None, false),
        (domains(&[]), Some(FREE), false),
        (domains(&["acme.example"]), Some(MINE), false),
        (global(&[]), Some(OTHERS), true),
    ] {
        let (provider, mut table) = world(trust);
        table.settled = false;
        let admitted = admit(&person(email, true), &provider, &table);
        assert_eq!(admitted, if let_in { Ok(()) } else { Err(Refusal::Starting) }, "{email:?}");
    }
}

#[test]
fn a_linked_user_whose_address_is_another_providers_is_not_signed_in_by_leaving_the_address_out() {
    let linked = |email: Option<&str>| User { email: email.map(str::to_owned), ..login("ann").user };
    for (trust, email, let_in) in [
        (domains(&[]), None, true),
        (domains(&[]), Some(FREE), true),
        (domains(&[]), Some(OTHERS), false),
        (domains(&["acme.example"]), Some(MINE), true),
        (domains(&["acme.example"]), Some(OTHERS), false),
        (global(&[]), Some(OTHERS), true),
    ] {
        let (provider, table) = world(trust);
        assert_eq!(admit_found(&linked(email), &provider, &table).is_ok(), let_in, "{email:?}");
    }
}

#[test]
fn a_user_name_that_is_an_address_of_another_provider_is_refused() {
    let refused = Err(Refusal::AddressNameOfAnotherProvider("default/p2".to_owned()));
    for (trust, name, expected) in [
        (domains(&[]), OTHERS, refused.clone()),
        (domains(&[]), "Ann@CONTOSO.example", refused.clone()),
        (domains(&["acme.example"]), OTHERS, refused),
        (domains(&[]), FREE, Ok(FREE.to_owned())),
        (domains(&[]), "ann@contoso", Ok("ann@contoso".to_owned())),
        (global(&[]), OTHERS, Ok(OTHERS.to_owned())),
    ] {
        let (provider, table) = world(trust);
        assert_eq!(user_name(name, &provider, &table), expected, "{name}");
    }
    let (provider, table) = world(domains(&[]));
    let apart = Provider { user_name_separator: Some(":".to_owned()), ..provider };
    assert_eq!(user_name(OTHERS, &apart, &table), Ok(format!("key-of-p1:{OTHERS}")), "that is no address");
}

#[test]
fn a_domain_of_another_organization_is_nobodys_here() {
    let (provider, mut table) = world(domains(&[]));
    let elsewhere = Provider {
        organization: organization_key("globex"),
        trust: domains(&["globex.example"]),
        ..self::provider("p3")
    };
    table.set_provider("p3", Some(Arc::new(elsewhere)));
    assert_eq!(admit(&person(Some("ann@globex.example"), true), &provider, &table), Ok(()));
}

#[test]
fn names_begin_with_the_key_where_the_manifest_says_so_and_nobody_elses_do() {
    let named = |uid: &str, key: &str, separator: Option<&str>| Provider {
        key: key.into(),
        user_name_separator: separator.map(str::to_owned),
        ..provider(uid)
    };
    let plain = named("p1", "google", None);
    let azure = named("p2", "azure", Some(":"));
    let dashed = named("p3", "azure", Some("-"));
    let longer = named("p4", "azure-eu", Some("-"));
    let refused = |owner: &Provider| Err(Refusal::UserNameOfAnotherProvider(owner.path.clone()));
    let cases = [
        (&plain, "ann", &azure, Ok("ann".to_owned())),
        (&azure, "ann", &plain, Ok("azure:ann".to_owned())),
        (&azure, "azure:ann", &plain, Ok("azure:azure:ann".to_owned())),
        (&plain, "azure:ann", &azure, refused(&azure)),
        (&plain, "azure", &azure, Ok("azure".to_owned())),
        (&plain, "Azure:ann", &azure, refused(&azure)),
        (&longer, "ann", &dashed, Ok("azure-eu-ann".to_owned())),
        (&dashed, "eu-ann", &longer, refused(&longer)),
    ];
    for (mine, name, other, expected) in cases {
        let mut table = LoginTable::default();
        for (index, provider) in [mine, other].into_iter().enumerate() {
            // Keys are unique in an organization.
            let key = if index == 1 && mine.key == other.key { Arc::from("other") } else { provider.key.clone() };
            table.set_provider(&provider.uid, Some(Arc::new(Provider { key, ..provider.clone() })));
        }
        assert_eq!(user_name(name, mine, &table), expected, "{name} of {}", mine.key);
    }
}
