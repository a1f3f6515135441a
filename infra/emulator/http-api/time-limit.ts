/** API Gateway waits for a function for a limited time. */
export const tooLate = Symbol('too late');

/** The result of `work`, or `tooLate` after `ms`. */
export async function withinTime(work: Promise<unknown>, ms: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, tooLate);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
