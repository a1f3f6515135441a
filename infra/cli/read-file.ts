/** Reads files named on the command line. */
import { readFile } from 'node:fs/promises';
import { ApiRefusal } from './api-client.ts';

/** Throws ApiRefusal when the file cannot be read. */
export async function textOfFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new ApiRefusal(null, `${file} cannot be read: ${error.message}`);
  });
}

/** Throws ApiRefusal when the file cannot be read or is not JSON. */
export async function jsonOfFile(file: string): Promise<unknown> {
  const text = await textOfFile(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiRefusal(null, `${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
