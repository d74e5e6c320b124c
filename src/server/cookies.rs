//! The cookies: one for the session of each organization, one for each login attempt, one for who waits for their address
//! to be verified, and what was used last on this device. Ids hold no dot, so no name of one organization begins as one of another.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

use crate::domain::organization::Organization;

/// Browsers hold a cookie of this prefix to this host, https, and the whole path (RFC 6265bis).
const HOST_PREFIX: &str = "__Host-";
const LAST_ORGANIZATION: &str = "latchkey.organization";
/// What was used last is remembered so long.
const REMEMBERED: Duration = Duration::days(180);

/// The name of the cookie that holds the session of an organization.
pub fn session_name(organization: &Organization) -> String {
    named(organization, &format!("latchkey.session.{}", organization.id))
}

/// The name of the cookie of a login attempt.
pub fn attempt_name(organization: &Organization, state: &str) -> String {
    let short: String = state.chars().take(11).collect();
    format!("{}{short}", attempt_prefix(organization))
}

/// What the names of all login attempts of an organization begin with.
pub fn attempt_prefix(organization: &Organization) -> String {
    named(organization, &format!("latchkey.login.{}.", organization.id))
}

/// The key of the provider by which somebody signed in last on this device, if the browser says so.
pub fn last_provider<'a>(headers: &'a HeaderMap, organization: &Organization) -> Option<&'a str> {
    first(headers, &last_provider_name(organization))
}

/// The id of the organization to which somebody signed in last on this device, if the browser says so.
pub fn last_organization(headers: &HeaderMap, https: bool) -> Option<&str> {
    first(headers, &prefixed(https, LAST_ORGANIZATION))
}

/// Remembers, on this device, by which provider somebody signed in.
pub fn remember(organization: &Organization, provider_key: &str) -> [HeaderValue; 2] {
    let kept = |name: String, value: &str| {
        let mut cookie = base(organization, name, value.to_owned());
        cookie.set_max_age(REMEMBERED);
        header_value(&cookie)
    };
    [
        kept(last_provider_name(organization), provider_key),
        kept(prefixed(is_secure(organization), LAST_ORGANIZATION), &organization.id),
    ]
}

fn last_provider_name(organization: &Organization) -> String {
    named(organization, &format!("latchkey.last.{}", organization.id))
}

fn named(organization: &Organization, name: &str) -> String {
    prefixed(is_secure(organization), name)
}

fn prefixed(secure: bool, name: &str) -> String {
    if secure { format!("{HOST_PREFIX}{name}") } else { name.to_owned() }
}

/// Over http, which only development allows, cookies go without Secure.
fn is_secure(organization: &Organization) -> bool {
    organization.external_url.scheme() == "https"
}

/// The name of the cookie that tells who waits for their address to be verified.
pub fn pending_name(organization: &Organization) -> String {
    named(organization, &format!("latchkey.verify.{}", organization.id))
}

/// The cookie that tells who waits for their address to be verified.
pub fn set_pending(organization: &Organization, value: String, max_age: Duration) -> HeaderValue {
    let mut cookie = base(organization, pending_name(organization), value);
    cookie.set_max_age(max_age);
    header_value(&cookie)
}

/// A cookie to set, which ends with the browser.
pub fn set(organization: &Organization, name: String, value: String) -> HeaderValue {
    header_value(&base(organization, name, value))
}

/// The cookie of a login attempt. `cross_site`: the browser sends it with a form that another site posts, too. Only
/// cookies with Secure can say so; over http, silence has some browsers send it for two minutes.
pub fn set_attempt(
    organization: &Organization,
    name: String,
    value: String,
    max_age: Duration,
    cross_site: bool,
) -> HeaderValue {
    let mut cookie = base(organization, name, value);
    cookie.set_max_age(max_age);
    if cross_site {
        cookie.set_same_site(is_secure(organization).then_some(SameSite::None));
    }
    header_value(&cookie)
}

/// Takes a cookie away.
pub fn remove(organization: &Organization, name: String) -> HeaderValue {
    let mut cookie = base(organization, name, String::new());
    cookie.set_max_age(Duration::ZERO);
    header_value(&cookie)
}

fn base(organization: &Organization, name: String, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .secure(is_secure(organization))
        .same_site(SameSite::Lax)
        .build()
}

fn header_value(cookie: &Cookie<'_>) -> HeaderValue {
    // Names are made of ids, and values are base64url, ids or keys, so this always succeeds.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The values of all cookies of a name, in the order in which the browser sent them.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    all(headers).filter_map(move |(other, value)| (other == name).then_some(value))
}

fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    all(headers).find_map(|(other, value)| (other == name).then_some(value))
}

/// All cookies, by name and value.
pub fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    // Pair by pair: another application's odd cookie must not hide ours.
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
}
