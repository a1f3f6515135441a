/** Why an invocation had no result: an error of the function, its time-out, the end of its process, or throttling. */
export class FunctionError extends Error {
  readonly kind: 'function' | 'time-out' | 'exit' | 'throttle';
  readonly errorType: string;

  constructor(kind: FunctionError['kind'], errorType: string, message: string) {
    super(message);
    this.name = 'FunctionError';
    this.kind = kind;
    this.errorType = errorType;
  }
}
