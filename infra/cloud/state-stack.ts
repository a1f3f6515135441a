/**
 * The lasting part: the product's data (tables and their key), its users (user pool), and the address that the portal uses
 * (bus). Everything is retained when the stack is deleted; the service stack can be removed and created again.
 */
import { CfnOutput, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  Mfa,
  StandardThreatProtectionMode,
  UserPool,
  type UserPoolDomain,
} from 'aws-cdk-lib/aws-cognito';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { createTables, type Tables } from './tables.ts';

export class StateStack extends Stack {
  readonly tables: Tables;
  readonly users: UserPool;
  readonly signIn: UserPoolDomain;
  readonly bus: EventBus;
  readonly relaySecret: Secret;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.tables = createTables(this);
    this.users = createUserPool(this);
    // Must be globally unique, hence the account number. It may not contain "aws" or "cognito".
    this.signIn = this.users.addDomain('SignIn', { cognitoDomain: { domainPrefix: `traveler-extender-${this.account}` } });
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: 'traveler-extender',
      description: 'Between the portal and the extender',
    });
    this.bus.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.relaySecret = createRelaySecret(this);

    new CfnOutput(this, 'BusName', { value: this.bus.eventBusName, description: 'The portal puts its events on this bus' });
    new CfnOutput(this, 'BusArn', { value: this.bus.eventBusArn });
    new CfnOutput(this, 'UserPoolId', { value: this.users.userPoolId, description: 'Who may use the console and the API' });
  }
}

/** Relays know the public key derived from it: with another secret they would reject this cloud as a foreign one. */
function createRelaySecret(scope: Construct): Secret {
  const secret = new Secret(scope, 'RelaySecret', {
    description: 'Traveler Extender: what the cloud proves itself to its relays with',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'Rotated, it would cut off every relay: each knows the key that follows from it. A relay that is enrolled anew learns a new one.',
  });
  return secret;
}

/** Administrators of mail access: few people, invited by one of them, always with a second factor. */
function createUserPool(scope: Construct): UserPool {
  return new UserPool(scope, 'Users', {
    selfSignUpEnabled: false,
    signInAliases: { email: true },
    signInCaseSensitive: false,
    mfa: Mfa.REQUIRED,
    mfaSecondFactor: { otp: true, sms: false, email: false },
    accountRecovery: AccountRecovery.EMAIL_ONLY,
    passwordPolicy: {
      minLength: 14,
      requireLowercase: true,
      requireUppercase: true,
      requireDigits: true,
      requireSymbols: true,
    },
    featurePlan: FeaturePlan.PLUS,
    standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
}
