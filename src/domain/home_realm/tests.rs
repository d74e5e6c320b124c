use super::*;
use crate::{
    api::Reason,
    domain::{
        organization::OrganizationKey,
        provider::{Served, Trust},
        testing::{bearer, organization, organization_key, provider, relation},
    },
};

fn way(uid: &str, on_sign_in_page: OnSignInPage, domains: &[&str]) -> Provider {
    Provider {
        key: uid.into(),
        display_name: uid.to_uppercase(),
        on_sign_in_page,
        trust: Trust { global: false, domains: domains.iter().map(|domain| Arc::from(*domain)).collect() },
        login: LoginState::Serving(Served { browser: Some(Arc::new(relation())), bearer: None }),
        ..provider(uid)
    }
}

/// One that applications alone bring ID tokens of.
fn without_client(way: Provider) -> Provider {
    let login = LoginState::Serving(Served { browser: None, bearer: Some(bearer()) });
    Provider { has_client: false, login, ..way }
}

fn table(ways: &[Provider]) -> LoginTable {
    let mut table = LoginTable::default();
    table.settled = true;
    for name in ["acme", "globex"] {
        let key = organization_key(name);
        let organization = Organization { key: key.clone(), id: name.into(), ..organization() };
        table.set_organization(&key, Some(Arc::new(organization)));
    }
    for way in ways {
        table.set_provider(&way.uid, Some(Arc::new(way.clone())));
    }
    table
}

fn offer(ways: &[Provider], last: Option<&str>) -> (Vec<String>, bool, Option<String>) {
    let table = table(ways);
    let offer = Offer::of(&table, &organization(), last);
    let keys = offer.buttons.iter().map(|provider| provider.key.to_string()).collect();
    (keys, offer.by_address, offer.only_way().map(|way| way.key.to_string()))
}

#[test]
fn a_page_has_a_button_for_each_way_that_is_shown_and_a_field_where_addresses_lead_somewhere() {
    use OnSignInPage::{Hidden, IfUsedLast, Shown};
    let (b, a) = (way("b", Shown, &[]), way("a", Shown, &[]));
    let by_address = way("c", IfUsedLast, &["contoso.example"]);
    let (both, hidden) = (way("d", Shown, &["d.example"]), way("e", Hidden, &[]));
    let hidden_by_address = way("f", Hidden, &["f.example"]);
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    for (ways, buttons, field) in [
        (vec![], vec![], false),
        (vec![b.clone(), a.clone()], vec!["a", "b"], false),
        (vec![a.clone(), by_address.clone()], vec!["a"], true),
        (vec![a.clone(), both.clone()], vec!["a", "d"], true),
        (vec![a.clone(), b.clone(), hidden.clone()], vec!["a", "b"], false),
        (vec![by_address.clone(), hidden_by_address.clone()], vec![], true),
    ] {
        assert_eq!(offer(&ways, None), (keys(&buttons), field, None), "{buttons:?}");
    }
}

#[test]
fn where_but_one_way_is_left_nobody_need_choose() {
    use OnSignInPage::{Hidden, IfUsedLast, Shown};
    let only = |ways: &[Provider]| offer(ways, None).2;
    let a = way("a", Shown, &[]);
    assert_eq!(only(std::slice::from_ref(&a)).as_deref(), Some("a"));
    assert_eq!(only(&[a.clone(), way("e", Hidden, &[])]).as_deref(), Some("a"), "nobody sees the other");
    assert_eq!(only(&[way("c", IfUsedLast, &["c.example"])]).as_deref(), Some("c"), "all addresses lead there");
    assert_eq!(only(&[a.clone(), way("c", IfUsedLast, &["c.example"])]), None);
    let (shown, broken) = (way("a", Shown, &[]), way("m", IfUsedLast, &[]));
    assert_eq!(only(&[shown, broken]), None, "domains that cannot count now lead nobody elsewhere");
    let suspended = Provider { login: LoginState::Suspended, suspended: true, ..way("s", Shown, &[]) };
    assert_eq!(only(&[a, suspended.clone()]).as_deref(), Some("a"));
    assert_eq!(only(&[suspended]), None);
    let mut unsettled = table(&[way("a", Shown, &[])]);
    unsettled.settled = false;
    assert!(Offer::of(&unsettled, &organization(), None).only_way().is_none(), "another may be read yet");
    let down = Provider { login: LoginState::Unavailable(Reason::Timeout), ..way("d", Shown, &[]) };
    assert_eq!(offer(&[down], None), (vec!["d".to_owned()], false, None), "the page says that it is not available");
}

#[test]
fn the_way_used_last_goes_first_and_is_shown_unless_it_never_is() {
    use OnSignInPage::{Hidden, IfUsedLast, Shown};
    let ways = [
        way("a", Shown, &[]),
        way("b", Shown, &[]),
        way("c", IfUsedLast, &["c.example"]),
        way("e", Hidden, &["e.example"]),
    ];
    for (last, buttons) in
        [("b", vec!["b", "a"]), ("c", vec!["c", "a", "b"]), ("e", vec!["a", "b"]), ("gone", vec!["a", "b"])]
    {
        assert_eq!(offer(&ways, Some(last)).0, buttons, "{last}");
    }
}

#[test]
fn an_address_leads_to_the_one_organization_that_has_its_domain() {
    let of = |organization: OrganizationKey, uid: &str, domains: &[&str]| Provider {
        organization,
        ..way(uid, OnSignInPage::IfUsedLast, domains)
    };
    let (acme, globex) = (organization_key("acme"), organization_key("globex"));
    let table = table(&[
        of(acme, "a", &["acme.example", "shared.example"]),
        of(globex, "g", &["globex.example", "shared.example"]),
    ]);
    let lead = |address: &str| match home(address, &table) {
        Home::At(organization, provider) => format!("{}/{}", organization.id, provider.key),
        Home::AtSeveral => "several".to_owned(),
        Home::Nowhere => "nowhere".to_owned(),
    };
    assert_eq!(lead("ann@acme.example"), "acme/a");
    assert_eq!(lead("ann@globex.example"), "globex/g");
    assert_eq!(lead("ann@shared.example"), "several");
    assert_eq!(lead("ann@sub.acme.example"), "nowhere");
    assert_eq!(lead("ann@example"), "nowhere");
    let organization = table.organization("acme").expect("acme");
    assert_eq!(&*home_in("ann@shared.example", organization, &table).expect("a provider").key, "a");
    assert!(home_in("ann@globex.example", organization, &table).is_none());
}

#[test]
fn an_address_leads_to_no_provider_whose_url_may_be_anothers() {
    let refused = Provider {
        login: LoginState::Refused(Reason::KeyConflict),
        ..way("a", OnSignInPage::IfUsedLast, &["acme.example"])
    };
    let table = table(&[refused]);
    let organization = table.organization("acme").expect("acme");
    assert!(home_in("ann@acme.example", organization, &table).is_none());
    assert!(matches!(home("ann@acme.example", &table), Home::Nowhere));
}

#[test]
fn a_provider_without_a_client_is_no_way_in() {
    use OnSignInPage::{IfUsedLast, Shown};
    let (a, bearer) = (way("a", Shown, &[]), without_client(way("w", Shown, &["w.example"])));
    assert_eq!(offer(std::slice::from_ref(&bearer), Some("w")), (vec![], false, None));
    let pending = Provider { login: LoginState::Unavailable(Reason::Pending), ..bearer.clone() };
    for bearer in [bearer.clone(), pending] {
        let found = offer(&[a.clone(), bearer], Some("w"));
        assert_eq!(found, (vec!["a".to_owned()], false, Some("a".to_owned())), "nobody need choose");
    }

    let globex = Provider { organization: organization_key("globex"), ..way("g", IfUsedLast, &["shared.example"]) };
    let bearer = without_client(way("w", Shown, &["w.example", "shared.example"]));
    let table = table(&[bearer, globex]);
    let organization = table.organization("acme").expect("acme");
    assert!(home_in("ann@w.example", organization, &table).is_none());
    assert!(matches!(home("ann@w.example", &table), Home::Nowhere));
    let shared = home("ann@shared.example", &table);
    assert!(matches!(shared, Home::At(_, provider) if *provider.key == *"g"), "as if no other had it: {shared:?}");
}
