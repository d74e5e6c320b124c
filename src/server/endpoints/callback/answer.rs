//! What the provider answers with, told apart by its flow.

use crate::{
    domain::relation::{Flow, Relation},
    oidc::registered_error,
    server::{
        failure::Failure,
        parameters::{Parameters, Way},
        verify::Brought,
    },
};

/// What the flow brings, once `iss` (RFC 9207, section 2.4) and `error` have been looked at.
pub(in crate::server) fn brought(parameters: &Parameters, way: Way, relation: &Relation) -> Result<Brought, Failure> {
    // An ID token names its issuer itself, so some providers leave the parameter out beside it (section 4).
    let names_issuer = matches!(relation.flow, Flow::IdToken) && parameters.text("id_token").is_some();
    match parameters.text("iss") {
        Some(issuer) if issuer != relation.authority.issuer => return Err(Failure::WrongIssuer),
        None if relation.iss_parameter && !names_issuer => return Err(Failure::MissingIssuer),
        _ => {}
    }
    if let Some(error) = parameters.text("error") {
        let registered = registered_error(error);
        return Err(Failure::RefusedByProvider(registered.unwrap_or("one that no specification registers")));
    }
    match &relation.flow {
        Flow::Code { token_endpoint, pkce, .. } => {
            let code =
                parameters.text("code").ok_or(Failure::MalformedParameters("there is neither code nor error"))?;
            if !may_be_code(code) {
                return Err(Failure::MalformedParameters("the code has characters that no code has"));
            }
            Ok(Brought::Code { code: code.into(), token_endpoint: token_endpoint.clone(), pkce: *pkce })
        }
        // What stands in a URL stands in histories and logs, too.
        Flow::IdToken if way == Way::Query => Err(Failure::MalformedParameters("an ID token comes by form post alone")),
        Flow::IdToken => {
            let token = parameters.text("id_token");
            let token = token.ok_or(Failure::MalformedParameters("there is neither id_token nor error"))?;
            Ok(Brought::IdToken(token.into()))
        }
    }
}

/// RFC 6749, appendix A.11: only visible characters of ASCII, and spaces.
fn may_be_code(code: &str) -> bool {
    code.bytes().all(|octet| matches!(octet, 0x20..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_visible_characters_of_ascii_alone() {
        let every: String = (' '..='~').collect();
        assert!(may_be_code(&every));
        for odd in ["a\0", "a\n", "\u{7f}", "é", "\u{fffd}"] {
            assert!(!may_be_code(odd), "{odd:?}");
        }
    }
}
