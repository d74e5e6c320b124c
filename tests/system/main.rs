//! The whole process, as people and machines meet it: Latchkey's own binary with providers, browsers and a Kubernetes
//! API server that are as real as they can be here.

/// Makes two tests of each of these functions, one for each source of manifests: `NAME::directory`, `NAME::cluster`.
macro_rules! on_both_sources {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::support::source::On;

            #[tokio::test]
            async fn directory() {
                super::$name(On::Directory).await;
            }

            #[tokio::test]
            async fn cluster() {
                super::$name(On::Cluster).await;
            }
        }
    )+};
}

mod account;
mod accounts;
mod admission;
mod api_server;
mod applications;
mod asking;
mod believed;
mod broken_files;
mod callback;
mod certified_provider;
mod chart;
mod check;
mod claims_in_tests;
mod corpus;
mod crashes;
mod desktop_app;
mod events;
mod examples;
mod forward_auth;
mod gitops;
mod home_realm;
mod icons;
mod id_token_flow;
mod ingress;
mod initiate;
mod jwt_bearer;
mod key_rotation;
mod let_applications_sign_in;
mod logout;
mod many_tabs;
mod mappers;
#[allow(dead_code, reason = "a part is for other tests")]
#[path = "../docs/markdown.rs"]
mod markdown;
mod outbound;
mod pages;
mod process;
mod providers_without_client;
mod proxy;
mod references;
mod refusals;
mod replicas;
mod restarts;
mod return_to;
mod second_provider;
mod secret_rotation;
mod sessions;
mod signing_keys;
mod store_down;
mod story;
mod strangers;
mod support;
mod trust;
mod unhappy_providers;
mod users;
mod verification;
mod ways_in;
mod wire;
