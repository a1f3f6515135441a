/** The stack does not start, for a reason that the person at the desk can cure: the message is for them, a stack trace is not. */
export class StartError extends Error {
  override name = 'Refusal';
}
