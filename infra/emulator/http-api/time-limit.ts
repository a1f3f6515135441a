/** API Gateway waits so long for a function and no longer. */
export const tooLate = Symbol('too late');

/** What the work gives, or `tooLate`. */
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
