// The interaction step of a login: the sign-in form. These are first-party clients, so nobody is
// asked for consent.

import { errors } from 'oidc-provider';
import { errorPage, signInPage } from './pages.mjs';

const FORM_LIMIT = 16 * 1024;

// Answers /interaction/…; everything else is left to `next`.
export function signIn(provider, people, acrValues) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    ctx.set('Cache-Control', 'no-store');
    try {
      await interact(ctx, provider, people, acrValues);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      ctx.status = 400;
      ctx.body = errorPage(error.error, 'This sign-in has ended or was begun in another browser.');
    }
    return undefined;
  };
}

async function interact(ctx, provider, people, acrValues) {
  const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'consent') return finish(ctx, provider, { consent: {} });
  const { clientId, clientName } = await provider.Client.find(params.client_id);
  const client = clientName ?? clientId;
  if (ctx.method !== 'POST') {
    ctx.body = signInPage({ client, login: params.login_hint });
    return undefined;
  }
  const form = await readForm(ctx.req);
  const login = form.get('login') ?? '';
  const person = people.signIn(login.trim(), form.get('password') ?? '');
  if (person) {
    const acr = params.acr_values?.split(' ').find((value) => acrValues.includes(value));
    return finish(ctx, provider, { login: { accountId: person.sub, amr: ['pwd'], acr }, select_account: {} });
  }
  ctx.body = signInPage({ client, login, failed: true });
  return undefined;
}

async function finish(ctx, provider, result) {
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  ctx.status = 303;
}

async function readForm(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > FORM_LIMIT) throw new errors.InvalidRequest('the form is too big');
  }
  return new URLSearchParams(text);
}
