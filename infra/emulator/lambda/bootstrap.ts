/**
 * Stand-in for AWS's Node runtime: loads the bundle's handler, then fetches one invocation after another from the Lambda
 * Runtime API and posts what the handler returned. Runs in its own process and imports only Node's modules.
 *
 * States: *initialising* (bundle being imported; a failure is posted to /init/error and ends the process) and *serving*
 * (one invocation at a time; a handler's rejection is posted to /error, and the process continues). An unhandled exception or
 * rejection ends the process, as on AWS. When standard input closes, the parent has ended, and this process exits.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: Record<string, unknown>) => unknown;
type RuntimeResponse = { headers: Record<string, string | string[] | undefined>; body: string };

const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

process.stdin.on('close', () => process.exit(0)).resume();

function call(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<RuntimeResponse> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${base}${path}`,
      { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(text) } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject).end(text);
  });
}

/** The error in the format of the Runtime API. */
function describe(error: unknown) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), stackTrace: [] };
  return { errorType: error.name, errorMessage: error.message, stackTrace: (error.stack ?? '').split('\n').slice(1) };
}

async function loadHandler(): Promise<Handler> {
  const [file = '', name = ''] = (process.env._HANDLER ?? '').split('.');
  const bundle = join(process.env.LAMBDA_TASK_ROOT ?? '.', `${file}.mjs`);
  const loaded: Record<string, unknown> = await import(pathToFileURL(bundle).href);
  const handler = loaded[name];
  if (typeof handler === 'function') return (event, context) => handler(event, context);
  const error = new Error(`${file}.${name} is undefined or not exported`);
  error.name = 'Runtime.HandlerNotFound';
  throw error;
}

function contextOf(headers: RuntimeResponse['headers']): Record<string, unknown> {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function serveOne(handler: Handler): Promise<void> {
  const { headers, body } = await call('GET', '/invocation/next');
  const id = String(headers['lambda-runtime-aws-request-id']);
  process.env._X_AMZN_TRACE_ID = String(headers['lambda-runtime-trace-id'] ?? '');
  try {
    const result = await handler(JSON.parse(body), contextOf(headers));
    await call('POST', `/invocation/${id}/response`, result ?? null);
  } catch (error) {
    const described = describe(error);
    console.error(new Date().toISOString(), id, 'ERROR Invoke Error', JSON.stringify(described));
    await call('POST', `/invocation/${id}/error`, described, { 'lambda-runtime-function-error-type': described.errorType });
  }
}

async function main(): Promise<void> {
  const handler = await loadHandler();
  for (;;) await serveOne(handler);
}

main().catch(async (error: unknown) => {
  console.error(new Date().toISOString(), 'ERROR', error);
  await call('POST', '/init/error', describe(error), { 'lambda-runtime-function-error-type': 'Runtime.InitError' }).catch(
    () => undefined,
  );
  process.exit(1);
});
