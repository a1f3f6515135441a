/** A client of the product's HTTP API, with no more rights than any other program. */
import { z } from 'zod';

export type ApiClient = {
  /** GETs `path` (below `/api`) and returns the parsed response; throws ApiRefusal. */
  get<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>>;
  post<S extends z.ZodType>(path: string, body: unknown, schema: S): Promise<z.output<S>>;
  /** GETs JSON lines; `next`: the cursor of the next page, null on the last one. */
  lines(path: string): Promise<{ lines: string[]; next: string | null }>;
  delete<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>>;
};

/** The API rejected the request or could not be reached; the message is for people. */
export class ApiRefusal extends Error {
  override name = 'ApiRefusal';
  readonly status: number | null;
  constructor(status: number | null, message: string) {
    super(message);
    this.status = status;
  }
}

const problemDocument = z.object({
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export function apiClient({ url, token }: { url: string; token: string }): ApiClient {
  async function call(path: string, init: RequestInit): Promise<{ text: string; headers: Headers }> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { ...init, headers, signal: AbortSignal.timeout(35_000) }).catch(
      (error: Error) => {
        const reason = error.cause instanceof Error ? error.cause.message : error.message;
        throw new ApiRefusal(null, `The API at ${url} cannot be reached (${reason}). Is the stack running?`);
      },
    );
    const text = await response.text();
    if (!response.ok) throw new ApiRefusal(response.status, messageOf(response.status, text));
    return { text, headers: response.headers };
  }

  async function ask<S extends z.ZodType>(path: string, schema: S, init: RequestInit): Promise<z.output<S>> {
    const { text } = await call(path, init);
    return schema.parse(text === '' ? undefined : JSON.parse(text));
  }

  return {
    async lines(path) {
      const { text, headers } = await call(path, {});
      return { lines: text.split('\n').filter((line) => line !== ''), next: headers.get('x-next-cursor') };
    },
    get: (path, schema) => ask(path, schema, {}),
    delete: (path, schema) => ask(path, schema, { method: 'DELETE' }),
    post: (path, body, schema) => ask(path, schema, { method: 'POST', body: JSON.stringify(body) }),
  };
}

/** The text of a problem document (RFC 9457). */
function messageOf(status: number, text: string): string {
  if (status === 401)
    return 'The API refused the token (401). Take the one of the running stack: EXTENDER_TOKEN, or its ready file.';
  const parsed = problemDocument.safeParse(parsedOrNull(text));
  if (!parsed.success) return `The API answered ${status}.`;
  const { title, detail, errors = [] } = parsed.data;
  const summary = detail ?? title;
  const more = errors.filter(({ message }) => !summary.includes(message));
  return [summary, ...more.map(({ path, message }) => `  ${path}: ${message}`)].join('\n');
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
