/** Starts a function at an interval. Written with L1 constructs: the ready-made target would allow every version of the function. */
import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { FunctionName } from '#domain/runtime/environment';
import { allow } from './permissions.ts';

/** `id` and `construct` name resources in the template, `key` the dead-letter queue in the API. */
export type Scheduled = { id: string; construct: string; key: string; name: FunctionName; everyMinutes: number };

/** The scheduled functions; those of an option that is not configured are left out. */
export function schedulesOf({ gatherEveryMinutes, portal, mail, maas360 }: RuntimeConfiguration): Scheduled[] {
  const gather: Scheduled = {
    id: 'Gather',
    construct: 'StartGathers',
    key: 'gatherSchedule',
    name: 'start-gathers',
    everyMinutes: gatherEveryMinutes,
  };
  const wake = scheduled('WakeByTime', 'wake-by-time', 1);
  return [
    gather,
    wake,
    scheduled('Reap', 'reap', 1),
    ...(portal?.secretName === undefined ? [] : [scheduled('Upload', 'upload', 1)]),
    ...(mail ? [scheduled('Notify', 'notify', 1)] : []),
    ...(maas360 ? [scheduled('ImportEnrolments', 'import-enrolments', maas360.everyMinutes)] : []),
  ];
}

function scheduled(id: string, name: FunctionName, everyMinutes: number): Scheduled {
  return { id, construct: id, key: `${id.charAt(0).toLowerCase()}${id.slice(1)}Schedule`, name, everyMinutes };
}

/** `says`: what is started, for the description. */
export type ScheduleProps = { says: string; everyMinutes: number; starts: IFunction; deadLetters: IQueue };

export function createSchedule(
  scope: Construct,
  id: string,
  { says, everyMinutes, starts, deadLetters }: ScheduleProps,
): CfnSchedule {
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description: 'Traveler Extender: what its schedule may start',
    inlinePolicies: {
      Own: new PolicyDocument({
        statements: [allow(['lambda:InvokeFunction'], [starts.functionArn]), allow(['sqs:SendMessage'], [deadLetters.queueArn])],
      }),
    },
  });
  const interval = everyMinutes === 1 ? '1 minute' : `${everyMinutes} minutes`;
  return new CfnSchedule(scope, id, {
    description: `Traveler Extender: ${says} each ${interval}`,
    scheduleExpression: `rate(${interval})`,
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: starts.functionArn,
      roleArn: role.roleArn,
      deadLetterConfig: { arn: deadLetters.queueArn },
      // A start that is late by a whole interval is pointless: the next one does the same work.
      retryPolicy: { maximumEventAgeInSeconds: Math.max(60, everyMinutes * 60), maximumRetryAttempts: 3 },
    },
  });
}
