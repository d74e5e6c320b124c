use axum::http::header;

use super::*;
use crate::{
    domain::testing::{at, organization, organization_key},
    store::testing::Files,
};

const MINUTE: i64 = 60_000;

async fn sealer() -> Sealer {
    let files = Files::new();
    Sealer::load(&*files.open().await.unwrap(), at(0)).await.unwrap()
}

fn attempt(number: u8) -> Attempt {
    Attempt {
        state: [number; 16],
        provider_uid: "p1".into(),
        issuer_mark: Attempt::mark("https://issuer.example"),
        nonce: [number; 16],
        verifier: Zeroizing::new([number; 32]),
        return_to: Some("https://app.example/".into()),
        replaces: Vec::new(),
        expires_at: Attempt::expiry(at(0)),
    }
}

/// `name=value` of a cookie that is set.
fn pair(set_cookie: &HeaderValue) -> String {
    set_cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn name(set_cookie: &HeaderValue) -> String {
    pair(set_cookie).split_once('=').unwrap().0.to_owned()
}

fn sends(pairs: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, pairs.join("; ").parse().unwrap());
    headers
}

#[tokio::test]
async fn an_attempt_comes_back_with_its_browser() {
    let (acme, sealer) = (organization(), sealer().await);
    let cookies: Vec<_> = (1..=3).map(|number| pair(&attempt(number).cookie(&acme, &sealer, false).unwrap())).collect();
    let headers = sends(&cookies);
    for number in 1..=3 {
        let sent = attempt(number);
        let found = Attempt::find(&sent.state_parameter(), &headers, &acme, &sealer, at(1)).ok().unwrap();
        assert_eq!((found.state, &found.provider_uid), (sent.state, &sent.provider_uid));
        assert_eq!(found.issuer_mark, Attempt::mark("https://issuer.example"));
        assert_ne!(found.issuer_mark, Attempt::mark("https://issuer.example/"));
        assert_eq!((found.nonce, *found.verifier), (sent.nonce, *sent.verifier));
        assert_eq!((found.return_to, found.expires_at), (sent.return_to, sent.expires_at));
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_shows_nothing() {
    let set = attempt(1).cookie(&organization(), &sealer().await, false).unwrap();
    let set = set.to_str().unwrap();
    assert!(set.starts_with("__Host-latchkey.login.acme."), "{set}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(set.split("; ").any(|part| part == attribute), "{attribute} in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let (_, value) = set.split(';').next().unwrap().split_once('=').unwrap();
    let sealed = URL_SAFE_NO_PAD.decode(value).unwrap();
    assert!(!sealed.windows(11).any(|window| window == b"app.example"));
}

#[tokio::test]
async fn an_attempt_ends_after_ten_minutes() {
    let (acme, sealer, sent) = (organization(), sealer().await, attempt(1));
    let headers = sends(&[pair(&sent.cookie(&acme, &sealer, false).unwrap())]);
    let find = |now| Attempt::find(&sent.state_parameter(), &headers, &acme, &sealer, at(now)).map(|found| found.state);
    assert_eq!(find(10 * MINUTE - 1000), Ok(sent.state));
    assert_eq!(find(10 * MINUTE), Err(AttemptError::Expired));
}

#[tokio::test]
async fn an_attempt_is_found_by_its_own_state_in_its_own_organization_with_our_key_alone() {
    let (acme, ours) = (organization(), sealer().await);
    let sent = attempt(1);
    let state = sent.state_parameter();
    let own = pair(&sent.cookie(&acme, &ours, false).unwrap());
    let (own_name, own_value) = own.split_once('=').unwrap();

    let globex = Organization { key: organization_key("globex"), ..acme.clone() };
    let elsewhere = pair(&sent.cookie(&globex, &ours, false).unwrap());
    let strange = pair(&sent.cookie(&acme, &sealer().await, false).unwrap());
    let for_a_session = ours.seal(&format!("session\n{}", acme.key), &postcard::to_stdvec(&sent).unwrap()).unwrap();
    let other_value = pair(&attempt(2).cookie(&acme, &ours, false).unwrap()).split_once('=').unwrap().1.to_owned();
    for (what, state, cookies) in [
        ("no cookie", &*state, vec![]),
        ("another state", &*attempt(2).state_parameter(), vec![own.clone()]),
        ("a state that only begins alike", &state[..11], vec![own.clone()]),
        ("no state", "", vec![own.clone()]),
        ("a longer state", &format!("{state}A"), vec![own.clone()]),
        ("another attempt under its name", &*state, vec![format!("{own_name}={other_value}")]),
        ("its value under another name", &*state, vec![format!("{own_name}x={own_value}")]),
        ("another organization of the same id", &*state, vec![elsewhere]),
        ("sealed by somebody else", &*state, vec![strange]),
        ("sealed for another purpose", &*state, vec![format!("{own_name}={for_a_session}")]),
        ("nonsense", &*state, vec![format!("{own_name}=nonsense"), "=".into(), "x".into()]),
    ] {
        let found = Attempt::find(state, &sends(&cookies), &acme, &ours, at(1)).map(|found| found.state);
        assert_eq!(found, Err(AttemptError::Missing), "{what}");
    }
    // A cookie that somebody planted under the same name is in nobody's way.
    let planted = sends(&[format!("{own_name}={other_value}"), format!("{own_name}=nonsense"), own.clone()]);
    assert!(Attempt::find(&state, &planted, &acme, &ours, at(1)).is_ok());
}

#[tokio::test]
async fn an_attempt_too_long_for_a_cookie_is_refused() {
    let (acme, sealer) = (organization(), sealer().await);
    let long = |length: usize| Attempt { return_to: Some("x".repeat(length)), ..attempt(1) };
    assert!(long(2000).cookie(&acme, &sealer, false).is_some_and(|set| pair(&set).len() < 4096));
    assert!(long(3000).cookie(&acme, &sealer, false).is_none());
}

#[tokio::test]
async fn what_has_had_its_time_is_swept_and_what_lives_stays() {
    let (acme, sealer) = (organization(), sealer().await);
    let old = attempt(1).cookie(&acme, &sealer, false).unwrap();
    let live = Attempt { expires_at: at(20 * MINUTE), ..attempt(2) }.cookie(&acme, &sealer, false).unwrap();
    let strange = format!("{}unreadable=nonsense", cookies::attempt_prefix(&acme));
    let session = format!("{}=nonsense", cookies::session_name(&acme));
    let headers = sends(&[pair(&old), pair(&live), strange.clone(), session, "other=1".into()]);
    let swept = Attempt::sweep(&headers, &acme, &sealer, 0, at(10 * MINUTE));
    let mut names: Vec<_> = swept.iter().map(name).collect();
    names.sort();
    let mut expected = vec![name(&old), strange.split_once('=').unwrap().0.to_owned()];
    expected.sort();
    assert_eq!(names, expected);
    assert!(swept.iter().all(|set| set.to_str().unwrap().contains("Max-Age=0")));
}

#[tokio::test]
async fn twenty_attempts_fit_into_a_header_and_the_oldest_give_way_to_more() {
    let (acme, sealer) = (organization(), sealer().await);
    let everyday = |number: u8| Attempt {
        provider_uid: "0e6f2f0a-8d58-5b0c-9a4e-6d2f9d1c7b11".into(),
        expires_at: at((i64::from(number) + 1) * 1000),
        ..attempt(number)
    };
    for (count, all_fit) in [(0, true), (19, true), (60, false)] {
        let cookies: Vec<_> =
            (0..count).map(|number| everyday(number).cookie(&acme, &sealer, false).unwrap()).collect();
        let newest = pair(&everyday(count).cookie(&acme, &sealer, false).unwrap()).len();
        let mut pairs: Vec<_> = cookies.iter().map(pair).collect();
        pairs.reverse();
        let swept = Attempt::sweep(&sends(&pairs), &acme, &sealer, newest, at(0));
        let mut swept: Vec<_> = swept.iter().map(name).collect();
        swept.reverse();
        let oldest: Vec<_> = cookies.iter().take(swept.len()).map(name).collect();
        assert_eq!(swept, oldest, "{count}");
        assert_eq!(swept.is_empty(), all_fit, "{count}");
        let staying: usize = cookies.iter().skip(swept.len()).map(|set| pair(set).len() + 2).sum();
        assert!(staying + newest <= MAX_TOGETHER, "{count}: {staying}");
    }
}

#[test]
fn a_code_verifier_has_the_form_that_rfc_7636_wants() {
    let verifier = attempt(7).code_verifier();
    let verifier = secrecy::ExposeSecret::expose_secret(&verifier);
    assert_eq!(verifier.len(), 43);
    assert!(verifier.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)));
}
