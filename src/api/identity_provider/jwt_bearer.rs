//! Whether applications may bring the provider's ID tokens.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Duration, rules};

/// Which ID tokens applications may bring (RFC 7523, section 2.1).
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtBearerSpec {
    /// How long ago an ID token may have been issued (iat). An expired one is refused whatever stands here, and each is good
    /// for one access token. tokens.allowedClockSkew is added to it. Default: 5m; at least 1s, at most 1h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::assertion_age())]
    pub max_token_age: Option<Duration>,
}
