//! The Helm chart: what it refuses, what it installs and what it leaves, and what it lets Latchkey and people do.

mod install;
mod permissions;
mod run;
mod values;
