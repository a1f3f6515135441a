/** Why a command cannot be carried out: what happened, and what to do about it. */
export class RelayRefusal extends Error {
  override readonly name = 'RelayRefusal';
  readonly remedy: string;

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(what, options);
    this.remedy = remedy;
  }
}
