// Checks access tokens with `jose`, and gets them with `oauth4webapi`, as applications do: reads requests from stdin, one
// JSON object a line, and answers on stdout likewise. Ends when stdin closes.
//
//   {"op": "verifier", "name": …, "jwks": URL, "keptFor": seconds}   one that has fetched the keys just now
//   {"op": "verify", "verifier": name, "token": …, "issuer": …, "audience": …}   the payload
//   {"op": "exchange", "issuer": …, "client": {"id", "secret", "method"}, "assertion": …}   the metadata and the answer

import { createInterface } from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const INSECURE = { [oauth.allowInsecureRequests]: true };
const verifiers = new Map();

const operations = {
  async verifier({ name, jwks, keptFor }) {
    const milliseconds = keptFor * 1000;
    const keys = createRemoteJWKSet(new URL(jwks), { cacheMaxAge: milliseconds, cooldownDuration: milliseconds });
    await keys.reload();
    verifiers.set(name, keys);
    return keys.jwks();
  },

  async verify({ verifier, token, issuer, audience }) {
    const demands = {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    };
    const { payload } = await jwtVerify(token, verifiers.get(verifier), demands);
    return payload;
  },

  async exchange({ issuer, client, assertion }) {
    const identifier = new URL(issuer);
    const asked = await oauth.discoveryRequest(identifier, { algorithm: 'oauth2', ...INSECURE });
    const server = await oauth.processDiscoveryResponse(identifier, asked);
    const application = { client_id: client.id };
    const authentication = client.secret ? oauth[client.method](client.secret) : oauth.None();
    const answer = await oauth.genericTokenEndpointRequest(
      server, application, authentication, GRANT, { assertion }, INSECURE);
    const tokens = await oauth.processGenericTokenEndpointResponse(server, application, answer);
    return { server, tokens };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, value: await operations[request.op](request) };
  } catch (error) {
    answer = { ok: false, error: error.code ?? String(error), status: error.status, said: error.error };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
