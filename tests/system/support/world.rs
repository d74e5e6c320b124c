//! A provider and a Latchkey that know each other.

use super::{
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::{CLIENT_SECRET, Provider},
    source::{On, Source},
};

/// The certified provider and Latchkey, which has it as `demo`, registered and ready.
pub struct World {
    pub latchkey: Latchkey,
    pub provider: Provider,
}

impl World {
    /// With a directory of manifests.
    pub async fn start() -> Self {
        Self::start_with(LOCAL).await
    }

    /// With a directory of manifests, and these flags for Latchkey.
    pub async fn start_with(flags: &[&str]) -> Self {
        Self::start_from(Source::Directory, flags).await
    }

    /// With a directory of manifests, or with what they hold on the API server.
    pub async fn start_on(on: On) -> Self {
        Self::start_from(Source::new(on).await, LOCAL).await
    }

    async fn start_from(source: Source, flags: &[&str]) -> Self {
        let provider = Provider::start().await;
        let demo = manifests::provider("demo", &provider.issuer, "");
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("mappers.yaml", manifests::MAPPERS),
            ("provider.yaml", &demo),
            ("secret.yaml", &manifests::usual_secret()),
        ];
        let latchkey = Latchkey::start_from(source, flags, &files).await;
        provider.register(CLIENT_SECRET, &[&latchkey.at("callback/demo")]).await;
        latchkey.wait_until_ready("demo").await;
        Self { latchkey, provider }
    }
}
