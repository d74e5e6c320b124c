// The requests at the provider's own endpoints, for tests: names of parameters, what the provider
// made of an authorization request, how the client showed who it is. Never a code, token, secret,
// assertion, state, nonce or verifier.

const LOG_LIMIT = 2000;
// Whatever is not listed stays out, as a parameter may hold a secret.
const SHOWN_PARAMETERS = [
  'client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'prompt', 'max_age', 'acr_values',
  'login_hint', 'ui_locales', 'claims_locales', 'display', 'claims', 'code_challenge_method',
];

export class RequestLog {
  #shown;
  #counts = {};
  #requests = [];

  constructor(extraParameters) {
    this.#shown = [...SHOWN_PARAMETERS, ...extraParameters];
  }

  middleware() {
    return async (ctx, next) => {
      try {
        await next();
      } finally {
        if (ctx.oidc?.route) this.#add(ctx);
      }
    };
  }

  #add(ctx) {
    const { route: endpoint, body = {} } = ctx.oidc;
    this.#counts[endpoint] = (this.#counts[endpoint] ?? 0) + 1;
    this.#requests.push({
      endpoint,
      method: ctx.method,
      path: ctx.path,
      query: Object.keys(ctx.query),
      form: Object.keys(body),
      grantType: body.grant_type,
      clientAuthMethod: clientAuthMethod(ctx.get('authorization'), body),
      clientAssertion: described(body.client_assertion),
      ...this.#authorization(ctx),
      status: ctx.status,
    });
    if (this.#requests.length > LOG_LIMIT) this.#requests.shift();
  }

  // The values that count after defaults of the client and, for one that was pushed before, those
  // that were pushed.
  #authorization({ oidc: { route, params, entities } }) {
    if (!['authorization', 'pushed_authorization_request'].includes(route)) return undefined;
    const shown = this.#shown.filter((name) => params?.[name] !== undefined);
    return {
      pushed: entities.PushedAuthorizationRequest !== undefined,
      parameters: Object.fromEntries(shown.map((name) => [name, params[name]])),
    };
  }

  toJSON() {
    return { counts: this.#counts, requests: this.#requests };
  }
}

// How the client showed who it is, as seen on the wire; undefined where it did not.
function clientAuthMethod(authorization, form) {
  if (/^basic /i.test(authorization)) return 'client_secret_basic';
  if (form.client_secret !== undefined) return 'client_secret_post';
  if (form.client_assertion !== undefined) return 'client_assertion';
  if (form.client_id !== undefined) return 'none';
  return undefined;
}

// Header and claims of a client assertion (RFC 7523), but for its jti: undefined without one, or for
// what is no JWT.
function described(assertion) {
  try {
    const [header, claims] = assertion.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const { alg, kid, typ } = header;
    const { aud, iat, exp } = claims;
    return { alg, kid, typ, aud, lifetime: exp - iat, claims: Object.keys(claims).sort() };
  } catch {
    return undefined;
  }
}
