"""Checks access tokens of Latchkey's (RFC 9068, section 4)."""

import jwt


class AccessTokens:
    """`issuer`: the organization's URL at Latchkey; `audience`: what this API calls itself."""

    def __init__(self, issuer, audience):
        self.issuer, self.audience = issuer, audience
        # Keeps the keys for five minutes, and fetches them anew for a key that it does not know.
        self.keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")

    def claims(self, token):
        """What an access token says. An error of PyJWT's: it does not count, or there are no keys to tell."""
        checked = jwt.decode_complete(
            token,
            self.keys.get_signing_key_from_jwt(token),
            algorithms=["ES256"],
            issuer=self.issuer,
            audience=self.audience,
            options={"require": ["iss", "aud", "exp", "sub"]},
        )
        # Of everything that is signed with these keys, access tokens alone count.
        if checked["header"].get("typ", "").lower() != "at+jwt":
            raise jwt.InvalidTokenError("no access token")
        return checked["payload"]
