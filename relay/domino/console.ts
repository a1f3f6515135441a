/** A way to the Domino console, for one line at a time. */
export type DominoConsole = {
  /**
   * Hands the line over. Resolves when it was taken; silence counts as taken, because a console answers late or never, and only
   * reading the device back shows the effect. Throws TravelerFailure: `busy` (nothing was begun), `denied`, `permanent`, or
   * `unknown` (it may have been taken).
   */
  tell(line: string): Promise<void>;
};
