/** Builds `SET` update expressions from a record: every name and value is a placeholder, so reserved words need no care. */
export type SetExpression = {
  expression: string;
  names: Record<string, string>;
  values: Record<string, unknown>;
};

/** Skips fields that are `undefined`; the placeholders are `#name` and `:name`. */
export function setExpression(fields: Record<string, unknown>): SetExpression {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    expression: `SET ${defined.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    names: Object.fromEntries(defined.map(([name]) => [`#${name}`, name])),
    values: Object.fromEntries(defined.map(([name, value]) => [`:${name}`, value])),
  };
}
