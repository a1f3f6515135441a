/** The page that asks for the start-up token: plain HTML, no script, light and dark. */
import { html } from 'hono/html';

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f6f8, #0f141a); }
  main { box-sizing: border-box; width: min(30rem, 100vw - 2rem); padding: 2rem; border-radius: 14px;
    background: light-dark(#fff, #161d26); border: 1px solid light-dark(#c6c6cd, #424650); }
  h1 { margin: 0 0 .5rem; font-size: 1.4rem; }
  p { margin: 0 0 1rem; color: light-dark(#424650, #b9c2cc); }
  code { padding: .1rem .3rem; border-radius: 4px; background: light-dark(#ebebf0, #232b37); overflow-wrap: anywhere; }
  label { display: block; font-weight: 700; margin-bottom: .3rem; }
  input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit; border-radius: 8px; border: 1px solid light-dark(#8c8c94, #656871);
    background: light-dark(#fff, #0f141a); color: inherit; }
  button { margin-top: 1rem; padding: .5rem 1.4rem; font: inherit; font-weight: 700; border: 0; border-radius: 20px; background: light-dark(#006ce0, #42b4ff);
    color: light-dark(#fff, #0f141a); cursor: pointer; }
  .problem { padding: .7rem .9rem; border-radius: 8px; border: 2px solid light-dark(#db0000, #ff7a7a); color: inherit; }
`;

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export async function signInPage({ problem, canTry }: { problem?: string; canTry: boolean }, status = 200): Promise<Response> {
  const page = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Sign in · Traveler Extender</title>
    <style>
      ${style}
    </style>
  </head>
  <body>
    <main>
      <h1>Sign in to this Traveler Extender</h1>
      ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
      ${canTry ? form : html`<p><a href="/">Back to the console</a></p>`}
    </main>
  </body>
</html>`;
  return new Response(String(page), { status, headers });
}

const form = html`<p>
    It runs on this machine, and who has its access link may use it. The start-up printed that link; it also stands in
    <code>ready.json</code> in the data folder (<code>.data/ready.json</code>), as <code>consoleUrl</code>.
  </p>
  <form method="post">
    <label for="token">Access link, or the token at its end</label>
    <input id="token" name="token" type="password" autocomplete="off" autofocus required />
    <button>Sign in</button>
  </form>`;
