//! The relation between a provider and us: everything that a login needs to know of both, and what it needs to know of the
//! provider alone where an application brings an ID token.

use std::{fmt, sync::Arc, time::Duration};

use secrecy::{SecretSlice, SecretString};
use url::Url;

use super::{
    client_key::ClientKey, logout::LogoutRules, signing_algorithm::SigningAlgorithm, verification_key::VerificationKey,
};

/// Whose word counts, and by what it is known to be theirs.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    pub issuer: String,
    pub trust_roots: Option<TrustRoots>,
    pub tokens: TokenRules,
}

/// That applications may bring a provider's ID tokens (RFC 7523).
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Without the algorithms that are keyed by the client secret: the tokens are for other clients.
    pub authority: Arc<Authority>,
    /// How long ago an ID token may have been issued.
    pub max_token_age: Duration,
}

/// Everything that a login by browser needs to know of a provider: the relation between it and us.
#[derive(Clone, Debug)]
pub struct Relation {
    pub authority: Arc<Authority>,
    pub authorization_endpoint: Url,
    /// None: the browser carries authorization requests.
    pub pushing: Option<Pushing>,
    pub client_id: String,
    /// How we authenticate, in the order in which it is tried: another one only when the provider refuses one.
    pub credentials: Vec<Credential>,
    /// While secrets rotate, what comes after those: by the previous secret.
    pub previous: Option<(Rotation, Vec<Credential>)>,
    pub redirect_uri: Url,
    pub flow: Flow,
    pub request: RequestOptions,
    pub claims_source: ClaimsSource,
    /// The provider sends `iss` with every authorization response (RFC 9207), so it is demanded.
    pub iss_parameter: bool,
    pub logout: LogoutRules,
}

impl Relation {
    /// Whether the browser brings the answer by a form that the provider's page posts.
    pub fn answers_by_form(&self) -> bool {
        self.flow.response_mode() == Some(AnswerMode::FormPost)
    }
}

/// Which tokens are believed to be the provider's.
#[derive(Clone, Debug, Default)]
pub struct TokenRules {
    /// The only algorithms that a token may be signed with.
    pub algorithms: Vec<SigningAlgorithm>,
    /// How far the provider's clock may be off, either way.
    pub skew: Duration,
    /// What comes straight from the token endpoint is believed without a look at its signature.
    pub unsigned_from_token_endpoint: bool,
    /// Where the provider publishes keys that count; None: nowhere.
    pub jwks_uri: Option<Url>,
    /// The keys of the manifest.
    pub public_keys: Vec<VerificationKey>,
    /// For the symmetric algorithms: the octets of the client secrets. Empty where none is allowed.
    pub secrets: Vec<SecretSlice<u8>>,
}

/// Where claims come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsSource {
    /// The ID token, completed by userinfo, where the provider has it and a claim that is read is missing.
    Default { userinfo: Option<Url> },
    /// The ID token alone.
    IdToken,
    /// Userinfo, but for the user name, for which the ID token goes first.
    UserInfo { endpoint: Url },
    /// The members of the token response and, over them, the claims of the access token.
    AccessToken,
}

/// That authorization requests are pushed (RFC 9126).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushing {
    pub endpoint: Url,
    /// The manifest or the provider demands it: what cannot be pushed is not asked at all.
    pub demanded: bool,
}

/// How tokens come here (OpenID Connect Core 1.0, sections 3.1 and 3.2).
#[derive(Clone, Debug)]
pub enum Flow {
    /// A code comes, and is exchanged.
    Code {
        token_endpoint: Url,
        /// Whether a code challenge (S256) is sent.
        pkce: bool,
        /// None: the flow's own, which is the query.
        response_mode: Option<AnswerMode>,
    },
    /// The ID token comes by form post, and nothing else does.
    IdToken,
}

impl Flow {
    /// The `response_mode` to ask for; None: the flow's own.
    pub fn response_mode(&self) -> Option<AnswerMode> {
        match self {
            Self::Code { response_mode, .. } => *response_mode,
            Self::IdToken => Some(AnswerMode::FormPost),
        }
    }
}

/// How the browser brings the provider's answer (OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1;
/// OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerMode {
    Query,
    FormPost,
}

impl AnswerMode {
    /// The value of `response_mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }
}

/// What the manifest asks for beside the protocol's own, in the words of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// Without `openid`, which is always sent.
    pub scopes: Vec<String>,
    pub prompt: Vec<&'static str>,
    /// In seconds; the ID token must then say when the person signed in.
    pub max_age: Option<u64>,
    pub acr_values: Vec<String>,
    pub ui_locales: Vec<String>,
    pub extra: Vec<(String, String)>,
    /// Whether the provider is told whom to expect.
    pub login_hint: bool,
}

/// One way to show the provider who we are (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug)]
pub enum Credential {
    Basic(SecretString),
    Post(SecretString),
    /// An assertion under the client secret.
    SecretJwt(SecretString, SigningAlgorithm, Audience),
    /// An assertion under a private key.
    PrivateKeyJwt(ClientKey, SigningAlgorithm, Audience),
    /// A public client only names itself.
    None,
}

impl Credential {
    /// Whom an assertion is for; None for what is no assertion.
    pub fn audience(&self) -> Option<Audience> {
        match self {
            Self::SecretJwt(_, _, audience) | Self::PrivateKeyJwt(_, _, audience) => Some(*audience),
            Self::Basic(_) | Self::Post(_) | Self::None => None,
        }
    }
}

/// Whom a client assertion is for (RFC 7523, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The provider, by its issuer.
    Issuer,
    /// The endpoint that gets the assertion, by its URL.
    Endpoint,
}

/// Two client secrets of a provider, of which either may be in force there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rotation {
    /// `namespace/name` of the provider.
    pub provider: Arc<str>,
    /// Of both secrets: half of a hash that leads to neither.
    pub mark: [u8; 16],
}

/// Which of two client secrets a provider accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedSecret {
    Current,
    Previous,
    Neither,
}

/// The certificates that are trusted for a provider, in PEM, and what tells two bundles apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TrustRoots(Arc<str>);

impl TrustRoots {
    /// The caller has checked that the text holds at least one PEM certificate.
    pub fn from_pem(pem: &str) -> Self {
        Self(pem.into())
    }

    pub fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoots({} bytes)", self.0.len())
    }
}
