//! The Markdown files of the repository, and what is in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A Markdown file; `path` is below the repository.
pub struct Document {
    pub path: PathBuf,
    pub text: String,
}

/// A fenced block of code and the line that it begins in.
pub struct Block {
    pub language: String,
    pub line: usize,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text file of the repository.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Markdown file that people read.
pub fn documents() -> Vec<Document> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "fuzz/README.md"].map(PathBuf::from).into();
    for dir in ["charts", "docs", "examples", "tests"] {
        collect(Path::new(dir), &mut paths);
    }
    let document = |path: PathBuf| Document { text: read(&path.to_string_lossy()), path };
    paths.into_iter().map(document).collect()
}

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root().join(dir)).expect("a directory") {
        let entry = entry.expect("an entry");
        let path = dir.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            if entry.file_name() != "node_modules" && !entry.file_name().to_string_lossy().starts_with('.') {
                collect(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

impl Document {
    /// The fenced blocks of code. One that a list indents loses the indentation of its fence.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(Block, usize)> = None;
        for (index, line) in self.text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (open.take(), fence) {
                (None, Some(language)) => {
                    let indent = line.len() - line.trim_start().len();
                    open = Some((Block { language: language.into(), line: index + 1, text: String::new() }, indent));
                }
                (Some((block, _)), Some(_)) => blocks.push(block),
                (Some((mut block, indent)), None) => {
                    block.text += line.get(indent..).unwrap_or_default();
                    block.text.push('\n');
                    open = Some((block, indent));
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block of code is not closed", self.path.display());
        blocks
    }

    /// The text without its fenced blocks.
    pub fn prose(&self) -> String {
        let parts = self.text.split("```");
        parts.step_by(2).collect()
    }
}

/// Compares what stands between the marks of a file with what is generated; `UPDATE_EXPECTED=1` writes it anew.
pub fn assert_generated(path: &str, generated: &str) {
    const BEGIN: &str =
        "<!-- Generated from the code; `UPDATE_EXPECTED=1 cargo test --test docs` writes it anew. -->\n";
    const END: &str = "<!-- End of what is generated. -->";
    let text = read(path);
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("{path}: no mark where it begins"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{path}: no mark where it ends"));
    let expected = format!("{before}{BEGIN}\n{}\n\n{END}{after}", generated.trim());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(root().join(path), expected).expect("written");
    } else {
        assert!(text == expected, "{path} is not what the code says: run UPDATE_EXPECTED=1 cargo test --test docs");
    }
}

/// Text for one cell of a table.
pub fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;")
}
