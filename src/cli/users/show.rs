//! `latchkey users show`: everything that is known of a user, and on whose word.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    origin::Given,
    print,
    registry::{Registry, Who},
    second,
    sessions::live,
};
use crate::{
    cli::{check::Output, columns::Columns},
    domain::{grant::Granted, user::Verification},
    store::Account,
};

pub const EXAMPLES: &str = "\
Everything has its origin behind it: by provider NAME, by mapper NAME of provider NAME, or by hand.

Examples:
  latchkey users show ann
  latchkey users show ann@example.com --output json";

pub async fn run(registry: &Registry, who: &Who) -> anyhow::Result<()> {
    let account = registry.account(who).await?;
    registry.warn();
    tell(registry, &account)
}

/// Prints everything that is known of a user.
pub fn tell(registry: &Registry, account: &Account) -> anyhow::Result<()> {
    match registry.output {
        Output::Text => print(&text(registry, account)),
        Output::Json => print(&serde_json::to_string_pretty(&json(registry, account))?),
    }
}

/// When somebody signed in last: of who did before times were noted, it is not known.
fn last_login(at: Option<Timestamp>, has_signed_in: bool) -> String {
    let unnoted = if has_signed_in { "not known" } else { "never" };
    at.map_or_else(|| unnoted.to_owned(), second)
}

fn text(registry: &Registry, account: &Account) -> String {
    let tables =
        [who(registry, account), fields(registry, account), grants(registry, account), links(registry, account)];
    let tables = tables.iter().filter(|rows| !rows.is_empty());
    tables.map(|rows| Columns::default().aligned(rows)).collect::<Vec<_>>().join("\n\n")
}

fn who(registry: &Registry, account: &Account) -> Vec<Vec<String>> {
    let Account { user, told_by, email_by, last_login_at, links, .. } = account;
    let names = registry.names();
    let by = |uid: &str| names.origin(uid, None).to_string();
    let verified = match user.verified {
        None => "not verified",
        Some(Verification::Provider) => "verified by the provider",
        Some(Verification::Mail) => "verified by mail",
        Some(Verification::Hand) => "verified by hand",
    };
    let email_by = email_by.as_deref().map(|uid| format!("{}, ", by(uid))).unwrap_or_default();
    let row = |name: &str, value: String, more: String| vec![name.to_owned(), value, more];
    let mut rows = vec![
        row("User name", user.user_name.clone(), by(told_by.as_deref().unwrap_or_default())),
        row("Id", user.id.to_string(), String::new()),
        row("Organization", registry.name_of(&user.organization), String::new()),
    ];
    rows.extend(user.email.clone().map(|email| row("E-mail", email, format!("{email_by}{verified}"))));
    rows.extend(by_role(registry, account).map(|roles| row("Administrator", "yes".to_owned(), roles)));
    let has_signed_in = told_by.is_some() || links.iter().any(|link| link.provider_uid.is_some());
    rows.push(row("Last login", last_login(*last_login_at, has_signed_in), String::new()));
    rows.push(row("Sessions", live(registry, account).len().to_string(), String::new()));
    rows
}

/// The roles that make the user an administrator, which no grant of theirs says.
fn by_role(registry: &Registry, account: &Account) -> Option<String> {
    let organization = registry.described_as(&account.user.organization)?;
    let makes_one = |name: &&str| organization.role(name).is_some_and(|role| role.administrator);
    let roles = account.grants.iter().filter_map(|held| match &held.grant.granted {
        Granted::Role(name) => Some(name.as_str()),
        Granted::Group(_) | Granted::Administrator => None,
    });
    let roles: BTreeSet<_> = roles.filter(makes_one).collect();
    let named = roles.into_iter().collect::<Vec<_>>().join(", ");
    (!named.is_empty()).then(|| format!("by role {named}"))
}

fn fields(registry: &Registry, account: &Account) -> Vec<Vec<String>> {
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows =
        account.user.fields.iter().map(|(name, field)| {
            vec![name.clone(), shown(&field.value), registry.names().maker(&field.by).to_string()]
        });
    table(["FIELD", "VALUE", "ORIGIN"], rows.collect())
}

fn grants(registry: &Registry, account: &Account) -> Vec<Vec<String>> {
    let rows = account.grants.iter().map(|held| {
        let Given { kind, name, origin } = registry.names().held(held);
        let origin = origin.map(|origin| origin.to_string()).unwrap_or_default();
        vec![kind.to_owned(), name.unwrap_or_default(), origin]
    });
    table(["GRANT", "NAME", "ORIGIN"], rows.collect())
}

fn links(registry: &Registry, account: &Account) -> Vec<Vec<String>> {
    let rows = account.links.iter().map(|link| {
        let provider = link.provider_uid.as_deref().map(|uid| registry.names().provider(uid).to_string());
        vec![
            link.link.issuer.clone(),
            link.link.external_id.clone(),
            provider.unwrap_or_default(),
            // By which of several links somebody came before that was noted nobody knows.
            last_login(link.last_login_at, account.told_by.is_some() || link.provider_uid.is_some()),
        ]
    });
    table(["ISSUER", "EXTERNAL ID", "PROVIDER", "LAST LOGIN"], rows.collect())
}

/// Nothing, without rows.
fn table<const N: usize>(heading: [&str; N], rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    if rows.is_empty() {
        return rows;
    }
    [vec![heading.map(str::to_owned).to_vec()], rows].concat()
}

fn json(registry: &Registry, account: &Account) -> Value {
    let Account { user, told_by, email_by, last_login_at, links, grants, .. } = account;
    let names = registry.names();
    let fields = user
        .fields
        .iter()
        .map(|(name, field)| json!({"name": name, "value": field.value, "origin": names.maker(&field.by)}));
    let links = links.iter().map(|link| {
        json!({
            "issuer": link.link.issuer,
            "externalID": link.link.external_id,
            "provider": link.provider_uid.as_deref().map(|uid| names.provider(uid)),
            "lastLoginAt": link.last_login_at,
        })
    });
    json!({
        "id": user.id,
        "organization": registry.name_of(&user.organization),
        "userName": user.user_name,
        "userNameOrigin": names.origin(told_by.as_deref().unwrap_or_default(), None),
        "email": user.email,
        "emailOrigin": email_by.as_deref().map(|uid| names.origin(uid, None)),
        "emailVerified": user.email_verified(),
        "emailVerifiedBy": user.verified,
        "lastLoginAt": last_login_at,
        "fields": fields.collect::<Vec<_>>(),
        "grants": grants.iter().map(|held| names.held(held)).collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "sessions": live(registry, account).len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_who_signed_in_before_it_was_noted_nobody_says_that_they_never_did() {
        let at = Timestamp::from_second(0).expect("a moment");
        for (at, has_signed_in, said) in [
            (None, false, "never"),
            (None, true, "not known"),
            (Some(at), true, "1970-01-01T00:00:00Z"),
            (Some(at), false, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(last_login(at, has_signed_in), said);
        }
    }
}
