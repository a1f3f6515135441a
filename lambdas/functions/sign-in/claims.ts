/** Claims of a token, for display. Not verified here: API Gateway does that on each request. */
import { z } from 'zod';

const claims = z.object({
  exp: z.number().optional(),
  email: z.string().optional(),
  'cognito:username': z.string().optional(),
  sub: z.string().optional(),
});

function claimsOf(token: string): z.output<typeof claims> {
  try {
    return claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
  } catch {
    return {};
  }
}

/** Epoch ms; 0 for text that is not a token. */
export const expiryOf = (token: string): number => (claimsOf(token).exp ?? 0) * 1000;

export function nameOf(token: string): string {
  const { email, 'cognito:username': user, sub } = claimsOf(token);
  return email ?? user ?? sub ?? '';
}
