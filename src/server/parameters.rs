//! The parameters of a request, each at most once (RFC 6749, section 3.1).

use std::collections::HashMap;

/// More is not looked at, in bytes.
const MAX_QUERY: usize = 16 * 1024;

/// The parameters of a query or form.
#[derive(Debug, Default)]
pub struct Parameters(HashMap<String, String>);

impl Parameters {
    /// Reads a query or a form body.
    ///
    /// # Errors
    /// When it is too long or a parameter is repeated.
    pub fn parse(encoded: &str) -> Result<Self, &'static str> {
        if encoded.len() > MAX_QUERY {
            return Err("longer than 16 KiB");
        }
        let mut parameters = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err("a parameter is repeated");
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter that has a value.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
