/**
 * What each function is told by its environment. The infrastructure sets exactly the keys that the function's schema names
 * (same type on both sides), so a missing variable does not compile; handlers parse `process.env` with it once, at cold start.
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
  /** Where links in mails lead, and where a sign-in comes back to. */
  CONSOLE_URL: z.string().min(1),
  /** The console's own client of the user pool. */
  CLIENT_ID: z.string().min(1),
  /** As the user pool's tokens name it. */
  TOKEN_ISSUER: z.string().min(1),
  /** The user pool's own domain: its prefix at Amazon Cognito, or a whole address. */
  SIGN_IN_DOMAIN: z.string().min(1),
  /** Where the API's own description says it lives. */
  API_STAGE: z.string(),
  BUS_NAME: z.string().min(1),
  /** Where relays connect (wss://…), and how their connections are reached (https://…). */
  SOCKET_URL: z.string().min(1),
  SOCKET_ENDPOINT: z.string().min(1),
  /** Name of the secret that the cloud's identity towards its relays rests on. */
  RELAY_SECRET: z.string().min(1),
  /** Where journal records that cannot be read are set aside. */
  UNPUBLISHED_QUEUE_URL: z.string().min(1),
};
type Variable = keyof typeof variables;

/** What a decision is made of. */
const allTables = ['DEVICES_TABLE', 'ENROLMENTS_TABLE', 'ACTIONS_TABLE', 'JOURNAL_TABLE', 'CONTROL_TABLE'] as const;
/** What comes singly, and what comes in masses (docs/decisions/0032-lanes.md). */
const evaluations = ['EVALUATIONS_QUEUE_URL', 'BULK_EVALUATIONS_QUEUE_URL'] as const;
const actions = ['ACTIONS_QUEUE_URL', 'BULK_ACTIONS_QUEUE_URL'] as const;
/** Where the portal's word leads, by event or over the API (portal-events/requests.ts). */
const requests = [...allTables, ...evaluations, ...actions, ...(['GATHER_QUEUE_URL', 'ENROLMENTS_QUEUE_URL'] as const)] as const;

/** Which variables each function needs, by function name: the least that it can work with. */
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
