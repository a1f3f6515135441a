/** Single-use enrolment tokens: shown once, and stored only as a hash. */
import { createHash, randomBytes } from 'node:crypto';

/** SHA-256, hex. Tokens are looked up by it, so that no token is ever compared. */
export const tokenHash = (token: string): string => createHash('sha256').update(token, 'utf8').digest('hex');

/** 256 random bits. */
export function newToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: tokenHash(token) };
}
