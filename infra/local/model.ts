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
export type Bus = { id: string; name: string; arn: string };
export type RuleTarget = { id: string; arn: string; deadLetterArn: string | null; inputTemplate: null };
export type Rule = { id: string; busName: string; pattern: Record<string, unknown>; enabled: boolean; targets: RuleTarget[] };
export type Schedule = { id: string; expression: string; enabled: boolean; targetArn: string; input: string | null };
export type Authorizer = { id: string; issuer: string; audience: string[] };
export type Route = { routeKey: string; functionArn: string; authorizer: Authorizer | null };
export type HttpApi = { id: string; name: string; routes: Route[] };
export type SecretResource = { id: string; name: string; arn: string };

export type Model = {
  tables: Table[];
  queues: QueueResource[];
  functions: FunctionResource[];
  mappings: EventSourceMapping[];
  buses: Bus[];
  rules: Rule[];
  schedules: Schedule[];
  httpApis: HttpApi[];
  secrets: SecretResource[];
};

/** Calls a function by arn with an event; rejects with the function's own error, a time-out, or a throttle. */
export type Invoke = (functionArn: string, event: unknown) => Promise<unknown>;
