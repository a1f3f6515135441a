/**
 * The environment variables of each function. The infrastructure sets exactly the keys that the function's schema names (same
 * type on both sides), so a missing variable does not compile; handlers parse `process.env` with it once, at cold start.
 */
import { z } from 'zod';

const variables = {
  DEVICES_TABLE: z.string().min(1),
  ENROLMENTS_TABLE: z.string().min(1),
  ACTIONS_TABLE: z.string().min(1),
  JOURNAL_TABLE: z.string().min(1),
  CONTROL_TABLE: z.string().min(1),
  GATHER_QUEUE_URL: z.string().min(1),
  EVALUATIONS_QUEUE_URL: z.string().min(1),
  BULK_EVALUATIONS_QUEUE_URL: z.string().min(1),
  ACTIONS_QUEUE_URL: z.string().min(1),
  BULK_ACTIONS_QUEUE_URL: z.string().min(1),
  ENROLMENTS_QUEUE_URL: z.string().min(1),
  PORTAL_EVENTS_QUEUE_URL: z.string().min(1),
  BULKS_QUEUE_URL: z.string().min(1),
  /** Dead-letter queues, as JSON (`deadLetterQueues`). */
  DEAD_LETTERS: z.string().min(1),
  /** The target of links in mails, and of the redirect after signing in. */
  CONSOLE_URL: z.string().min(1),
  /** The console's own client of the user pool. */
  CLIENT_ID: z.string().min(1),
  /** The issuer in the user pool's tokens. */
  TOKEN_ISSUER: z.string().min(1),
  /** The user pool's own domain: its prefix at Amazon Cognito, or a whole address. */
  SIGN_IN_DOMAIN: z.string().min(1),
  /** The stage in the URL that the API's own description gives. */
  API_STAGE: z.string(),
  BUS_NAME: z.string().min(1),
  /** Where relays connect (wss://…), and where messages to their connections are posted (https://…). */
  SOCKET_URL: z.string().min(1),
  SOCKET_ENDPOINT: z.string().min(1),
  /** Name of the secret behind the cloud's identity towards its relays. */
  RELAY_SECRET: z.string().min(1),
  /** The queue for journal records that cannot be read. */
  UNPUBLISHED_QUEUE_URL: z.string().min(1),
};
type Variable = keyof typeof variables;

/** The tables that an evaluation reads. */
const allTables = ['DEVICES_TABLE', 'ENROLMENTS_TABLE', 'ACTIONS_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE'] as const;
/** One queue for single work and one for bulk (docs/decisions/0032-lanes.md). */
const evaluations = ['EVALUATIONS_QUEUE_URL', 'BULK_EVALUATIONS_QUEUE_URL'] as const;
const actions = ['ACTIONS_QUEUE_URL', 'BULK_ACTIONS_QUEUE_URL'] as const;
/** What the portal's requests need, by event or over the API (use-cases/portal-use-cases.ts). */
const requests = [...allTables, ...evaluations, ...actions, ...(['GATHER_QUEUE_URL', 'ENROLMENTS_QUEUE_URL'] as const)] as const;

/** The variables that each function needs, by function name, and no more. */
export const functionVariables = {
  'start-gathers': ['JOURNAL_TABLE', 'CONTROL_TABLE', 'GATHER_QUEUE_URL'],
  gather: ['DEVICES_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE', 'GATHER_QUEUE_URL', ...evaluations, 'SOCKET_ENDPOINT'],
  evaluate: [...allTables, ...evaluations, ...actions],
  act: ['DEVICES_TABLE', 'ACTIONS_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE', ...evaluations, 'SOCKET_ENDPOINT'],
  'portal-events': [...requests, 'PORTAL_EVENTS_QUEUE_URL'],
  'take-enrolments': [...allTables, 'EVALUATIONS_QUEUE_URL'],
  api: [...requests, 'BULKS_QUEUE_URL', 'DEAD_LETTERS', 'API_STAGE', 'CONSOLE_URL', 'SOCKET_ENDPOINT'],
  bulk: [...requests],
  publish: ['JOURNAL_TABLE', 'BUS_NAME', 'UNPUBLISHED_QUEUE_URL'],
  'wake-by-time': [
    'DEVICES_TABLE',
    'ENROLMENTS_TABLE',
    'JOURNAL_TABLE',
    'CONTROL_TABLE',
    'EVALUATIONS_QUEUE_URL',
    'GATHER_QUEUE_URL',
  ],
  reap: ['DEVICES_TABLE', 'ACTIONS_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE', ...evaluations, ...actions],
  console: [],
  'sign-in': ['CONSOLE_URL', 'CLIENT_ID', 'TOKEN_ISSUER', 'SIGN_IN_DOMAIN'],
  upload: ['DEVICES_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE'],
  notify: ['DEVICES_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE', 'CONSOLE_URL'],
  'import-enrolments': [...allTables, 'EVALUATIONS_QUEUE_URL'],
  'relay-authorise': ['CONTROL_TABLE', 'SOCKET_URL'],
  'relay-enrol': ['CONTROL_TABLE', 'SOCKET_URL', 'CONSOLE_URL', 'RELAY_SECRET'],
  'relay-socket': [
    'JOURNAL_TABLE',
    'CONTROL_TABLE',
    'GATHER_QUEUE_URL',
    'EVALUATIONS_QUEUE_URL',
    'ACTIONS_QUEUE_URL',
    'SOCKET_URL',
    'SOCKET_ENDPOINT',
    'RELAY_SECRET',
  ],
} as const satisfies Record<string, readonly Variable[]>;

export type FunctionName = keyof typeof functionVariables;
export type EnvironmentOf<F extends FunctionName> = { [K in (typeof functionVariables)[F][number]]: string };

/** Parses the environment of a function; throws one error that names every variable that is missing. */
export function parseEnvironment<F extends FunctionName>(name: F, env: Record<string, string | undefined>): EnvironmentOf<F> {
  const shape = Object.fromEntries(functionVariables[name].map((key) => [key, variables[key]]));
  const parsed = z.object(shape).safeParse(env);
  if (parsed.success) return parsed.data as EnvironmentOf<F>;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Error(
    `Function ${name} cannot start: its environment lacks ${missing}. Deploy the stack again; the template sets them.`,
  );
}
