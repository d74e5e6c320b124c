//! `latchkey crds [DIR]`

use std::{fs, io::Write, path::PathBuf};

use anyhow::Context;
use kube::ResourceExt;

use crate::api;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write one file for each kind into this directory instead of printing them
    dir: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for crd in api::crds() {
        let text = serde_yaml::to_string(&crd).context("a CustomResourceDefinition cannot be written as YAML")?;
        match &arguments.dir {
            Some(dir) => {
                let path = dir.join(format!("{}.yaml", crd.name_any()));
                fs::create_dir_all(dir)
                    .and_then(|()| fs::write(&path, text))
                    .with_context(|| path.display().to_string())?;
            }
            None => write!(stdout, "---\n{text}")?,
        }
    }
    Ok(())
}
