//! One file per endpoint.

pub mod account;
pub mod assets;
pub mod auth;
pub mod authorization_server;
pub mod backchannel_logout;
pub mod callback;
pub mod discover;
pub mod frontchannel_logout;
pub mod home;
pub mod icon;
pub mod initiate;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod session;
pub mod sign_in;
pub mod signout_oidc;
pub mod token;
pub mod verify_email;
