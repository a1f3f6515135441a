/**
 * JSON that SQS accepts regardless of its content: characters that a message may not contain are written as escapes, which parse
 * to the same text. (The SQS of the local stack also rejects characters beyond the Basic Multilingual Plane, such as emoji.)
 */
const refused = /[^\t\n\r -\uD7FF\uE000-\uFFFD]/g;

export function messageText(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return (JSON.stringify(value) ?? 'null').replace(refused, escaped);
}
