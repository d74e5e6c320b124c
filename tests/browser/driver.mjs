// A headless browser for tests in other languages: reads requests from stdin, one JSON object a
// line, and answers on stdout likewise. Ends, with the browser, when stdin closes. README.md lists
// the operations. It talks to 127.0.0.1, localhost and names below localhost alone.

import { promises as dns } from 'node:dns';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const TIMEOUT_MS = 10_000;
const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '*.localhost'];
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // Routes do not see redirects; this keeps them from leaving the machine, too.
  `--host-resolver-rules=MAP * ~NOTFOUND${LOCAL_HOSTS.map((host) => `, EXCLUDE ${host}`).join('')}`,
];

// Names below localhost are this machine (RFC 6761). Chromium knows that; Node, which `fetch` goes
// by, asks a system that may not.
const { lookup } = dns;
dns.lookup = (host, options) => lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, options);

const pages = new Map(); // id -> { page, problems }
let lastPage = 0;
let launched; // a promise of the browser, once it is needed

function browser() {
  launched ??= launch();
  return launched;
}

async function launch() {
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find(existsSync);
  if (!executablePath) throw new Error(`there is no browser: set CHROMIUM, or install one of ${BROWSERS.join(', ')}`);
  return chromium.launch({ executablePath, args: FLAGS });
}

function isLocal(url) {
  const { protocol, hostname } = new URL(url);
  return ['http:', 'https:'].includes(protocol)
    && (LOCAL_HOSTS.includes(hostname) || hostname.endsWith('.localhost'));
}

// A page in this context, under a new id; what goes wrong in it is kept for `problems`.
async function newPage(context) {
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  lastPage += 1;
  const id = `page${lastPage}`;
  pages.set(id, { page, problems });
  return id;
}

async function fetchInContext(page, { url, method = 'GET', headers, form, maxRedirects = 20, timeout }) {
  const request = page.context().request;
  for (let left = maxRedirects; ; left -= 1) {
    if (!isLocal(url)) throw new Error(`${url} is not on this machine`);
    const response = await request.fetch(url, { method, headers, form, timeout, maxRedirects: 0 });
    const { location } = response.headers();
    const redirected = response.status() >= 300 && response.status() < 400 && location !== undefined;
    if (!redirected || left <= 0) {
      return { url, status: response.status(), headers: response.headers(), body: await response.text() };
    }
    url = new URL(location, url).href;
    method = 'GET';
    form = undefined;
  }
}

async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, impact, help, nodes }) => (
    { id, impact, help, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) }));
}

async function close({ page }, id) {
  const context = page.context();
  pages.delete(id);
  await page.close();
  if (context.pages().length === 0) await context.close();
}

async function open({ colorScheme, width = 1280, height = 800, javaScriptEnabled, locale }) {
  const context = await (await browser()).newContext({
    colorScheme, locale, javaScriptEnabled, viewport: { width, height }, ignoreHTTPSErrors: true,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  await context.route('**/*', (route) => (isLocal(route.request().url()) ? route.continue() : route.abort()));
  return newPage(context);
}

// Operations on a page: (entry, request) to the value that is answered, or nothing for null.
const OPERATIONS = {
  tab: ({ page }) => newPage(page.context()),
  goto: async ({ page }, { url, timeout }) => ({ status: (await page.goto(url, { timeout }))?.status() ?? null, url: page.url() }),
  reload: async ({ page }, { timeout }) => ({ status: (await page.reload({ timeout }))?.status() ?? null, url: page.url() }),
  back: async ({ page }, { timeout }) => { await page.goBack({ timeout }); },
  click: ({ page }, { selector, timeout }) => page.click(selector, { timeout }),
  fill: ({ page }, { selector, value, timeout }) => page.fill(selector, value, { timeout }),
  press: ({ page }, { selector, key, timeout }) => (selector ? page.press(selector, key, { timeout }) : page.keyboard.press(key)),
  waitURL: ({ page }, { contains, timeout }) => page.waitForURL((url) => url.href.includes(contains), { timeout }),
  waitFor: ({ page }, { selector, state, timeout }) => page.locator(selector).first().waitFor({ state, timeout }),
  text: ({ page }, { selector = 'body', timeout }) => page.innerText(selector, { timeout }),
  attribute: ({ page }, { selector, name, timeout }) => page.getAttribute(selector, name, { timeout }),
  count: ({ page }, { selector }) => page.locator(selector).count(),
  pictureWidth: ({ page }, { selector, timeout }) => page.locator(selector).first().evaluate(
    (picture) => (picture.complete ? picture.naturalWidth : 0), undefined, { timeout },
  ),
  focused: ({ page }) => page.evaluate(() => document.activeElement.outerHTML),
  html: ({ page }) => page.content(),
  url: ({ page }) => page.url(),
  title: ({ page }) => page.title(),
  cookies: ({ page }) => page.context().cookies(),
  problems: ({ problems }) => problems,
  fetch: ({ page }, request) => fetchInContext(page, request),
  screenshot: async ({ page }, { path, fullPage = true, timeout }) => { await page.screenshot({ path, fullPage, timeout }); },
  axe: ({ page }) => axe(page),
  overflow: ({ page }) => page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth),
  close: (entry, { page: id }) => close(entry, id),
};

async function perform(request) {
  if (request.op === 'open') return open(request);
  const operation = Object.hasOwn(OPERATIONS, request.op) && OPERATIONS[request.op];
  if (!operation) throw new Error(`there is no operation ${request.op}`);
  const entry = pages.get(request.page);
  if (!entry) throw new Error(`there is no page ${request.page}`);
  return operation(entry, request);
}

async function answer(request) {
  try {
    return { id: request.id, ok: true, value: (await perform(request)) ?? null };
  } catch (error) {
    return { id: request.id, ok: false, error: stripVTControlCharacters(error.message) };
  }
}

async function quit() {
  await (await launched)?.close();
  process.exit(0);
}

function reply(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

// Requests to one page are done in their order, those to different pages at the same time.
const queues = new Map();

function accept(request) {
  const turn = (queues.get(request.page) ?? Promise.resolve()).then(() => answer(request));
  if (request.page) queues.set(request.page, turn);
  turn.then((result) => {
    reply(result);
    if (queues.get(request.page) === turn) queues.delete(request.page);
  });
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const request = JSON.parse(line);
  if (request.op !== 'quit') return accept(request);
  reply({ id: request.id, ok: true, value: null });
  return lines.close();
});
lines.on('close', quit);
