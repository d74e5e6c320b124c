// A command-line application: signs somebody in at their OpenID provider, in the browser (RFC 8252),
// brings the ID token to Latchkey (RFC 7523), and asks an API with the access token that it gets.
//
//   node app.mjs [PATH]     what the API answers at PATH (/me)
//   node app.mjs token      only the access token, for curl
//   node app.mjs id-token   only the ID token, to bring it by curl oneself

import { createServer } from 'node:http';
import * as client from 'openid-client';

const PROVIDER = new URL(process.env.PROVIDER ?? 'http://127.0.0.1:9400');
const LATCHKEY = new URL(process.env.LATCHKEY ?? 'http://127.0.0.1:8080/o/default');
const API = new URL(process.env.API ?? 'http://127.0.0.1:8500');
// What the application is called at the provider, and at Latchkey. It has no secret: whoever has the
// application could read it.
const CLIENT_ID_AT_PROVIDER = 'desktop-app';
const CLIENT_ID_AT_LATCHKEY = 'desktop-app';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
// So many milliseconds somebody has to sign in.
const PATIENCE = 5 * 60 * 1000;
// For everything on this machine. With https, leave it out.
const http = [client.allowInsecureRequests];

async function signIn() {
  const provider = await client.discovery(PROVIDER, CLIENT_ID_AT_PROVIDER, undefined, client.None(), {
    execute: [...http, client.enableNonRepudiationChecks], // checks the signature of the ID token, too
  });
  const codeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const listener = await listen();
  try {
    const address = client.buildAuthorizationUrl(provider, {
      redirect_uri: `http://127.0.0.1:${listener.address().port}/callback`,
      scope: 'openid profile email groups',
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    console.error(`Open this address in your browser to sign in:\n\n  ${address}\n`);
    const answer = await answerOf(listener, state);
    const tokens = await client.authorizationCodeGrant(provider, answer, {
      pkceCodeVerifier: codeVerifier,
      expectedState: state,
      expectedNonce: nonce,
    });
    return tokens.id_token;
  } finally {
    listener.close();
    listener.closeAllConnections();
  }
}

// Listens for the browser to come back, at a free port of the loopback address alone (RFC 8252, section 7.3).
function listen() {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => resolve(listener));
  });
}

// The address with which the browser comes back from the sign-in that has this state; whatever else comes is not ours.
function answerOf(listener, state) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('nobody has signed in within five minutes')), PATIENCE).unref();
    listener.on('request', (request, response) => {
      const url = new URL(request.url, `http://127.0.0.1:${listener.address().port}`);
      const ours = url.pathname === '/callback' && url.searchParams.get('state') === state;
      response.writeHead(ours ? 200 : 404, { 'content-type': 'text/plain' });
      response.end(ours ? 'You can close this page and go back to the application.\n' : 'Not found.\n');
      if (ours) response.once('close', () => resolve(url));
    });
  });
}

// Latchkey's access token for an ID token, which counts once. The endpoint is found by Latchkey's metadata (RFC 8414).
async function exchange(idToken) {
  const latchkey = await client.discovery(LATCHKEY, CLIENT_ID_AT_LATCHKEY, undefined, client.None(), {
    algorithm: 'oauth2',
    execute: http,
  });
  const tokens = await client.genericGrantRequest(latchkey, JWT_BEARER, { assertion: idToken });
  return tokens.access_token;
}

async function ask(path, accessToken) {
  const answer = await fetch(new URL(path, API), { headers: { authorization: `Bearer ${accessToken}` } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the API answers with ${answer.status}: ${text.trim()}`);
  return text;
}

const [what = '/me'] = process.argv.slice(2);

async function use(idToken) {
  const accessToken = await exchange(idToken);
  return what === 'token' ? accessToken : (await ask(what, accessToken)).trimEnd();
}

try {
  const idToken = await signIn();
  console.log(what === 'id-token' ? idToken : await use(idToken));
} catch (error) {
  // Of a refusal of Latchkey's, `error_description` ends with a reference, by which its log has the cause.
  const { error: code, error_description: description } = error;
  console.error(code ? `Refused, ${code}: ${description}` : `${error.message} ${error.cause?.message ?? ''}`.trim());
  process.exitCode = 1;
}
