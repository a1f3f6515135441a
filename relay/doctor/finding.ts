/** The result of one check of `relay doctor`, in words for people. */

/** `noted`: nothing wrong, nothing proven either; `not-tried`: a check that this one depends on failed. */
export type Verdict = 'well' | 'broken' | 'noted' | 'not-tried';
export type Finding = { verdict: 'well' | 'noted'; says: string } | { verdict: 'broken'; says: string; cure: string };

export const healthy = (says: string): Finding => ({ verdict: 'well', says });
export const noted = (says: string): Finding => ({ verdict: 'noted', says });
/** `cure`: what to do, as an imperative. */
export const broken = (says: string, cure: string): Finding => ({ verdict: 'broken', says, cure });
