//! The rules of the manifests, which the API server and the directory apply alike (`x-kubernetes-validations`). Each
//! message says what to write instead. None looks at anything but the object.

mod application;
mod authorization;
mod client;
mod jwt_bearer;
mod location;
mod logout;
mod mapper;
mod people;
mod said;
mod tokens;
mod trust;

use kube::core::Rule;
use schemars::Schema;
use serde_json::json;

pub use application::*;
pub use authorization::*;
pub use client::*;
pub use jwt_bearer::*;
pub use location::*;
pub use logout::*;
pub use mapper::*;
pub use people::*;
pub use tokens::*;
pub use trust::*;

/// One to four numbers of at most five digits, each with a unit.
const DURATION: &str = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";
/// Scheme, host and port of a URL, without user name and password. What nobody sees comes along when text is copied from
/// a page, and is never meant.
const ORIGIN: &str = r"^https?://(\[[0-9A-Fa-f:.]+\]|[^\p{Z}\p{Cc}\p{Cf}\[\]/?#@:\\]+)(:[0-9]{1,5})?";
const PATH: &str = r"(/[^\p{Z}\p{Cc}\p{Cf}?#@\\]*)?";
const QUERY: &str = r"(\?[^\p{Z}\p{Cc}\p{Cf}#@\\]*)?";
const FRAGMENT: &str = r"(#[^\p{Z}\p{Cc}\p{Cf}@\\]*)?";

fn rule(rule: impl Into<String>, message: &str) -> Rule {
    Rule::new(rule).message(message)
}

fn matches(pattern: &str, message: &str) -> Rule {
    rule(format!("self.matches(r'{pattern}')"), message)
}

/// Holds each item of a list to some rules.
pub fn of_items<const N: usize>(rules: [Rule; N]) -> impl FnMut(&mut Schema) {
    move |list| {
        if let Some(items) = list.get_mut("items").and_then(serde_json::Value::as_object_mut) {
            items.insert("x-kubernetes-validations".to_owned(), json!(rules.as_slice()));
        }
    }
}

/// Holds a list as a whole to some rules.
pub fn of_list<const N: usize>(rules: [Rule; N]) -> impl FnMut(&mut Schema) {
    move |list| {
        list.insert("x-kubernetes-validations".to_owned(), json!(rules.as_slice()));
    }
}

/// A Gateway API duration (GEP-2257).
pub fn duration() -> Rule {
    matches(DURATION, "write numbers with the units h, m, s and ms, such as 1h30m or 15m")
}

/// A duration that is not too short to mean anything.
pub fn at_least_a_second() -> Rule {
    rule(format!("!self.matches('{DURATION}') || duration(self) >= duration('1s')"), "write at least 1s")
}

/// How long a session may be; the keys that seal session cookies are kept longer.
pub fn session_span() -> Rule {
    let bounds = "duration(self) >= duration('1s') && duration(self) <= duration('2160h')";
    let message = "write at least 1s and at most 2160h, which is 90 days";
    rule(format!("!self.matches('{DURATION}') || {bounds}"), message)
}

/// Where people reach an organization.
pub fn external_url() -> Rule {
    let message = "write scheme, host and, if need be, port, and no path, such as https://login.example.com";
    matches(&format!("{ORIGIN}/?$"), message)
}

/// Where people may return to.
pub fn return_url() -> Rule {
    let message =
        "write an http or https URL without user name, query and fragment, such as https://app.example.com/start";
    matches(&format!("{ORIGIN}{PATH}$"), message)
}

/// A page elsewhere.
pub fn page_url() -> Rule {
    let message = "write an http or https URL without user name, such as https://www.example.com/goodbye";
    matches(&format!("{ORIGIN}{PATH}{QUERY}{FRAGMENT}$"), message)
}

/// The picture on a button.
pub fn icon_url() -> Rule {
    let message = "write an http or https URL without user name and fragment, such as https://www.example.com/icon.svg";
    matches(&format!("{ORIGIN}{PATH}{QUERY}$"), message)
}

/// The key of a provider.
pub fn key() -> Rule {
    let message = "write letters, digits and inner dots, dashes and underscores, such as azure";
    matches("^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", message)
}

/// The key that is the provider's own name.
pub fn default_key() -> Rule {
    let message = "metadata.name, which is the default, is longer than the 63 characters of a key: write a key";
    rule("has(self.spec.key) || size(self.metadata.name) <= 63", message).field_path(".spec.key")
}

/// Writing the default, or leaving it out, changes nothing.
pub fn immutable_key() -> Rule {
    let message = "is immutable, because it is part of the URIs that are registered at the provider: write the former key, or delete this IdentityProvider and create it anew; people stay the users that they are, and sign in again";
    let key = |of: &str| format!("(has({of}.spec.key) ? {of}.spec.key : {of}.metadata.name)");
    rule(format!("{} == {}", key("self"), key("oldSelf")), message).field_path(".spec.key")
}

/// Writing the default, or leaving it out, changes nothing.
pub fn immutable_organization() -> Rule {
    let message = "is immutable, because users belong to one organization: write the former name, or delete this IdentityProvider and create it anew; whoever signs in then becomes a user of the other organization";
    let name = |of: &str| format!("(has({of}.organizationRef) ? {of}.organizationRef.name : 'default')");
    rule(format!("{} == {}", name("self"), name("oldSelf")), message).field_path(".organizationRef")
}

/// The id of an organization.
pub fn organization_id() -> Rule {
    let message = "write lower-case letters, digits and inner dashes, such as acme";
    matches("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", message)
}

/// The id that is the organization's own name.
pub fn default_organization_id() -> Rule {
    let message = "metadata.name, which is the default, is no id: write an id of lower-case letters, digits and inner dashes, such as acme";
    let fits = "self.metadata.name.matches('^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')";
    rule(format!("has(self.spec.id) || {fits}"), message).field_path(".spec.id")
}

/// Writing the default, or leaving it out, changes nothing. The default of the Organization `default`, its namespace,
/// is out of a rule's sight.
pub fn immutable_organization_id() -> Rule {
    let message = "is immutable, because it is part of every URL of the organization: write the former id, or delete this Organization and create it anew under the same metadata.name, which keeps its users; then register the new redirect URIs";
    let id = |of: &str| {
        format!("(has({of}.spec.id) ? {of}.spec.id : {of}.metadata.name == 'default' ? '' : {of}.metadata.name)")
    };
    rule(format!("{} == {}", id("self"), id("oldSelf")), message).field_path(".spec.id")
}

/// The name of a role or group, which applications get in lists parted by commas.
pub fn name_in_a_list() -> Rule {
    let message =
        "write a name without commas and line breaks that neither begins nor ends with a space, such as admin";
    matches(r"^[^,\x00-\x20\x7f]([^,\x00-\x1f\x7f]*[^,\x00-\x20\x7f])?$", message)
}
