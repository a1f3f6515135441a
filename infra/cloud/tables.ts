/** The five tables, encrypted with our own key: all data of the product. No deployment ever deletes one. */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { type KeyAttribute, type TableDefinition, type TableName, tableDefinitions } from '#adapters/dynamodb/table-definitions';

export type Tables = { [N in TableName]: Table } & { key: Key };

/** Logical ids come from the names below: renaming one would make CloudFormation replace the table. */
const constructIds: { [N in TableName]: string } = {
  devices: 'Devices',
  enrolments: 'Enrolments',
  actions: 'Actions',
  journal: 'Journal',
  control: 'Control',
};

export function createTables(scope: Construct): Tables {
  const key = new Key(scope, 'TablesKey', {
    description: 'Traveler Extender: encrypts the five tables',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const create = (name: TableName) => createTable(scope, name, key);
  return {
    key,
    devices: create('devices'),
    enrolments: create('enrolments'),
    actions: create('actions'),
    journal: create('journal'),
    control: create('control'),
  };
}

function createTable(scope: Construct, name: TableName, key: Key): Table {
  const definition: TableDefinition = tableDefinitions[name];
  const table = new Table(scope, constructIds[name], {
    partitionKey: attribute(definition.partition),
    ...(definition.sort ? { sortKey: attribute(definition.sort) } : {}),
    ...(definition.expiry ? { timeToLiveAttribute: definition.expiry } : {}),
    ...(definition.stream ? { stream: StreamViewType.NEW_IMAGE } : {}),
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const index of definition.indexes)
    table.addGlobalSecondaryIndex({
      indexName: index.name,
      partitionKey: attribute(index.partition),
      sortKey: attribute(index.sort),
      projectionType: ProjectionType.KEYS_ONLY,
    });
  return table;
}

function attribute({ name, type }: KeyAttribute): Attribute {
  return { name, type: type === 'N' ? AttributeType.NUMBER : AttributeType.STRING };
}
