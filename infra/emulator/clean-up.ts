/** Stops what was started, in reverse order: each within its own time limit, even if others fail. */
export type CleanUp = {
  add(stop: () => Promise<void> | void): void;
  /** Never rejects; reports each that failed or took too long. */
  run(report: (message: string) => void): Promise<void>;
};

export function cleanUp({ eachMs = 2500 } = {}): CleanUp {
  const stops: (() => Promise<void> | void)[] = [];
  async function bounded(stop: () => Promise<void> | void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(reject, eachMs, new Error('it took too long'));
    });
    await Promise.race([Promise.resolve().then(stop), late]).finally(() => clearTimeout(timer));
  }
  return {
    add: (stop) => void stops.push(stop),
    async run(report) {
      for (const stop of stops.splice(0).reverse())
        await bounded(stop).catch((error: Error) => report(`stopping: ${error.message}`));
    },
  };
}
