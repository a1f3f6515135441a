/** The client of the user pool: the sign-in page, tokens for a code or a session, and the end of a session. */
import * as oauth from 'oauth4webapi';

export type AuthorityOptions = {
  /** As in the ID tokens. */
  issuer: string;
  /** The base URL of its sign-in page and token endpoint. */
  url: string;
  clientId: string;
  redirectUri: string;
  fetch?: typeof fetch;
};
/** What to keep of a sign-in in progress until the browser comes back. */
export type Pending = { state: string; verifier: string; nonce: string };
export type Tokens = { idToken: string; refreshToken: string | null };

export type Authority = ReturnType<typeof authority>;

type Pool = {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  /** A public client authenticates by PKCE, not by a secret. */
  authentication: oauth.ClientAuth;
  redirectUri: string;
  options: oauth.TokenEndpointRequestOptions;
};

export function authority(given: AuthorityOptions) {
  const { url, clientId } = given;
  const pool = poolOf(given);
  return {
    /** The address of the sign-in page, and what to keep until the browser comes back. */
    begin: () => begin(pool),
    /** `answer`: the URL that the browser came back with. Throws when it does not belong to `pending`, or the pool refuses. */
    finish: (answer: URL, pending: Pending) => finish(pool, answer, pending),
    /** A new ID token for a session; null when the session has ended. Throws when the pool cannot be reached. */
    renew: (refreshToken: string) => renew(pool, refreshToken),
    /** Ends a session everywhere. */
    async revoke(refreshToken: string): Promise<void> {
      const { server, client, authentication, options } = pool;
      const response = await oauth.revocationRequest(server, client, authentication, refreshToken, options);
      await oauth.processRevocationResponse(response);
    },
    /** The address that ends the pool's own session in this browser and then returns to `home`. */
    leave: (home: string): string => `${url}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: home })}`,
  };
}

function poolOf({ issuer, url, clientId, redirectUri, fetch: ask }: AuthorityOptions): Pool {
  return {
    server: {
      issuer,
      authorization_endpoint: `${url}/oauth2/authorize`,
      token_endpoint: `${url}/oauth2/token`,
      revocation_endpoint: `${url}/oauth2/revoke`,
      // Cognito signs with RS256; API Gateway verifies the token on each request.
      id_token_signing_alg_values_supported: ['RS256'],
    },
    client: { client_id: clientId },
    authentication: oauth.None(),
    redirectUri,
    options: {
      // Plain HTTP only for the local stack, whose user pool is on this machine.
      [oauth.allowInsecureRequests]: url.startsWith('http://127.0.0.1:'),
      signal: () => AbortSignal.timeout(timeLimitMs),
      ...(ask ? { [oauth.customFetch]: ask } : {}),
    },
  };
}

async function begin({ server, client, redirectUri }: Pool): Promise<{ address: string; pending: Pending }> {
  const pending = {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
  };
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: 'openid email',
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
  });
  return { address: `${server.authorization_endpoint}?${query}`, pending };
}

async function finish(pool: Pool, answer: URL, { state, verifier, nonce }: Pending): Promise<Tokens> {
  const { server, client, authentication, redirectUri, options } = pool;
  const parameters = oauth.validateAuthResponse(server, client, answer, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    options,
  );
  const expected = { expectedNonce: nonce, requireIdToken: true };
  return tokensOf(await oauth.processAuthorizationCodeResponse(server, client, response, expected));
}

async function renew({ server, client, authentication, options }: Pool, refreshToken: string): Promise<Tokens | null> {
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options);
  try {
    return tokensOf(await oauth.processRefreshTokenResponse(server, client, response));
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') return null;
    throw error;
  }
}

const timeLimitMs = 8000;

function tokensOf({ id_token, refresh_token }: oauth.TokenEndpointResponse): Tokens {
  if (id_token === undefined) throw new Error('The user pool answered without an ID token. Look at the scopes of its client.');
  return { idToken: id_token, refreshToken: refresh_token ?? null };
}
