/** relay.json as a person writes it; docs/relay.schema.json is generated from it. */
import { z } from 'zod';
import { whyNotCommand } from '../domino/command-line.ts';
import { levels } from '../log/log.ts';

const text = z.string().min(1);
const url = z.url({ protocol: /^https?$/, error: 'an http(s) URL' });

/** A password: inline, in a file that nobody else can read, or in an environment variable. */
export const secretWays = { password: text.optional(), passwordFile: text.optional(), passwordVariable: text.optional() };
export type SecretWays = {
  password?: string | undefined;
  passwordFile?: string | undefined;
  passwordVariable?: string | undefined;
};
const waysGiven = (given: SecretWays) =>
  [given.password, given.passwordFile, given.passwordVariable].filter((way) => way !== undefined).length;
const oneWay = 'one of password, passwordFile, passwordVariable';

const credentials = z
  .strictObject({ user: text, ...secretWays })
  .refine((given) => waysGiven(given) === 1, { path: ['password'], error: oneWay });

const traveler = z
  .strictObject({
    /** Base URL of the server, for REST or LotusTraveler.nsf. Not needed when reading through Notes. */
    url: url.optional(),
    /** A Domino user with the rights listed in docs/relay.md. */
    credentials: credentials.optional(),
    /** `rest`: Traveler 9 and later; `http`, `notes`: LotusTraveler.nsf of Traveler 8.5.x. */
    read: z.enum(['rest', 'http', 'notes']).default('rest'),
    /** Concurrent requests. */
    concurrency: z.number().int().min(1).max(64).default(8),
  })
  .superRefine((given, context) => {
    if (given.read === 'notes') return;
    for (const needed of ['url', 'credentials'] as const)
      if (given[needed] === undefined)
        context.addIssue({ code: 'custom', path: [needed], message: `needed where read is "${given.read}"` });
  });

/** How long to wait for the effect of a write, in seconds; default: 18 for a console, 1 over REST. */
const patienceSeconds = z.number().int().min(1).max(300).optional();
const program = z.array(text).min(1, 'the program and its arguments');
const console_ = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('command'),
    /** Program and arguments, run without a shell; `{line}` is replaced by the console line. */
    command: program.superRefine((given, context) => {
      const why = whyNotCommand(given);
      if (why !== null) context.addIssue({ code: 'custom', message: why });
    }),
    directory: text.optional(),
    timeoutSeconds: z.number().int().min(1).max(600).default(30),
    patienceSeconds,
  }),
  z.strictObject({
    by: z.literal('notes'),
    /** Name of the Domino server, as the Notes client knows it. */
    server: text,
    script: text.optional(),
    /** Holds the password of the Notes ID. */
    passwordFile: text.optional(),
    timeoutSeconds: z.number().int().min(1).max(600).default(30),
    patienceSeconds,
  }),
  z.strictObject({ by: z.literal('rest'), patienceSeconds }),
]);

const proxy = z
  .strictObject({
    url,
    user: text.optional(),
    ...secretWays,
    /** Hosts that are reached without the proxy, as in NO_PROXY. */
    except: z.array(text).default([]),
  })
  .refine((given) => waysGiven(given) === (given.user === undefined ? 0 : 1), {
    path: ['password'],
    error: `with user, ${oneWay}; without it, none`,
  });

export const relayFile = z
  .strictObject({
    /** For editors: docs/relay.schema.json. */
    $schema: z.string().optional(),
    traveler,
    console: console_,
    /** Proxy for connections to the cloud. If omitted, HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply. */
    proxy: proxy.optional(),
    /** PEM file with additional certificate authorities: that of a proxy that inspects TLS, or of your own server. */
    caFile: text.optional(),
    log: z.strictObject({ level: z.enum(levels).default('info'), userNames: z.boolean().default(false) }).prefault({}),
    /** Serves /ready and /metrics on 127.0.0.1 only. 0: any free port. */
    health: z.strictObject({ port: z.number().int().min(0).max(65_535).default(8737) }).prefault({}),
  })
  .superRefine((given, context) => {
    if (given.console.by === 'rest' && given.traveler.read !== 'rest')
      context.addIssue({ code: 'custom', path: ['console', 'by'], message: '"rest" needs traveler.read to be "rest"' });
    if (given.traveler.read === 'notes' && given.console.by !== 'notes')
      context.addIssue({
        code: 'custom',
        path: ['traveler', 'read'],
        message: '"notes" needs console.by to be "notes": one Notes client',
      });
  });
export type RelayFile = z.infer<typeof relayFile>;
