/**
 * What the browser keeps of a sign-in, in cookies that no script can read: while it is in progress, what the pool's answer must
 * match; afterwards the session. Sent only to paths under /sign-in, and only by pages of this site.
 */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Pending } from './authority.ts';

/** `refresh`: a refresh token of the user pool. `token`: an ID token, as the local stack or the command line provides. */
export type Session = { kind: 'refresh' | 'token'; value: string };
export type Begun = Pending & { to: string };

const begun = z.object({ state: z.string(), verifier: z.string(), nonce: z.string(), to: z.string() });
const session = z.tuple([z.enum(['refresh', 'token']), z.string().min(1)]);
const minutes = 60;
/** The same as the user pool's own sessions. */
export const sessionSeconds = 12 * 60 * minutes;

export type Cookies = ReturnType<typeof cookies>;

/** `origin`: of the console. Cookies ignore ports: the name separates two local stacks on one machine. */
export function cookies(origin: string) {
  const { protocol, port } = new URL(origin);
  const secure = protocol === 'https:';
  const suffix = port === '' ? '' : `-${port}`;
  const names = { begun: `extender-sign-in${suffix}`, session: `extender-session${suffix}` };
  const base = { path: '/sign-in', httpOnly: true, secure } as const;
  const prefix = secure ? ({ prefix: 'secure' } as const) : {};
  const read = (c: Context, name: string) => (secure ? getCookie(c, name, 'secure') : getCookie(c, name));

  return {
    begun: {
      read: (c: Context): Begun | null => parsed(begun, read(c, names.begun)),
      // The browser comes back from the user pool's site: with "strict" it would not send the cookie.
      write: (c: Context, value: Begun) =>
        setCookie(c, names.begun, encode(value), { ...base, ...prefix, sameSite: 'Lax', maxAge: 10 * minutes }),
      forget: (c: Context) => void deleteCookie(c, names.begun, { ...base, ...prefix }),
    },
    session: {
      read(c: Context): Session | null {
        const found = parsed(session, read(c, names.session));
        return found === null ? null : { kind: found[0], value: found[1] };
      },
      write: (c: Context, { kind, value }: Session, maxAge = sessionSeconds) =>
        setCookie(c, names.session, encode([kind, value]), { ...base, ...prefix, sameSite: 'Strict', maxAge }),
      forget: (c: Context) => void deleteCookie(c, names.session, { ...base, ...prefix }),
    },
  };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A cookie written by another program or an older version counts as missing. */
function parsed<S extends z.ZodType>(schema: S, cookie: string | undefined): z.output<S> | null {
  try {
    const found = schema.safeParse(JSON.parse(Buffer.from(cookie ?? '', 'base64url').toString('utf8')));
    return found.success ? found.data : null;
  } catch {
    return null;
  }
}
