use http::StatusCode;

use super::*;

/// What a page must survive in every place where something from outside is shown.
const HOSTILE: &str = r#""><script>alert('1')</script><img src=x onerror=alert(1)>{{ 7 }}&amp;"#;

fn provider<'a>(display_name: &'a str, href: Option<&'a str>) -> ProviderButton<'a> {
    ProviderButton { display_name, href, icon: Icon::Generic }
}

fn sign_in<'a>(organization: &'a str, providers: Vec<ProviderButton<'a>>) -> SignInPage<'a> {
    SignInPage { language: &ENGLISH, organization, title: None, providers }
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
        action: "/o/acme/logout",
        cancel_href: "/o/acme/",
    }
}

fn signed_out(organization: &str) -> SignedOutPage<'_> {
    SignedOutPage { language: &ENGLISH, organization, sign_in_href: "/o/acme/login" }
}

fn signed_in(text: &str) -> SignedInPage<'_> {
    SignedInPage {
        language: &ENGLISH,
        organization: "Acme",
        full_name: Some(text),
        user_name: text,
        email: Some(text),
        administrator: true,
        roles: vec!["Administrators", text],
        groups: vec!["US users", text],
        provider: text,
        sign_out_href: "/o/acme/logout",
    }
}

/// Every page with `text` in every place that something from outside can get to.
fn every_page(text: &str) -> Vec<String> {
    let buttons = || vec![provider(text, Some(text)), provider(text, None)];
    vec![
        sign_in(text, vec![]).render(),
        sign_in(text, vec![provider(text, Some(text))]).render(),
        sign_in(text, vec![provider(text, None)]).render(),
        SignInPage { title: Some(text), ..sign_in(text, buttons()) }.render(),
        OrganizationPage { language: &ENGLISH, wrong_id: None }.render(),
        OrganizationPage { language: &ENGLISH, wrong_id: Some(text) }.render(),
        ErrorPage { title: text, reference: text, try_again: Some(text), home: Some(text), ..error(text, &[text]) }
            .render(),
        SignOutPage { organization: text, action: text, cancel_href: text, ..sign_out(text) }.render(),
        SignedOutPage { sign_in_href: text, ..signed_out(text) }.render(),
        SignedInPage { organization: text, sign_out_href: text, ..signed_in(text) }.render(),
    ]
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
    assert_looks_as_before("organization", &OrganizationPage { language: &ENGLISH, wrong_id: None });
    assert_looks_as_before("organization_wrong", &OrganizationPage { language: &ENGLISH, wrong_id: Some("acne") });
    let what_to_do = ["Wait a minute, then try again.", "If it happens again, ask the people who look after sign-in."];
    assert_looks_as_before("error", &error("The sign-in service took too long to answer.", &what_to_do));
    assert_looks_as_before("sign_out", &sign_out("jane"));
    assert_looks_as_before("signed_out", &signed_out("Acme"));
    assert_looks_as_before(
        "signed_in",
        &SignedInPage {
            full_name: Some("Jane Doe"),
            user_name: "jane",
            email: Some("jane@contoso.example"),
            roles: vec!["Administrators"],
            groups: vec!["US users", "Engineering"],
            provider: "Contoso",
            ..signed_in("")
        },
    );
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
        assert!(signed_in(name).render().contains(&format!("<strong><bdi>{escaped}</bdi></strong>")));
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
fn a_wrong_organization_id_is_kept_and_explained_beside_the_field() {
    let html = OrganizationPage { language: &ENGLISH, wrong_id: Some("acne") }.render();
    assert!(html.contains("value=\"acne\"") && html.contains("aria-invalid=\"true\""));
    assert!(html.contains("aria-describedby=\"wrong hint\"") && html.contains("id=\"wrong\""));
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
