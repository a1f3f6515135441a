/** Unsupported parts of the template, collected so that one message names all of them. */
export type Problem = { stack: string; id: string; type: string; property: string; says: string };
export type Report = (problem: Problem) => void;

/** Thrown once, with every problem of every stack. */
export class TemplateNotUnderstood extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      `The local stack does not understand ${problems.length} thing${problems.length === 1 ? '' : 's'} in the template, so it ` +
        `would behave unlike the cloud. Teach it in infra/emulator/template, or leave it out of infra/cloud:\n${problems.map(line).join('\n')}`,
    );
    this.name = 'TemplateNotUnderstood';
    this.problems = problems;
  }
}

function line({ stack, id, type, property, says }: Problem): string {
  return `- ${stack} ${id} (${type})${property === '' ? '' : ` ${property}`}: ${says}`;
}
