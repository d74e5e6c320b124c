// The provider's pages: sign in, sign out, and errors. Plain HTML, no JavaScript.

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => ESCAPES[c]);

const STYLE = `
  :root { color-scheme: light dark; --ink: #1d2433; --soft: #5a6478; --paper: #fff; --ground: #f1f3f8; --line: #8a93a6;
          --accent: #3a4fc1; --on-accent: #fff; --alarm: #a3172a; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e8ebf4; --soft: #a7b0c4; --paper: #1c212d; --ground: #12151d; --line: #76809a;
            --accent: #9fb0ff; --on-accent: #10131c; --alarm: #ff9aa6; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
         background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
  main { width: min(100%, 25rem); background: var(--paper); padding: 2rem; border-radius: .75rem;
         box-shadow: 0 1px 3px rgb(0 0 0 / .2); }
  h1 { margin: 0 0 .25rem; font-size: 1.25rem; }
  p { margin: 0 0 1.25rem; color: var(--soft); }
  p[role=alert] { color: var(--alarm); font-weight: 600; }
  label { display: block; margin-bottom: .25rem; font-weight: 600; }
  input { width: 100%; margin-bottom: 1rem; padding: .6rem .75rem; font: inherit; color: inherit;
          background: transparent; border: 1px solid var(--line); border-radius: .5rem; }
  button { width: 100%; margin-top: .5rem; padding: .65rem; font: inherit; font-weight: 600; cursor: pointer;
           color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .5rem; }
  button.quiet { color: var(--accent); background: transparent; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

function page(title, content) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

export function signInPage({ client, login = '', failed = false }) {
  const message = failed
    ? '<p role="alert">This user name and password do not belong together. Please try again.</p>'
    : `<p>to continue to ${escape(client)}</p>`;
  const focus = (wanted) => (wanted ? 'autofocus' : '');
  return page('Sign in to the demo provider', `${message}
<form method="post">
<label for="login">User name</label>
<input id="login" name="login" value="${escape(login)}" autocomplete="username" autocapitalize="none" spellcheck="false" required ${focus(!login)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required ${focus(login)}>
<button id="submit" type="submit">Sign in</button>
</form>`);
}

// `form` is oidc-provider's own hidden form, whose id is op.logoutForm.
export function signOutPage(form) {
  return page('Sign out of the demo provider?', `<p>You will have to enter your password again.</p>
${form}
<button id="sign-out" type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button id="stay" class="quiet" type="submit" form="op.logoutForm">Stay signed in</button>`);
}

export function signedOutPage() {
  return page('You are signed out', '<p>You can close this page.</p>');
}

export function errorPage(error, description) {
  return page('That did not work', `<p role="alert">${escape(description ?? error)}</p>
<p>Go back to the application and sign in from there. (<code>${escape(error)}</code>)</p>`);
}
