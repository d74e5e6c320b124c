//! What the pages say in English.

use super::text::{
    ErrorText, Language, OrganizationText, Phrase, SignInText, SignOutText, SignedInText, SignedOutText,
};

/// The pages in English.
pub static ENGLISH: Language = Language {
    tag: "en",
    direction: "ltr",
    sign_in: SignInText {
        heading: "Sign in",
        choose: "Choose how you want to sign in.",
        continue_with: Phrase { before: "Continue with ", after: "" },
        last_used: "Last used",
        unavailable: "Not available right now",
        if_unavailable: "Please try again in a few minutes. If it stays like this, tell your administrator.",
        nothing_yet: "There is no way to sign in here yet.",
        whom_to_ask: "Please ask the people who gave you this address. They can set one up.",
        type_address: "Type your e-mail address, and we take you to the right place.",
        or: "or",
        address: "E-mail address",
        malformed_address: "Please write it like name@example.com.",
        unknown_address: "No sign-in belongs to this address. Choose another way, or ask your administrator.",
        unknown_address_alone: "No sign-in belongs to this address. Check the spelling, or ask your administrator.",
        submit: "Continue",
    },
    organization: OrganizationText {
        heading: "Sign in",
        introduction: "Which organization do you belong to?",
        several: Phrase { before: "More than one organization has addresses like ", after: ". Which one is yours?" },
        continue_to: Phrase { before: "Continue to ", after: "" },
        or: "or",
        label: "E-mail address or organization ID",
        id_label: "Organization ID",
        hint: "An ID is a short name, such as acme. If you don’t know it, ask whoever invited you.",
        unknown_organization: "There is no organization with this ID. Please check the spelling.",
        unknown_address: "No sign-in belongs to this address. Try your organization’s ID, or ask your administrator.",
        malformed_address: "Please write an e-mail address like name@example.com.",
        submit: "Continue",
    },
    error: ErrorText {
        status: "Error",
        what_to_do: "What you can do",
        try_again: "Try again",
        home: "Back to the start",
        reference: "Reference",
        reference_hint: "Mention it when you ask for help.",
    },
    sign_out: SignOutText {
        heading: "Sign out?",
        signed_in_as: Phrase { before: "You are signed in as ", after: "." },
        provider_too: Phrase { before: "", after: " is asked to sign you out there, too." },
        submit: "Sign out",
        cancel: "Stay signed in",
    },
    signed_out: SignedOutText {
        heading: "You are signed out",
        explanation: "See you soon. You can close this window now.",
        sign_in_again: "Sign in again",
    },
    signed_in: SignedInText {
        heading: "You are signed in",
        user_name: "User name",
        email: "E-mail",
        provider: "Signed in with",
        roles: "Roles",
        groups: "Groups",
        none: "None",
        administrator: "Administrator",
        sign_out: "Sign out",
    },
};
