//! What the manifest asks for, once the objects that it refers to are at hand. Pure.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use secrecy::SecretString;

use crate::{
    api::{Fact, IdentityProvider, ReadyCount, TrustSourceKind},
    controller::{
        references::{TrustObject, secret_text, trust_text},
        settings::Settings,
    },
    domain::{
        organization::Organization,
        provider::{DEFAULT_DISCOVERY_INTERVAL, TrustRoots},
    },
    oidc,
};

/// What the sources know about a provider's surroundings.
pub struct Local {
    pub settings: Arc<Settings>,
    /// The organization that the provider names: None when there is none, Err when it is not accepted.
    pub organization: Option<Result<Organization, Fact>>,
    /// The providers of the namespace, this one included or not.
    pub siblings: Vec<Arc<IdentityProvider>>,
    /// What spec.client.secretRef names.
    pub secret: Option<Arc<Secret>>,
    /// What spec.tls.caBundleRef names, by its kind.
    pub trust_secret: Option<Arc<Secret>>,
    pub trust_config_map: Option<Arc<ConfigMap>>,
    pub mappers: ReadyCount,
}

/// How the provider is to be reached, with its references resolved.
#[derive(Debug)]
pub struct Wish {
    pub discovery_url: String,
    /// None: the issuer that the metadata names.
    pub issuer: Option<String>,
    pub interval: Duration,
    pub trust_roots: Option<TrustRoots>,
    pub client_secret: Option<SecretString>,
}

/// Resolves what the manifest refers to.
///
/// # Errors
/// The `ResolvedRefs` condition.
pub fn wish(idp: &IdentityProvider, local: &Local) -> Result<Wish, Fact> {
    let spec = &idp.spec;
    let client_secret = match &spec.client.secret_ref {
        Some(reference) => Some(secret_text("spec.client.secretRef", reference, local.secret.as_deref())?),
        None => None,
    };
    Ok(Wish {
        discovery_url: discovery_url(spec.discovery.url.as_deref(), spec.issuer.as_deref()),
        issuer: spec.issuer.clone(),
        interval: spec.discovery.interval.map_or(DEFAULT_DISCOVERY_INTERVAL, |interval| interval.get()),
        trust_roots: trust_roots(idp, local)?,
        client_secret,
    })
}

/// OpenID Connect Discovery 1.0, section 4.1: a slash at the end of the issuer is removed first.
fn discovery_url(url: Option<&str>, issuer: Option<&str>) -> String {
    let from_issuer = || format!("{}/.well-known/openid-configuration", issuer.unwrap_or_default().trim_end_matches('/'));
    url.map_or_else(from_issuer, str::to_owned)
}

fn trust_roots(idp: &IdentityProvider, local: &Local) -> Result<Option<TrustRoots>, Fact> {
    const FIELD: &str = "spec.tls.caBundleRef";
    let Some(source) = &idp.spec.tls.ca_bundle_ref else { return Ok(None) };
    let object = match source.kind {
        TrustSourceKind::Secret => TrustObject::Secret(local.trust_secret.as_deref()),
        TrustSourceKind::ConfigMap => TrustObject::ConfigMap(local.trust_config_map.as_deref()),
    };
    let pem = trust_text(FIELD, source, object)?;
    oidc::trust_roots(&pem).map(Some).map_err(|error| {
        let message = format!("{FIELD}: the entry {:?} of {:?} {error}", source.key, source.name);
        Fact::fails(crate::api::Reason::CABundleInvalid, message)
    })
}
