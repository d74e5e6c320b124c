use proptest::{
    prelude::{Strategy, any},
    prop_assert, prop_assert_eq, proptest,
    sample::{select, subsequence},
    test_runner::Config,
};

use super::*;
use crate::domain::{
    field::{CULTURE, FULL_NAME, LANGUAGE, LOCALE},
    grant::Granted,
    keep::Keep,
    modes::Modes,
    testing::{again, login, said},
    user::FoundBy,
};

const MODES: [Mode; 4] = [Mode::Replace, Mode::Merge, Mode::Create, Mode::None];

fn of(mode: Mode) -> Modes {
    Modes::new(
        ["email", FULL_NAME, LANGUAGE, "title", "roles", "groups", "administrator"]
            .map(|target| (target.to_owned(), mode)),
    )
}

fn terms(modes: Modes) -> Terms {
    Terms { modes, ..Terms::default() }
}

const FIRST: Occasion<'_> = Occasion::Login { first: true };
const LATER: Occasion<'_> = Occasion::Login { first: false };
const CHANGE: Occasion<'_> = Occasion::Change { alone: &[] };

/// The full name and the title once this is said.
fn noted(before: &Fields, mode: Mode, occasion: Occasion<'_>, name: Option<&str>, title: Option<&str>) -> Fields {
    let name = name.map(|name| (FULL_NAME, name, None));
    let title = title.map(|title| ("title", title, Some("m1")));
    let fields: Vec<_> = name.into_iter().chain(title).collect();
    let mapped = Mapped { grants: Vec::new(), said: Some(said("p1", &fields)), admitted: true };
    fields_after(before, &mapped, &terms(of(mode)), occasion)
}

fn texts(fields: &Fields) -> [Option<&str>; 2] {
    [FULL_NAME, "title"].map(|name| fields.text(name))
}

#[test]
fn each_mode_writes_fields_when_it_says() {
    for (mode, at_first, later, cleared, changed) in [
        (
            Mode::Replace,
            [Some("Ann"), Some("CTO")],
            [Some("Ann B"), Some("CEO")],
            [None, None],
            [Some("Ann C"), Some("COO")],
        ),
        (
            Mode::Create,
            [Some("Ann"), Some("CTO")],
            [Some("Ann"), Some("CTO")],
            [Some("Ann"), Some("CTO")],
            [Some("Ann"), Some("CTO")],
        ),
        (Mode::None, [None, None], [None, None], [None, None], [None, None]),
    ] {
        let first = noted(&Fields::default(), mode, FIRST, Some("Ann"), Some("CTO"));
        assert_eq!(texts(&first), at_first, "{mode:?}");
        let second = noted(&first, mode, LATER, Some("Ann B"), Some("CEO"));
        assert_eq!(texts(&second), later, "{mode:?}");
        assert_eq!(texts(&noted(&second, mode, LATER, None, None)), cleared, "{mode:?}");
        assert_eq!(texts(&noted(&second, mode, CHANGE, Some("Ann C"), Some("COO"))), changed, "{mode:?}");
    }
}

#[test]
fn what_was_noted_by_hand_before_the_first_login_is_cleared_by_replace_alone() {
    let by_hand = Fields::by_hand([(FULL_NAME.to_owned(), "By Hand".into())]);
    for (mode, said, silent) in [
        (Mode::Replace, Some("Ann"), None),
        (Mode::Create, Some("Ann"), Some("By Hand")),
        (Mode::None, Some("By Hand"), Some("By Hand")),
    ] {
        assert_eq!(texts(&noted(&by_hand, mode, FIRST, Some("Ann"), None))[0], said, "{mode:?}");
        assert_eq!(texts(&noted(&by_hand, mode, FIRST, None, None))[0], silent, "{mode:?}");
    }
}

#[test]
fn each_field_has_its_own_mode() {
    let modes = Modes::new([(LANGUAGE.to_owned(), Mode::Create), (LOCALE.to_owned(), Mode::None)]);
    let mapped = |language: &str, locale: &str, culture: &str| Mapped {
        grants: Vec::new(),
        said: Some(said("p1", &[(LANGUAGE, language, None), (LOCALE, locale, None), (CULTURE, culture, None)])),
        admitted: true,
    };
    let first = fields_after(&Fields::default(), &mapped("de", "de", "de-DE"), &terms(modes.clone()), FIRST);
    let second = fields_after(&first, &mapped("en", "en", "en-US"), &terms(modes), LATER);
    let texts = |fields: &Fields| [LANGUAGE, LOCALE, CULTURE].map(|name| fields.text(name).map(str::to_owned));
    assert_eq!(texts(&first), [Some("de".into()), None, Some("de-DE".into())]);
    assert_eq!(texts(&second), [Some("de".into()), None, Some("en-US".into())]);
}

fn told(email: Option<&str>, verified: bool, mode: Mode) -> LoginRecord {
    let login = login("ann");
    let user = User {
        email: email.map(str::to_owned),
        verified: (verified && email.is_some()).then_some(Verification::Provider),
        ..login.user.clone()
    };
    LoginRecord { user, terms: terms(of(mode)), ..login }
}

#[test]
fn an_address_is_written_by_its_mode_and_verified_on_the_word_of_whoever_did() {
    let (a, b) = (Some("a@example.com"), Some("b@example.com"));
    let (by_provider, by_mail, by_hand) =
        (Some(Verification::Provider), Some(Verification::Mail), Some(Verification::Hand));
    for (mode, before, is_first, brought, after) in [
        (Mode::Replace, (a, by_provider), false, (b, true), (b, by_provider)),
        (Mode::Replace, (a, by_provider), false, (b, false), (b, None)),
        (Mode::Replace, (a, by_provider), false, (None, false), (None, None)),
        // The provider takes back what it said.
        (Mode::Replace, (a, by_provider), false, (a, false), (a, None)),
        (Mode::Replace, (a, by_mail), false, (a, false), (a, by_mail)),
        (Mode::Replace, (a, by_mail), false, (a, true), (a, by_mail)),
        (Mode::Replace, (a, by_mail), false, (b, false), (b, None)),
        (Mode::Replace, (a, by_hand), false, (a, false), (a, by_hand)),
        (Mode::Replace, (a, None), false, (a, true), (a, by_provider)),
        (Mode::Create, (None, None), true, (a, true), (a, by_provider)),
        (Mode::Create, (a, by_hand), true, (None, false), (a, by_hand)),
        (Mode::Create, (a, by_hand), true, (b, false), (b, None)),
        (Mode::Create, (a, None), false, (b, true), (a, None)),
        (Mode::None, (a, None), true, (a, true), (a, None)),
        (Mode::None, (a, by_provider), false, (b, true), (a, by_provider)),
    ] {
        let login = told(brought.0, brought.1, mode);
        let email = before.0.map(str::to_owned);
        let before = User { email, verified: before.1, ..login.user.clone() };
        let user = user_after(Some(&before), &login, is_first);
        assert_eq!((user.email.as_deref(), user.verified), after, "{mode:?} {before:?} {brought:?}");
    }
}

#[test]
fn a_new_user_has_what_modes_let_a_first_login_write() {
    let a = Some("a@example.com");
    for (mode, email, name) in
        [(Mode::Replace, a, Some("Full ann")), (Mode::Create, a, Some("Full ann")), (Mode::None, None, None)]
    {
        let login = told(a, true, mode);
        let user = user_after(None, &login, true);
        assert_eq!((user.email.as_deref(), user.full_name()), (email, name), "{mode:?}");
        assert_eq!((user.verified.is_some(), &user.user_name), (email.is_some(), &login.user.user_name));
    }
}

#[test]
fn a_provider_that_only_reads_writes_nothing() {
    let before = User { email: None, verified: None, user_name: "before".into(), ..login("ann").user };
    let login = LoginRecord { terms: terms(Modes::read_only()), found: FoundBy::Link, ..again(&login("ann")) };
    for first in [true, false] {
        assert_eq!(user_after(Some(&before), &login, first), before);
    }
}

fn grant(mapper: &str, granted: &Granted) -> Grant {
    Grant { mapper_uid: mapper.into(), granted: granted.clone() }
}

fn held(provider: &str, mapper: &str, granted: &Granted) -> Held {
    Held { provider_uid: provider.into(), grant: grant(mapper, granted) }
}

fn each_kind() -> [Granted; 3] {
    [Granted::Role("r".into()), Granted::Group("g".into()), Granted::Administrator]
}

fn given(grants: &[Grant]) -> Mapped {
    Mapped { grants: grants.to_vec(), said: None, admitted: true }
}

/// Who gives it: `m1` and `m2` of `p1`, `x` of `p2`, nobody (by hand).
fn by(held: &BTreeSet<Held>) -> Vec<&str> {
    held.iter().map(|held| &*held.grant.mapper_uid).collect()
}

#[test]
fn each_mode_sets_grants_when_it_says() {
    for granted in each_kind() {
        let before: BTreeSet<_> =
            [held("p1", "m1", &granted), held("p2", "x", &granted), held("", "", &granted)].into();
        let now = given(&[grant("m2", &granted)]);
        let possible = [grant("m1", &granted), grant("m2", &granted)];
        let after = |mode, possible: &[Grant], occasion| {
            let terms = Terms { possible: Arc::new(possible.iter().cloned().collect()), ..terms(of(mode)) };
            let held = grants_after(&before, &"p1".into(), &now, &terms, occasion);
            by(&held).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        for (mode, first, later, change, change_gone) in [
            (Mode::Replace, vec!["m2"], vec!["m2"], vec!["", "m2", "x"], vec!["", "m2", "x"]),
            (Mode::Merge, vec!["", "m2", "x"], vec!["", "m2", "x"], vec!["", "m2", "x"], vec!["", "m2", "x"]),
            (Mode::Create, vec!["", "m2", "x"], vec!["", "m1", "x"], vec!["", "m1", "x"], vec!["", "x"]),
            (Mode::None, vec!["", "m1", "x"], vec!["", "m1", "x"], vec!["", "m1", "x"], vec!["", "x"]),
        ] {
            assert_eq!(after(mode, &possible, FIRST), first, "{mode:?} {granted}, first login");
            assert_eq!(after(mode, &possible, LATER), later, "{mode:?} {granted}, later login");
            assert_eq!(after(mode, &possible, CHANGE), change, "{mode:?} {granted}, change of mappers");
            assert_eq!(after(mode, &[], CHANGE), change_gone, "{mode:?} {granted}, mapper gone");
            if matches!(mode, Mode::Create | Mode::None) {
                assert_eq!(after(mode, &[], LATER), change_gone, "{mode:?} {granted}, later login, mapper gone");
            }
        }
    }
}

#[test]
fn what_another_provider_set_alone_by_a_later_login_is_not_added_to_by_a_change() {
    let role = Granted::Role("r".into());
    let group = Granted::Group("g".into());
    let before: BTreeSet<_> = [held("p1", "m1", &role), held("p2", "x", &role)].into();
    let now = given(&[grant("m2", &role), grant("m2", &group)]);
    let change = Occasion::Change { alone: &[GrantKind::Roles] };
    let after = grants_after(&before, &"p1".into(), &now, &Terms::default(), change);
    assert_eq!(after, [held("p1", "m2", &group), held("p2", "x", &role)].into());
}

#[test]
fn mappers_of_which_it_is_not_known_what_they_say_keep_what_they_gave() {
    for mode in MODES {
        for granted in each_kind() {
            let before: BTreeSet<_> = [held("p1", "m1", &granted)].into();
            let keep = Keep::Mappers(vec!["m1".into()]);
            let terms = Terms { keep, ..terms(of(mode)) };
            for occasion in [LATER, CHANGE] {
                let after = grants_after(&before, &"p1".into(), &given(&[]), &terms, occasion);
                assert_eq!(after, before, "{mode:?} {granted}");
            }
        }
    }
}

fn some_grants(mappers: &'static [&'static str]) -> impl Strategy<Value = Vec<Grant>> {
    let all: Vec<_> = mappers.iter().flat_map(|mapper| each_kind().map(|granted| grant(mapper, &granted))).collect();
    let most = all.len();
    subsequence(all, 0..=most)
}

fn some_terms() -> impl Strategy<Value = Terms> {
    let modes = [select(&MODES[..]), select(&MODES[..]), select(&MODES[..])];
    (modes, some_grants(&["m1", "m2"]), any::<bool>()).prop_map(|(modes, possible, kept)| Terms {
        modes: Modes::new(GrantKind::ALL.into_iter().zip(modes).map(|(kind, mode)| (kind.target().to_owned(), mode))),
        keep: Keep::Mappers(kept.then(|| "m1".into()).into_iter().collect()),
        possible: Arc::new(possible.into_iter().collect()),
    })
}

fn some_held() -> impl Strategy<Value = BTreeSet<Held>> {
    let of = |provider: &'static str, mappers| {
        some_grants(mappers).prop_map(move |grants| {
            grants.into_iter().map(|grant| Held { provider_uid: provider.into(), grant }).collect::<Vec<_>>()
        })
    };
    (of("p1", &["m1", "m2"]), of("p2", &["x"]), of("", &[""]))
        .prop_map(|(mine, others, by_hand)| mine.into_iter().chain(others).chain(by_hand).collect())
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(600) })]

    #[test]
    fn the_same_login_a_second_time_changes_no_grant(
        before in some_held(), said in some_grants(&["m1", "m2"]), terms in some_terms(), first in any::<bool>()
    ) {
        let mapped = given(&said);
        // Nothing is said that cannot be given.
        let possible = terms.possible.iter().chain(&said).cloned().collect();
        let terms = Terms { possible: Arc::new(possible), ..terms };
        let once = grants_after(&before, &"p1".into(), &mapped, &terms, Occasion::Login { first });
        let twice = grants_after(&once, &"p1".into(), &mapped, &terms, Occasion::Login { first: false });
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn a_change_touches_no_grant_of_others_and_leaves_none_of_its_own_without_a_mapper_that_can_give_it(
        before in some_held(), said in some_grants(&["m1", "m2"]), terms in some_terms()
    ) {
        let after = grants_after(&before, &"p1".into(), &given(&said), &terms, CHANGE);
        let others = |held: &BTreeSet<Held>| {
            held.iter().filter(|held| *held.provider_uid != *"p1").cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(others(&after), others(&before));
        for held in after.iter().filter(|held| *held.provider_uid == *"p1") {
            let can = terms.keep.keeps(&held.grant.mapper_uid)
                || said.contains(&held.grant)
                || terms.possible.contains(&held.grant);
            prop_assert!(can, "{:?}", held);
        }
    }
}
