//! Mails that ask people to confirm their address, by SMTP. It must never print the password of the mail server or what
//! the server answered, and never keep a mail beyond the process.

mod attempt;
mod mailer;
mod message;
mod settings;
mod words;

pub use attempt::SendError;
pub use mailer::{FirstAttempt, Mailer, Outbox, Sending};
pub use message::{Confirmation, language, readable};
pub use settings::{Sender, SettingsError, Smtp};
