/** Wiring: the console's files, from the folder next to the bundle. */
import { fileURLToPath } from 'node:url';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type FileAnswer, readFiles, serveFile } from './console.ts';

const files = readFiles(fileURLToPath(new URL('assets/', import.meta.url)));

export const handler = async (event: APIGatewayProxyEventV2): Promise<FileAnswer> =>
  serveFile(files, event.rawPath, {
    acceptEncoding: event.headers['accept-encoding'],
    ifNoneMatch: event.headers['if-none-match'],
  });
