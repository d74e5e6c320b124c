//! `latchkey users grant` and `revoke`: what administrators give and take by hand, as far as manifests leave it to them.

use anyhow::bail;
use serde_json::json;

use super::{
    Refused,
    origin::Given,
    print,
    registry::{Registry, Who},
};
use crate::{
    cli::check::Output,
    domain::{
        by_hand::{self, Revocation},
        grant::Granted,
    },
    store::Account,
};

pub const GRANT_EXAMPLES: &str = "\
A role that an IdpMapper can grant, and administration likewise, is given by hand only once that
mapper is gone, or the mode for it of its provider, in users.updateModes, is None; and neither is
while an IdpMapper is not served as it stands. Users who came from an IdentityProvider are given
only what its logins leave alone: roles and groups unless their mode is Replace, administration
where its mode is Create or None, and everything where users.provisioning is ReadOnly. An address
names a user here only if it is verified.

Examples:
  latchkey users grant ann --role viewer --group staff
  latchkey users grant ann@example.com --administrator";

pub const REVOKE_EXAMPLES: &str = "\
What was given by hand is gone at once. What an IdpMapper gave would come back, unless its
provider's mode for it in users.updateModes is Create or None, or users.provisioning is ReadOnly:
change the mapper, or what the provider says of the user.

Examples:
  latchkey users revoke ann --role viewer
  latchkey users revoke ann@example.com --administrator";

/// Who is given, or loses, what.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    who: Who,

    #[command(flatten)]
    what: What,
}

/// What is given or taken.
#[derive(Debug, clap::Args)]
pub struct What {
    /// A role of the organization (repeatable)
    #[arg(long, value_name = "NAME")]
    role: Vec<String>,

    /// A group of the organization (repeatable)
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,

    /// The right to administer the organization
    #[arg(long)]
    administrator: bool,
}

impl What {
    /// All of it, sorted, each once.
    pub fn all(&self) -> Vec<Granted> {
        let roles = self.role.iter().cloned().map(Granted::Role);
        let groups = self.group.iter().cloned().map(Granted::Group);
        let administrator = self.administrator.then_some(Granted::Administrator);
        let mut all: Vec<_> = roles.chain(groups).chain(administrator).collect();
        all.sort();
        all.dedup();
        all
    }
}

async fn asked(registry: &Registry, Arguments { who, what }: &Arguments) -> anyhow::Result<(Account, Vec<Granted>)> {
    let all = what.all();
    if all.is_empty() {
        bail!("what? Name it by --role, --group or --administrator");
    }
    Ok((registry.account(who).await?, all))
}

pub async fn grant(registry: &Registry, arguments: &Arguments) -> anyhow::Result<()> {
    let (account, wanted) = asked(registry, arguments).await?;
    by_hand::must_name(&arguments.who.user, &account.user).map_err(Refused::because)?;
    let rules = registry.rules(&account.user.organization)?;
    // Of links that are older than such notes it is not known, but on whose word the user is.
    let used = account.links.iter().filter_map(|link| link.provider_uid.clone());
    let providers: Vec<_> = used.chain(account.told_by.clone()).collect();
    let refusals = wanted.iter().filter_map(|granted| rules.grant(&providers, granted).err());
    Refused::unless_none(refusals.collect())?;
    let granted = registry.store.grant_by_hand(account.user.id, &wanted, &[]).await?.granted;
    let (id, name) = (account.user.id, &account.user.user_name);
    match registry.output {
        Output::Json => {
            let given: Vec<_> = granted.iter().map(Given::from).collect();
            print(&serde_json::to_string_pretty(&json!({"id": id, "userName": name, "granted": given}))?)
        }
        Output::Text => wanted.iter().try_for_each(|wanted| {
            let is_new = granted.contains(wanted);
            let said = if is_new { "given by hand" } else { "it was given by hand before" };
            print(&format!("{name}: {wanted}: {said}"))
        }),
    }
}

pub async fn revoke(registry: &Registry, arguments: &Arguments) -> anyhow::Result<()> {
    let (account, unwanted) = asked(registry, arguments).await?;
    let rules = registry.rules(&account.user.organization)?;
    let (mut revocation, mut not_held) = (Revocation::default(), Vec::new());
    for granted in &unwanted {
        match rules.revoke(&account.grants, granted) {
            Ok(Revocation { taken, stays }) => {
                revocation.taken.extend(taken);
                revocation.stays.extend(stays);
            }
            Err(refusal) => not_held.push(refusal),
        }
    }
    Refused::unless_none(not_held)?;
    let Revocation { taken, stays } = revocation;
    if taken.is_empty() {
        return Ok(Refused::unless_none(stays)?);
    }
    let revoked = registry.store.grant_by_hand(account.user.id, &[], &taken).await?.revoked;
    let (id, name) = (account.user.id, &account.user.user_name);
    let given = revoked.iter().map(|held| registry.names().held(held));
    match registry.output {
        Output::Json => {
            let revoked: Vec<_> = given.collect();
            print(&serde_json::to_string_pretty(&json!({"id": id, "userName": name, "revoked": revoked}))?)?;
        }
        Output::Text => {
            for (held, Given { origin, .. }) in revoked.iter().zip(given) {
                let origin = origin.map(|origin| format!(", which was given {origin}")).unwrap_or_default();
                print(&format!("{name}: {}{origin}: taken", held.grant.granted))?;
            }
        }
    }
    // What has been taken is; what else gives it is told.
    Ok(Refused::unless_none(stays)?)
}
