// A real OpenID provider for the quickstart and the tests: the certified oidc-provider with a
// sign-in form and people from a file. Listens on 127.0.0.1 only; never use it for real accounts.
//
//   node provider.mjs --config FILE.json [--until-stdin-closes]     ($PROVIDER_CONFIG instead of --config)
//
// Prints one line of JSON once it listens: {"issuer": "…", "port": N}. README.md has the settings.

import { createPublicKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { answerControl } from './control.mjs';
import { generateKeys, openIDProvider } from './openid.mjs';
import { People } from './people.mjs';
import { RequestLog } from './request-log.mjs';
import { Storage } from './storage.mjs';

const DEFAULTS = {
  port: 0,
  issuer: undefined,
  clients: [],
  people: [],
  idTokenClaims: true,
  requirePushedAuthorizationRequests: false,
  requirePKCE: false,
  acrValues: [],
  extraParameters: [],
  lifetimes: {},
  resources: [],
  control: false,
};

// The settings of FILE over the defaults; a key of "//" is a comment.
async function readSettings(file) {
  if (!file) throw new Error('say which file holds the settings: --config FILE.json');
  const { '//': _comment, ...settings } = JSON.parse(await readFile(file, 'utf8'));
  const unknown = Object.keys(settings).filter((key) => !(key in DEFAULTS));
  if (unknown.length) {
    throw new Error(`${file}: unknown ${unknown.join(', ')}; known are ${Object.keys(DEFAULTS).join(', ')}`);
  }
  return { ...DEFAULTS, ...settings };
}

const rightTime = Date.now;

// From now on the provider's clock is off by so many seconds; it is behind when they are negative.
function setClock({ ahead }) {
  Date.now = () => rightTime() + ahead * 1000;
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

class RunningProvider {
  #parts;
  #handler;

  static async start(issuer, settings) {
    const running = new RunningProvider();
    running.log = settings.control ? new RequestLog(settings.extraParameters) : undefined;
    await running.#change({
      issuer,
      settings,
      clients: settings.clients,
      people: new People(settings.people),
      keys: await generateKeys(),
      cookieKeys: [randomBytes(32).toString('base64url')],
      storage: new Storage(),
      onRequest: running.log?.middleware(),
    });
    return running;
  }

  // Replaces the provider by one with these changes, or changes nothing if a client is invalid.
  async #change(changes) {
    const parts = { ...this.#parts, ...changes };
    const provider = openIDProvider(parts);
    for (const { client_id: id } of parts.clients) await provider.Client.find(id);
    this.#parts = parts;
    this.provider = provider;
    this.#handler = provider.callback();
  }

  handle(request, response) {
    return this.#handler(request, response);
  }

  replaceClients(clients) {
    return this.#change({ clients });
  }

  replacePeople(people) {
    return this.#change({ people: new People(people) });
  }

  // The new keys sign from now on; the old ones are published beside them only with keepOld. With
  // sameNames the new ones are called as the old ones were.
  async rotateKeys({ keepOld = false, sameNames = false } = {}) {
    const fresh = await generateKeys(sameNames ? this.#parts.keys.map(({ kid }) => kid) : []);
    await this.#change({ keys: keepOld ? [...fresh, ...this.#parts.keys] : fresh });
    return { kids: fresh.map(({ kid }) => kid) };
  }

  // The keys that sign, as an administrator's console would show them.
  publicKeys() {
    return this.#parts.keys.map((key) => {
      const { kty, crv, kid } = key;
      return { kty, crv, kid, pem: createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) };
    });
  }

  // Ends all sessions as an administrator would, and tells the clients that asked to be told.
  async endSessions() {
    const sessions = this.#parts.storage.endSessions();
    const outcomes = await Promise.allSettled(sessions.flatMap(({ accountId, authorizations = {} }) => (
      Object.entries(authorizations).map(async ([id, { sid }]) => {
        const client = await this.provider.Client.find(id);
        if (!client?.backchannelLogoutUri) return false;
        await client.backchannelLogout(accountId, sid);
        return true;
      }))));
    return {
      ended: sessions.length,
      told: outcomes.filter(({ value }) => value === true).length,
      failed: outcomes.filter(({ status }) => status === 'rejected').length,
    };
  }

  operations() {
    return {
      'PUT clients': (clients) => this.replaceClients(clients),
      'PUT people': (people) => this.replacePeople(people),
      'POST rotate-keys': (options) => this.rotateKeys(options),
      'GET public-keys': () => this.publicKeys(),
      'POST clock': setClock,
      'POST end-sessions': () => this.endSessions(),
      'GET requests': () => this.log,
    };
  }
}

async function main() {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, 'until-stdin-closes': { type: 'boolean' } },
  });
  const settings = await readSettings(values.config ?? process.env.PROVIDER_CONFIG);
  const server = createServer();
  const port = await listen(server, settings.port);
  const issuer = settings.issuer ?? `http://127.0.0.1:${port}`;
  const running = await RunningProvider.start(issuer, settings);
  const operations = running.operations();
  server.on('request', (request, response) => (
    settings.control && request.url.startsWith('/control/')
      ? answerControl(operations, request, response)
      : running.handle(request, response)));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
  if (values['until-stdin-closes']) process.stdin.resume().once('close', () => process.exit(0));
  console.log(JSON.stringify({ issuer, port }));
}

main().catch((error) => {
  console.error(`provider: ${error.error_description ?? error.message}`);
  process.exit(1);
});
