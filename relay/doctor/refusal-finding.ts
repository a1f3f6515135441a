/** What the relay itself refuses to go on with is a finding: its words and its remedy. */
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
