// What tests can do to a running provider, under /control/, and its log of requests.
// Only served with "control": true.

const LOG_LIMIT = 2000;
const BODY_LIMIT = 4 * 1024 * 1024;

// Requests at the provider's own endpoints. Names of parameters only, never their values.
export class RequestLog {
  #counts = {};
  #requests = [];

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
      status: ctx.status,
    });
    if (this.#requests.length > LOG_LIMIT) this.#requests.shift();
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

// `operations` maps "METHOD name" to a function from the JSON body to what is answered.
// A refusal is a 400 with the reason.
export async function answerControl(operations, request, response) {
  const name = new URL(request.url, 'http://provider').pathname.slice('/control/'.length);
  const operation = operations[`${request.method} ${name}`];
  if (!operation) return send(response, 404, { error: `there is no ${request.method} /control/${name}` });
  try {
    return send(response, 200, (await operation(await readJSON(request))) ?? {});
  } catch (error) {
    return send(response, 400, { error: error.error_description ?? error.message });
  }
}

async function readJSON(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new RangeError('the body is too big');
    chunks.push(chunk);
  }
  return size ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
}

function send(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
