//! `latchkey users create`: makes somebody known before they sign in, by what logins are held to.

use std::sync::Arc;

use anyhow::Context;
use uuid::Uuid;

use super::{Refused, grants::What, registry::Registry, show};
use crate::{
    cli::installation::Manifests,
    domain::{
        by_hand,
        field::{Field, Fields},
        organization::OrganizationKey,
        people::Match,
        provider::Provider,
        trust,
        user::{Link, User, UserId, Verification},
    },
    store::{CreateUserError, NewUser},
};

pub const EXAMPLES: &str = "\
A user who is known in advance can be found at the first login, by users.match of the
IdentityProvider: by the external ID, by the address if it is verified, or by the user name. With
users.provisioning ReadOnly only such people get in.

Examples:
  Somebody whom a provider will know by the user name, or by the address:
    latchkey users create ann --email ann@example.com --email-verified \\
      --field fullName='Ann Adams' --role viewer
  Somebody whom the provider azure knows as 4711, which is what claims.userID gives:
    latchkey users create ann --provider azure --external-id 4711";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The user name, unique in the organization; with users.userNameSeparator the provider's key and the separator belong
    /// to it
    name: String,

    /// The e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// The address is known to be theirs
    #[arg(long, requires = "email")]
    email_verified: bool,

    /// Something else that is known: fullName, language and the like, or a custom attribute (repeatable)
    #[arg(long, value_name = "NAME=TEXT")]
    field: Vec<String>,

    #[command(flatten)]
    what: What,

    /// metadata.name of the IdentityProvider that knows them by the external ID
    #[arg(long, value_name = "NAME", requires = "external_id")]
    provider: Option<String>,

    /// What that IdentityProvider knows them by, as claims.userID gives it
    #[arg(long, value_name = "ID", requires = "provider")]
    external_id: Option<String>,
}

pub async fn run(registry: &Registry, arguments: &Arguments) -> anyhow::Result<()> {
    let key = registry.organization()?;
    let rules = registry.rules(&key)?;
    let granted = arguments.what.all();
    let refusals = granted.iter().filter_map(|granted| rules.grant(&[], granted).err());
    Refused::unless_none(refusals.collect())?;
    let user = user(arguments, &key).map_err(Refused::because)?;
    let links = match (&arguments.provider, &arguments.external_id) {
        (Some(provider), Some(id)) => vec![link(registry, &user, provider, id)?],
        _ => Vec::new(),
    };
    let id = user.id;
    let written = registry.store.create_user(&NewUser { user, links, granted }).await;
    written.map_err(|error| match error {
        CreateUserError::Store(error) => anyhow::Error::from(error),
        taken => Refused::because(taken).into(),
    })?;
    let account = registry.store.account(id).await?.context("the user is gone again already")?;
    show::tell(registry, &account)
}

fn user(arguments: &Arguments, organization: &OrganizationKey) -> Result<User, by_hand::NotUsable> {
    Ok(User {
        id: UserId(Uuid::now_v7()),
        organization: organization.clone(),
        user_name: by_hand::user_name(&arguments.name)?,
        email: arguments.email.as_deref().map(by_hand::address).transpose()?,
        verified: arguments.email_verified.then_some(Verification::Hand),
        fields: arguments.field.iter().map(|written| field(written)).collect::<Result<Fields, _>>()?,
    })
}

/// `NAME=TEXT`; without a text the field is empty, which is refused.
fn field(written: &str) -> Result<(String, Field), by_hand::NotUsable> {
    let (name, text) = written.split_once('=').unwrap_or((written, ""));
    Ok((name.to_owned(), by_hand::field(name, text)?))
}

/// What ties the user to the person of a provider, if that provider could ever sign in the user.
fn link(registry: &Registry, user: &User, name: &str, external_id: &str) -> anyhow::Result<Link> {
    let table = registry.described.whole()?;
    let provider = provider(registry, &user.organization, name)?;
    let why = |why: &str| Refused::because(format!("--provider {name}: {why}"));
    let people = provider.people.as_ref().ok_or_else(|| why("it is not accepted; its status says why"))?;
    if !people.matching.contains(&Match::ExternalId) {
        let said = "its users.match does not have ExternalID, so that nobody is found by an external ID";
        return Err(why(said).into());
    }
    if provider.issuer.is_empty() {
        let or_wait = match registry.manifests {
            // Nobody writes a status there.
            Manifests::Directory(_) => "",
            Manifests::Kubernetes(_) => ", or wait for discovery",
        };
        let said = format!("its issuer is not known, to which external IDs belong: write spec.issuer{or_wait}");
        return Err(why(&said).into());
    }
    trust::may_be_called(&user.user_name, provider, table).map_err(|refusal| why(&refusal.to_string()))?;
    trust::admit_found(user, provider, table).map_err(|refusal| why(&refusal.to_string()))?;
    let external_id = by_hand::external_id(external_id).map_err(Refused::because)?;
    Ok(Link { organization: user.organization.clone(), issuer: provider.issuer.to_string(), external_id })
}

/// The provider of a name in the organization.
fn provider<'a>(
    registry: &'a Registry,
    organization: &OrganizationKey,
    name: &str,
) -> Result<&'a Arc<Provider>, Refused> {
    let table = &registry.described.table;
    let of = table.provider_uids().filter_map(|uid| table.provider_by_uid(uid));
    let of: Vec<_> = of.filter(|provider| provider.organization == *organization).collect();
    let unknown = || {
        let mut names: Vec<_> = of.iter().map(|provider| provider.name()).collect();
        names.sort();
        let there = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        Refused::because(format!("--provider {name}: the organization has no IdentityProvider of this name; {there}"))
    };
    of.iter().find(|provider| provider.name() == name).copied().ok_or_else(unknown)
}
