/** The common parts of AWS's JSON protocols: a response has a status, headers and a body; an error names its type. */
export type Answer = { status: number; headers: Record<string, string>; body: string | Buffer };

/** An error in the format of AWS: the SDKs throw it with this name and message. */
export class ServiceError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export const contentTypes = {
  dynamodb: 'application/x-amz-json-1.0',
  sqs: 'application/x-amz-json-1.0',
  events: 'application/x-amz-json-1.1',
  secretsmanager: 'application/x-amz-json-1.1',
  ses: 'application/json',
  connections: 'application/json',
} as const;
export type Service = keyof typeof contentTypes;

export function jsonAnswer(service: Service, body: unknown): Answer {
  return { status: 200, headers: { 'content-type': contentTypes[service] }, body: JSON.stringify(body) };
}

export function errorAnswer(service: Service, { name, message, status }: ServiceError): Answer {
  return {
    status,
    headers: {
      'content-type': contentTypes[service],
      ...(service === 'sqs'
        ? { 'x-amzn-query-error': `${name.replace(/Exception$/, '')};${status < 500 ? 'Sender' : 'Receiver'}` }
        : {}),
    },
    // DynamoDB's clients read `message`, those of older services `Message`.
    body: JSON.stringify({ __type: `com.amazon.coral.service#${name}`, message, Message: message }),
  };
}
