// One oidc-provider, configured as a company's sign-in service would be. It is made anew when
// clients, people or keys change; sessions and codes live in the storage and go on.

import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Provider, errors, interactionPolicy } from 'oidc-provider';
import { errorPage, signOutPage, signedOutPage } from './pages.mjs';
import { signIn } from './sign-in.mjs';

const generate = promisify(generateKeyPair);

// What a client may sign its assertions with, and ask to have its ID tokens and userinfo signed with.
const ALGORITHMS = [
  ...['HS', 'RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`)),
  'Ed25519', 'EdDSA',
];

// Fresh private keys as JWKs, RSA first: the default for ID tokens, the others for clients that ask
// by id_token_signed_response_alg. `kids`: their names; those that are left out are new.
export async function generateKeys(kids = []) {
  const pairs = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    ...['P-256', 'P-384', 'P-521'].map((namedCurve) => generate('ec', { namedCurve })),
    generate('ed25519'),
  ]);
  return pairs.map(({ privateKey }, index) => (
    { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: kids[index] ?? randomBytes(8).toString('hex') }));
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
    enabledJWA: {
      clientAuthSigningAlgValues: ALGORITHMS,
      idTokenSigningAlgValues: ALGORITHMS,
      userinfoSigningAlgValues: ALGORITHMS,
    },
    pkce: { required: () => settings.requirePKCE },
    acrValues: settings.acrValues,
    extraParams: settings.extraParameters,
    ttl: settings.lifetimes,
    cookies: { keys: cookieKeys, names: cookieNames(issuer) },
    interactions: { policy: interactions(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantWhatIsAsked,
    extraTokenClaims: (_ctx, token) => people.claimsInAccessToken(token.accountId),
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

function features({ requirePushedAuthorizationRequests, resources }) {
  return {
    devInteractions: { enabled: false },
    introspection: { enabled: false },
    revocation: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: resources.length > 0,
      defaultResource: (_ctx, _client, oneOf) => oneOf?.[0],
      getResourceServerInfo: (_ctx, resource) => {
        if (!resources.includes(resource)) throw new errors.InvalidTarget();
        return { scope: '', accessTokenFormat: 'jwt' };
      },
      useGrantedResource: () => true,
    },
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
