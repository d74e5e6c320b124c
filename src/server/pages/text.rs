//! The texts of the pages, one struct a page, so that a language that lacks one does not compile.

/// Everything that the pages say in one language.
#[derive(Clone, Debug)]
pub struct Language {
    /// A BCP 47 tag.
    pub tag: &'static str,
    /// As HTML has it: `ltr` or `rtl`.
    pub direction: &'static str,
    pub sign_in: SignInText,
    pub organization: OrganizationText,
    pub error: ErrorText,
    pub sign_out: SignOutText,
    pub signed_out: SignedOutText,
    pub account: AccountText,
    pub verify_email: VerifyEmailText,
}

/// A sentence with a name in it, wherever the language puts it.
#[derive(Clone, Debug)]
pub struct Phrase {
    pub before: &'static str,
    pub after: &'static str,
}

#[derive(Clone, Debug)]
pub struct SignInText {
    pub heading: &'static str,
    pub choose: &'static str,
    /// With the provider's name, on the only button.
    pub continue_with: Phrase,
    /// Below the name of the provider chosen last on this device.
    pub last_used: &'static str,
    pub unavailable: &'static str,
    pub if_unavailable: &'static str,
    pub nothing_yet: &'static str,
    pub whom_to_ask: &'static str,
    /// Instead of `choose`, where there is nothing but the field.
    pub type_address: &'static str,
    /// Between ways to sign in.
    pub or: &'static str,
    pub address: &'static str,
    pub malformed_address: &'static str,
    /// Where there are other ways.
    pub unknown_address: &'static str,
    /// Where there is no other way.
    pub unknown_address_alone: &'static str,
    pub submit: &'static str,
}

#[derive(Clone, Debug)]
pub struct OrganizationText {
    pub heading: &'static str,
    pub introduction: &'static str,
    /// Instead of `introduction`, with an address whose domain several organizations have.
    pub several: Phrase,
    /// With the display name of the organization used last.
    pub continue_to: Phrase,
    /// Between that and the field.
    pub or: &'static str,
    pub label: &'static str,
    /// Of the field when it asks for the id alone.
    pub id_label: &'static str,
    pub hint: &'static str,
    pub unknown_organization: &'static str,
    pub unknown_address: &'static str,
    pub malformed_address: &'static str,
    pub submit: &'static str,
}

#[derive(Clone, Debug)]
pub struct ErrorText {
    /// Before the HTTP status.
    pub status: &'static str,
    pub what_to_do: &'static str,
    pub try_again: &'static str,
    pub home: &'static str,
    pub reference: &'static str,
    pub reference_hint: &'static str,
}

#[derive(Clone, Debug)]
pub struct SignOutText {
    pub heading: &'static str,
    /// With the user name.
    pub signed_in_as: Phrase,
    /// With the provider's name, where its own session ends with ours.
    pub provider_too: Phrase,
    pub submit: &'static str,
    pub cancel: &'static str,
}

#[derive(Clone, Debug)]
pub struct SignedOutText {
    pub heading: &'static str,
    pub explanation: &'static str,
    pub sign_in_again: &'static str,
}

#[derive(Clone, Debug)]
pub struct AccountText {
    pub heading: &'static str,
    pub user_name: &'static str,
    pub email: &'static str,
    pub verified: &'static str,
    pub not_verified: &'static str,
    /// Before the button that asks for a mail.
    pub unverified: &'static str,
    pub verify: &'static str,
    /// Where no mail can be sent.
    pub no_mail: &'static str,
    pub provider: &'static str,
    /// Before the names of other providers.
    pub linked: &'static str,
    pub sign_out: &'static str,
    /// Above roles and groups.
    pub rights: &'static str,
    pub administrator: &'static str,
    pub yes: &'static str,
    pub roles: &'static str,
    pub groups: &'static str,
    pub none: &'static str,
    pub by_mapper: Phrase,
    pub by_role: Phrase,
    /// With the name of a provider or organization.
    pub for_everybody: Phrase,
    pub from_provider: Phrase,
    pub by_hand: &'static str,
    /// Who gave it is not here any more.
    pub by_nobody: &'static str,
    /// Above the fields.
    pub noted: &'static str,
    /// What the standard fields are called, by their names.
    pub fields: [(&'static str, &'static str); 10],
    pub sessions: &'static str,
    /// With the time zone.
    pub times: Phrase,
    /// At the provider somebody stays signed in.
    pub goes_on: &'static str,
    pub this_session: &'static str,
    pub began: &'static str,
    pub last_used: &'static str,
    /// How a time is written (`strftime`).
    pub time_format: &'static str,
    pub end: &'static str,
    pub end_others: &'static str,
    pub end_all: &'static str,
    /// Instead of the sessions.
    pub no_list: &'static str,
}

#[derive(Clone, Debug)]
pub struct VerifyEmailText {
    /// The headings.
    pub check_mail: &'static str,
    pub confirm: &'static str,
    pub confirmed: &'static str,
    pub sign_in_first: &'static str,
    pub another_user: &'static str,
    pub spent: &'static str,
    /// With an address of which some is left out.
    pub sent_to: Phrase,
    pub on_its_way_to: Phrase,
    pub sent_before_to: Phrase,
    pub open_it: &'static str,
    pub nothing_there: &'static str,
    /// After a mail was sent.
    pub another_soon: &'static str,
    /// With the time from which another mail may be sent.
    pub another_from: Phrase,
    pub send_another: &'static str,
    /// With the user name.
    pub for_user: Phrase,
    pub confirm_submit: &'static str,
    pub continue_to_sign_in: &'static str,
    pub continue_to_account: &'static str,
    /// With the user name that the link is for.
    pub link_of: Phrase,
    /// Instead of `link_of`, where somebody asks for a mail.
    pub to_whom: &'static str,
    pub sign_in: &'static str,
    /// With the user name of who is signed in.
    pub signed_in_as: Phrase,
    /// With the user name that the link is for.
    pub sign_out_for: Phrase,
    pub sign_out: &'static str,
    /// With an address of which some is left out.
    pub came_with: Phrase,
    /// With the user name that the link is for.
    pub sign_in_for: Phrase,
    pub send_own: &'static str,
    pub sign_in_as_another: &'static str,
    pub why_spent: &'static str,
}
