//! The resource types of `latchkey.dev/v1alpha1`, their CRDs, conditions and reasons.
//! Shapes only: nothing here decides, fetches, or knows the time.

mod claims;
mod condition;
mod crd;
mod defaults;
mod duration;
mod identity_provider;
mod idp_mapper;
mod meta;
mod organization;
mod refs;
mod rules;
mod turn;

pub use claims::{ClaimMapping, Claims, ClaimsSource};
pub use condition::{Condition, ConditionType, Conditions, Fact, Reason, Status};
pub use crd::crds;
pub use defaults::{DEFAULT_ORGANIZATION, Issuer};
pub use duration::Duration;
pub use identity_provider::*;
pub use idp_mapper::*;
pub use meta::{ResourceMeta, age_order, deterministic_uid, object_ref};
pub use organization::*;
pub use refs::{KeyReference, LocalReference, TrustSource, TrustSourceKind};
pub use turn::Turn;

/// The API group of every kind here.
pub const GROUP: &str = "latchkey.dev";
/// The version that is served and stored.
pub const VERSION: &str = "v1alpha1";
/// A Secret or ConfigMap counts only with this label set to `"true"` (opt-in per object).
pub const USABLE_LABEL: &str = "latchkey.dev/usable";
/// A new value of this annotation makes Latchkey look again, and is echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE_ANNOTATION: &str = "latchkey.dev/reconcile-requested-at";
