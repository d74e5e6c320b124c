use super::*;
use crate::domain::{
    modes::Modes,
    provider::Trust,
    testing::{login, people},
    trust::tests::{FREE, MINE, domains, global, person, world},
};

/// By what `p1` finds people, and whether it changes anything of them.
fn finds(matching: &[Match], modes: Modes) -> People {
    People { matching: matching.to_vec(), modes, ..people() }
}

fn namesake(user: User, links: &[(&str, Option<&str>)]) -> Option<Namesake> {
    let link = |(issuer, uid): &(&str, Option<&str>)| LinkedTo {
        issuer: (*issuer).to_owned(),
        provider_uid: uid.map(Arc::from),
    };
    Some(Namesake { user, links: links.iter().map(link).collect() })
}

const ISSUER: &str = "https://issuer.example";

/// What keeps a name from leading to ann, by these ways of matching and with these links.
fn by_name(trust: Trust, matching: &[Match], links: &[(&str, Option<&str>)], complete: bool) -> Result<(), Unmatched> {
    let (provider, mut table) = world(trust);
    table.complete = complete;
    let user = login("ann").user;
    let known = Known { namesake: namesake(user.clone(), links), ..Known::default() };
    let (person, people) = (person(None, false), finds(matching, Modes::default()));
    let search = Search { person: &person, provider: &provider, people: &people, issuer: ISSUER, table: &table };
    match search.find(&known) {
        Ok(Found::ByUserName(Namesake { user: led_to, .. })) if led_to == user => Ok(()),
        Err(Refusal::UserNameTaken { holder, why }) if holder == user.id => Err(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_user_name_leads_to_users_whom_no_other_provider_is_linked_to() {
    use Match::{ExternalId, UserName};
    use Unmatched::{LinkedByAnotherId, OtherProviderLinked};
    let elsewhere = "https://elsewhere.example";
    let (plain, by_id) = (&[UserName][..], &[ExternalId, UserName][..]);
    for (trust, links, without_ids, with_ids) in [
        (domains(&[]), vec![], Ok(()), Ok(())),
        // By another user ID of this issuer, which is another person where IDs tell people apart.
        (domains(&[]), vec![(ISSUER, None)], Ok(()), Err(LinkedByAnotherId)),
        (domains(&[]), vec![(ISSUER, Some("p1"))], Ok(()), Err(LinkedByAnotherId)),
        (domains(&[]), vec![(ISSUER, Some("p2"))], Err(OtherProviderLinked), Err(LinkedByAnotherId)),
        (global(&[]), vec![(ISSUER, Some("p1"))], Ok(()), Err(LinkedByAnotherId)),
        // The provider that was here before, under the same issuer.
        (domains(&[]), vec![(ISSUER, Some("gone"))], Ok(()), Ok(())),
        (domains(&[]), vec![(elsewhere, None)], Err(OtherProviderLinked), Err(OtherProviderLinked)),
        (domains(&[]), vec![(elsewhere, Some("gone"))], Err(OtherProviderLinked), Err(OtherProviderLinked)),
        (
            domains(&[]),
            vec![(ISSUER, Some("gone")), (elsewhere, None)],
            Err(OtherProviderLinked),
            Err(OtherProviderLinked),
        ),
        (global(&[]), vec![(elsewhere, Some("p2"))], Ok(()), Ok(())),
    ] {
        assert_eq!(by_name(trust.clone(), plain, &links, true), without_ids, "{links:?}");
        assert_eq!(by_name(trust, by_id, &links, true), with_ids, "{links:?}");
    }
    let may_be_there = by_name(domains(&[]), plain, &[(ISSUER, Some("gone"))], false);
    assert_eq!(may_be_there, Err(OtherProviderLinked), "not everything has been read");
}

#[test]
fn what_stands_for_a_user_name_leads_to_nobody_and_an_unverified_address_does_not_either() {
    let address = || Some(FREE.to_owned());
    let given = |user_name: &str, email_verified| IdpUser {
        user_name: user_name.to_owned(),
        email: address(),
        email_verified,
        ..person(None, false)
    };
    let made_up = |person: IdpUser| IdpUser { user_name_is_made_up: true, ..person };
    for (person, expected) in [
        (given("ann", false), Ok(())),
        (given(FREE, true), Ok(())),
        (given(FREE, false), Err(Unmatched::NotVerifiedThere)),
        (given("ANN@Free.example", false), Err(Unmatched::NotVerifiedThere)),
        (made_up(given(FREE, true)), Err(Unmatched::NoNameGiven)),
        (made_up(given("1", false)), Err(Unmatched::NoNameGiven)),
    ] {
        let (provider, table) = world(domains(&[]));
        let people = finds(&[Match::UserName], Modes::default());
        let user = login("ann").user;
        let known = Known { namesake: namesake(user.clone(), &[]), ..Known::default() };
        let search = Search { person: &person, provider: &provider, people: &people, issuer: ISSUER, table: &table };
        let found = search.find(&known).map(|found| found.user().cloned());
        let refused = |why| Refusal::UserNameTaken { holder: user.id, why };
        assert_eq!(found, expected.map(|()| Some(user.clone())).map_err(refused), "{person:?}");
    }
}

#[test]
fn a_link_that_another_provider_relies_on_is_not_taken_away() {
    let (linked, named) = (login("ann").user, login("cyd").user);
    for (by, name, expected) in [
        (Some("p1"), Some(&named), Ok(Some(named.clone()))),
        (Some("gone"), Some(&named), Ok(Some(named.clone()))),
        (None, Some(&named), Ok(Some(named.clone()))),
        (Some("p2"), Some(&linked), Ok(Some(linked.clone()))),
        (Some("p2"), Some(&named), Err(Refusal::UserNameTaken { holder: named.id, why: Unmatched::LinkedToAnother })),
        (Some("p2"), None, Err(Refusal::LinkTaken { holder: linked.id })),
    ] {
        let (provider, table) = world(domains(&[]));
        let known = Known {
            linked: Some(linked.clone()),
            linked_by: by.map(Arc::from),
            holder: None,
            namesake: name.and_then(|user| namesake(user.clone(), &[])),
        };
        let (person, people) = (person(None, false), finds(&[Match::UserName], Modes::default()));
        let search = Search { person: &person, provider: &provider, people: &people, issuer: ISSUER, table: &table };
        assert_eq!(search.find(&known).map(|found| found.user().cloned()), expected, "{by:?}");
    }
}

#[test]
fn the_first_way_that_leads_to_somebody_counts_and_two_that_disagree_sign_nobody_in() {
    use Match::{Email, ExternalId, UserName};
    let (linked, holder, named) = (login("ann").user, login("bob").user, login("cyd").user);
    let (a, b, c) = (Some(&linked), Some(&holder), Some(&named));
    let taken_address = |holder: &User, why| Err(Refusal::AddressTaken { holder: holder.id, why });
    let taken_name = |holder: &User, why| Err(Refusal::UserNameTaken { holder: holder.id, why });
    let at_another = Unmatched::LinkedToAnother;
    let same = Some(&linked);
    for (matching, of_link, of_address, of_name, expected) in [
        (&[ExternalId, Email, UserName][..], a, None, None, Ok(Some(&linked))),
        (&[Email, ExternalId], a, same, same, Ok(Some(&linked))),
        (&[Email], None, b, None, Ok(Some(&holder))),
        (&[UserName, Email], None, None, c, Ok(Some(&named))),
        (&[UserName, Email], None, b, None, Ok(Some(&holder))),
        // Whoever comes first, another who has what the login brings keeps it from being written.
        (&[UserName, Email], None, b, c, taken_address(&holder, Unmatched::FoundAsAnother)),
        (&[Email, UserName], None, b, c, taken_name(&named, Unmatched::FoundAsAnother)),
        (&[Email], None, b, c, taken_name(&named, Unmatched::NotMatchedByName)),
        (&[UserName], None, b, c, taken_address(&holder, Unmatched::NotMatchedByAddress)),
        // The link is not asked for, so it is not in the way.
        (&[Email], a, b, None, Ok(Some(&holder))),
        (&[UserName], a, None, c, Ok(Some(&named))),
        (&[UserName], a, None, None, Ok(None)),
        (&[Email, ExternalId], a, b, None, taken_address(&holder, at_another)),
        (&[UserName, ExternalId], a, None, c, taken_name(&named, at_another)),
        (&[ExternalId, Email], a, b, None, taken_address(&holder, at_another)),
    ] {
        let (provider, table) = world(domains(&["acme.example"]));
        let known = Known {
            linked: of_link.cloned(),
            linked_by: None,
            holder: of_address.cloned(),
            namesake: of_name.and_then(|user| namesake(user.clone(), &[])),
        };
        let (person, people) = (person(Some(MINE), true), finds(matching, Modes::default()));
        let search = Search { person: &person, provider: &provider, people: &people, issuer: ISSUER, table: &table };
        let found = search.find(&known).map(|found| found.user().cloned());
        assert_eq!(found, expected.map(|user| user.cloned()), "{matching:?}");
    }
}

#[test]
fn a_provider_that_only_reads_signs_in_whom_it_finds_and_nobody_else() {
    use Match::{Email, ExternalId, UserName};
    let (linked, holder, named) = (login("ann").user, login("bob").user, login("cyd").user);
    let every = finds(&[ExternalId, Email, UserName], Modes::read_only());
    let of =
        |linked: Option<&User>, holder: Option<&User>, named: Option<&User>, links: &[(&str, Option<&str>)]| Known {
            linked: linked.cloned(),
            linked_by: None,
            holder: holder.cloned(),
            namesake: named.and_then(|user| namesake(user.clone(), links)),
        };
    let not_known = |nearly: Option<Refusal>| Err(Refusal::NotKnown { nearly: nearly.map(Box::new) });
    let elsewhere = [("https://elsewhere.example", None)];
    let nearly_named = Refusal::UserNameTaken { holder: named.id, why: Unmatched::OtherProviderLinked };
    for (known, expected) in [
        (Known::default(), not_known(None)),
        (of(Some(&linked), None, None, &[]), Ok(Some(linked.clone()))),
        (of(None, Some(&holder), None, &[]), Ok(Some(holder.clone()))),
        (of(None, None, Some(&named), &[]), Ok(Some(named.clone()))),
        (of(None, None, Some(&named), &elsewhere), not_known(Some(nearly_named))),
        // Names are not written, so that somebody else may have this one.
        (of(Some(&linked), None, Some(&named), &[]), Ok(Some(linked.clone()))),
    ] {
        let (provider, table) = world(domains(&["acme.example"]));
        let person = person(Some(MINE), true);
        let search = Search { person: &person, provider: &provider, people: &every, issuer: ISSUER, table: &table };
        assert_eq!(search.find(&known).map(|found| found.user().cloned()), expected, "{known:?}");
    }
}

#[test]
fn an_address_that_a_global_provider_does_not_note_may_be_somebody_elses() {
    let (linked, holder) = (login("ann").user, login("bob").user);
    let known = Known { linked: Some(linked.clone()), holder: Some(holder.clone()), ..Known::default() };
    for (trust, modes, may) in [
        (global(&[]), Modes::new([("email".to_owned(), Mode::None)]), true),
        (global(&[]), Modes::read_only(), true),
        (global(&[]), Modes::new([("email".to_owned(), Mode::Create)]), false),
        (global(&[]), Modes::default(), false),
        (domains(&["acme.example"]), Modes::read_only(), false),
        (domains(&[]), Modes::new([("email".to_owned(), Mode::None)]), false),
    ] {
        let (provider, table) = world(trust);
        let (person, people) = (person(Some(MINE), true), finds(&[Match::ExternalId, Match::Email], modes));
        let search = Search { person: &person, provider: &provider, people: &people, issuer: ISSUER, table: &table };
        let taken = Refusal::AddressTaken { holder: holder.id, why: Unmatched::LinkedToAnother };
        let expected = if may { Ok(Found::Linked(linked.clone())) } else { Err(taken) };
        assert_eq!(search.find(&known), expected, "{:?}", people.modes);
    }
}
