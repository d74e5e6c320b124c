//! The applications of an organization, with what they refer to. Pure: the objects come in as values.

use std::{collections::HashMap, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    api::{self, Fact, IdentityProvider, KeyReference, Reason, ResourceMeta},
    controller::references::secret_text,
    domain::organization::{Application, ApplicationProvider, ApplicationSecret},
};

/// So many references that lead nowhere are told one by one.
const TOLD: usize = 8;

/// What stands under the names that the applications of an organization refer to, as far as anything does.
#[derive(Default)]
pub struct Referents {
    pub secrets: HashMap<String, Arc<Secret>>,
    pub providers: HashMap<String, Arc<IdentityProvider>>,
}

/// The applications as far as they can be served, and `ResolvedRefs=False` for each reference that leads nowhere, in the
/// order of the manifest.
pub fn applications(organization: &api::Organization, referents: &Referents) -> (Vec<Application>, Vec<Fact>) {
    let mut unresolved = Vec::new();
    let applications = organization.spec.applications.iter().enumerate();
    let read = |(index, asked): (usize, &api::Application)| {
        let field = format!("spec.applications[{index}]");
        let secret = secret(&field, asked.secret_ref.as_ref(), referents);
        let providers = asked.identity_providers.iter().enumerate().map(|(index, asked)| {
            let field = format!("{field}.identityProviders[{index}].name");
            let uid = provider_uid(&field, &asked.name, organization, referents)?;
            Ok(ApplicationProvider { uid, audiences: asked.audiences.clone() })
        });
        Application {
            client_id: asked.client_id.clone(),
            secret: secret.unwrap_or_else(|fact| {
                unresolved.push(fact);
                ApplicationSecret::Missing
            }),
            providers: providers.filter_map(|found| found.map_err(|fact| unresolved.push(fact)).ok()).collect(),
        }
    };
    (applications.map(read).collect(), unresolved)
}

/// The `ResolvedRefs` condition, by the references that lead nowhere.
pub fn resolved(unresolved: &[Fact]) -> Fact {
    let Some(first) = unresolved.first() else {
        return Fact::holds("Everything that the manifest refers to is there.");
    };
    let told: Vec<_> = unresolved.iter().take(TOLD).map(|fact| &*fact.message).collect();
    let message = match unresolved.len() - told.len() {
        0 => told.join("; "),
        more => format!("{}; and {more} more", told.join("; ")),
    };
    Fact::fails(first.reason, message)
}

fn secret(field: &str, reference: Option<&KeyReference>, referents: &Referents) -> Result<ApplicationSecret, Fact> {
    let Some(reference) = reference else { return Ok(ApplicationSecret::Public) };
    let object = referents.secrets.get(&reference.name).map(|secret| &**secret);
    secret_text(&format!("{field}.secretRef"), reference, object).map(|text| hashed(&text))
}

fn hashed(text: &SecretString) -> ApplicationSecret {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.expose_secret().as_bytes()).as_ref());
    ApplicationSecret::Hashed(hash)
}

/// The UID of a provider of the organization whose ID tokens applications may bring.
fn provider_uid(
    field: &str,
    name: &str,
    organization: &api::Organization,
    referents: &Referents,
) -> Result<Arc<str>, Fact> {
    let unusable = |said: String| Err(Fact::fails(Reason::IdentityProviderNotFound, format!("{field}: {said}")));
    let Some(idp) = referents.providers.get(name) else {
        return unusable(format!(
            "there is no IdentityProvider {name:?} in this namespace: create it, or correct the name"
        ));
    };
    if idp.organization_name() != organization.name_str() {
        return unusable(format!(
            "the IdentityProvider {name:?} belongs to the Organization {:?}: name one of this organization",
            idp.organization_name()
        ));
    }
    if idp.spec.jwt_bearer.is_none() {
        return unusable(format!(
            "the IdentityProvider {name:?} has no spec.jwtBearer, so that its ID tokens do not count: write jwtBearer: {{}} there, or remove it here"
        ));
    }
    Ok(idp.uid_str().into())
}

#[cfg(test)]
mod tests;
