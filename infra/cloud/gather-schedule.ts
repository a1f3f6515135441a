/** Starts the gathers at an interval. Written by hand: the ready-made target would allow every version of the function. */
import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allow } from './permissions.ts';

export type GatherScheduleProps = { everyMinutes: number; starts: IFunction; deadLetters: IQueue };

export function createGatherSchedule(scope: Construct, { everyMinutes, starts, deadLetters }: GatherScheduleProps): CfnSchedule {
  const role = new Role(scope, 'GatherScheduleRole', {
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
  return new CfnSchedule(scope, 'GatherSchedule', {
    description: `Traveler Extender: read every source each ${everyMinutes} minutes`,
    scheduleExpression: `rate(${everyMinutes} minutes)`,
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: starts.functionArn,
      roleArn: role.roleArn,
      deadLetterConfig: { arn: deadLetters.queueArn },
      // A start that is late by a whole interval is worth nothing: the next one does the same.
      retryPolicy: { maximumEventAgeInSeconds: Math.max(60, everyMinutes * 60), maximumRetryAttempts: 3 },
    },
  });
}
