//! What every database must do, as plain async functions over the store's trait. One line of
//! `every_promise_holds_for` at the end runs all of it against a database.

mod beside;
mod brought;
mod claims;
mod fields;
mod grants;
mod keys;
mod logins;
mod logouts;
mod modes;
mod people;
mod reapply;
mod sessions;
mod verification;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::broadcast;

use super::{Reapplied, Replaced, Store, StoreChange, StoreError};
use crate::domain::{
    field::Fields,
    grant::{Grant, Granted},
    keep::Keep,
    matching::Known,
    modes::Terms,
    testing::{again, at, claims, first, group, link, login, organization_key, role, said, session, through, written},
    user::{FoundBy, Link, LoginRecord, LostAccess, Mapped, User, UserId},
};

/// A database of one test alone.
trait Database: Sized {
    fn new() -> Self;
    fn url(&self) -> String;
    fn key_file(&self) -> PathBuf;
}

/// Opens a database, as often as a test likes.
async fn open(database: &impl Database) -> Arc<dyn Store> {
    super::open(&database.url(), Some(&database.key_file())).await.unwrap()
}

/// What was announced until now; announcements come before the answer, so nothing is waited for.
fn announced(changes: &mut broadcast::Receiver<StoreChange>) -> Vec<StoreChange> {
    std::iter::from_fn(|| changes.try_recv().ok()).collect()
}

async fn grants_of(store: &dyn Store, login: &LoginRecord) -> Vec<Granted> {
    store.session(&login.session.id).await.unwrap().unwrap().grants
}

/// Whom a link leads to.
async fn linked(store: &dyn Store, link: &Link) -> Option<User> {
    store.known(link, None, "").await.unwrap().linked
}

/// What is noted of somebody.
async fn fields_of(store: &dyn Store, login: &LoginRecord) -> Fields {
    store.known(&login.link, None, "").await.unwrap().linked.unwrap().fields
}

/// No mapper keeps anything.
fn nothing() -> Terms {
    Terms::default()
}

/// By these, the mappers keep what they have given.
fn keeping(keep: Keep) -> Terms {
    Terms { keep, ..Terms::default() }
}

fn roles<const N: usize>(names: [&str; N]) -> Vec<Granted> {
    names.map(|name| Granted::Role(name.to_owned())).into()
}

macro_rules! every_promise_holds_for {
    ($database:ident) => {
        every_promise_holds_for! { $database:
            beside: what_is_written_beside_is_heard_within_a_second,
            beside: what_was_written_before_is_not_heard_and_what_was_refused_neither,
            beside: what_was_written_between_opening_and_hearing_is_heard,
            beside: announcements_are_forgotten_after_an_hour_and_those_to_come_are_heard,
            beside: both_sides_read_what_the_other_wrote,
            claims: claims_come_back_page_by_page_for_one_provider_alone,
            claims: claims_up_to_the_limit_are_kept_and_longer_ones_are_not,
            claims: a_login_replaces_the_claims_of_the_one_before,
            claims: the_address_of_another_document_is_kept_with_the_claims,
            claims: every_login_gives_the_claims_a_revision_one_higher,
            fields: what_a_login_says_is_noted_with_who_said_it,
            fields: a_login_notes_what_is_said_now_and_nothing_else,
            fields: of_two_logins_with_the_same_claims_the_second_changes_nothing,
            fields: where_it_is_not_known_what_is_said_only_mappers_that_are_gone_lose_what_they_said,
            fields: deleting_a_mapper_takes_exactly_its_grants_and_fields,
            fields: what_a_mapper_says_that_is_kept_stays_until_somebody_says_something_else,
            fields: mappers_of_another_provider_than_the_last_login_s_never_touch_a_field,
            brought: a_login_that_an_application_brought_writes_all_but_a_session,
            brought: an_id_token_that_was_used_writes_nothing,
            brought: a_login_that_is_not_written_uses_no_id_token_up,
            brought: of_many_that_bring_one_id_token_one_counts,
            brought: an_id_token_says_nothing_against_what_was_said_later,
            brought: an_id_token_that_shows_the_loss_of_access_counts_once_too,
            brought: whose_address_must_be_verified_first_is_not_let_in,
            grants: a_mapper_that_is_kept_keeps_its_grants_whatever_the_call_says_of_it,
            grants: keeping_all_replaces_those_of_the_mappers_that_grant_now,
            grants: a_change_of_grants_is_announced_and_no_change_is_not,
            grants: nobody_gets_grants_by_a_provider_that_they_never_signed_in_through,
            grants: the_applied_mappers_are_remembered_by_provider,
            grants: a_login_by_other_mappers_than_were_applied_to_all_unsettles_what_was_noted,
            grants: providers_with_grants_are_those_with_grants_now,
            keys: keys_come_back_newest_first_after_a_restart,
            keys: a_key_id_is_taken_once,
            keys: a_key_is_added_unless_a_younger_one_is_there_than_the_caller_knows,
            keys: of_many_who_make_a_key_at_the_same_moment_one_does,
            keys: the_organizations_that_sign_are_those_with_keys,
            keys: old_keys_are_removed_and_young_ones_stay,
            keys: another_key_file_is_refused_at_once,
            keys: a_lost_key_file_is_not_replaced,
            keys: a_key_is_printed_nowhere,
            keys: a_generation_counts_changes_of_a_spec_across_restarts,
            keys: concurrent_changes_of_a_spec_count_once_each,
            keys: a_database_that_was_opened_answers,
            logins: a_first_login_is_found_by_its_link_and_session,
            logins: nobody_is_found_by_a_link_or_session_that_is_not_there,
            logins: a_later_login_updates_the_user_and_tells_the_others,
            logins: a_login_that_changes_nothing_is_not_announced,
            logins: a_login_touches_only_the_grants_of_its_own_provider,
            logins: a_user_name_that_was_taken_meanwhile_refuses_the_login_and_writes_nothing,
            logins: an_address_that_was_taken_meanwhile_refuses_the_login_and_writes_nothing,
            logins: a_user_is_found_by_the_address_in_the_same_organization_alone,
            logins: nobody_is_seen_to_have_an_address_before_being_seen_to_be_linked,
            logins: who_was_found_by_an_address_is_linked_only_while_the_address_is_theirs,
            logins: an_update_can_be_refused_for_a_taken_name_too,
            logins: another_organization_has_names_addresses_and_links_of_its_own,
            logins: many_people_can_be_without_an_address,
            logins: a_user_never_moves_to_another_organization,
            logins: of_two_first_logins_at_the_same_moment_one_has_raced,
            logins: of_two_people_who_want_one_name_at_the_same_moment_one_gets_it,
            logins: a_login_whose_request_was_dropped_is_written_and_announced,
            logouts: a_session_knows_where_it_began,
            logouts: by_sid_one_session_ends_and_those_of_the_person_that_have_none,
            logouts: by_sub_every_session_of_the_person_ends,
            logouts: another_issuer_ends_nothing,
            logouts: a_logout_token_counts_once_also_after_a_restart,
            logouts: of_many_that_bring_one_logout_token_one_counts,
            logouts: a_login_that_a_logout_has_overtaken_begins_no_session,
            logouts: an_id_token_is_kept_sealed_as_long_as_its_session,
            modes: who_has_a_name_is_known_with_all_their_links,
            modes: a_user_who_is_gone_never_comes_back_by_a_login,
            modes: a_link_moves_to_who_was_found_and_is_the_only_one_by_the_provider,
            modes: of_a_provider_that_writes_nothing_link_session_and_last_login_are_kept,
            modes: no_session_begins_before_the_address_is_verified_where_it_must_be,
            modes: what_another_provider_set_alone_last_comes_back_by_no_change_of_mappers,
            people: an_account_says_who_told_what_and_where_the_person_is_signed_in,
            people: a_user_is_found_by_id_name_and_address_in_one_organization,
            people: users_are_listed_page_by_page_by_name_with_all_their_links,
            people: a_user_made_by_hand_has_signed_in_never_and_has_all_by_hand,
            people: a_user_by_hand_takes_no_name_address_or_link_of_another,
            people: the_first_login_of_a_user_made_by_hand_is_the_first,
            people: what_is_given_by_hand_is_told_once_and_taken_by_name,
            people: what_is_given_by_hand_stays_at_logins_but_for_what_a_provider_sets_alone,
            people: sessions_of_a_user_end_one_or_all_and_nobody_else_s,
            reapply: what_was_decided_by_older_claims_is_not_written,
            reapply: a_login_beside_a_re_evaluation_always_has_the_last_word,
            reapply: who_may_not_sign_in_any_more_loses_exactly_the_sessions_that_began_with_the_provider,
            reapply: a_login_that_shows_the_loss_ends_the_sessions_that_were,
            reapply: who_signs_in_while_losing_access_is_out_once_the_login_has_caught_up,
            reapply: of_two_logins_that_race_a_loss_the_later_one_s_catching_up_ends_both,
            reapply: people_set_anew_together_come_out_as_one_by_one_and_nobody_else_is_touched,
            sessions: an_ended_session_never_comes_back,
            sessions: ending_a_session_is_announced_and_ends_no_other,
            sessions: ending_a_session_that_is_not_there_is_no_error,
            sessions: a_suspended_provider_loses_its_sessions_alone,
            sessions: a_session_remembers_its_last_use_and_never_moves_back,
            sessions: expired_sessions_of_one_organization_are_removed,
            sessions: an_attempt_is_used_once,
            sessions: of_many_who_use_an_attempt_at_the_same_moment_one_may,
            sessions: a_used_attempt_is_forgotten_only_after_it_expired,
            sessions: a_store_that_is_dropped_without_a_word_has_lost_nothing,
            sessions: two_handles_see_each_others_writes,
            verification: a_link_verifies_once_and_for_its_user_alone,
            verification: a_link_works_until_it_expires_and_while_the_address_is_the_user_s,
            verification: no_mail_goes_where_nothing_is_to_be_verified,
            verification: a_user_gets_a_mail_a_minute_and_five_a_day,
            verification: a_mail_that_was_not_sent_does_not_count_once_it_is_forgotten,
            verification: an_address_gets_no_more_mails_by_way_of_another_user_of_the_organization,
        }
    };
    ($database:ident: $($subject:ident: $promise:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::$subject::$promise(<super::$database as super::Database>::new()).await;
            }
        )*
    };
}

struct SqliteFile(tempfile::TempDir);

impl Database for SqliteFile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("latchkey.db").display())
    }

    fn key_file(&self) -> PathBuf {
        self.0.path().join("encryption.key")
    }
}

mod on_sqlite {
    every_promise_holds_for!(SqliteFile);
}
