//! YAML text to located values, read as Kubernetes reads it (sigs.k8s.io/yaml). Refuses duplicate keys, and
//! bounds depth, documents and what aliases expand to.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};
use serde_json::Number;

use super::{
    finding::{Position, Problem},
    scalar::{collection_tag, scalar},
};

const MAX_DEPTH: usize = 64;
const MAX_DOCUMENTS: usize = 10_000;
/// How many bytes all aliases and anchors of a file may add.
const MAX_ALIAS_BYTES: usize = 8 << 20;
/// What a node costs beside its text.
const NODE_BYTES: usize = 64;

/// A value and where it stands. Has no `Debug`, for it may hold a Secret.
#[derive(Clone)]
pub struct Node {
    pub at: Position,
    pub value: Value,
}

/// What JSON can say.
#[derive(Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A member of a mapping.
#[derive(Clone)]
pub struct Entry {
    pub key: String,
    pub key_at: Position,
    pub node: Node,
}

impl Node {
    /// The member of a mapping.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value of a member of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same value as JSON. A member that is null counts as absent.
    pub fn to_json(&self) -> serde_json::Value {
        self.json(|entry| !matches!(entry.node.value, Value::Null))
    }

    /// The same value as JSON, also members that are null.
    pub fn to_json_with_nulls(&self) -> serde_json::Value {
        self.json(|_| true)
    }

    fn json(&self, is_there: fn(&Entry) -> bool) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.clone().into(),
            Value::String(text) => text.as_str().into(),
            Value::Sequence(nodes) => nodes.iter().map(|node| node.json(is_there)).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .filter(|entry| is_there(entry))
                .map(|entry| (entry.key.clone(), entry.node.json(is_there)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Height and bytes of the tree.
    fn size(&self) -> (usize, usize) {
        let (height, bytes) = match &self.value {
            Value::String(text) => (0, text.len()),
            Value::Sequence(nodes) => nodes.iter().fold((0, 0), |size, node| add(size, node.size())),
            Value::Mapping(entries) => entries.iter().fold((0, 0), |size, entry| {
                let (height, bytes) = entry.node.size();
                add(size, (height, bytes + entry.key.len()))
            }),
            _ => (0, 0),
        };
        (height + 1, bytes + NODE_BYTES)
    }
}

fn add((height, bytes): (usize, usize), (more_height, more_bytes): (usize, usize)) -> (usize, usize) {
    (height.max(more_height), bytes + more_bytes)
}

/// Reads all documents of a file; empty ones are left out. The first fault ends the reading.
pub fn read(text: &str) -> Result<Vec<Node>, Problem> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(syntax)?;
        builder.event(event, position(&span.start))?;
    }
    Ok(builder.documents)
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

fn syntax(error: ScanError) -> Problem {
    Problem::new(position(error.marker()), "yaml/syntax", format!("cannot be read as YAML: {}", error.info()))
}

/// A sequence or mapping that has not ended yet.
struct Frame {
    node: Node,
    anchor: usize,
    key: Option<(String, Position)>,
    keys: HashSet<String>,
    merges: Vec<Node>,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    alias_bytes: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, at: Position) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) if self.documents.len() >= MAX_DOCUMENTS => {
                Err(Problem::new(at, "yaml/limit", format!("a file may hold at most {MAX_DOCUMENTS} documents")))
            }
            Event::SequenceStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "seq", at)?;
                self.open(Value::Sequence(Vec::new()), anchor, at)
            }
            Event::MappingStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "map", at)?;
                self.open(Value::Mapping(Vec::new()), anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Scalar(text, style, anchor, tag) => {
                if self.is_merge_key(&text, style) {
                    return self.add_key(text.into_owned(), at);
                }
                let value = scalar(&text, style, tag.as_deref(), at)?;
                self.add(Node { at, value }, anchor)
            }
            Event::Alias(anchor) => {
                let mut node = self.alias(anchor, at)?;
                node.at = at;
                self.add(node, 0)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn open(&mut self, value: Value, anchor: usize, at: Position) -> Result<(), Problem> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        let node = Node { at, value };
        self.stack.push(Frame { node, anchor, key: None, keys: HashSet::new(), merges: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(Frame { mut node, anchor, mut keys, merges, .. }) = self.stack.pop() else { return Ok(()) };
        if let Value::Mapping(entries) = &mut node.value {
            for merged in merges {
                let Value::Mapping(merged) = merged.value else { continue };
                entries.extend(merged.into_iter().filter(|entry| keys.insert(entry.key.clone())));
            }
        }
        self.add(node, anchor)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if anchor > 0 {
            self.charge(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            if !matches!(node.value, Value::Null) {
                self.documents.push(node);
            }
            return Ok(());
        };
        match (&mut frame.node.value, frame.key.take()) {
            (Value::Sequence(nodes), _) => nodes.push(node),
            (Value::Mapping(_), Some((key, _))) if key == MERGE_KEY => merge(frame, node)?,
            (Value::Mapping(entries), Some((key, key_at))) => entries.push(Entry { key, key_at, node }),
            (_, _) => {
                let key = key_text(&node)?;
                return self.add_key(key, node.at);
            }
        }
        Ok(())
    }

    fn add_key(&mut self, key: String, at: Position) -> Result<(), Problem> {
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        if key != MERGE_KEY && !frame.keys.insert(key.clone()) {
            return Err(Problem::new(at, "yaml/duplicate-key", format!("key {key:?} is already set in this mapping")));
        }
        frame.key = Some((key, at));
        Ok(())
    }

    fn is_merge_key(&self, text: &str, style: ScalarStyle) -> bool {
        let expects_key = |frame: &Frame| matches!(frame.node.value, Value::Mapping(_)) && frame.key.is_none();
        text == MERGE_KEY && style == ScalarStyle::Plain && self.stack.last().is_some_and(expects_key)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<Node, Problem> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Problem::new(at, "yaml/syntax", "cannot be read as YAML: an alias refers to what holds it"));
        };
        let (height, _) = node.size();
        if self.stack.len() + height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.charge(&Node { at, ..node.clone() })?;
        Ok(node)
    }

    fn charge(&mut self, node: &Node) -> Result<(), Problem> {
        self.alias_bytes += node.size().1;
        if self.alias_bytes > MAX_ALIAS_BYTES {
            return Err(Problem::new(node.at, "yaml/limit", "the anchors and aliases of this file expand to too much"));
        }
        Ok(())
    }
}

const MERGE_KEY: &str = "<<";

fn merge(frame: &mut Frame, node: Node) -> Result<(), Problem> {
    let at = node.at;
    let nodes = match node.value {
        Value::Sequence(nodes) => nodes,
        _ => vec![node],
    };
    if nodes.iter().any(|node| !matches!(node.value, Value::Mapping(_))) {
        return Err(Problem::new(at, "yaml/syntax", "<< merges mappings: write an alias of one, or a list of them"));
    }
    frame.merges.extend(nodes);
    Ok(())
}

fn too_deep(at: Position) -> Problem {
    Problem::new(at, "yaml/limit", format!("nested deeper than {MAX_DEPTH} levels"))
}

fn key_text(node: &Node) -> Result<String, Problem> {
    match &node.value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => {
            Err(Problem::new(node.at, "yaml/syntax", "a key must be text").hint("quote it if it holds { } [ ] or :"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(text: &str) -> serde_json::Value {
        read(text).map_err(|problem| problem.message).expect("valid").remove(0).to_json()
    }

    fn refused(text: &str) -> Problem {
        match read(text) {
            Ok(_) => panic!("accepted: {text:.80}"),
            Err(problem) => problem,
        }
    }

    #[test]
    fn scalars_mean_what_they_mean_to_kubernetes() {
        for (text, value) in [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("~", json!(null)),
            ("'yes'", json!("yes")),
            ("!!str 5", json!("5")),
            ("12", json!(12)),
            ("0o17", json!(15)),
            ("017", json!(15)),
            ("-0x1F", json!(-31)),
            ("1_000", json!(1000)),
            ("1.5e3", json!(1500)),
            ("1.0", json!(1)),
            ("-0.0", json!(0)),
            ("0.25", json!(0.25)),
            ("9007199254740993", json!(9007199254740993_i64)),
            ("18446744073709551616", json!(18446744073709551616.0)),
            ("1e30", json!(1e30)),
            ("2026-11-22", json!("2026-11-22")),
            ("1:30", json!("1:30")),
            ("nan", json!("nan")),
            (".inf", json!(".inf")),
            ("--5", json!("--5")),
            ("1h30m", json!("1h30m")),
        ] {
            assert_eq!(one(&format!("a: {text}")).get("a").unwrap_or(&json!(null)), &value, "{text}");
        }
    }

    #[test]
    fn a_member_that_is_null_is_there_only_where_it_means_something() {
        let node = read("a: null\nb: [{c: ~, d: 1}]").map_err(|problem| problem.message).expect("valid").remove(0);
        assert_eq!(node.to_json(), json!({"b": [{"d": 1}]}));
        assert_eq!(node.to_json_with_nulls(), json!({"a": null, "b": [{"c": null, "d": 1}]}));
    }

    #[test]
    fn every_value_and_key_knows_its_line_and_column() {
        let documents = read("a:\n  b: ü\n  c: [1, x]\n---\nd: e\n").map_err(|p| p.message).expect("valid");
        let b = documents[0].get("a").and_then(|a| a.entry("b")).expect("b");
        assert_eq!((b.key_at, b.node.at), (Position { line: 2, column: 3 }, Position { line: 2, column: 6 }));
        let Some(Value::Sequence(c)) = documents[0].get("a").and_then(|a| a.get("c")).map(|c| &c.value) else {
            panic!("c is no sequence");
        };
        assert_eq!(c[1].at, Position { line: 3, column: 10 });
        assert_eq!(documents[1].entry("d").expect("d").key_at, Position { line: 5, column: 1 });
    }

    #[test]
    fn anchors_aliases_and_merge_keys_expand() {
        assert_eq!(
            one("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}"),
            json!({
                "a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 2}, "c": {"k": 3, "l": 2}
            })
        );
        assert_eq!(refused("a: &x 1\nb: {<<: *x}").rule, "yaml/syntax");
    }

    #[test]
    fn a_key_written_twice_is_refused_however_it_is_quoted() {
        let problem = refused("a: 1\n\"a\": 2\n");
        assert_eq!((problem.rule, problem.at), ("yaml/duplicate-key", Position { line: 2, column: 1 }));
    }

    #[test]
    fn a_billion_laughs_are_refused() {
        let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert_eq!(refused(&text).rule, "yaml/limit");
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), vec!["*a"; 1000].join(","));
        assert_eq!(refused(&long).rule, "yaml/limit");
    }

    #[test]
    fn deep_nesting_is_refused_without_a_crash() {
        for text in ["[".repeat(500_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
            assert!(read(&text).is_err());
        }
        let nested = |inner: &str| format!("{}{inner}{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(refused(&format!("a: &a {}\nb: {}", nested("1"), nested("*a"))).rule, "yaml/limit");
    }

    #[test]
    fn an_alias_cannot_refer_to_what_holds_it() {
        assert_eq!(refused("a: &a [*a]").rule, "yaml/syntax");
    }

    #[test]
    fn tags_of_programming_languages_are_refused() {
        assert_eq!(refused("a: !!python/object {}").rule, "yaml/tag");
        assert_eq!(refused("a: !Ref x").rule, "yaml/tag");
        assert_eq!(refused("a: !!int x").rule, "yaml/tag");
    }

    #[test]
    fn empty_documents_are_left_out() {
        assert_eq!(read("---\n---\n# nothing\n---\na: 1\n---\n").map(|documents| documents.len()).ok(), Some(1));
        assert_eq!(read("").map(|documents| documents.len()).ok(), Some(0));
    }
}
