//! What a reference to a Secret or ConfigMap leads to. Pure: the objects come in as values.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use secrecy::SecretString;

use crate::api::{Fact, KeyReference, Reason, TrustSource, USABLE_LABEL};

/// The text of one entry of a Secret. A line break at its end, as files have it, is not a part of it.
///
/// # Errors
/// `ResolvedRefs=False` with the reason and what to do; never with the value.
pub fn secret_text(field: &str, reference: &KeyReference, secret: Option<&Secret>) -> Result<SecretString, Fact> {
    let name = &reference.name;
    let secret = usable(field, "Secret", name, secret)?;
    let entry = secret.data.as_ref().and_then(|data| data.get(&reference.key));
    let Some(entry) = entry else {
        return Err(missing_key(field, "Secret", name, &reference.key));
    };
    let text = std::str::from_utf8(&entry.0).map(|text| text.trim_end_matches(['\r', '\n'])).unwrap_or_default();
    if text.is_empty() {
        let message = format!(
            "{field}: the entry {:?} of the Secret {name:?} is empty or not text: put the value there",
            reference.key
        );
        return Err(Fact::fails(Reason::SecretNotUsable, message));
    }
    Ok(SecretString::from(text))
}

/// The PEM text that a trust source leads to; `object` is what stands under its kind and name.
///
/// # Errors
/// `ResolvedRefs=False` with the reason and what to do.
pub fn trust_text(field: &str, source: &TrustSource, object: TrustObject<'_>) -> Result<String, Fact> {
    let (kind, text) = match object {
        TrustObject::Secret(secret) => {
            let data = usable(field, "Secret", &source.name, secret)?.data.as_ref();
            let text =
                data.and_then(|data| data.get(&source.key)).map(|entry| String::from_utf8_lossy(&entry.0).into_owned());
            ("Secret", text)
        }
        TrustObject::ConfigMap(config_map) => {
            let data = usable(field, "ConfigMap", &source.name, config_map)?.data.as_ref();
            ("ConfigMap", data.and_then(|data| data.get(&source.key)).cloned())
        }
    };
    text.ok_or_else(|| missing_key(field, kind, &source.name, &source.key))
}

/// What stands under a trust source's kind and name.
#[derive(Clone, Copy)]
pub enum TrustObject<'a> {
    Secret(Option<&'a Secret>),
    ConfigMap(Option<&'a ConfigMap>),
}

fn usable<'a, K: ResourceExt>(field: &str, kind: &str, name: &str, object: Option<&'a K>) -> Result<&'a K, Fact> {
    let Some(object) = object else {
        let message = format!("{field}: there is no {kind} {name:?} in this namespace: create it, or correct the name");
        return Err(Fact::fails(Reason::SecretNotFound, message));
    };
    if object.labels().get(USABLE_LABEL).map(String::as_str) != Some("true") {
        let message = format!(
            "{field}: the {kind} {name:?} is not meant for Latchkey: give it the label {USABLE_LABEL}: \"true\""
        );
        return Err(Fact::fails(Reason::SecretNotUsable, message));
    }
    Ok(object)
}

fn missing_key(field: &str, kind: &str, name: &str, key: &str) -> Fact {
    let message = format!("{field}: the {kind} {name:?} has no entry {key:?}: add it, or correct the key");
    Fact::fails(Reason::SecretKeyMissing, message)
}
