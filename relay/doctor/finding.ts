/** What one check of `relay doctor` found, in words for a person. */

/** `noted`: nothing to find fault with, nothing proven either; `not-tried`: something before it is broken, and it rests on that. */
export type Verdict = 'well' | 'broken' | 'noted' | 'not-tried';
export type Finding = { verdict: 'well' | 'noted'; says: string } | { verdict: 'broken'; says: string; cure: string };

export const healthy = (says: string): Finding => ({ verdict: 'well', says });
export const noted = (says: string): Finding => ({ verdict: 'noted', says });
/** `cure`: what to do, as an order. */
export const broken = (says: string, cure: string): Finding => ({ verdict: 'broken', says, cure });
