/**
 * The synthesized template, resolved: what the local stack builds. `template/` builds it from CloudFormation JSON and rejects
 * what it does not understand; `services/` and `lambda/` run it. Ids are CloudFormation logical ids.
 */
export type Statement = {
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
  conditions: Record<string, Record<string, unknown>>;
};

export type Table = {
  id: string;
  name: string;
  arn: string;
  /** In the format of CreateTable: KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode. */
  definition: Record<string, unknown>;
  ttlAttribute: string | null;
  /** Of its change stream, if it has one. */
  streamArn?: string;
  /** The customer-managed key that encrypts it in the cloud: callers need permissions on it too. */
  keyArn?: string;
};
export type QueueResource = {
  id: string;
  name: string;
  arn: string;
  url: string;
  /** In the format of CreateQueue, all strings (FifoQueue, VisibilityTimeout, RedrivePolicy, …). */
  attributes: Record<string, string>;
  keyArn?: string;
};
export type FunctionResource = {
  id: string;
  name: string;
  arn: string;
  /** Folder of the bundle; `handler` is `file.export` within it. */
  codeDir: string;
  handler: string;
  environment: Record<string, string>;
  timeoutSeconds: number;
  memoryMb: number;
  reservedConcurrency: number | null;
  /** The statements of its role: checked on each call it makes. */
  policy: Statement[];
};
export type EventSourceMapping = {
  id: string;
  functionArn: string;
  queueArn: string;
  batchSize: number;
  windowSeconds: number;
  reportsItemFailures: boolean;
  maximumConcurrency: number | null;
  enabled: boolean;
};
/** A table's stream to a function. `-1` attempts or seconds: no limit but the stream's own 24 hours. */
export type StreamMapping = {
  id: string;
  functionArn: string;
  streamArn: string;
  batchSize: number;
  startsAt: 'TRIM_HORIZON' | 'LATEST';
  reportsItemFailures: boolean;
  bisects: boolean;
  retryAttempts: number;
  maximumAgeSeconds: number;
  /** EventBridge patterns; a record that matches none is skipped. Empty: all match. */
  filters: Record<string, unknown>[];
  /** The queue that gets the sequence numbers of dropped records. */
  failuresArn: string | null;
  enabled: boolean;
};
export type Bus = { id: string; name: string; arn: string };
export type RuleTarget = { id: string; arn: string; deadLetterArn: string | null; inputTemplate: null };
export type Rule = { id: string; busName: string; pattern: Record<string, unknown>; enabled: boolean; targets: RuleTarget[] };
export type Schedule = { id: string; expression: string; enabled: boolean; targetArn: string; input: string | null };
export type Authorizer = { id: string; issuer: string; audience: string[] };
export type Route = { routeKey: string; functionArn: string; authorizer: Authorizer | null };
export type HttpApi = { id: string; name: string; routes: Route[] };
/** Where an authoriser finds its credential: a header (case-insensitive) or a query parameter. */
export type IdentitySource = { in: 'header' | 'querystring'; name: string };
/** A WebSocket API and its one stage. A request without a value at an identity source does not reach the authoriser. */
export type SocketApi = {
  id: string;
  name: string;
  stage: string;
  authorizer: { functionArn: string; identitySources: IdentitySource[] } | null;
  /** `$connect`, `$disconnect`, `$default`, or the `action` that a message names. */
  routes: { routeKey: string; functionArn: string }[];
};
/** How Secrets Manager generates a value: from which characters, and for a JSON text, under which key. */
export type GeneratedSecret = {
  length: number;
  /** With `requiresEach`, the value has at least one character of each. */
  kinds: string[];
  requiresEach: boolean;
  within: { template: string; key: string } | null;
};
export type SecretResource = {
  id: string;
  name: string;
  arn: string;
  /** Null: its value is set by people. */
  generated: GeneratedSecret | null;
  /** The customer-managed key that encrypts it in the cloud: readers need permissions on it too. */
  keyArn?: string;
};

export type Model = {
  tables: Table[];
  queues: QueueResource[];
  functions: FunctionResource[];
  mappings: EventSourceMapping[];
  streamMappings: StreamMapping[];
  buses: Bus[];
  rules: Rule[];
  schedules: Schedule[];
  httpApis: HttpApi[];
  socketApis: SocketApi[];
  secrets: SecretResource[];
};

/** Calls a function by ARN with an event; rejects with the function's error, a time-out, or a throttling error. */
export type Invoke = (functionArn: string, event: unknown) => Promise<unknown>;
