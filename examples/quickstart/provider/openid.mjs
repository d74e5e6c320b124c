// One oidc-provider, configured as a company's sign-in service would be. It is made anew when
// clients, people or keys change; sessions and codes live in the storage and go on.

import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Provider, interactionPolicy } from 'oidc-provider';
import { errorPage, signOutPage, signedOutPage } from './pages.mjs';
import { signIn } from './sign-in.mjs';

const generate = promisify(generateKeyPair);

// What a client may sign its assertions with: client_secret_jwt and private_key_jwt.
const ASSERTION_ALGORITHMS = [
  ...['HS', 'RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`)),
  'Ed25519', 'EdDSA',
];

// Fresh private keys as JWKs, RS256 first: the default for ID tokens, the others for clients that
// ask by id_token_signed_response_alg.
export async function generateKeys() {
  const pairs = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
    generate('ed25519'),
  ]);
  return pairs.map(({ privateKey }) => (
    { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: randomBytes(8).toString('hex') }));
}

export function openIDProvider({ issuer, settings, clients, people, keys, cookieKeys, storage, onRequest }) {
  const provider = new Provider(issuer, {
    adapter: storage.adapter(),
    clients,
    jwks: { keys },
    findAccount: (_ctx, sub) => people.account(sub),
    claims: people.claimsByScope(),
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    // false: what the scopes carry is in the ID token too, as with most companies' providers.
    conformIdTokenClaims: !settings.idTokenClaims,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
    enabledJWA: { clientAuthSigningAlgValues: ASSERTION_ALGORITHMS },
    pkce: { required: () => settings.requirePKCE },
    acrValues: settings.acrValues,
    extraParams: settings.extraParameters,
    ttl: settings.lifetimes,
    cookies: { keys: cookieKeys, names: cookieNames(issuer) },
    interactions: { policy: interactions(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantWhatIsAsked,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out.error, out.error_description);
    },
    fetch: fetchFromLoopbackToo,
    features: features(settings),
  });
  if (onRequest) provider.use(onRequest);
  provider.use(signIn(provider, people, settings.acrValues));
  return provider;
}

function features({ requirePushedAuthorizationRequests }) {
  return {
    devInteractions: { enabled: false },
    introspection: { enabled: false },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = signOutPage(form);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = signedOutPage();
      },
    },
  };
}

// Cookies are shared by all ports of a host: several providers on one machine need names of their own.
function cookieNames(issuer) {
  const prefix = `provider_${new URL(issuer).port || 'default'}`;
  return { session: `${prefix}_session`, interaction: `${prefix}_interaction`, resume: `${prefix}_resume` };
}

// Clients of application_type "native" would be asked for consent at every login. What
// prompt=select_account asks for, the sign-in form gives.
function interactions() {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  policy.get('consent').checks.remove('native_client_prompt');
  return policy;
}

async function grantWhatIsAsked(ctx) {
  const { client, session, provider, requestParamOIDCScopes, requestParamClaims } = ctx.oidc;
  const id = session.grantIdFor(client.clientId);
  const grant = (id && (await provider.Grant.find(id)))
    || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  grant.addOIDCClaims([...requestParamClaims]);
  await grant.save();
  return grant;
}

// Back-channel logout calls the client, which is on this machine here; oidc-provider's dispatcher
// refuses loopback addresses.
function fetchFromLoopbackToo(url, { dispatcher, ...options }) {
  return fetch(url, options);
}
