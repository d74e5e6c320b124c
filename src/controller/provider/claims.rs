//! Which claim means what: what the manifest says, over what each type of provider sends.

use crate::{
    api::{ClaimMapping, IdentityProviderSpec, ProviderType},
    domain::provider::ClaimNames,
};

/// The claims that describe the people of a provider.
pub fn claim_names(spec: &IdentityProviderSpec) -> ClaimNames {
    let claims = &spec.claims;
    let written = |mapping: &Option<ClaimMapping>| mapping.as_ref().map(|mapping| mapping.claim.clone());
    let name = |mapping: &Option<ClaimMapping>, standard: &str| written(mapping).unwrap_or_else(|| standard.to_owned());
    // Neither has user names beside the address, nor groups that anybody could rely on: looking for them would ask
    // userinfo at every login.
    let few = matches!(spec.type_, ProviderType::Google | ProviderType::Auth0);
    ClaimNames {
        user_id: name(&claims.user_id, "sub"),
        user_name: written(&claims.user_name),
        preferred_user_name: (!few).then(|| "preferred_username".to_owned()),
        full_name: name(&claims.full_name, "name"),
        email: name(&claims.email, "email"),
        email_verified: name(&claims.email_verified, email_verified(spec.type_)),
        groups: written(&claims.groups).or_else(|| (!few).then(|| "groups".to_owned())),
    }
}

/// Entra never sends `email_verified`; whether the owner of the address's domain is verified, it says by another
/// claim, if it is told to.
fn email_verified(type_: ProviderType) -> &'static str {
    match type_ {
        ProviderType::Entra => "xms_edov",
        _ => "email_verified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Claims;

    fn names(type_: ProviderType) -> ClaimNames {
        claim_names(&IdentityProviderSpec { type_, ..Default::default() })
    }

    #[test]
    fn each_type_has_the_claims_that_it_sends() {
        for type_ in [ProviderType::Generic, ProviderType::Okta, ProviderType::Keycloak] {
            assert_eq!(names(type_), crate::domain::testing::claim_names(), "{type_:?}");
        }
        assert_eq!(names(ProviderType::Entra).email_verified, "xms_edov");
        assert_eq!(names(ProviderType::Entra).groups.as_deref(), Some("groups"));
        for type_ in [ProviderType::Google, ProviderType::Auth0] {
            assert_eq!((names(type_).preferred_user_name, names(type_).groups), (None, None), "{type_:?}");
        }
    }

    #[test]
    fn what_is_written_goes_before_what_the_type_says() {
        let mapping = |claim: &str| Some(ClaimMapping { claim: claim.to_owned() });
        let claims = Claims { groups: mapping("roles"), email_verified: mapping("checked"), ..Claims::default() };
        for type_ in [ProviderType::Google, ProviderType::Entra] {
            let names = claim_names(&IdentityProviderSpec { type_, claims: claims.clone(), ..Default::default() });
            assert_eq!((names.groups.as_deref(), &*names.email_verified), (Some("roles"), "checked"));
        }
    }
}
