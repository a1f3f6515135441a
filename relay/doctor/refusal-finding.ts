/** Turns a refusal of the relay itself into a finding, with the same text and remedy. */
import { RelayRefusal } from '../refusal.ts';
import { broken, type Finding } from './finding.ts';

export async function refusalsAsFindings(check: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof RelayRefusal) return broken(error.message, error.remedy);
    throw error;
  }
}
