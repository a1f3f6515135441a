/** Why an invocation gave no result: the function's own error, its time-out, the end of its process, or no free place. */
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
