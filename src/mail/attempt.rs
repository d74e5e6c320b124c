//! One attempt to hand a mail to the mail server (RFC 5321, with TLS and authentication of the settings). Of what the server
//! answers only the codes are kept: its words could repeat ours.

use std::{error::Error, io, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::AsyncSmtpConnection,
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::settings::{Encryption, Login, Smtp};

/// The connection to one address of the server may take so long.
const CONNECT: Duration = Duration::from_secs(10);
/// One attempt in all.
const ATTEMPT: Duration = Duration::from_secs(30);
/// To say goodbye, when the mail is already there.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a mail was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the mail server cannot be reached: look at host and port of --smtp-url, and at the network between")]
    Unreachable,
    #[error("the mail server did not answer within {} seconds", ATTEMPT.as_secs())]
    TimedOut,
    #[error("the mail server broke the conversation off, or does not speak SMTP")]
    BrokenOff,
    #[error(
        "the certificate of the mail server is not trusted: it must be for the host of --smtp-url and from an authority that this system trusts"
    )]
    Untrusted,
    #[error("the mail server offers no STARTTLS: write smtps:// in --smtp-url if it expects TLS from the start")]
    NoStartTls,
    #[error("the mail server offers no way to sign in that Latchkey knows (PLAIN, LOGIN): look at --smtp-url")]
    NoLogin,
    #[error("the mail server answered {code} {}", .step.told())]
    Answered { step: Step, code: u16 },
    #[error("the address is none that mails can be sent to")]
    Address,
    #[error("the mail cannot be written")]
    Content,
    #[error("too many mails wait to be sent")]
    TooMany,
    #[error("latchkey is stopping")]
    Stopping,
}

/// What the server answered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Greeting,
    StartTls,
    Login,
    Mail,
}

impl Step {
    fn told(self) -> &'static str {
        match self {
            Self::Greeting => "when greeted",
            Self::StartTls => "to STARTTLS",
            Self::Login => "to the sign-in: look at user and password in --smtp-url",
            Self::Mail => "to sender, recipient or content of the mail",
        }
    }
}

impl SendError {
    /// Whether the same may succeed a little later, without anybody doing anything.
    pub(super) fn is_temporary(self) -> bool {
        match self {
            Self::Unreachable | Self::TimedOut | Self::BrokenOff => true,
            Self::Answered { code, .. } => code < 500,
            Self::Untrusted
            | Self::NoStartTls
            | Self::NoLogin
            | Self::Address
            | Self::Content
            | Self::TooMany
            | Self::Stopping => false,
        }
    }

    fn at(step: Step) -> impl Fn(smtp::Error) -> Self {
        move |error| match error.status() {
            Some(code) => Self::Answered { step, code: code.into() },
            None if is_untrusted(&error) => Self::Untrusted,
            None if step == Step::Greeting && !error.is_response() => Self::Unreachable,
            None => Self::BrokenOff,
        }
    }
}

/// Hands a mail over.
pub(super) async fn send(smtp: &Smtp, mail: &Message) -> Result<(), SendError> {
    let handed_over = async {
        let mut connection = connect(smtp).await?;
        connection.send(mail.envelope(), &mail.formatted()).await.map_err(SendError::at(Step::Mail))?;
        Ok(connection)
    };
    let mut connection = timeout(ATTEMPT, handed_over).await.map_err(|_| SendError::TimedOut)??;
    // Whatever becomes of this, the server has the mail.
    let _ = timeout(GOODBYE, connection.abort()).await;
    Ok(())
}

async fn connect(smtp: &Smtp) -> Result<AsyncSmtpConnection, SendError> {
    let hello = ClientId::default();
    let wrapper = match &smtp.encryption {
        Encryption::FromTheStart(tls) => Some(tls.clone()),
        Encryption::Upgrade(_) | Encryption::Never => None,
    };
    let server = (smtp.host.as_str(), smtp.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, wrapper, None);
    let mut connection = connecting.await.map_err(SendError::at(Step::Greeting))?;
    if let Encryption::Upgrade(tls) = &smtp.encryption {
        if !connection.can_starttls() {
            return Err(SendError::NoStartTls);
        }
        connection.starttls(tls.clone(), &hello).await.map_err(SendError::at(Step::StartTls))?;
    }
    if let Some(login) = &smtp.login {
        authenticate(&mut connection, login).await?;
    }
    Ok(connection)
}

async fn authenticate(connection: &mut AsyncSmtpConnection, login: &Login) -> Result<(), SendError> {
    if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
        return Err(SendError::NoLogin);
    }
    let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
    connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(SendError::at(Step::Login))?;
    Ok(())
}

/// Whether the certificate is why there is no connection. `io::Error` hides what it wraps from `source`.
fn is_untrusted(error: &smtp::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = current.downcast_ref() {
            return true;
        }
        let inside = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inside.map(|inside| inside as &(dyn Error + 'static)).or_else(|| current.source());
    }
    false
}
