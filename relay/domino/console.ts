/** Sends single lines to the Domino console. */
export type DominoConsole = {
  /**
   * Sends the line. Resolves once it was accepted; no output counts as accepted, because a console replies late or never, and only
   * reading the device back shows the effect. Throws TravelerFailure: `busy` (nothing was started), `denied`, `permanent`, or
   * `unknown` (it may have been accepted).
   */
  send(line: string): Promise<void>;
};
