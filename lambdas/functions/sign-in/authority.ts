/** What the user pool is asked for: where to sign in, tokens for a code or for a session, and to forget a session. */
import * as oauth from 'oauth4webapi';

export type AuthorityOptions = {
  /** As the ID tokens name it. */
  issuer: string;
  /** Where its sign-in page and token endpoint are. */
  url: string;
  clientId: string;
  redirectUri: string;
  fetch?: typeof fetch;
};
/** What a started sign-in has to be remembered by until its answer comes. */
export type Pending = { state: string; verifier: string; nonce: string };
export type Tokens = { idToken: string; refreshToken: string | null };

export type Authority = ReturnType<typeof authority>;

export function authority({ issuer, url, clientId, redirectUri, fetch: ask }: AuthorityOptions) {
  const server: oauth.AuthorizationServer = {
    issuer,
    authorization_endpoint: `${url}/oauth2/authorize`,
    token_endpoint: `${url}/oauth2/token`,
    revocation_endpoint: `${url}/oauth2/revoke`,
    // Cognito signs with RS256; API Gateway verifies each token anew whenever it is used.
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const client: oauth.Client = { client_id: clientId };
  const none = oauth.None();
  // Plain HTTP is for the local stack, whose user pool is on this machine.
  const options = {
    [oauth.allowInsecureRequests]: url.startsWith('http://127.0.0.1:'),
    signal: () => AbortSignal.timeout(timeLimitMs),
    ...(ask ? { [oauth.customFetch]: ask } : {}),
  };

  return {
    /** Where the person signs in, and what to keep until they come back. */
    async begin(): Promise<{ address: string; pending: Pending }> {
      const pending = {
        state: oauth.generateRandomState(),
        verifier: oauth.generateRandomCodeVerifier(),
        nonce: oauth.generateRandomNonce(),
      };
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'openid email',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
      });
      return { address: `${server.authorization_endpoint}?${query}`, pending };
    },

    /** `answer`: the address that the person came back with. Throws when it does not belong to `pending`, or the pool refuses. */
    async finish(answer: URL, { state, verifier, nonce }: Pending): Promise<Tokens> {
      const parameters = oauth.validateAuthResponse(server, client, answer, state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        none,
        parameters,
        redirectUri,
        verifier,
        options,
      );
      const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      return tokensOf(result);
    },

    /** A fresh ID token for a session; null when the pool no longer knows it. Throws when the pool cannot be reached. */
    async renew(refreshToken: string): Promise<Tokens | null> {
      const response = await oauth.refreshTokenGrantRequest(server, client, none, refreshToken, options);
      try {
        return tokensOf(await oauth.processRefreshTokenResponse(server, client, response));
      } catch (error) {
        if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') return null;
        throw error;
      }
    },

    /** Forgets a session, wherever it is used. */
    async revoke(refreshToken: string): Promise<void> {
      await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, none, refreshToken, options));
    },

    /** Ends the pool's own session in this browser, then comes back to `home`. */
    leave: (home: string): string => `${url}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: home })}`,
  };
}

const timeLimitMs = 8000;

function tokensOf({ id_token, refresh_token }: oauth.TokenEndpointResponse): Tokens {
  if (id_token === undefined) throw new Error('The user pool answered without an ID token. Look at the scopes of its client.');
  return { idToken: id_token, refreshToken: refresh_token ?? null };
}
