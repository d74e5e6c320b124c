//! A provider and a Latchkey that know each other.

use super::{
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::{CLIENT_SECRET, Provider},
};

/// The certified provider and Latchkey, which has it as `demo`, registered and ready.
pub struct World {
    pub latchkey: Latchkey,
    pub provider: Provider,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(LOCAL).await
    }

    /// With these flags for Latchkey.
    pub async fn start_with(flags: &[&str]) -> Self {
        let provider = Provider::start().await;
        let demo = manifests::provider("demo", &provider.issuer, "");
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("mappers.yaml", manifests::MAPPERS),
            ("provider.yaml", &demo),
            ("secret.yaml", &manifests::usual_secret()),
        ];
        let latchkey = Latchkey::start_with(flags, &files).await;
        provider.register(CLIENT_SECRET, &[&latchkey.url("o/default/callback/demo")]).await;
        latchkey.wait_until_ready("demo").await;
        Self { latchkey, provider }
    }
}
