//! The elements of an SVG file and what they refer to: nothing outside, and nothing that is drawn over and over.

use std::collections::HashMap;

use xml::attribute::OwnedAttribute;

use crate::oidc::icon::PictureFault;

/// So many elements are drawn at most, each counted as often as something refers to it.
const MAX_DRAWN: usize = 20_000;
/// What is referred to may refer to something else in turn, so often.
const MAX_CHAIN: usize = 8;
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// What fetches something by another word than `url`, or hides a word. Lower-case.
const FETCHES: [&str; 5] = ["@import", "image-set(", "image(", "src(", "\\"];

/// An SVG file as it is read, element by element.
#[derive(Default)]
pub(super) struct Drawing {
    elements: Vec<Element>,
    by_id: HashMap<String, usize>,
    /// Where we are, the root first.
    open: Vec<usize>,
    /// The text in `style` elements.
    style: String,
}

#[derive(Default)]
struct Element {
    is_style: bool,
    children: Vec<usize>,
    /// The ids that its attributes refer to.
    refers_to: Vec<String>,
    /// With all that is in it and that it refers to, once that is known.
    weight: Option<usize>,
}

impl Drawing {
    /// An element begins.
    pub(super) fn begin(&mut self, name: &str, attributes: &[OwnedAttribute]) -> Result<(), PictureFault> {
        let index = self.elements.len();
        let mut element = Element { is_style: name == "style", ..Element::default() };
        for attribute in attributes {
            let (name, value) = (&attribute.name, attribute.value.as_str());
            // Whatever is in another namespace, the cleaner leaves it out.
            if name.namespace.as_deref().is_some_and(|namespace| namespace != XLINK) {
                continue;
            }
            match name.local_name.as_str() {
                "href" => element.refers_to.push(inside(value.trim())?.to_owned()),
                // Browsers take the first.
                "id" => _ = self.by_id.entry(value.to_owned()).or_insert(index),
                // It is drawn at each point of a line.
                name if name.starts_with("marker") => return Err(PictureFault::SvgTooCostly),
                _ => element.refers_to.extend(references(value)?),
            }
        }
        if let Some(&parent) = self.open.last() {
            self.elements[parent].children.push(index);
        }
        self.open.push(index);
        self.elements.push(element);
        Ok(())
    }

    pub(super) fn end(&mut self) {
        self.open.pop();
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.open.iter().any(|&index| self.elements[index].is_style) {
            self.style.push_str(text);
        }
    }

    /// The file has ended.
    pub(super) fn finish(mut self) -> Result<(), PictureFault> {
        let styled = references(&self.style)?;
        let mut drawn = self.weight(0, 0)?;
        for id in styled {
            // Which elements a rule is for is not looked at.
            let each = self.weight_of(&id, 0)?;
            drawn = drawn.saturating_add(each.saturating_mul(self.elements.len()));
        }
        if drawn > MAX_DRAWN { Err(PictureFault::SvgTooCostly) } else { Ok(()) }
    }

    /// How many elements are drawn for this one. `chain`: so many references have led here. One that leads back to itself
    /// goes on until that is too many.
    fn weight(&mut self, index: usize, chain: usize) -> Result<usize, PictureFault> {
        let Some(element) = self.elements.get(index) else { return Ok(0) };
        if let Some(weight) = element.weight {
            return Ok(weight);
        }
        if chain > MAX_CHAIN {
            return Err(PictureFault::SvgTooCostly);
        }
        let (children, refers_to) = (element.children.clone(), element.refers_to.clone());
        let mut weight = 1;
        for child in children {
            weight += self.weight(child, chain)?;
        }
        for id in refers_to {
            weight += self.weight_of(&id, chain + 1)?;
        }
        if weight > MAX_DRAWN {
            return Err(PictureFault::SvgTooCostly);
        }
        self.elements[index].weight = Some(weight);
        Ok(weight)
    }

    fn weight_of(&mut self, id: &str, chain: usize) -> Result<usize, PictureFault> {
        self.by_id.get(id).copied().map_or(Ok(0), |index| self.weight(index, chain))
    }
}

/// The id of a reference to something in the same file, which is not written in disguise.
fn inside(reference: &str) -> Result<&str, PictureFault> {
    let id = reference.strip_prefix('#').filter(|id| !id.contains('%'));
    id.ok_or(PictureFault::SvgRefersOutside)
}

/// The ids that a style or an attribute refers to.
fn references(style: &str) -> Result<Vec<String>, PictureFault> {
    let lower = style.to_ascii_lowercase();
    if FETCHES.iter().any(|word| lower.contains(word)) {
        return Err(PictureFault::SvgRefersOutside);
    }
    if lower.contains("marker") {
        return Err(PictureFault::SvgTooCostly);
    }
    let blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    let after = lower.match_indices("url(").map(|(at, word)| &style[at + word.len()..]);
    let ids = after.map(|rest| {
        let reference = rest.split(')').next().unwrap_or_default();
        inside(reference.trim_matches(blank)).map(str::to_owned)
    });
    ids.collect()
}
