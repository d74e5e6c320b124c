//! What the manifest asks for, once the objects that it refers to are at hand. Pure.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

use super::{
    endpoints::{PinnedEndpoints, icon_request, metadata_request},
    logout::end_session_url,
    tokens::{long_enough, public_keys},
};
use crate::{
    api::{
        AuthMethod, ClientSpec, Fact, IdentityProvider, KeyReference, ReadyCount, Reason, ResourceMeta, TrustSourceKind,
    },
    controller::references::{TrustObject, secret_text, trust_text},
    domain::{
        client_key::ClientKey,
        logout::EndSessionUrl,
        metadata::{DEFAULT_DISCOVERY_INTERVAL, DEFAULT_STALE_GRACE, Metadata},
        organization::Organization,
        relation::{Rotation, TrustRoots},
        verification_key::VerificationKey,
    },
    oidc::{IconRequest, KeysRequest, MetadataRequest, check_trust_roots, read_client_key},
};

/// What the sources know about a provider's surroundings.
pub struct Local {
    /// The organization that the provider names: None when there is none, Err when it is not accepted.
    pub organization: Option<Result<Organization, Fact>>,
    /// The providers of the organization that ask for the same key, display name or e-mail domain, this one included or
    /// not; in the order of their names.
    pub contenders: Vec<Arc<IdentityProvider>>,
    /// Those of the Secrets that the manifest names that are there.
    pub secrets: Vec<Arc<Secret>>,
    /// What spec.tls.caBundleRef names, if it is a ConfigMap.
    pub trust_config_map: Option<Arc<ConfigMap>>,
    pub mappers: ReadyCount,
    /// http is allowed, for development.
    pub allow_http: bool,
}

impl Local {
    fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().map(|secret| &**secret).find(|secret| secret.metadata.name.as_deref() == Some(name))
    }
}

/// How the provider is to be reached, with its references resolved.
#[derive(Debug)]
pub struct Wish {
    pub question: Question,
    /// The picture of its button, which is a question of its own: nothing waits for it.
    pub icon: Option<IconRequest>,
    pub pinned: PinnedEndpoints,
    /// How often the provider is asked.
    pub interval: Duration,
    /// How long its last good metadata serves while it fails.
    pub stale_grace: Duration,
    /// None: people do not sign in by browser.
    pub client: Option<Client>,
    /// The provider's keys that the manifest has.
    pub public_keys: Vec<VerificationKey>,
    /// Where the manifest has sessions at the provider ended.
    pub end_session: Option<EndSessionUrl>,
}

/// What a provider is asked for. Questions that are equal are asked once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// None: nothing is asked but keys.
    pub metadata: Option<MetadataRequest>,
    /// Where the keys are; None: where the metadata says.
    pub jwks: Option<Url>,
    /// Whether tokens are signed by keys that the provider publishes.
    pub has_keys: bool,
    pub roots: Option<TrustRoots>,
}

impl Question {
    /// Where the keys are to be had; None where there are none, and while only metadata that is not there would say.
    pub fn keys(&self, metadata: Option<&Metadata>) -> Option<KeysRequest> {
        if !self.has_keys {
            return None;
        }
        let discovered = || metadata.and_then(|metadata| metadata.jwks_uri.as_ref());
        let jwks_uri = self.jwks.as_ref().or_else(discovered)?.clone();
        Some(KeysRequest { jwks_uri, roots: self.roots.clone() })
    }
}

/// The client, and what it shows.
#[derive(Debug)]
pub struct Client {
    pub id: String,
    pub auth_method: AuthMethod,
    pub secret: Option<SecretString>,
    pub previous_secret: Option<SecretString>,
    pub key: Option<ClientKey>,
}

impl Client {
    /// The octets of the secret, and of the previous one (OpenID Connect Core 1.0, section 10.1).
    pub fn secrets(&self) -> impl Iterator<Item = SecretSlice<u8>> {
        let octets = |secret: &SecretString| secret.expose_secret().as_bytes().to_vec().into();
        self.secret.iter().chain(&self.previous_secret).map(octets)
    }

    /// Whether there is neither a secret nor a key.
    pub fn shows_nothing(&self) -> bool {
        self.secret.is_none() && self.key.is_none()
    }

    /// What tells this pair of secrets, and how and to whom it is shown, from others; None without a pair.
    pub fn rotation(&self, idp: &IdentityProvider) -> Option<Rotation> {
        let (secret, previous) = (self.secret.as_ref()?, self.previous_secret.as_ref()?);
        let mut hash = digest::Context::new(&digest::SHA256);
        let spec = &idp.spec;
        let to_whom = format!("{:?} {:?} {:?}", spec.issuer(), spec.discovery.url, spec.endpoints.token);
        let how = format!("{:?}", self.auth_method);
        for text in [&self.id, secret.expose_secret(), previous.expose_secret(), &to_whom, &how] {
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash.finish().as_ref()[..16]);
        Some(Rotation { provider: idp.path().into(), mark })
    }
}

/// Resolves what the manifest refers to.
///
/// # Errors
/// The `ResolvedRefs` condition.
pub fn wish(idp: &IdentityProvider, local: &Local) -> Result<Wish, Fact> {
    let spec = &idp.spec;
    let client = spec.client.as_ref().map(|client| read_client(client, local)).transpose()?;
    long_enough(&spec.tokens, client.as_ref().and_then(|client| client.secret.as_ref()))?;
    let roots = trust_roots(idp, local)?;
    let malformed = |_| Fact::unknown("The references are followed once the URLs and keys are valid.");
    let pinned = PinnedEndpoints::of(&spec.endpoints).map_err(malformed)?;
    let metadata = metadata_request(spec, &pinned, roots.clone()).map_err(malformed)?;
    let icon = icon_request(spec, roots.clone()).map_err(malformed)?;
    let has_keys = !spec.tokens.is_symmetric();
    Ok(Wish {
        question: Question { metadata, jwks: pinned.jwks.clone(), has_keys, roots },
        icon,
        public_keys: public_keys(&spec.tokens).map_err(malformed)?,
        end_session: end_session_url(&spec.logout).map_err(malformed)?,
        pinned,
        interval: spec.discovery.interval.map_or(DEFAULT_DISCOVERY_INTERVAL, |interval| interval.get()),
        stale_grace: spec.discovery.stale_grace_period.map_or(DEFAULT_STALE_GRACE, |grace| grace.get()),
        client,
    })
}

fn read_client(spec: &ClientSpec, local: &Local) -> Result<Client, Fact> {
    let text = |field: &str, reference: &Option<KeyReference>| {
        let read = |reference: &KeyReference| secret_text(field, reference, local.secret(&reference.name));
        reference.as_ref().map(read).transpose()
    };
    const ID: &str = "spec.client.idRef";
    const KEY: &str = "spec.client.privateKeyRef";
    let id = match text(ID, &spec.id_ref)? {
        Some(id) if is_client_id(id.expose_secret()) => id.expose_secret().to_owned(),
        Some(_) => {
            let message = format!(
                "{ID}: what stands there is no client ID: write it as the provider shows it, in at most 512 letters, digits and punctuation marks, without spaces around it"
            );
            return Err(Fact::fails(Reason::SecretNotUsable, message));
        }
        None => spec.id.clone().unwrap_or_default(),
    };
    let unusable = |error| Fact::fails(Reason::SecretNotUsable, format!("{KEY}: {error}"));
    Ok(Client {
        id,
        auth_method: spec.auth_method,
        secret: text("spec.client.secretRef", &spec.secret_ref)?,
        previous_secret: text("spec.client.previousSecretRef", &spec.previous_secret_ref)?,
        key: text(KEY, &spec.private_key_ref)?.map(|text| read_client_key(&text)).transpose().map_err(unusable)?,
    })
}

/// As the schema holds spec.client.id to it.
fn is_client_id(text: &str) -> bool {
    text.len() <= 512 && text.trim() == text && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

fn trust_roots(idp: &IdentityProvider, local: &Local) -> Result<Option<TrustRoots>, Fact> {
    const FIELD: &str = "spec.tls.caBundleRef";
    let Some(source) = &idp.spec.tls.ca_bundle_ref else { return Ok(None) };
    let object = match source.kind {
        TrustSourceKind::Secret => TrustObject::Secret(local.secret(&source.name)),
        TrustSourceKind::ConfigMap => TrustObject::ConfigMap(local.trust_config_map.as_deref()),
    };
    let pem = trust_text(FIELD, source, object)?;
    let roots = TrustRoots::from_pem(&pem);
    match check_trust_roots(&roots) {
        Ok(()) => Ok(Some(roots)),
        Err(error) => Err(Fact::fails(Reason::CABundleInvalid, format!("{FIELD}: {error}"))),
    }
}
