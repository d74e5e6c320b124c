//! Manifests as `check` and `simulate` read them: once, from files, into the stores that the reconcilers read. Writes
//! nothing and asks nobody.

use std::path::{Path, PathBuf};

use anyhow::bail;
use url::Url;

use super::{
    absent::{self, Absent},
    installation::origin,
};
use crate::{
    controller::Settings,
    source::{Feed, Object, Stores, Update, directory::Tree},
};

/// Where manifests are, and what of an operator's settings they are held to.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// Files, and directories, of which every *.yaml and *.yml counts; all are one set of manifests. - is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Where people's browsers reach Latchkey, as for serve [default: https://latchkey.example]
    #[arg(long, env = "LATCHKEY_EXTERNAL_URL", value_name = "URL")]
    external_url: Option<Url>,

    /// Organizations may choose external URLs here or at hosts below, as for serve (repeatable) [default: any]
    #[arg(long, env = "LATCHKEY_ALLOWED_EXTERNAL_URL", value_name = "URL", value_delimiter = ',')]
    allowed_external_url: Option<Vec<Url>>,

    /// Allow http issuers and an http external URL, for development
    #[arg(long, env = "LATCHKEY_ALLOW_HTTP", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_http: Option<bool>,
}

/// Manifests, in the stores and by their places.
pub struct Manifests {
    pub tree: Tree,
    pub stores: Stores,
    pub settings: Settings,
    /// What the manifests refer to and do not hold; something stands in for it in the stores where that is possible.
    pub absent: Vec<Absent>,
}

impl Source {
    /// Whether standard input is among the paths.
    pub fn are_standard_input(&self) -> bool {
        self.paths.iter().any(|path| path == Path::new("-"))
    }

    /// Reads the manifests. What is wrong with them is in the tree.
    ///
    /// # Errors
    /// A path leads nowhere, none has manifests, or a setting cannot be.
    pub fn read(&self) -> anyhow::Result<Manifests> {
        let standard_input = |path: &PathBuf| {
            if path == Path::new("-") { PathBuf::from("/dev/stdin") } else { path.clone() }
        };
        let tree = Tree::read(&self.paths.iter().map(standard_input).collect::<Vec<_>>())?;
        if tree.findings().is_empty() && !tree.objects().any(is_ours) {
            bail!(
                "there is nothing to look at: {} files were read, and none holds an Organization, an IdentityProvider or an IdpMapper of latchkey.dev/v1alpha1; name the files, or a directory of *.yaml and *.yml files, that do",
                tree.files()
            );
        }
        let external_url = self.external_url.clone();
        let allowed = self.allowed_external_url.clone();
        let settings = settings(external_url, allowed, self.allows_http(), tree.objects())?;
        let (stand_ins, absent) = absent::in_place_of_what_is_absent(&tree);
        let (feed, stores, _) = Feed::new();
        let objects = tree.objects().cloned().chain(stand_ins);
        feed.apply(objects.map(Update::Apply).collect());
        Ok(Manifests { tree, stores, settings, absent })
    }

    /// Whether http will do.
    pub fn allows_http(&self) -> bool {
        self.allow_http.unwrap_or_default()
    }
}

/// Whether an object is of a kind of ours.
pub fn is_ours(object: &Object) -> bool {
    matches!(object, Object::Organization(_) | Object::IdentityProvider(_) | Object::IdpMapper(_))
}

/// What manifests are held to. `allowed`: None allows all external URLs that they choose.
///
/// # Errors
/// A setting cannot be.
pub fn settings<'a>(
    external_url: Option<Url>,
    allowed: Option<Vec<Url>>,
    allow_http: bool,
    objects: impl Iterator<Item = &'a Object>,
) -> anyhow::Result<Settings> {
    let external_url = external_url.map_or_else(|| Url::parse("https://latchkey.example"), Ok)?;
    let allowed = allowed.unwrap_or_else(|| chosen_external_urls(objects));
    let allowed = allowed.into_iter().map(|url| origin("--allowed-external-url", url, allow_http));
    Ok(Settings {
        external_url: origin("--external-url", external_url, allow_http)?,
        allowed_external_urls: allowed.collect::<Result<_, _>>()?,
        allow_http,
    })
}

/// The external URLs that organizations choose, as far as an operator could allow them.
fn chosen_external_urls<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<Url> {
    let chosen = objects.filter_map(|object| match object {
        Object::Organization(organization) => organization.spec.external_url.as_deref(),
        _ => None,
    });
    let possible = |text: &str| origin("", Url::parse(text).ok()?, true).ok();
    // The schema holds them to https, but for development.
    chosen.filter_map(possible).filter(|url| url.scheme() == "https").collect()
}
