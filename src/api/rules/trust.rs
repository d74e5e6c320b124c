//! The rules of whom a provider may sign in, and of user names.

use kube::core::Rule;

use super::matches;

/// The domain of an e-mail address. Which domains exist, and belong to somebody, is more than a rule can say.
pub fn email_domain() -> Rule {
    let label = r"[^\p{Z}\p{C}.@*/:?#\\%\[\]]+";
    let message =
        "write what stands after the @, and nothing else, such as contoso.com; subdomains are items of their own";
    matches(&format!(r"^{label}(\.{label})+$"), message)
}

/// What stands between a provider's key and a user name. A letter or digit could be part of either.
pub fn user_name_separator() -> Rule {
    let message = "write punctuation marks or symbols, without letters, digits and spaces, such as \":\"";
    matches(r"^[^\p{Z}\p{C}\p{L}\p{N}]+$", message)
}
