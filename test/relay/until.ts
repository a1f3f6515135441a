/** Waits for what is to come true; says what it waited for when it does not. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, { ms = 10_000 } = {}): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
