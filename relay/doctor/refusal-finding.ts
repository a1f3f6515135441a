/** Turns a refusal of the relay itself into a finding, with the same text and remedy. */
import { RelayRefusal } from '../refusal.ts';
import { broken, type Finding } from './finding.ts';

export async function refusalsAsFindings(look: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof RelayRefusal) return broken(error.message, error.remedy);
    throw error;
  }
}
