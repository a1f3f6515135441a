/** One function of the product: its bundle, log group, role, and the alarm on its errors, with the product's defaults. */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { EnvironmentOf, FunctionName } from '#domain/runtime/environment';
import { alarmPeriod, createAlarm } from './alarm.ts';
import { allow } from './permissions.ts';

export type ExtenderFunctionProps<F extends FunctionName> = {
  name: F;
  /** What people notice while this function fails: one sentence, for the alarm. */
  breaks: string;
  /** Folder of the bundle: index.mjs, configuration.json and other files it needs. */
  bundle: string;
  /** Exactly the variables of the function's schema; a missing one does not compile. */
  environment: EnvironmentOf<F>;
  /** Its permissions besides writing its own log and traces. */
  statements: PolicyStatement[];
  timeoutSeconds: number;
  memoryMb: number;
  /** For a function that is invoked asynchronously: receives its failed invocations. */
  deadLetters?: IQueue;
  notify: ITopic;
};

/** Errors in five minutes that trigger the alarm. One failed invocation is retried by its queue; several need a person. */
const errorThreshold = 3;

export class ExtenderFunction<F extends FunctionName = FunctionName> extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ExtenderFunctionProps<F>) {
    super(scope, id);
    const { name, breaks, bundle, environment, statements, timeoutSeconds, memoryMb, deadLetters, notify } = props;
    const logGroup = new LogGroup(this, 'Log', { retention: RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Traveler Extender: what ${name} may do`,
      inlinePolicies: {
        Own: new PolicyDocument({
          statements: [
            allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
            allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*']),
            ...(deadLetters ? [allow(['sqs:SendMessage'], [deadLetters.queueArn])] : []),
            ...statements,
          ],
        }),
      },
    });
    acknowledgeTracing(role);
    this.function = new LambdaFunction(this, 'Function', {
      description: `Traveler Extender: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(bundle),
      environment,
      timeout: Duration.seconds(timeoutSeconds),
      memorySize: memoryMb,
      role: role.withoutPolicyUpdates(),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      ...(deadLetters ? { deadLetterQueue: deadLetters } : {}),
    });
    if (!deadLetters) acknowledgeCallersWait(this.function);
    createAlarm(this, 'Errors', {
      metric: this.function.metricErrors({ period: alarmPeriod, statistic: Stats.SUM }),
      threshold: errorThreshold,
      description: `${name} failed ${errorThreshold} times or more within five minutes. ${breaks}`,
      notify,
    });
  }
}

function acknowledgeTracing(role: Role): void {
  const reason = 'X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords can be allowed on * only.';
  Validations.of(role).acknowledge(
    { id: 'AwsSolutions-IAM5[Resource::*]', reason },
    { id: 'Serverless-LambdaStarPermissions', reason },
  );
}

function acknowledgeCallersWait(called: LambdaFunction): void {
  Validations.of(called).acknowledge({
    id: 'Serverless-LambdaDLQ',
    reason: 'Invoked only by those who wait for the answer: a queue with a dead-letter queue of its own, or a person by HTTP.',
  });
}
