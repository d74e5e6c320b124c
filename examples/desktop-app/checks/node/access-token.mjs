// Checks access tokens of Latchkey's (RFC 9068, section 4).

import { createRemoteJWKSet, jwtVerify } from 'jose';

// A function from an access token to what it says, which throws when it does not count. `issuer`: the organization's URL at
// Latchkey; `audience`: what this API calls itself. The keys are kept, and fetched anew for a key that is not known.
export function accessTokens(issuer, audience) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      typ: 'at+jwt',
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  };
}
