/**
 * The synthesized template, resolved: what the local stack builds. `template/` makes it from CloudFormation JSON and refuses
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
  /** As CreateTable takes it: KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode. */
  definition: Record<string, unknown>;
  ttlAttribute: string | null;
  /** Of its change stream, where it has one. */
  streamArn?: string;
  /** The customer's own key that encrypts it in the cloud: callers need rights on it too. */
  keyArn?: string;
};
export type QueueResource = {
  id: string;
  name: string;
  arn: string;
  url: string;
  /** As CreateQueue takes them, all strings (FifoQueue, VisibilityTimeout, RedrivePolicy, …). */
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
  /** What its role may do: checked on each call it makes. */
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
  /** EventBridge patterns; a record that none matches is skipped. Empty: all match. */
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
/** Where an authoriser finds what it judges: a header (in any case) or a parameter of the query. */
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
/** As Secrets Manager generates a value: of which characters, and where in a JSON text, if in one, it goes. */
export type GeneratedSecret = {
  length: number;
  /** Each has one character in the value at least, where `requiresEach`. */
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
  /** The customer's own key that encrypts it in the cloud: who reads it needs rights on it too. */
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

/** Calls a function by arn with an event; rejects with the function's own error, a time-out, or a throttle. */
export type Invoke = (functionArn: string, event: unknown) => Promise<unknown>;
