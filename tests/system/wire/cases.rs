//! The ways of asking a provider that the page of requests shows.

use serde_json::json;

/// A provider, its manifest, and how a login there begins.
pub struct Case {
    pub title: &'static str,
    /// What is special here.
    pub about: &'static str,
    /// The spec without its display name; PROVIDER stands for the address of the provider.
    pub spec: &'static str,
    /// What the provider's metadata says besides the usual, or null for what it is silent about: JSON, with PROVIDER
    /// as in `spec`.
    pub announced: &'static [(&'static str, &'static str)],
    pub begin: Begin,
    /// Whether the token endpoint refuses the client at first.
    pub refused_first: bool,
}

/// How a login begins; what follows the path.
pub enum Begin {
    Login(&'static str),
    Initiate(&'static str),
}

/// Characters that a form and Basic have to encode.
pub const SECRET: &str = "the first: client+secret % of ä test";
pub const PREVIOUS_SECRET: &str = "the-second-client-secret-of-a-test";

macro_rules! for_tests {
    ($name:literal) => {
        include_str!(concat!("../../../src/oidc/testdata/for-tests-", $name))
    };
}

pub const RSA_JWK: &str = for_tests!("rsa.jwk.json");
pub const P256_JWK: &str = for_tests!("p256.jwk.json");
pub const ED25519_JWK: &str = for_tests!("ed25519.jwk.json");

/// The Secret `client` with whatever a manifest here names.
pub fn secrets() -> String {
    let mut p256: serde_json::Value = serde_json::from_str(P256_JWK).expect("a JWK");
    p256["kid"] = "2026".into();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "client", "labels": {"latchkey.dev/usable": "true"}},
        "stringData": {
            "secret": SECRET,
            "previous": PREVIOUS_SECRET,
            "rsa.pem": for_tests!("rsa-pkcs8.pem"),
            "certified.pem": concat!(for_tests!("rsa-pkcs8.pem"), for_tests!("rsa-certificate.pem")),
            "p256.jwk": p256.to_string(),
            "ed25519.pem": for_tests!("ed25519-pkcs8.pem"),
        },
    });
    secret.to_string()
}

const ISSUER: &str = "issuer: PROVIDER\n";
const CLIENT: &str = "client: {id: latchkey, secretRef: {name: client, key: secret}}\n";

impl Case {
    /// Whether the person signs out in the end.
    pub fn signs_out(&self) -> bool {
        self.spec.contains("endSessionURL") || self.announced.contains(&END_SESSION_ENDPOINT)
    }

    /// The title as it is written in names and links.
    pub fn name(&self) -> String {
        let dashed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let words = self.title.chars().map(dashed).collect::<String>();
        words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// The manifest of a provider at this address.
    pub fn manifest(&self, provider: &str) -> String {
        let spec = self.spec.replace("ISSUER\n", ISSUER).replace("CLIENT\n", CLIENT).replace("PROVIDER", provider);
        let lines: String = spec.lines().map(|line| format!("  {line}\n")).collect();
        let (name, title) = (self.name(), self.title);
        format!(
            "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: {name}}}\nspec:\n  displayName: {title}\n{lines}"
        )
    }
}

const USUAL: Case = Case {
    title: "",
    about: "",
    spec: "ISSUER\nCLIENT\n",
    announced: &[],
    begin: Begin::Login(""),
    refused_first: false,
};

const NO_SECRET_METHODS: (&str, &str) =
    ("token_endpoint_auth_methods_supported", r#"["client_secret_jwt", "private_key_jwt"]"#);
const END_SESSION_ENDPOINT: (&str, &str) = ("end_session_endpoint", r#""PROVIDER/logout""#);
const PAR_ENDPOINT: (&str, &str) = ("pushed_authorization_request_endpoint", r#""PROVIDER/par""#);

pub const CASES: &[Case] = &[
    Case {
        title: "Secret in a header",
        about: "The code flow as it is without any setting: metadata that names no method of client authentication means `client_secret_basic`, and a challenge is sent even where metadata is silent about it.",
        announced: &[("code_challenge_methods_supported", "null")],
        ..USUAL
    },
    Case {
        title: "Secret in the form",
        about: "`authMethod: Auto` takes the first of `client_secret_basic`, `client_secret_post` and `client_secret_jwt` that is announced.",
        announced: &[("token_endpoint_auth_methods_supported", r#"["client_secret_post"]"#)],
        ..USUAL
    },
    Case {
        title: "Assertion under the secret",
        about: "The secret stays here; it is the key of a MAC.",
        spec: "ISSUER\nclient: {id: latchkey, secretRef: {name: client, key: secret}, authMethod: ClientSecretJwt}\n",
        announced: &[NO_SECRET_METHODS],
        ..USUAL
    },
    Case {
        title: "Assertion under an RSA key",
        about: "The key is PEM and has no name. Every provider can verify RS256.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: rsa.pem}}\n",
        announced: &[NO_SECRET_METHODS],
        ..USUAL
    },
    Case {
        title: "Assertion under an RSA key with a certificate",
        about: "The certificate stands beside the key in the Secret, and its thumbprint names the key, as Entra has it.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: certified.pem}}\n",
        announced: &[NO_SECRET_METHODS],
        ..USUAL
    },
    Case {
        title: "Assertion under an EC key",
        about: "The key is a JWK, whose `kid` names it.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: p256.jwk}}\n",
        announced: &[NO_SECRET_METHODS, ("token_endpoint_auth_signing_alg_values_supported", r#"["RS256", "ES256"]"#)],
        ..USUAL
    },
    Case {
        title: "Assertion under an Ed25519 key",
        about: "Where the provider announces `Ed25519`, the name that RFC 9864 gives the algorithm, and not `EdDSA`, `alg` is that.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: ed25519.pem}}\n",
        announced: &[NO_SECRET_METHODS],
        ..USUAL
    },
    Case {
        title: "Assertion for the endpoint",
        about: "An assertion is for the issuer. A provider that refuses that gets a second one, which is for the URL of the endpoint.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: rsa.pem}}\n",
        announced: &[NO_SECRET_METHODS],
        refused_first: true,
        ..USUAL
    },
    Case {
        title: "Assertion for Okta",
        about: "Types Okta and Entra take no assertion but one for the URL of the endpoint, so that is the first one. `issuer` is there only because the tests have no Okta; a manifest has `domain` instead.",
        spec: "type: Okta\nISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: rsa.pem}}\n",
        announced: &[NO_SECRET_METHODS],
        ..USUAL
    },
    Case {
        title: "Public client",
        about: "Nothing is shown but the client ID; PKCE ties the code to who asked for it.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: None}\n",
        ..USUAL
    },
    Case {
        title: "Without PKCE",
        about: "For a provider that fails on parameters that it doesn't know.",
        spec: "ISSUER\nCLIENT\nauthorization: {pkce: Disabled}\n",
        ..USUAL
    },
    Case {
        title: "Two secrets",
        about: "While a secret is exchanged for another, the previous one follows at once where the first is refused. The code is still good, as it was the client that was refused.",
        spec: "ISSUER\nclient: {id: latchkey, secretRef: {name: client, key: secret}, previousSecretRef: {name: client, key: previous}}\n",
        refused_first: true,
        ..USUAL
    },
    Case {
        title: "Pushed request",
        about: "Where the provider has an endpoint for it, the parameters go there by a form (RFC 9126, section 2.1), with the same client authentication as at the token endpoint (section 2). The browser carries a reference alone.",
        announced: &[PAR_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Pushed request of a public client",
        about: "The request names the client already, and each parameter stands in a form once.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: None}\nauthorization: {pushedAuthorizationRequests: Required}\n",
        announced: &[PAR_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Pushed request with an assertion",
        about: "Both endpoints get an assertion of their own, each with another `jti`.",
        spec: "ISSUER\nclient: {id: latchkey, authMethod: PrivateKeyJwt, privateKeyRef: {name: client, key: rsa.pem}}\n",
        announced: &[NO_SECRET_METHODS, PAR_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Answer by form post",
        about: "The code comes by a form that the provider's page posts, and not by a URL.",
        spec: "ISSUER\nCLIENT\nauthorization: {responseMode: FormPost}\n",
        ..USUAL
    },
    Case {
        title: "ID token at once",
        about: "No code, no token endpoint, and no secret. The ID token comes by form post.",
        spec: "ISSUER\nclient: {id: latchkey}\nauthorization: {responseType: IdToken}\n",
        announced: &[("response_types_supported", r#"["code", "id_token"]"#)],
        ..USUAL
    },
    Case {
        title: "By hand",
        about: "No metadata is fetched; the manifest says it all.",
        spec: "ISSUER\ndiscovery: {mode: Manual}\nendpoints:\n  authorization: PROVIDER/authorize?tenant=7\n  token: PROVIDER/token\n  jwks: PROVIDER/keys\nCLIENT\n",
        ..USUAL
    },
    Case {
        title: "Endpoints of its own",
        about: "Each endpoint that the manifest names takes the place of the discovered one; the others stay.",
        spec: "ISSUER\nendpoints: {token: PROVIDER/gateway/token}\nCLIENT\n",
        ..USUAL
    },
    Case {
        title: "Userinfo",
        about: "Asked when the ID token lacks a claim that is read.",
        announced: &[("userinfo_endpoint", r#""PROVIDER/userinfo""#)],
        ..USUAL
    },
    Case {
        title: "Everything that can be asked for",
        about: "`login_hint` is what came to `/login/{key}?login_hint=…`. Scopes stand in one item or in several, and `openid` is always there.",
        spec: "ISSUER\nCLIENT\nauthorization:\n  scopes: [\"email,profile groups\", offline_access, email]\n  prompt: [Login, Consent]\n  maxAge: 8h\n  acrValues: [urn:mace:incommon:iap:silver, phr]\n  uiLocales: [de-CH, de]\n  extraParameters: [{name: domain_hint, value: example.com}]\n",
        begin: Begin::Login("?login_hint=alice%40example.com"),
        ..USUAL
    },
    Case {
        title: "Without a hint",
        about: "A `login_hint` came as above, and is not passed on.",
        spec: "ISSUER\nCLIENT\nauthorization: {sendLoginHint: false}\n",
        begin: Begin::Login("?login_hint=alice%40example.com"),
        ..USUAL
    },
    Case {
        title: "Begun by the provider",
        about: "The provider sent the person to `status.initiateLoginURI` with `iss`, `login_hint` and `target_link_uri` (OpenID Connect Core 1.0, section 4). The hint goes back to it; `target_link_uri` stays here.",
        begin: Begin::Initiate("&login_hint=alice%40example.com&target_link_uri=%2Fo%2Fdefault%2Faccount"),
        ..USUAL
    },
    Case {
        title: "Signing out",
        about: "The person signs in, and then out. The browser goes to the end-session endpoint of the metadata, and comes back to `status.postLogoutRedirectURI`.",
        announced: &[END_SESSION_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Signing out with a hint",
        about: "The provider need not ask anybody.",
        spec: "ISSUER\nCLIENT\nlogout: {sendIDTokenHint: true}\n",
        announced: &[END_SESSION_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Signing out without the browser",
        about: "Nobody comes back, so nothing says whereto.",
        spec: "ISSUER\nCLIENT\nlogout: {mode: Backchannel}\n",
        announced: &[END_SESSION_ENDPOINT],
        ..USUAL
    },
    Case {
        title: "Signing out at another URL",
        about: "With a placeholder in it, nothing is added.",
        spec: "ISSUER\nCLIENT\nlogout: {endSessionURL: \"PROVIDER/logout?client={client-id}&returnTo={signout-oidc}\"}\n",
        ..USUAL
    },
];
