//! The CustomResourceDefinitions, generated from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::{IdentityProvider, IdpMapper, Organization};

/// The CRDs of all kinds, in the order in which they are installed.
pub fn crds() -> Vec<CustomResourceDefinition> {
    [Organization::crd(), IdentityProvider::crd(), IdpMapper::crd()].map(with_unobserved_status).map(unwrapped).into()
}

/// `kubectl explain` breaks lines itself, and keeps those of the source where they stand in its way.
fn unwrapped(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let schemas = crd.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut());
    schemas.filter_map(|schema| schema.open_api_v3_schema.as_mut()).for_each(unwrap_descriptions);
    crd
}

fn unwrap_descriptions(schema: &mut JSONSchemaProps) {
    if let Some(description) = &mut schema.description {
        *description = description.replace('\n', " ");
    }
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).for_each(unwrap_descriptions);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        unwrap_descriptions(items);
    }
}

/// Defaults a new object's status to `observedGeneration: -1`, so that kstatus takes it for "in progress" until
/// Latchkey has seen it.
fn with_unobserved_status(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
        let status: Option<&mut JSONSchemaProps> =
            schema.and_then(|schema| schema.properties.as_mut()).and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            status.default = Some(JSON(json!({ "observedGeneration": -1 })));
        }
    }
    crd
}
