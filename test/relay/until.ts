/** Waits until a condition is true; on timeout it says what it waited for. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, { ms = 10_000 } = {}): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
