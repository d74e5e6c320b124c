//! The transactions that write a login, and what a login has shown of somebody who may not sign in any more.

use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use super::{
    claims::{self, SealedClaims},
    grants, links, logouts, reapply, sessions,
    users::{self, Told},
    uses,
};
use crate::{
    domain::{
        grant::Granted,
        update::{Occasion, grants_after, user_after, writes_address},
        user::{FoundBy, LoginRecord, LostAccess, OneUse, User, UserId},
    },
    store::{Reapplied, RecordLoginError, Recorded, StoreChange, StoreError},
};

/// The clocks of one provider's servers may differ by so much.
const CLOCKS_OF_ONE_PROVIDER: SignedDuration = SignedDuration::from_secs(5);

/// Writes a login. Says what came of it, and what other sessions of the user must hear of.
pub async fn record(
    db: &mut SqliteConnection,
    login: &LoginRecord,
    sealed_claims: Option<&SealedClaims>,
    sealed_id_token: Option<&[u8]>,
) -> Result<(Recorded, Option<StoreChange>), RecordLoginError> {
    if let Some(session) = &login.session.at_provider
        && logouts::has_overtaken(db, login, session).await?
    {
        return Err(RecordLoginError::SignedOut);
    }
    let (provider, issued_at) = (&login.session.provider_uid, login.id_token.issued_at);
    use_up(db, login.brought.as_ref(), (provider, login.user.id), issued_at).await?;
    let (before, first) = found(db, login).await?;
    let after = user_after(before.as_ref(), login, first);
    // Who has the name and the address was looked for before.
    if !users::rivals(db, &after).await?.is_empty() {
        return Err(RecordLoginError::Raced);
    }
    write_user(db, login, &after, first).await?;
    let revision = claims::write(db, after.id, provider, sealed_claims, issued_at).await?;
    let (grants, granted) = grant(db, login, first).await?;
    grants::forget_other_mark(db, provider, &login.mark).await?;
    if login.links_anew() {
        // Who signed in as this user before may have been somebody else.
        sessions::end_of_user(db, after.id, None).await?;
    }
    let let_in = !login.requires_verified_email || after.email_verified();
    if let_in && login.brought.is_none() {
        sessions::begin(db, &login.session, sealed_id_token).await?;
    }
    let changed = before.as_ref().is_some_and(|before| granted || *before != after);
    let change = match login.links_anew() {
        true => Some(StoreChange::SessionsOfUserEnded(after.id)),
        false => changed.then_some(StoreChange::UserChanged(after.id)),
    };
    let email_before = before.and_then(|before| before.email);
    let address_is_new = after.email.is_some() && after.email != email_before;
    Ok((Recorded { revision, user: after, grants, let_in, address_is_new }, change))
}

/// Uses up the ID token that an application brought, if one did.
///
/// # Errors
/// `UsedBefore` and `Outdated`: an application may have kept it, while what a browser brings is as old as the login.
async fn use_up(
    db: &mut SqliteConnection,
    brought: Option<&OneUse>,
    (provider_uid, user): (&str, UserId),
    issued_at: Timestamp,
) -> Result<(), RecordLoginError> {
    let Some(once) = brought else { return Ok(()) };
    if !uses::mark(db, once).await? {
        return Err(RecordLoginError::UsedBefore);
    }
    let newest = claims::issued_at(db, provider_uid, user).await?;
    match newest.is_some_and(|newest| newest.duration_since(issued_at) > CLOCKS_OF_ONE_PROVIDER) {
        true => Err(RecordLoginError::Outdated),
        false => Ok(()),
    }
}

/// The user of a login, if there was one before, and whether nobody has signed in as the user yet.
///
/// # Errors
/// `Raced`: what the login was decided by holds no longer.
async fn found(db: &mut SqliteConnection, login: &LoginRecord) -> Result<(Option<User>, bool), RecordLoginError> {
    let user = &login.user;
    let (address, name) = match &login.found {
        FoundBy::New | FoundBy::Link => (None, ""),
        FoundBy::Address(address) => (Some(address.as_str()), ""),
        FoundBy::UserName(name, _) => (None, name.as_str()),
    };
    let known = users::known(&mut *db, &login.link, address, name).await?;
    let before = users::find(db, user.id).await?;
    let is_linked_as_before = known.linked.as_ref().map(|linked| linked.id) == login.linked;
    let holds = match &login.found {
        FoundBy::New => before.is_none(),
        FoundBy::Link => login.linked == Some(user.id),
        FoundBy::Address(_) => known.holder.is_some_and(|holder| holder.id == user.id && holder.email_verified()),
        FoundBy::UserName(_, links) => {
            known.namesake.is_some_and(|namesake| namesake.user.id == user.id && namesake.links == *links)
        }
    };
    if !is_linked_as_before || !holds {
        return Err(RecordLoginError::Raced);
    }
    Ok(before.map_or((None, true), |(before, first)| (Some(before), first)))
}

/// Writes the user and the link.
async fn write_user(
    db: &mut SqliteConnection,
    login: &LoginRecord,
    after: &User,
    first: bool,
) -> Result<(), StoreError> {
    let (by, modes, at) = (&login.session.provider_uid, &login.terms.modes, login.session.started_at);
    if modes.is_read_only() {
        users::note_login(db, after.id, at).await?;
    } else {
        let told = Told { by, alone: &modes.alone(), address: writes_address(login, first) };
        users::write(db, after, &told, at).await?;
    }
    links::write(db, &login.link, after.id, by, at).await?;
    if login.only_link {
        links::remove_others(db, &login.link, after.id, by).await?;
    }
    Ok(())
}

/// Writes what the user is granted by the login. Says what the user has now; true when something else was before.
async fn grant(
    db: &mut SqliteConnection,
    login: &LoginRecord,
    first: bool,
) -> Result<(Vec<Granted>, bool), StoreError> {
    let LoginRecord { user, mapped, terms, session, .. } = login;
    let before = grants::of_user(&mut *db, user.id).await?;
    let after = grants_after(&before, &session.provider_uid, mapped, terms, Occasion::Login { first });
    let changed = grants::replace(db, user.id, &before, &after).await?;
    Ok((after.into_iter().map(|held| held.grant.granted).collect(), changed))
}

/// Writes what a login has shown of somebody who may not sign in any more. Says what others must hear of.
pub async fn record_lost(
    db: &mut SqliteConnection,
    lost: LostAccess,
    sealed_claims: Option<&SealedClaims>,
) -> Result<((), Vec<StoreChange>), RecordLoginError> {
    let LostAccess { user, provider_uid, mapped, terms, mark, issued_at, brought, claims: _ } = lost;
    use_up(db, brought.as_ref(), (&provider_uid, user), issued_at).await?;
    if users::find(&mut *db, user).await?.is_none() {
        // Who is gone has nothing to lose.
        return Ok(((), Vec::new()));
    }
    let revision = claims::write(db, user, &provider_uid, sealed_claims, issued_at).await?;
    grants::forget_other_mark(db, &provider_uid, &mark).await?;
    let person = Reapplied { user, revision, mapped, terms };
    let (_, changes) = reapply::all(db, &provider_uid, &[person]).await?;
    Ok(((), changes))
}
