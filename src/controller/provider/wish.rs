//! What the manifest asks for, once the objects that it refers to are at hand. Pure.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use secrecy::SecretString;
use url::Url;

use crate::{
    api::{Fact, IdentityProvider, IdentityProviderSpec, ReadyCount, Reason, TrustSourceKind},
    controller::references::{TrustObject, secret_text, trust_text},
    domain::{
        organization::Organization,
        provider::{DEFAULT_DISCOVERY_INTERVAL, TrustRoots},
    },
    oidc::{MetadataRequest, check_trust_roots},
};

/// What the sources know about a provider's surroundings.
pub struct Local {
    /// The organization that the provider names: None when there is none, Err when it is not accepted.
    pub organization: Option<Result<Organization, Fact>>,
    /// The providers of the organization that ask for the same key or display name, this one included or not.
    pub contenders: Vec<Arc<IdentityProvider>>,
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
    pub metadata: MetadataRequest,
    pub interval: Duration,
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
        metadata: metadata_request(spec, trust_roots(idp, local)?)
            .map_err(|_| Fact::unknown("The references are followed once the URLs are valid."))?,
        interval: spec.discovery.interval.map_or(DEFAULT_DISCOVERY_INTERVAL, |interval| interval.get()),
        client_secret,
    })
}

/// Where the metadata is, and which issuer it must name.
///
/// # Errors
/// Names the field that holds no URL.
pub fn metadata_request(spec: &IdentityProviderSpec, roots: Option<TrustRoots>) -> Result<MetadataRequest, String> {
    let issuer = spec.issuer.as_deref();
    match &spec.discovery.url {
        Some(url) => {
            let url = Url::parse(url).map_err(|error| {
                format!("spec.discovery.url: is not a URL ({error}): write it in full, such as https://login.example.com/.well-known/openid-configuration")
            })?;
            Ok(MetadataRequest { url, issuer: issuer.map(str::to_owned), roots })
        }
        None => MetadataRequest::of_issuer(issuer.unwrap_or_default(), roots)
            .map_err(|error| format!("spec.issuer: {error}")),
    }
}

fn trust_roots(idp: &IdentityProvider, local: &Local) -> Result<Option<TrustRoots>, Fact> {
    const FIELD: &str = "spec.tls.caBundleRef";
    let Some(source) = &idp.spec.tls.ca_bundle_ref else { return Ok(None) };
    let object = match source.kind {
        TrustSourceKind::Secret => TrustObject::Secret(local.trust_secret.as_deref()),
        TrustSourceKind::ConfigMap => TrustObject::ConfigMap(local.trust_config_map.as_deref()),
    };
    let pem = trust_text(FIELD, source, object)?;
    let roots = TrustRoots::from_pem(&pem);
    match check_trust_roots(&roots) {
        Ok(()) => Ok(Some(roots)),
        Err(error) => Err(Fact::fails(Reason::CABundleInvalid, format!("{FIELD}: {error}"))),
    }
}
