//! `latchkey users list`: everybody of an organization, a page after the other.

use std::io::Write;

use serde_json::{Value, json};

use super::{
    origin::{Named, Names},
    registry::Registry,
    second,
};
use crate::{
    cli::{check::Output, columns::Columns},
    store::ListedUser,
};

pub const EXAMPLES: &str = "\
An address that nobody has verified has (unverified) behind it. PROVIDERS are those that the user
signs in through. LAST LOGIN is empty where nothing tells of one.

Examples:
  latchkey users list
  latchkey users list --organization acme --output json";

/// So many users are read at once.
const PAGE: u32 = 200;

pub async fn run(registry: &Registry) -> anyhow::Result<()> {
    let organization = registry.organization()?;
    registry.warn();
    let mut printer = Printer::new(registry.output, registry.names());
    let mut after: Option<String> = None;
    loop {
        let page = registry.store.users(&organization, after.as_deref(), PAGE).await?;
        printer.print(&page)?;
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.user.user_name.clone()),
            _ => break,
        }
    }
    printer.end()
}

/// Prints users while more are read.
struct Printer<'a> {
    output: Output,
    names: Names<'a>,
    columns: Columns,
    begun: bool,
}

impl<'a> Printer<'a> {
    fn new(output: Output, names: Names<'a>) -> Self {
        Self { output, names, columns: Columns::default(), begun: false }
    }

    fn print(&mut self, page: &[ListedUser]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.output {
            Output::Text => {
                let heading = ["USER NAME", "EMAIL", "PROVIDERS", "LAST LOGIN", "ID"].map(str::to_owned).to_vec();
                let rows = (!self.begun && !page.is_empty()).then_some(heading);
                let rows: Vec<_> = rows.into_iter().chain(page.iter().map(|listed| self.row(listed))).collect();
                if !rows.is_empty() {
                    writeln!(out, "{}", self.columns.aligned(&rows))?;
                }
                self.begun |= !rows.is_empty();
            }
            Output::Json => {
                for listed in page {
                    let comma = if self.begun { "," } else { "[" };
                    write!(out, "{comma}\n{}", serde_json::to_string_pretty(&self.json(listed))?)?;
                    self.begun = true;
                }
            }
        }
        Ok(())
    }

    fn end(self) -> anyhow::Result<()> {
        match self.output {
            Output::Text if !self.begun => eprintln!("latchkey: nobody is known in this organization"),
            Output::Text => {}
            Output::Json => writeln!(std::io::stdout().lock(), "{}", if self.begun { "\n]" } else { "[]" })?,
        }
        Ok(())
    }

    fn row(&self, listed: &ListedUser) -> Vec<String> {
        let ListedUser { user, last_login_at, .. } = listed;
        let providers: Vec<_> = self.providers(listed).iter().map(ToString::to_string).collect();
        let has_signed_in = listed.links.iter().any(|link| link.provider_uid.is_some());
        let unnoted = if has_signed_in { "not known" } else { "" };
        let unverified = if user.email_verified() { "" } else { " (unverified)" };
        vec![
            user.user_name.clone(),
            user.email.as_ref().map(|email| format!("{email}{unverified}")).unwrap_or_default(),
            providers.join(","),
            last_login_at.map_or_else(|| unnoted.to_owned(), second),
            user.id.to_string(),
        ]
    }

    fn json(&self, listed: &ListedUser) -> Value {
        let ListedUser { user, last_login_at, .. } = listed;
        json!({
            "id": user.id,
            "userName": user.user_name,
            "fullName": user.full_name(),
            "email": user.email,
            "emailVerified": user.email_verified(),
            "providers": self.providers(listed),
            "lastLoginAt": last_login_at,
        })
    }

    /// Those that links were used through, each once.
    fn providers(&self, listed: &ListedUser) -> Vec<Named> {
        let uids = listed.links.iter().filter_map(|link| link.provider_uid.as_deref());
        let mut providers: Vec<_> = uids.map(|uid| self.names.provider(uid)).collect();
        providers.sort_by(|one, other| (&one.name, &one.uid).cmp(&(&other.name, &other.uid)));
        providers.dedup();
        providers
    }
}
