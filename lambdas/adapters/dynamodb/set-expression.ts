/** Builds `SET` update expressions from a record: every name and value by placeholder, so that no word is reserved. */
export type SetExpression = {
  expression: string;
  names: Record<string, string>;
  values: Record<string, unknown>;
};

/** Fields that are `undefined` are left out; the placeholders are `#name` and `:name`. */
export function setExpression(fields: Record<string, unknown>): SetExpression {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    expression: `SET ${given.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    names: Object.fromEntries(given.map(([name]) => [`#${name}`, name])),
    values: Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])),
  };
}
