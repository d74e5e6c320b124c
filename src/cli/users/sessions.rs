//! `latchkey users sessions` and `end-sessions`: where a user is signed in, and that it ends.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Refused, print,
    registry::{Registry, Who},
    second,
};
use crate::{
    cli::{check::Output, columns::Columns},
    domain::{session::has_time_left, user::SessionHandle},
    store::{Account, AccountSession},
};

pub const EXAMPLES: &str = "\
HANDLE names a session to end-sessions; nobody is signed in by it.

Example:
  latchkey users sessions ann";

pub const END_EXAMPLES: &str = "\
Whoever is signed out is so within a second, on every page and for every application that asks.

Examples:
  Sign Ann out everywhere:
    latchkey users end-sessions ann
  Sign her out in one session, which latchkey users sessions ann shows:
    latchkey users end-sessions ann --session 3f0c9a1b77d2";

/// Which sessions are to end.
#[derive(Debug, clap::Args)]
pub struct Ending {
    #[command(flatten)]
    who: Who,

    /// The one session to end [default: all]
    #[arg(long, value_name = "HANDLE")]
    session: Option<String>,
}

/// So many bytes of a handle tell the sessions of one user apart.
const SHOWN: usize = 6;

pub async fn run(registry: &Registry, who: &Who) -> anyhow::Result<()> {
    let account = registry.account(who).await?;
    registry.warn();
    let sessions = live(registry, &account);
    match registry.output {
        Output::Json => {
            let all: Vec<_> = sessions.iter().map(|session| json(registry, session)).collect();
            print(&serde_json::to_string_pretty(&all)?)
        }
        Output::Text if sessions.is_empty() => {
            eprintln!("latchkey: {} is not signed in", account.user.user_name);
            Ok(())
        }
        Output::Text => {
            let heading = ["HANDLE", "PROVIDER", "STARTED", "LAST USED"].map(str::to_owned).to_vec();
            let rows = sessions.iter().map(|session| {
                let provider = registry.names().provider(&session.provider_uid).to_string();
                vec![short(&session.handle), provider, second(session.started_at), second(session.last_used_at)]
            });
            print(&Columns::default().aligned(&[heading].into_iter().chain(rows).collect::<Vec<_>>()))
        }
    }
}

pub async fn end(registry: &Registry, Ending { who, session }: &Ending) -> anyhow::Result<()> {
    let account = registry.account(who).await?;
    let user = &account.user;
    let ended = match session {
        None => registry.store.end_sessions_of_user(user.id, None).await?,
        Some(handle) => {
            let none = || {
                Refused::because(format!(
                    "--session {handle}: {} has no such session; latchkey users sessions shows all",
                    user.user_name
                ))
            };
            let named = account.sessions.iter().find(|session| short(&session.handle) == handle.to_lowercase());
            let named = named.ok_or_else(none)?;
            let ended = registry.store.end_session_of_user(user.id, &named.handle).await?;
            if ended { 1 } else { return Err(none().into()) }
        }
    };
    match registry.output {
        Output::Json => {
            let done = json!({"id": user.id, "userName": user.user_name, "ended": ended});
            print(&serde_json::to_string_pretty(&done)?)
        }
        Output::Text => {
            let plural = if ended == 1 { "" } else { "s" };
            print(&format!("{ended} session{plural} of {} ended", user.user_name))
        }
    }
}

/// The sessions that have not expired, as far as the limits of the organization are known.
pub fn live<'a>(registry: &Registry, account: &'a Account) -> Vec<&'a AccountSession> {
    let now = Timestamp::now();
    let limits = registry.described_as(&account.user.organization).map(|organization| organization.session);
    let is_live = |session: &&AccountSession| {
        limits.is_none_or(|limits| has_time_left(limits, session.started_at, session.last_used_at, now))
    };
    account.sessions.iter().filter(is_live).collect()
}

fn json(registry: &Registry, session: &AccountSession) -> Value {
    json!({
        "handle": short(&session.handle),
        "provider": registry.names().provider(&session.provider_uid),
        "startedAt": session.started_at,
        "lastUsedAt": session.last_used_at,
    })
}

fn short(handle: &SessionHandle) -> String {
    handle.0.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect()
}
