/** Wiring: signing in to the console, on API Gateway's payload format 2.0. */
import { Logger } from '@aws-lambda-powertools/logger';
import { handle } from 'hono/aws-lambda';
import { parseEnvironment } from '#domain/runtime/environment';
import { authority } from './authority.ts';
import { signInApp } from './sign-in.ts';

const environment = parseEnvironment('sign-in', process.env);
const logger = new Logger({ serviceName: 'sign-in' });
const origin = environment.CONSOLE_URL;
const { SIGN_IN_DOMAIN: domain } = environment;
const url = domain.includes('://') ? domain : `https://${domain}.auth.${process.env.AWS_REGION}.amazoncognito.com`;

export const handler = handle(
  signInApp({
    authority: authority({
      issuer: environment.TOKEN_ISSUER,
      url,
      clientId: environment.CLIENT_ID,
      redirectUri: `${origin}/sign-in/done`,
    }),
    origin,
    now: Date.now,
    // Only the error's message: its other fields may hold a token.
    logError: (message, error) => logger.error(message, { reason: error instanceof Error ? error.message : String(error) }),
  }),
);
