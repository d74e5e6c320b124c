use std::collections::HashSet;

use http::StatusCode;

use super::*;
use crate::api::ProviderType;

/// What a page must survive in every place where something from outside is shown.
const HOSTILE: &str = r#""><script>alert('1')</script><img src=x onerror=alert(1)>{{ 7 }}&amp;"#;

fn provider<'a>(display_name: &'a str, href: Option<&'a str>) -> ProviderButton<'a> {
    ProviderButton { display_name, href, icon: Icon::BuiltIn(ProviderType::Generic), last_used: false }
}

fn last_used(display_name: &str) -> ProviderButton<'_> {
    ProviderButton { last_used: true, ..provider(display_name, Some("/o/acme/login/last")) }
}

fn sign_in<'a>(organization: &'a str, providers: Vec<ProviderButton<'a>>) -> SignInPage<'a> {
    SignInPage { language: &ENGLISH, organization, title: None, providers, email: None }
}

fn email<'a>(value: Option<&'a str>, problem: Option<AddressProblem>) -> Option<EmailForm<'a>> {
    Some(EmailForm { organization_id: "acme", return_to: None, value, problem })
}

fn organization() -> OrganizationPage<'static> {
    OrganizationPage { language: &ENGLISH, return_to: None, value: None, address: None, problem: None, last: None }
}

fn last(display_name: &str) -> Option<LastOrganization<'_>> {
    Some(LastOrganization { display_name, href: "/o/acme/login" })
}

fn three_providers(name: &str) -> Vec<ProviderButton<'_>> {
    vec![
        provider(name, Some("/o/acme/login/contoso")),
        provider("Fabrikam", Some("/o/acme/login/fabrikam?return_to=%2Fapp&login_hint=jo")),
        provider("Northwind", None),
    ]
}

fn error<'a>(text: &'a str, what_to_do: &'a [&'a str]) -> ErrorPage<'a> {
    ErrorPage {
        language: &ENGLISH,
        status: StatusCode::BAD_GATEWAY,
        title: "Contoso did not answer",
        what_happened: text,
        what_to_do,
        reference: "7K2M-Q9XD",
        try_again: Some("/o/acme/login/contoso"),
        home: Some("/o/acme/login"),
    }
}

fn sign_out(user_name: &str) -> SignOutPage<'_> {
    SignOutPage {
        language: &ENGLISH,
        organization: "Acme",
        user_name,
        provider: None,
        action: "/o/acme/logout",
        cancel_href: "/o/acme/",
    }
}

fn signed_out(organization: &str) -> SignedOutPage<'_> {
    SignedOutPage { language: &ENGLISH, organization, sign_in_href: "/o/acme/login" }
}

fn account(text: &str) -> AccountPage<'_> {
    let right = |display_name, origin| Right { display_name, origins: vec![origin] };
    AccountPage {
        language: &ENGLISH,
        organization: "Acme",
        full_name: Some(text),
        user_name: text,
        address: Some(Address { email: text, verified: false, verify_action: Some("/o/acme/verify-email") }),
        provider: text,
        linked: vec![text],
        administrator: Some(vec![Origin::Role(text)]),
        roles: vec![right(text, Origin::Mapper(text)), right("Viewers", Origin::Administrator)],
        groups: vec![right(text, Origin::Everybody(text))],
        noted: vec![
            Noted { name: "fullName", value: text.to_owned(), origin: Origin::Provider(text) },
            Noted { name: text, value: text.to_owned(), origin: Origin::Gone },
        ],
        sessions: Some(vec![session(text, true), session(text, false)]),
        time_zone: "Europe/Berlin",
        action: "/o/acme/account",
        sign_out_href: "/o/acme/logout",
    }
}

fn verify_email(stage: VerifyEmail<'_>) -> VerifyEmailPage<'_> {
    VerifyEmailPage { language: &ENGLISH, organization: "Acme", action: "/o/acme/verify-email", stage }
}

/// Every stage of confirming an address, by name, with `text` in every place that something from outside can get to.
fn stages(text: &str) -> Vec<(&'static str, VerifyEmail<'_>)> {
    let sent = |delivery| VerifyEmail::MailSent { address: text, delivery };
    vec![
        ("sent", sent(Delivery::Sent)),
        ("on_its_way", sent(Delivery::OnItsWay)),
        ("sent_before", sent(Delivery::NotBefore(text))),
        ("confirm", VerifyEmail::Confirm { address: text, user_name: text, token: text }),
        ("confirmed_pending", VerifyEmail::Confirmed { next: Next::SignIn, href: text }),
        ("confirmed", VerifyEmail::Confirmed { next: Next::Account, href: text }),
        ("sign_in_first", VerifyEmail::SignInFirst { user_name: Some(text), href: text }),
        ("sign_in_to_ask", VerifyEmail::SignInFirst { user_name: None, href: text }),
        ("another_user", VerifyEmail::AnotherUser { user_name: text, signed_in_as: text, sign_out_href: text }),
        ("another_waits", VerifyEmail::AnotherWaits { user_name: text, came_with: text, sign_in_href: text }),
        ("spent", VerifyEmail::Spent),
    ]
}

fn session(provider: &str, is_this: bool) -> SessionRow<'_> {
    let moment = || Moment { text: "22 November 2026, 14:05".into(), machine: "2026-11-22T13:05:00Z".into() };
    SessionRow { handle: "HANDLE".into(), provider, began: moment(), last_used: moment(), is_this }
}

/// Of somebody who has nothing, while the store does not answer.
fn without_store() -> AccountPage<'static> {
    let roles = vec![Right { display_name: "Viewers", origins: vec![] }];
    let nothing = AccountPage { address: None, linked: vec![], administrator: None, groups: vec![], ..account("Jane") };
    AccountPage { roles, noted: vec![], sessions: None, ..nothing }
}

/// Every page with `text` in every place that something from outside can get to.
fn every_page(text: &str) -> Vec<String> {
    let buttons = || vec![provider(text, Some(text)), provider(text, None)];
    let form = |problem| Some(EmailForm { organization_id: text, return_to: Some(text), value: Some(text), problem });
    let asking = |problem| OrganizationPage {
        return_to: Some(text),
        value: Some(text),
        problem,
        last: Some(LastOrganization { display_name: text, href: text }),
        ..organization()
    };
    let verification = |stage| VerifyEmailPage { organization: text, action: text, ..verify_email(stage) }.render();
    let mut pages = vec![
        sign_in(text, vec![]).render(),
        sign_in(text, vec![provider(text, Some(text))]).render(),
        sign_in(text, vec![provider(text, None)]).render(),
        SignInPage { title: Some(text), ..sign_in(text, buttons()) }.render(),
        SignInPage { email: form(None), ..sign_in(text, vec![]) }.render(),
        SignInPage { email: form(Some(AddressProblem::Unknown)), ..sign_in(text, vec![last_used(text)]) }.render(),
        SignInPage { email: form(Some(AddressProblem::Malformed)), ..sign_in(text, buttons()) }.render(),
        organization().render(),
        asking(None).render(),
        asking(Some(IdentifierProblem::UnknownOrganization)).render(),
        asking(Some(IdentifierProblem::UnknownAddress)).render(),
        asking(Some(IdentifierProblem::MalformedAddress)).render(),
        OrganizationPage { address: Some(text), ..asking(Some(IdentifierProblem::SeveralOrganizations)) }.render(),
        ErrorPage { title: text, reference: text, try_again: Some(text), home: Some(text), ..error(text, &[text]) }
            .render(),
        SignOutPage { organization: text, provider: Some(text), action: text, cancel_href: text, ..sign_out(text) }
            .render(),
        SignedOutPage { sign_in_href: text, ..signed_out(text) }.render(),
        AccountPage { organization: text, action: text, sign_out_href: text, time_zone: text, ..account(text) }
            .render(),
        AccountPage { full_name: None, sessions: None, noted: vec![], administrator: None, ..account(text) }.render(),
    ];
    pages.extend(stages(text).into_iter().map(|(_, stage)| verification(stage)));
    pages
}

#[track_caller]
fn assert_looks_as_before(name: &str, page: &impl Page) {
    let html = page
        .render()
        .replace(&stylesheet().path, "/assets/latchkey-HASH.css")
        .replace(&favicon().path, "/assets/latchkey-HASH.svg");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, html) });
}

#[test]
fn the_pages_are_as_they_were_reviewed() {
    assert_looks_as_before("sign_in", &sign_in("Acme", three_providers("Contoso")));
    assert_looks_as_before("sign_in_one", &sign_in("Acme", three_providers("Contoso").drain(..1).collect()));
    assert_looks_as_before("sign_in_none", &sign_in("Acme", vec![]));
    assert_looks_as_before("sign_in_email", &SignInPage { email: email(None, None), ..sign_in("Acme", vec![]) });
    let mut all = three_providers("Contoso");
    all.push(last_used("Tailspin"));
    let malformed = email(Some("jo@contoso"), Some(AddressProblem::Malformed));
    assert_looks_as_before("sign_in_all", &SignInPage { email: malformed, ..sign_in("Acme", all) });
    assert_looks_as_before("organization", &organization());
    assert_looks_as_before(
        "organization_wrong",
        &OrganizationPage {
            value: Some("acne"),
            problem: Some(IdentifierProblem::UnknownOrganization),
            last: last("Acme"),
            ..organization()
        },
    );
    assert_looks_as_before(
        "organization_several",
        &OrganizationPage {
            return_to: Some("/app"),
            address: Some("jo@contoso.example"),
            problem: Some(IdentifierProblem::SeveralOrganizations),
            ..organization()
        },
    );
    let what_to_do = ["Wait a minute, then try again.", "If it happens again, ask the people who look after sign-in."];
    assert_looks_as_before("error", &error("The sign-in service took too long to answer.", &what_to_do));
    assert_looks_as_before("sign_out", &SignOutPage { provider: Some("Contoso"), ..sign_out("jane") });
    assert_looks_as_before("signed_out", &signed_out("Acme"));
    assert_looks_as_before(
        "account",
        &AccountPage {
            address: Some(Address { email: "jane@contoso.example", verified: true, verify_action: None }),
            linked: vec!["Fabrikam"],
            groups: vec![],
            ..account("Jane")
        },
    );
    assert_looks_as_before("account_without_store", &without_store());
    for (name, stage) in stages("Jane") {
        assert_looks_as_before(&format!("verify_email_{name}"), &verify_email(stage));
    }
}

#[test]
fn everything_from_outside_is_escaped() {
    let markup = |html: &str| html.matches(['<', '>', '"', '\'']).collect::<String>();
    for (hostile, harmless) in every_page(HOSTILE).iter().zip(every_page("Acme")) {
        assert!(!hostile.contains("<script") && !hostile.contains("<img"), "{hostile}");
        assert_eq!(markup(hostile), markup(&harmless), "{hostile}");
    }
}

#[test]
fn what_people_are_called_is_shown_as_it_is() {
    for name in ["Zoë 🦊 Müller", "شركة المثال", "O'Neill & Søn"] {
        let escaped = name.replace('&', "&#38;").replace('\'', "&#39;");
        assert!(account(name).render().contains(&format!("<strong><bdi>{escaped}</bdi></strong>")));
    }
}

#[test]
fn no_page_needs_what_the_policy_forbids() {
    for html in every_page("Acme") {
        for forbidden in ["style=", "<style", "<script", "javascript:", "http://", "https://", "data:", "<iframe"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
        let handler = html.split_whitespace().find(|word| word.starts_with("on") && word.contains('='));
        assert_eq!(handler, None);
    }
}

#[test]
fn the_stylesheet_fetches_nothing() {
    for forbidden in ["url(", "@import", "http:", "https:"] {
        assert!(!stylesheet().body.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_page_has_one_heading_one_main_a_language_and_a_title() {
    for html in every_page("Acme") {
        for once in ["<h1>", "<main>", "<html lang=\"en\" dir=\"ltr\">", "<title>", "name=\"viewport\""] {
            assert_eq!(html.matches(once).count(), 1, "{once} in {html}");
        }
        assert!(!html.contains("<title></title>"));
    }
}

#[test]
fn a_page_follows_the_direction_of_its_language() {
    let language = Language { tag: "ar", direction: "rtl", ..ENGLISH.clone() };
    let html = SignedOutPage { language: &language, ..signed_out("Acme") }.render();
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"));
}

#[test]
fn a_page_is_smaller_than_ten_kilobytes() {
    let twelve = vec![provider("Contoso Corporation", Some("/o/acme/login/contoso?return_to=%2Fapp")); 12];
    for html in every_page(&"A".repeat(100)).into_iter().chain([sign_in("Acme", twelve).render()]) {
        assert!(html.len() < 10 * 1024, "{} bytes: {html}", html.len());
    }
}

#[test]
fn a_picture_says_nothing_that_the_name_does_not_say() {
    let picture = |src: &str| {
        let shown =
            ProviderButton { icon: Icon::Picture(src.to_owned()), ..provider("Contoso", Some("/o/acme/login/c")) };
        sign_in("Acme", vec![shown]).render()
    };
    let html = picture("/o/acme/icon/contoso/0123456789abcdef");
    assert!(
        html.contains("<img src=\"/o/acme/icon/contoso/0123456789abcdef\" alt=\"\" width=\"24\" height=\"24\">"),
        "{html}"
    );
    assert!(!picture(HOSTILE).contains("<script"));
}

#[test]
fn each_type_of_provider_has_an_icon_of_its_own() {
    use ProviderType::{Auth0, Entra, Generic, Google, Keycloak, Okta};
    let page = |type_| {
        let shown = ProviderButton { icon: Icon::BuiltIn(type_), ..provider("Contoso", Some("/o/acme/login/c")) };
        sign_in("Acme", vec![shown]).render()
    };
    let pages: HashSet<_> = [Generic, Okta, Auth0, Entra, Google, Keycloak].map(page).into_iter().collect();
    assert_eq!(pages.len(), 6);
}

#[test]
fn an_unavailable_provider_is_shown_but_leads_nowhere() {
    let html = sign_in("Acme", vec![provider("Northwind", None)]).render();
    assert!(html.contains("Northwind") && html.contains(ENGLISH.sign_in.unavailable));
    assert!(html.contains("aria-disabled=\"true\"") && !html.contains("<a class=\"provider\" href"));
}

#[test]
fn without_providers_the_page_says_whom_to_ask() {
    let html = sign_in("Acme", vec![]).render();
    assert!(html.contains(ENGLISH.sign_in.whom_to_ask) && !html.contains("<ul"));
}

#[test]
fn a_title_of_the_organization_replaces_the_heading() {
    let html = SignInPage { title: Some("Welcome back"), ..sign_in("Acme", vec![]) }.render();
    assert!(html.contains("<h1><bdi>Welcome back</bdi></h1>") && html.contains("<title>Welcome back · Acme</title>"));
}

#[test]
fn the_provider_used_last_comes_first_and_stands_out() {
    let html =
        sign_in("Acme", vec![provider("Contoso", Some("/o/acme/login/contoso")), last_used("Tailspin")]).render();
    assert!(html.find("Tailspin") < html.find("Contoso"));
    assert_eq!(html.matches("featured").count(), 1);
    assert!(html.contains("<a class=\"provider featured\" href=\"/o/acme/login/last\">"));
    assert_eq!(html.matches(ENGLISH.sign_in.last_used).count(), 1);
}

#[test]
fn a_provider_used_last_that_is_unavailable_does_not_stand_out() {
    let gone = ProviderButton { href: None, ..last_used("Tailspin") };
    let html = SignInPage { email: email(None, None), ..sign_in("Acme", vec![gone]) }.render();
    assert!(!html.contains("featured") && html.contains("class=\"primary\""));
}

#[test]
fn the_address_is_asked_for_after_the_last_choice_and_before_the_others() {
    let providers = vec![provider("Contoso", Some("/o/acme/login/contoso")), last_used("Tailspin")];
    let html = SignInPage { email: email(None, None), ..sign_in("Acme", providers) }.render();
    let places = ["Tailspin", "<form", "Contoso"].map(|what| html.find(what).unwrap());
    assert!(places.is_sorted(), "{html}");
    assert_eq!(html.matches("class=\"or\"").count(), 2);
    assert!(!html.contains("class=\"primary\"") && !html.contains("autofocus"));
}

#[test]
fn with_an_address_alone_nothing_parts_it_from_what_is_not_there() {
    let html = SignInPage { email: email(None, None), ..sign_in("Acme", vec![]) }.render();
    assert!(html.contains(ENGLISH.sign_in.type_address) && html.contains(" autofocus"));
    assert!(!html.contains("class=\"or\"") && !html.contains("<ul") && !html.contains(ENGLISH.sign_in.nothing_yet));
    assert!(!html.contains("aria-invalid") && !html.contains("return_to"));
}

#[test]
fn the_address_is_sent_with_the_organization_and_where_to_go_afterwards() {
    let form = email(None, None).map(|form| EmailForm { return_to: Some("/app"), ..form });
    let html = SignInPage { email: form, ..sign_in("Acme", vec![]) }.render();
    assert!(html.contains("<form action=\"/discover\" method=\"post\">"));
    assert!(html.contains("type=\"hidden\" name=\"organization\" value=\"acme\""));
    assert!(html.contains("type=\"hidden\" name=\"return_to\" value=\"/app\""));
}

#[test]
fn an_address_that_leads_nowhere_is_kept_and_explained_beside_the_field() {
    let text = &ENGLISH.sign_in;
    let elsewhere = || vec![provider("Contoso", Some("/o/acme/login/contoso"))];
    for (problem, providers, said) in [
        (AddressProblem::Malformed, elsewhere(), text.malformed_address),
        (AddressProblem::Unknown, elsewhere(), text.unknown_address),
        (AddressProblem::Unknown, vec![provider("Contoso", None)], text.unknown_address_alone),
        (AddressProblem::Unknown, vec![], text.unknown_address_alone),
    ] {
        let form = email(Some("jo@contoso.example"), Some(problem));
        let html = SignInPage { email: form, ..sign_in("Acme", providers) }.render();
        assert!(html.contains("value=\"jo@contoso.example\"") && html.contains(" autofocus"));
        assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"wrong\"") && html.contains("id=\"wrong\""));
        assert!(html.contains(said), "{html}");
    }
}

#[test]
fn what_leads_to_no_organization_is_kept_and_explained_beside_the_field() {
    let text = &ENGLISH.organization;
    for (problem, said) in [
        (IdentifierProblem::UnknownOrganization, text.unknown_organization),
        (IdentifierProblem::UnknownAddress, text.unknown_address),
        (IdentifierProblem::MalformedAddress, text.malformed_address),
    ] {
        let html = OrganizationPage { value: Some("acne"), problem: Some(problem), ..organization() }.render();
        assert!(html.contains("value=\"acne\"") && html.contains("aria-invalid=\"true\"") && html.contains(said));
        assert!(html.contains("aria-describedby=\"wrong hint\"") && html.contains("id=\"wrong\""));
    }
}

#[test]
fn an_address_of_several_organizations_is_kept_while_the_id_is_asked_for() {
    let several = OrganizationPage {
        address: Some("jo@contoso.example"),
        problem: Some(IdentifierProblem::SeveralOrganizations),
        ..organization()
    };
    let html = several.render();
    assert!(html.contains("name=\"address\" value=\"jo@contoso.example\"") && !html.contains("aria-invalid"));
    assert!(html.contains(&format!("<label for=\"identifier\">{}</label>", ENGLISH.organization.id_label)));
    let html =
        OrganizationPage { value: Some("acne"), problem: Some(IdentifierProblem::UnknownOrganization), ..several }
            .render();
    assert!(html.contains("name=\"address\" value=\"jo@contoso.example\"") && html.contains("value=\"acne\""));
}

#[test]
fn the_organization_used_last_is_the_first_choice() {
    let html = OrganizationPage { last: last("Acme"), ..organization() }.render();
    assert!(html.contains("<a class=\"primary\" href=\"/o/acme/login\">"));
    assert_eq!(html.matches("class=\"primary\"").count(), 1);
    assert!(html.find("Acme") < html.find("<form") && !html.contains("autofocus"));
}

#[test]
fn who_is_signed_out_at_the_provider_too_is_told_before() {
    let html = SignOutPage { provider: Some("Contoso"), ..sign_out("jane") }.render();
    assert!(html.contains("<bdi>Contoso</bdi> is asked to sign you out there, too."));
    assert!(!sign_out("jane").render().contains(ENGLISH.sign_out.provider_too.after));
}

#[test]
fn a_mail_is_offered_for_an_address_that_is_not_verified_where_one_can_be_sent() {
    for (verified, verify_action, offered) in
        [(false, Some("/o/acme/verify-email"), true), (false, None, false), (true, Some("/o/acme/verify-email"), false)]
    {
        let address = Address { email: "jane@contoso.example", verified, verify_action };
        let html = AccountPage { address: Some(address), ..account("Jane") }.render();
        assert_eq!(html.contains("<form action=\"/o/acme/verify-email\" method=\"post\">"), offered, "{verified}");
        assert_eq!(html.contains(ENGLISH.account.not_verified), !verified);
        assert_eq!(html.contains(ENGLISH.account.no_mail), !verified && !offered);
    }
}

#[test]
fn each_origin_is_told_with_its_name() {
    for (origin, told) in [
        (Origin::Mapper("engineers"), "by the mapper <bdi>engineers</bdi>"),
        (Origin::Role("Owners"), "by the role <bdi>Owners</bdi>"),
        (Origin::Everybody("Contoso"), "for everybody of <bdi>Contoso</bdi>"),
        (Origin::Provider("Contoso"), "from <bdi>Contoso</bdi>"),
        (Origin::Administrator, "assigned by an administrator"),
        (Origin::Gone, "by something that is no longer here"),
    ] {
        let html = AccountPage { administrator: Some(vec![origin]), ..account("Jane") }.render();
        assert!(html.contains(&format!("<small>{told}</small>")), "{html}");
    }
}

#[test]
fn fields_have_names_that_people_know_and_attributes_their_own() {
    let noted = ["timeZone", "costCenter"].map(|name| Noted { name, value: "x".into(), origin: Origin::Gone });
    let html = AccountPage { noted: noted.into(), ..account("Jane") }.render();
    assert!(
        html.contains("<dt><bdi>Time zone</bdi></dt>") && html.contains("<dt><bdi>costCenter</bdi></dt>"),
        "{html}"
    );
}

#[test]
fn each_session_can_be_ended_and_all_others_where_there_are_any() {
    let page = |sessions| AccountPage { sessions, ..account("Jane") }.render();
    let ends = |html: &str| html.matches("name=\"end\"").count();
    let two = page(Some(vec![session("Contoso", true), session("Contoso", false)]));
    assert_eq!((ends(&two), two.matches(ENGLISH.account.this_session).count()), (4, 1), "{two}");
    let one = page(Some(vec![session("Contoso", true)]));
    assert!(ends(&one) == 2 && !one.contains("value=\"others\""), "{one}");
    let unknown = page(None);
    assert!(ends(&unknown) == 0 && unknown.contains(ENGLISH.account.no_list), "{unknown}");
}

#[test]
fn an_error_without_ways_on_offers_none() {
    let html = ErrorPage { try_again: None, home: None, ..error("Bad luck.", &[]) }.render();
    assert!(!html.contains("href=\"/o/") && !html.contains("<h2>") && html.contains("7K2M-Q9XD"));
}

#[test]
fn the_path_of_an_asset_names_its_content() {
    for asset in [stylesheet(), favicon()] {
        let hash: String = asset.path.chars().skip_while(|c| *c != '-').skip(1).take_while(|c| *c != '.').collect();
        assert_eq!(hash.len(), 16, "{}", asset.path);
        assert!(hash.chars().all(|c| c.is_ascii_hexdigit()), "{}", asset.path);
    }
}
